#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Debian's spice-vdagent in a guest with Xorg, and what it does for viewers.

agent.py KIND [GROUP...]: KIND as for display.py; groups: spice, forbidden, vnc.
"""

import contextlib
import functools
import hashlib
import os
import subprocess
import sys
import time

import tap
from machine import DESKTOP_DISK, TOP, VMM, Failure, Machine, gpu_device
from viewer import TigerVnc, XServer, until

os.environ["ORIEL_VMM"] = VMM
sys.path.insert(1, os.path.join(TOP, "tests/qtest"))
from spice_client import Probe  # noqa: E402

PORT = 5941
PORT_OPTIONS = ("-device", "virtio-serial-pci", "-device",
                "virtserialport,chardev=vdagent,name=com.redhat.spice.0")
# Umlauts, a character outside Latin-1, two lines and a tab.
TEXT = "Gr\u00fc\u00dfe \u2603\n\tzwei"


class Guest:
    """The desktop guest, with an agent that has found its port."""

    def __init__(self, kind, stack, *options, tablet=True):
        self.kind = kind
        self.vm = stack.enter_context(Machine(
            "-device", f"{gpu_device(kind, stack)},xres=1024,yres=768", "-device", "virtio-keyboard-pci",
            *(("-device", "virtio-tablet-pci") if tablet else ()),
            *DESKTOP_DISK, *PORT_OPTIONS, *options,
            append="root=/dev/vda desktop=xorg", memory="640M", smp=2))
        self.vm.wait_serial("^desktop: ready", 600)
        self.vm.run("export DISPLAY=:0 XDG_RUNTIME_DIR=/run/user/0 HOME=/root; until pgrep -x spice-vdagent "
                    ">/dev/null; do sleep 1; done", 120)

    def copy(self, text):
        """Somebody in the guest copies text."""
        octal = "".join(f"\\{byte:03o}" for byte in text.encode())
        self.vm.run(f"printf '{octal}' | xclip -selection clipboard -i >/dev/null 2>&1")

    def paste(self):
        """What somebody in the guest would paste, or None."""
        out = self.vm.run("timeout 20 xclip -selection clipboard -o 2>/dev/null | busybox od -An -v -tx1; true")
        return bytes.fromhex("".join(out.split())).decode()

    def paste_sum(self):
        """Its md5sum; the serial port is slow."""
        return self.vm.run("timeout 20 xclip -selection clipboard -o 2>/dev/null | busybox md5sum; true").strip()


def md5sum(data):
    """As busybox's program prints it of its standard input."""
    return f"{hashlib.md5(data).hexdigest()}  -"


def escaped(text):
    return "".join(f"\\{byte:03o}" if byte < 32 or byte > 126 else chr(byte) for byte in text.encode())


def unescaped(text):
    return text.encode().decode("unicode_escape").encode("latin-1").decode()


# ---- a SPICE viewer ----

class Spice(Guest):
    def __init__(self, kind, stack):
        super().__init__(kind, stack, "-chardev", "spicevmc,id=vdagent,name=vdagent",
                         "-spice", f"disable-ticketing,addr=127.0.0.1,port={PORT}", tablet=False)

    @contextlib.contextmanager
    def viewer(self):
        with Probe(self.vm.dir, f"spice://127.0.0.1?port={PORT}") as probe:
            probe.said("agent 1")
            # Its capabilities come after it.
            time.sleep(2)
            yield probe


def guest_to_spice(guest):
    with guest.viewer() as probe:
        for text in ("first", TEXT):
            guest.copy(text)
            probe.said("clipboard-grab 1 type 1")
            probe.do("clip-ask")
            tap.same("the viewer's text", unescaped(probe.said("clipboard-text ")[15:]), text)


def spice_to_guest(guest):
    with guest.viewer() as probe:
        for text in ("second", TEXT):
            probe.do("clip-grab", escaped(text))
            until("the guest's text", text, guest.paste)


def file_to_guest(guest):
    path = f"{guest.vm.dir}/a file.bin"
    with open(path, "wb") as file:
        file.write(os.urandom(200000))
    with open(path, "rb") as file:
        wanted = md5sum(file.read())
    with guest.viewer() as probe:
        probe.do("send-file", path)
        probe.said("file-sent")
    tap.same("the guest's file", guest.vm.run("busybox md5sum <'/root/Downloads/a file.bin'").strip(), wanted)


def agent_moves_the_pointer(guest):
    """Without a tablet a viewer's pointer is where the agent puts it."""
    with guest.viewer() as probe:
        until("the mouse's mode", "client", lambda: guest.vm.qmp("query-spice")["mouse-mode"])
        guest.vm.send("evlog & log=$!")
        guest.vm.wait_serial(r"^devices: \d+")
        probe.do("move", 512, 384)
        probe.do("button", 1, 1)
        probe.do("button", 1, 0)
        guest.vm.wait_serial(r"spice-vdagent-tablet key 272 1$")
        guest.vm.wait_serial(r"spice-vdagent-tablet key 272 0$")
        guest.vm.run("kill $log")


def resize_reaches_the_guest(guest):
    """The wish becomes the monitor of the display, which a Gen9 guest is told of at once. (Other displays' drivers
    read the monitor's data once.)"""
    with guest.viewer() as probe:
        probe.do("size", 1152, 864)
        until("the guest knows the mode", True,
              lambda: "1152x864" in guest.vm.run("xrandr 2>&1; cat /sys/class/drm/*/modes"), 60)


# ---- options that forbid ----

class Forbidden(Guest):
    def __init__(self, kind, stack):
        super().__init__(kind, stack, "-chardev", "spicevmc,id=vdagent,name=vdagent",
                         "-spice", "disable-ticketing,disable-copy-paste,disable-agent-file-xfer,agent-mouse=off,"
                         f"addr=127.0.0.1,port={PORT}", tablet=False)

    viewer = Spice.viewer


def nothing_is_shared(guest):
    path = f"{guest.vm.dir}/secret"
    with open(path, "wb") as file:
        file.write(b"secret")
    with guest.viewer() as probe:
        guest.copy("guest's own")
        probe.do("clip-grab", "viewer's own")
        time.sleep(3)
        tap.same("the guest's text", guest.paste(), "guest's own")
        if [line for line in probe.history if line.startswith("clipboard")]:
            raise Failure("the viewer hears of the guest's clipboard")
        probe.do("send-file", path)
        probe.said("file-failed")
        tap.same("files in the guest", guest.vm.run("ls /root/Downloads"), "")
        tap.same("the mouse's mode", guest.vm.qmp("query-spice")["mouse-mode"], "server")


# ---- a VNC viewer ----

class Vnc(Guest):
    def __init__(self, kind, stack):
        super().__init__(kind, stack, "-chardev", "qemu-vdagent,id=vdagent,name=vdagent,clipboard=on,mouse=on",
                         "-vnc", "127.0.0.1:14,share=ignore", tablet=False)
        self.x = stack.enter_context(XServer())

    def host_copies(self, text):
        subprocess.run(["xclip", "-selection", "clipboard", "-i"], input=text.encode(), env=self.x.environ,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True)

    def host_pastes(self):
        done = subprocess.run(["xclip", "-selection", "clipboard", "-o"], env=self.x.environ,
                              capture_output=True, timeout=60, check=False)
        return done.stdout.decode(errors="replace")

    def focus(self, viewer):
        # It looks at the clipboard while its window has the focus.
        self.x.run("xdotool", "mousemove", "--window", viewer.window, "200", "200", "windowfocus", viewer.window)


def guest_to_vnc(guest):
    with TigerVnc(guest.x, "127.0.0.1::5914") as viewer:
        for text in ("third", TEXT):
            guest.focus(viewer)
            guest.copy(text)
            until("the viewer's text", text, guest.host_pastes)


def vnc_to_guest(guest):
    with TigerVnc(guest.x, "127.0.0.1::5914") as viewer:
        for text in ("fourth", TEXT, "x" * 100000):
            guest.host_copies(text)
            guest.focus(viewer)
            until("the sum of the guest's text", md5sum(text.encode()), guest.paste_sum, 60)


def agent_moves_vncs_pointer(guest):
    with TigerVnc(guest.x, "127.0.0.1::5914") as viewer:
        guest.vm.send("evlog & log=$!")
        guest.vm.wait_serial(r"^devices: \d+")
        viewer.click(512, 192)
        guest.vm.wait_serial(r"spice-vdagent-tablet key 272 1$")
        guest.vm.wait_serial(r"spice-vdagent-tablet key 272 0$")
        guest.vm.run("kill $log")


GROUPS = {
    "spice": (Spice, [
        ("guest-to-viewer", guest_to_spice),
        ("viewer-to-guest", spice_to_guest),
        ("file-to-guest", file_to_guest),
        ("agent-moves-the-pointer", agent_moves_the_pointer),
        ("resize-reaches-the-guest", resize_reaches_the_guest),
    ]),
    "forbidden": (Forbidden, [("nothing-is-shared", nothing_is_shared)]),
    "vnc": (Vnc, [
        ("guest-to-viewer", guest_to_vnc),
        ("viewer-to-guest", vnc_to_guest),
        ("agent-moves-the-pointer", agent_moves_vncs_pointer),
    ]),
}


def tests_of(kind, groups):
    for name in groups:
        create, tests = GROUPS[name]
        if not kind.startswith("skl"):
            tests = [test for test in tests if test[1] is not resize_reaches_the_guest]
        yield from tap.group(f"/{kind}/agent/{name}", functools.partial(create, kind), tests)


if __name__ == "__main__":
    tap.run(tests_of(sys.argv[1], sys.argv[2:] or GROUPS))

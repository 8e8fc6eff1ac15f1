#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""A guest with a vGPU in the window of -display gtk: on an X server, and on a Wayland compositor where GL
takes its dma-bufs (Mesa's software renderer on the DRM driver of tests/e2e/render).

gtk-guest.py [WORD...]: those tests that have a WORD in their names.
"""

import contextlib
import functools
import os
import re
import signal
import subprocess
import sys
import tempfile
import time

import egl
import tap
from display import HEIGHT, WIDTH, pattern
from machine import Failure, Machine, environment, gpu_device, gpu_initrd, read_ppm
from viewer import RawClient, XServer, crc, find, until
from wayland import Sway

LIMIT_S = 120
VNC = 8


class X(XServer):
    """The same with an X server."""

    def __init__(self):
        super().__init__(1280, 800)
        self.dir = tempfile.mkdtemp(prefix="x-")

    def picture(self):
        return self.screen("-crop", f"{WIDTH}x{HEIGHT}+0+0")

    def screen(self, *options):
        path = f"{os.environ.get('SANDBOX_OUT', self.dir)}/screen.ppm"
        self.run("import", "-window", "root", *options, "-depth", "8", path)
        return read_ppm(path)


@contextlib.contextmanager
def guest(server, kind, options, *args):
    environ = server.environ if isinstance(server, X) else server.environ()
    with contextlib.ExitStack() as stack:
        with environment(environ):
            vm = stack.enter_context(Machine(
                "-device", f"{gpu_device(kind, stack)},xres={WIDTH},yres={HEIGHT}",
                "-device", "virtio-keyboard-pci", "-device", "virtio-tablet-pci",
                "-display", f"gtk,show-menubar=off{options}", *args, initrd=gpu_initrd(kind)))
        vm.wait_serial("^guest: ready", LIMIT_S)
        yield vm
        # A frame that a software renderer is in the middle of takes its time.
        vm.stop(LIMIT_S)


def is_shown(server, vm, arguments=("", "--flips 3", "--squares 5 --pause-ms 300")):
    for options in arguments:
        with pattern(vm, options, LIMIT_S) as wanted:
            until(f"the window's picture ({options})", wanted, lambda: crc(server.picture()), LIMIT_S)


def warnings(vm):
    return re.findall(r"warning: -display gtk: (.*)", vm.messages())


@contextlib.contextmanager
def traced(vm, calls):
    """The calls of the VMM while the block lasts, with the files they are about, line by line."""
    lines, path = [], f"{vm.dir}/strace"
    # Not the vCPUs, which would be slowed down too much; no pixel is read there.
    tracer = subprocess.Popen(["strace", "-y", "-e", f"trace={calls}", "-o", path, "-p",
                               str(vm.process.pid)], stderr=subprocess.DEVNULL)
    until("strace", True, lambda: not re.search(r"^TracerPid:\s+0$", open(
        f"/proc/{vm.process.pid}/status", encoding="ascii").read(), re.M))
    try:
        yield lines
    finally:
        tracer.send_signal(signal.SIGINT)
        tracer.wait()
        with open(path, encoding="utf-8", errors="replace") as file:
            lines += file.read().splitlines()


def on_x(options, messages):
    with X() as server, guest(server, "bochs", options) as vm:
        is_shown(server, vm)
        # The display goes off and on again before a picture has been painted.
        for _ in range(8):
            with pattern(vm, "", LIMIT_S):
                pass
        is_shown(server, vm, ("--squares 2",))
        tap.same("warnings", len(warnings(vm)), messages)
        for line in warnings(vm):
            print(f"# {line}")


def without_a_copy(options):
    with Sway() as server, guest(server, "bochs", options) as vm:
        with traced(vm, "mmap,read,pread64,readv,preadv,sendfile,ioctl") as lines:
            is_shown(server, vm)
        tap.same("warnings", warnings(vm), [])
        copies = [line for line in lines if re.match(r"(mmap|p?read|sendfile)", line) and "dmabuf" in line]
        tap.same("reads and maps of dma-bufs", copies, [])
        # What was traced is what drew the picture.
        if not any("/dev/dri/" in line for line in lines):
            raise Failure(f"no call to the GPU in {len(lines)} lines")
        state = vm.qmp("query-display-state")[0]
        tap.same("pixels read for a viewer", state.get("reader"), None)


def seen_by_vnc():
    with RawClient(5900 + VNC, LIMIT_S) as client:
        pixels = client.next()
        rgb = bytearray(len(pixels) // 4 * 3)
        for channel in range(3):
            rgb[channel::3] = pixels[2 - channel::4]
        return crc((client.width, client.height, rgb))


def stopped_compositor_stops_nobody(options):
    """The guest flips as before, and another viewer sees it; then the window does."""
    with Sway() as server, guest(server, "bochs", options, "-vnc", f"127.0.0.1:{VNC},share=ignore") as vm:
        is_shown(server, vm, ("",))
        vm.send("kmspattern --flips 100000 --pause-ms 10 & flipper=$!")
        vm.wait_serial(r"frame 20 ", LIMIT_S)
        server.process.send_signal(signal.SIGSTOP)
        try:
            for _ in range(20):
                vm.qmp("query-status")
                time.sleep(0.1)
            vm.run("kill $flipper; wait $flipper 2>/dev/null; true", LIMIT_S)
            with pattern(vm, "--flips 5", LIMIT_S) as wanted:
                until("VNC's picture", wanted, seen_by_vnc, LIMIT_S)
                server.process.send_signal(signal.SIGCONT)
                until("the window's picture", wanted, lambda: crc(server.picture()), LIMIT_S)
        finally:
            server.process.send_signal(signal.SIGCONT)
        is_shown(server, vm)
        tap.same("warnings", warnings(vm), [])


def two_vgpus():
    """Each has a tab; the keys choose."""
    heads = ("left", "right")
    with X() as server, contextlib.ExitStack() as stack:
        devices = []
        for head in heads:
            devices += ["-device", f"{gpu_device('bochs', stack)},id={head},xres={WIDTH},yres={HEIGHT - 100}"]
        with environment(server.environ):
            vm = stack.enter_context(Machine(*devices, "-display", "gtk,show-tabs=on", initrd=gpu_initrd("bochs")))
        vm.wait_serial("^guest: ready", LIMIT_S)
        pictures = []
        for number, head in enumerate(heads):
            vm.send(f"KMS_CARD=/dev/dri/card{number} kmspattern --flips {2 + number} &")
            wanted = vm.wait_serial(rf"^frame {2 + number} (.*)$", LIMIT_S).group(1)
            vm.wait_serial("^holds", LIMIT_S)
            path = f"{vm.dir}/{head}.ppm"
            vm.qmp("screendump", filename=path, device=head, head=0)
            tap.same(f"the screendump of {head}", crc(read_ppm(path)), wanted)
            pictures.append(read_ppm(path))
        window = server.run("xdotool", "search", "--onlyvisible", "--name", ".").split()[-1].decode()
        for number in (1, 2, 1):
            server.run("xdotool", "windowfocus", window, "key", f"ctrl+alt+{number}")
            until(f"tab {number}", True, lambda: find(pictures[number - 1], server.screen()) is not None,  # noqa: B023
                  LIMIT_S)


def on_wayland_by_cairo():
    with Sway() as server, guest(server, "bochs", "") as vm:
        is_shown(server, vm, ("", "--flips 3"))


class Tabs:
    """The keys of a VMM's window, and the text of the terminal that is in front."""

    def __init__(self, server, vm):
        self.server = server
        self.window = None
        until("a window", True, lambda: self._find(vm), LIMIT_S)

    def _find(self, vm):
        found = subprocess.run(["xdotool", "search", "--onlyvisible", "--pid", str(vm.process.pid)],
                               env=self.server.environ, capture_output=True, text=True, check=False)
        self.window = (found.stdout.split() or [None])[-1]
        return self.window is not None

    def xdotool(self, *words):
        self.server.run("xdotool", "windowfocus", "--sync", self.window, *map(str, words))

    def type(self, text):
        self.xdotool("type", "--delay", "60", text)

    def key(self, *names):
        self.xdotool("key", "--delay", "60", *names)

    def text(self):
        self.xdotool("mousemove", "--window", self.window, 1, 1, "mousedown", 1, "mousemove", "--window",
                     self.window, 100, 100, "mousemove", "--window", self.window, 630, 455, "sleep", "0.3",
                     "mouseup", 1, "key", "ctrl+shift+c", "sleep", "0.3")
        # In the clipboard there may be nothing yet.
        return subprocess.run(["xclip", "-o", "-selection", "clipboard"], env=self.server.environ,
                              capture_output=True, text=True, check=False).stdout

    def show(self, number, pattern):
        """Until the terminal of that tab is there, and says it."""
        def shown():
            self.key(f"ctrl+alt+{number}")
            return re.search(pattern, self.text(), re.M) is not None
        until(f"tab {number} says {pattern}", True, shown, LIMIT_S)

    def says(self, pattern):
        until(f"the terminal says {pattern}", True,
              lambda: re.search(pattern, self.text(), re.M) is not None, LIMIT_S)


def rss_mib(vm):
    with open(f"/proc/{vm.process.pid}/status", encoding="ascii") as status:
        return int(re.search(r"VmRSS:\s+(\d+) kB", status.read()).group(1)) / 1024


def serial_console():
    """A shell on the guest's second serial port, in a tab."""
    with X() as server, contextlib.ExitStack() as stack:
        with environment(dict(server.environ, NO_AT_BRIDGE="1")):
            vm = stack.enter_context(Machine("-device", "bochs-display", "-serial", "vc:80Cx24C", "-display",
                                             "gtk,show-menubar=off"))
        vm.wait_serial("^guest: ready", LIMIT_S)
        tabs = Tabs(server, vm)
        vm.run("(while :; do setsid sh -i </dev/ttyS1 >/dev/ttyS1 2>&1; done) & sleep 1", LIMIT_S)
        tabs.show(2, "^/ #")
        tabs.type("echo typed in a tab >/tmp/typed; uname -s\n")
        until("the command's effect", "typed in a tab\n",
              lambda: vm.run("cat /tmp/typed 2>/dev/null; true"), LIMIT_S)
        tabs.says("^Linux")
        before = rss_mib(vm)
        vm.run("(while [ ! -e /tmp/enough ]; do dmesg >/dev/ttyS1; done) & true", LIMIT_S)
        end = time.monotonic() + 10
        while time.monotonic() < end:
            vm.qmp("query-status")
            time.sleep(0.1)
        vm.run("touch /tmp/enough; while pidof dmesg >/dev/null; do sleep 1; done", LIMIT_S)
        tabs.type("\necho still $((40 + 2)) here\n")
        tabs.says("^still 42 here")
        print(f"# resident: {before:.0f} MiB, after a flood {rss_mib(vm):.0f}")
        if rss_mib(vm) > before + 100:
            raise Failure(f"{before:.0f} MiB have become {rss_mib(vm):.0f}")
        tap.same("what the VMM says", vm.messages(), "")


def main():
    words = sys.argv[1:]
    tests = [
        ("/gtk-guest/x", functools.partial(on_x, "", 0)),
        ("/gtk-guest/x-without-dma-bufs-warns-once", functools.partial(on_x, ",gl=on", 1)),
        ("/gtk-guest/serial-console", serial_console),
        ("/gtk-guest/x-two-vgpus-are-tabs", two_vgpus),
        ("/gtk-guest/driver", egl.load_driver),
        ("/gtk-guest/wayland-without-gl", on_wayland_by_cairo),
        ("/gtk-guest/wayland-copies-nothing", functools.partial(without_a_copy, ",gl=on")),
        # gl=es makes the same calls; by name, it can be seen to.
        *([("/gtk-guest/es-copies-nothing", functools.partial(without_a_copy, ",gl=es"))] if words else []),
        ("/gtk-guest/wayland-a-stopped-compositor-stops-nobody", functools.partial(stopped_compositor_stops_nobody,
                                                                                   ",gl=es")),
    ]
    tap.run([(name, function) for name, function in tests
             if not words or any(word in name for word in [*words, "driver"])])


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The guest's screen in SPICE viewers: by TCP as pixels, on this host as the dma-buf itself.

spice.py KIND [GROUP...]: KIND as for display.py; groups: remote, local, heads.
"""

import contextlib
import functools
import os
import re
import signal
import struct
import subprocess
import sys
import time

import display
import egl
import tap
from machine import TOP, VMM, Failure, Machine, gpu_device, gpu_initrd, read_ppm, write_ppm
from viewer import crc, find, gvnccapture, until, words
from viewer import XServer as Screen
from wayland import Sway

os.environ["ORIEL_VMM"] = VMM
sys.path.insert(1, os.path.join(TOP, "tests/qtest"))
from spice_client import Probe, Spicy, XServer, raw_channel, raw_message, raw_session, screenshot  # noqa: E402

WIDTH, HEIGHT = display.WIDTH, display.HEIGHT
PORT = 5931
# Counts: how often a viewer comes and goes.
VISITS = int(os.environ.get("SPICE_VISITS", "30"))
OUT = os.environ.get("SANDBOX_OUT")


def keep(picture_path, name):
    """A picture for people, where the sandbox leaves results."""
    if OUT:
        subprocess.run(["convert", picture_path, f"{OUT}/{name}.png"], check=False)


# ---- by TCP: pixels ----

class Remote:
    def __init__(self, kind, stack):
        # gl=on is for viewers on this host; who comes by TCP gets pixels.
        self.bench = display.Bench(kind, stack, args=(
            "-spice", f"disable-ticketing,gl=on,port={PORT},addr=127.0.0.1,image-compression=auto_glz"))
        self.vm = self.bench.vm
        self.where = ("-h", "127.0.0.1", "-p", str(PORT))
        self.uri = f"spice://127.0.0.1?port={PORT}"


def screenshot_is_the_pattern(remote):
    for options in ("", "--flips 4"):
        with remote.bench.pattern(options) as wanted:
            until("spicy-screenshot's picture", wanted,
                  lambda: crc(screenshot(remote.vm.dir, *remote.where) or (0, 0, b"")))


def changes_are_followed(remote):
    with Probe(remote.vm.dir, remote.uri) as probe:
        for options in ("--flips 5", "--squares 10 --pause-ms 100", "--mode 800x600 --flips 2"):
            with remote.bench.pattern(options) as wanted:
                until("the viewer's picture", words(wanted), probe.picture)
        if [line for line in probe.history if line.startswith("scanout ")]:
            raise Failure("a viewer by TCP was passed a dma-buf")


def spicy_shows_and_drives(remote):
    """spice-gtk's viewer in its window, looked at on the X server's screen."""
    vm = remote.vm
    with XServer() as x, Spicy(x, vm.dir, *remote.where) as spicy:
        window = spicy.window()
        spicy.xdotool("windowsize", window, "1400", "1000")

        def screen():
            x.run(spicy.home, "import", "-window", "root", "-depth", "8", f"{vm.dir}/root.ppm")
            return read_ppm(f"{vm.dir}/root.ppm")

        with remote.bench.pattern("--flips 3") as wanted:
            until("the screendump", wanted, remote.bench.dump)
            picture = vm.screendump(f"{vm.dir}/dump.ppm")
            try:
                until("spicy's window has the picture", True, lambda: find(picture, screen()) is not None)
            finally:
                keep(f"{vm.dir}/root.ppm", f"spicy-{remote.bench.kind}")
            left, top = find(picture, screen())
        vm.send("evlog & log=$!")
        vm.wait_serial(r"^devices: \d+")
        spicy.xdotool("mousemove", str(left + WIDTH // 2), str(top + HEIGHT // 4), "sleep", "0.5",
                      "click", "1")
        events = vm.wait_serial(r"((?:.*\n)*?.*key 272 1\n(?:.*\n)*?.*key 272 0)$").group(1)
        before = events.split(" key 272 1")[0]
        at = [int(re.findall(rf" abs {axis} (\d+)", before)[-1]) for axis in (0, 1)]
        for name, got, wanted, size in (("x", at[0], 0.5, WIDTH), ("y", at[1], 0.25, HEIGHT)):
            if abs(got / 32767 - wanted) > 1.5 / size:
                raise Failure(f"pointer's {name}: got {got}, wanted about {wanted * 32767:.0f}")
        spicy.xdotool("windowfocus", window, "sleep", "0.5", "key", "--delay", "100", "a", "Right", "KP_Add")
        for code in (30, 106, 78):
            vm.wait_serial(rf"key {code} 1$")
            vm.wait_serial(rf"key {code} 0$")
        vm.run("kill $log")


# ---- on this host: the dma-buf ----

class Local:
    def __init__(self, kind, stack):
        self.socket = f"/tmp/spice-{kind}"
        self.bench = display.Bench(kind, stack, args=(
            "-spice", f"disable-ticketing,gl=on,unix,addr={self.socket}",
            *os.environ.get("SPICE_OPTIONS", "").split()))
        self.vm = self.bench.vm
        self.uri = f"spice+unix://{self.socket}"

    def probe(self):
        return Probe(self.vm.dir, self.uri)

    def flips(self):
        """How many flips a second the guest does for the next seconds."""
        self.vm.send(f"kmsflip --mode {WIDTH}x{HEIGHT} --seconds 5 & flipper=$!")
        line = self.vm.wait_serial(r"^flips (\d+) events \d+ seconds (\S+)", 120)
        self.vm.wait_serial("^holds")
        self.vm.run("kill $flipper; wait $flipper 2>/dev/null; true")
        return float(line.group(1)) / float(line.group(2))


def viewer_has_the_buffer(local):
    with local.probe() as probe:
        for options in ("", "--flips 5", "--squares 10 --pause-ms 100", "--mode 800x600 --flips 2"):
            with local.bench.pattern(options) as wanted:
                until("the buffer's picture", words(wanted), probe.gl_picture)
        # What stands for a mode that is not set yet is pixels.
        shown = [line.split()[0] for line in probe.history if line.startswith(("scanout ", "invalidate"))]
        print(f"# {len(shown)} changes, {shown.count('invalidate')} of them pixels")
        if "scanout" not in shown:
            raise Failure("no dma-buf was passed")


class OnWayland:
    """What Spicy wants to know of a display."""

    def __init__(self, sway):
        self.sway = sway

    def environ(self, home):
        return dict(self.sway.environ(), HOME=home, XDG_CACHE_HOME=home, XDG_CONFIG_HOME=home, XDG_DATA_HOME=home)


def spicy_has_the_buffer(local):
    """In its window on a compositor, by its own GL."""
    egl.load_driver()
    with Sway() as sway, Spicy(OnWayland(sway), local.vm.dir, "--uri", local.uri) as spicy, \
            local.bench.pattern("--mode 800x600 --flips 3") as wanted:
        path = f"{local.vm.dir}/dump.ppm"
        until("the screendump", wanted, lambda: crc(local.vm.screendump(path)))
        picture, seen = read_ppm(path), []

        def shows():
            seen[:] = [sway.screen()]
            return find(picture, seen[0]) is not None
        try:
            until("spicy's picture", True, shows, 240)
        except Failure as failure:
            with open(spicy.log.name, encoding="utf-8", errors="replace") as log:
                raise Failure(f"{failure}; spicy says {log.read()[-1000:]!r}") from None
        finally:
            write_ppm(path, seen[0])
            keep(path, "spicy-local")
        kinds = [channel["channel-type"] for channel in local.vm.qmp("query-spice")["channels"]]
        print(f"# channels {kinds}; reader {local.vm.qmp('query-display-state')[0].get('reader')}")


def console_is_passed_too(local):
    """What is drawn in place, by the guest's text console."""
    with local.probe() as probe:
        local.vm.run("printf '\\033[?25l\\033[2J\\033[Hthe quick brown fox\\n' >/dev/tty0; sleep 1")
        until("the buffer's picture", words(local.vm.screen()), probe.gl_picture)


def beside_vnc(local):
    """A viewer of the buffer and one of pixels at a time."""
    with local.probe() as probe, local.bench.pattern("--flips 3") as wanted:
        until("the buffer's picture", words(wanted), probe.gl_picture)
        until("gvnccapture's picture", wanted, lambda: crc(gvnccapture(local.bench.x, 7)))


def one_that_takes_no_buffer(local):
    """A viewer on this host whose protocol is too old for dma-bufs gets pixels."""
    session_socket, session = raw_session(local.socket)
    with session_socket, raw_channel(local.socket, session, 2) as channel, \
            local.bench.pattern("--flips 1"):
        # SPICE_MSGC_DISPLAY_INIT: no caches.
        channel.sendall(struct.pack("<QHII", 1, 101, 14, 0) + struct.pack("<BqBi", 0, 0, 0, 0))
        seen = []
        while seen.count(304) < 2:  # SPICE_MSG_DISPLAY_DRAW_COPY
            kind, _ = raw_message(channel)
            seen.append(kind)
            if kind == 6:  # SPICE_MSG_DISCONNECTING
                raise Failure(f"disconnected after {seen}")
        if 320 in seen or 321 in seen:
            raise Failure(f"it was passed a dma-buf: {seen}")
    until("nobody is there", [], lambda: local.vm.qmp("query-spice")["channels"])


def nothing_is_copied(local):
    """Of all that the VMM's threads ask of the kernel while frames go by, nothing maps or reads a
    dma-buf."""
    vm = local.vm
    path = f"{vm.dir}/strace"

    def maps():
        with open(f"/proc/{vm.process.pid}/maps", encoding="utf-8", errors="replace") as file:
            return {line for line in file if "dmabuf" in line}

    with local.probe() as probe:
        with local.bench.pattern("--flips 1") as wanted:
            until("the buffer's picture", words(wanted), probe.gl_picture)
        before = len(probe.history)
        # The first frame after a blank screen is read, see docs/spice.md.
        mapped_before = maps()
        tracer = subprocess.Popen(["strace", "-f", "-yy", "-o", path, "-p", str(vm.process.pid)],
                                  stderr=subprocess.DEVNULL)
        try:
            time.sleep(3)
            with local.bench.pattern("--flips 20 --pause-ms 100") as wanted:
                until("the buffer's picture", words(wanted), probe.gl_picture)
                mapped = sorted(maps() - mapped_before)
        finally:
            tracer.terminate()
            tracer.wait()
        draws = len([line for line in probe.history[before:] if line.startswith("gl-draw")])
    with open(path, encoding="utf-8", errors="replace") as file:
        calls = file.readlines()
    touched = [call.strip() for call in calls if "dmabuf" in call]
    allowed = re.compile(r"\b(fcntl|dup3?|close|sendmsg|ioctl|poll|lseek|fstat|newfstatat)(\(| resumed)")
    print(f"# {draws} draws, {len(calls)} calls, {len(touched)} with a dma-buf: {touched[:3]}")
    if draws < 5 or not touched:
        raise Failure(f"{draws} draws and {len(touched)} calls with a dma-buf say nothing")
    wrong = [call for call in touched if not allowed.search(call)]
    if wrong or mapped:
        raise Failure(f"the dma-buf is touched: {wrong[:5]} {mapped[:5]}")


def stopped_viewer_stops_nobody(local):
    rates = {}
    with local.probe() as probe:
        with local.bench.pattern() as wanted:
            until("the buffer's picture", words(wanted), probe.gl_picture)
        rates["a viewer"] = local.flips()
        probe.process.send_signal(signal.SIGSTOP)
        rates["a stopped one"] = local.flips()
        with local.bench.pattern("--flips 3") as wanted:
            until("gvnccapture's picture", wanted, lambda: crc(gvnccapture(local.bench.x, 7)))
        probe.process.send_signal(signal.SIGCONT)
        with local.bench.pattern("--flips 3") as wanted:
            until("the buffer's picture", words(wanted), probe.gl_picture)
    rates["none"] = local.flips()
    print(f"# flips/s with {rates}")
    # The sandbox's own noise is some ten per cent.
    if rates["a stopped one"] < 0.7 * rates["a viewer"]:
        raise Failure(f"the guest's flips a second: {rates}")


def visits_leave_nothing(local):
    vm = local.vm

    def holds():
        with open(f"/proc/{vm.process.pid}/status", encoding="ascii") as file:
            kib = int(re.search(r"RssAnon:\s+(\d+)", file.read()).group(1))
        return len(os.listdir(f"/proc/{vm.process.pid}/fd")), kib

    def visit(wanted):
        with local.probe() as probe:
            until("the buffer's picture", words(wanted), probe.gl_picture)
        until("nobody is there", [], lambda: vm.qmp("query-spice")["channels"])

    with local.bench.pattern("--flips 1") as wanted:
        for _ in range(5):
            visit(wanted)
        time.sleep(1)
        fds, kib = holds()
        for _ in range(VISITS):
            visit(wanted)
        until("file descriptors", fds, lambda: holds()[0])
        grown = holds()[1] - kib
    print(f"# {VISITS} visits: {fds} descriptors before and after, {grown:+d} KiB")
    if grown > 4096:
        raise Failure(f"{grown} KiB more after {VISITS} visits")


# ---- two screens ----

class Heads:
    def __init__(self, kind, stack):
        self.kind = kind
        self.x = stack.enter_context(Screen())
        self.vm = stack.enter_context(Machine(
            "-device", f"{gpu_device(kind, stack)},id=left,xres=1024,yres=768",
            "-device", f"{gpu_device(kind, stack)},id=right,xres=800,yres=600",
            "-vnc", "127.0.0.1:12,display=left,head=0,share=ignore", "-vnc",
            "127.0.0.1:13,display=right,head=0,share=ignore",
            "-spice", f"disable-ticketing,addr=127.0.0.1,port={PORT + 1}", initrd=gpu_initrd(kind)))
        self.vm.wait_serial("^guest: ready", 120)
        self.wanted = []
        for card, flips in ((0, 2), (1, 3)):
            self.vm.send(f"KMS_CARD=/dev/dri/card{card} kmspattern --flips {flips} &")
            self.wanted.append(self.vm.wait_serial(rf"^frame {flips} (.*)$", 120).group(1))
            self.vm.wait_serial("^holds")


def each_has_its_viewer(heads):
    for number, wanted in zip((12, 13), heads.wanted):
        until(f"gvnccapture's picture of :{number}", wanted, lambda: crc(gvnccapture(heads.x, number)))
    with Probe(heads.vm.dir, f"spice://127.0.0.1?port={PORT + 1}") as probe:
        for number, wanted in enumerate(heads.wanted):
            until(f"display channel {number}'s picture", words(wanted),
                  lambda: probe.picture(number))
    for device, wanted in zip(("left", "right"), heads.wanted):
        heads.vm.qmp("screendump", filename=f"{heads.vm.dir}/{device}.ppm", device=device, head=0)
        tap.same(f"the screendump of {device}", crc(read_ppm(f"{heads.vm.dir}/{device}.ppm")), wanted)


def one_is_chosen(kind):
    """-spice display=ID, as the seeds' local form has it, and the dma-buf of the right one."""
    with contextlib.ExitStack() as stack:
        vm = stack.enter_context(Machine(
            "-device", f"{gpu_device(kind, stack)},id=left,xres=1024,yres=768",
            "-device", f"{gpu_device(kind, stack)},id=right,xres=800,yres=600",
            "-spice", "disable-ticketing,gl=on,unix,addr=/tmp/spice-right,display=right,head=0",
            initrd=gpu_initrd(kind)))
        vm.wait_serial("^guest: ready", 120)
        vm.send("KMS_CARD=/dev/dri/card1 kmspattern --flips 2 &")
        wanted = vm.wait_serial(r"^frame 2 (.*)$", 120).group(1)
        vm.wait_serial("^holds")
        with Probe(vm.dir, "spice+unix:///tmp/spice-right") as probe:
            until("the buffer's picture", words(wanted), probe.gl_picture)
            displays = [channel["channel-id"] for channel in vm.qmp("query-spice")["channels"]
                        if channel["channel-type"] == 2]
            tap.same("display channels", displays, [0])


GROUPS = {
    "remote": (Remote, [
        ("screenshot-is-the-pattern", screenshot_is_the_pattern),
        ("changes-are-followed", changes_are_followed),
        ("spicy-shows-and-drives-the-guest", spicy_shows_and_drives),
    ]),
    "local": (Local, [
        # First: a viewer of pixels makes the VMM map what it reads.
        ("nothing-is-copied", nothing_is_copied),
        ("viewer-has-the-buffer", viewer_has_the_buffer),
        ("spicy-has-the-buffer", spicy_has_the_buffer),
        ("console-is-passed-too", console_is_passed_too),
        ("beside-vnc", beside_vnc),
        ("one-that-takes-no-buffer-gets-pixels", one_that_takes_no_buffer),
        ("a-stopped-viewer-stops-nobody", stopped_viewer_stops_nobody),
        ("visits-leave-nothing", visits_leave_nothing),
    ]),
    "heads": (Heads, [("each-has-its-viewer", each_has_its_viewer)]),
}


def tests_of(kind, groups):
    for name in groups:
        create, tests = GROUPS[name]
        yield from tap.group(f"/{kind}/spice/{name}", functools.partial(create, kind), tests)
        if name == "heads":
            yield f"/{kind}/spice/heads/one-is-chosen", functools.partial(one_is_chosen, kind)


if __name__ == "__main__":
    tap.run(tests_of(sys.argv[1], sys.argv[2:] or GROUPS))

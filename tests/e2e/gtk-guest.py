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

import egl
import tap
from display import HEIGHT, WIDTH, pattern
from machine import Failure, Machine, environment, gpu_device, gpu_initrd, read_ppm
from viewer import XServer, crc, find, until
from wayland import Sway

LIMIT_S = 120


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
def guest(server, kind, options):
    environ = server.environ if isinstance(server, X) else server.environ()
    with contextlib.ExitStack() as stack:
        with environment(environ):
            vm = stack.enter_context(Machine(
                "-device", f"{gpu_device(kind, stack)},xres={WIDTH},yres={HEIGHT}",
                "-device", "virtio-keyboard-pci", "-device", "virtio-tablet-pci",
                "-display", f"gtk,show-menubar=off{options}", initrd=gpu_initrd(kind)))
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


def main():
    words = sys.argv[1:]
    tests = [
        ("/gtk-guest/x", functools.partial(on_x, "", 0)),
        ("/gtk-guest/x-without-dma-bufs-warns-once", functools.partial(on_x, ",gl=on", 1)),
        ("/gtk-guest/x-two-vgpus-are-tabs", two_vgpus),
        ("/gtk-guest/driver", egl.load_driver),
        ("/gtk-guest/wayland-without-gl", on_wayland_by_cairo),
        ("/gtk-guest/wayland-copies-nothing", functools.partial(without_a_copy, ",gl=on")),
        ("/gtk-guest/wayland-copies-nothing/es", functools.partial(without_a_copy, ",gl=es")),
    ]
    tap.run([(name, function) for name, function in tests
             if not words or any(word in name for word in [*words, "driver"])])


if __name__ == "__main__":
    main()

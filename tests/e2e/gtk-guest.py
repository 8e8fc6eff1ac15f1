#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""A guest with a vGPU in the window of -display gtk: on an X server, and on a Wayland compositor where GL
takes its dma-bufs (Mesa's software renderer on the DRM driver of tests/e2e/render)."""

import contextlib
import functools
import glob
import os
import re
import signal
import subprocess
import tempfile
import time

import egl
import tap
from display import HEIGHT, WIDTH
from machine import Failure, Machine, gpu_device, gpu_initrd, read_ppm
from viewer import XServer, crc, until

USER = 1000
LIMIT_S = 120


class Sway:
    """A compositor without a screen. A context manager."""

    def __init__(self):
        self.dir = tempfile.mkdtemp(prefix="sway-")
        self.runtime = f"{self.dir}/run"
        os.mkdir(self.runtime, 0o700)
        for path in (self.dir, self.runtime):
            os.chown(path, USER, USER)
        for path in glob.glob("/dev/dri/*"):
            os.chmod(path, 0o666)
        with open(f"{self.dir}/config", "w", encoding="ascii") as config:
            config.write("output HEADLESS-1 mode 1280x800\n"
                         'for_window [title=".*"] floating enable, border none, '
                         "move absolute position 0 0\n")
        environ = dict(self.environ(), WLR_BACKENDS="headless", WLR_RENDERER="gles2",
                       WLR_RENDERER_ALLOW_SOFTWARE="1", WLR_LIBINPUT_NO_DEVICES="1")
        environ.pop("WAYLAND_DISPLAY")
        with open(f"{self.dir}/log", "wb") as log:
            # It refuses to be root.
            self.process = subprocess.Popen(
                ["setpriv", f"--reuid={USER}", f"--regid={USER}", "--clear-groups", "sway", "-c",
                 f"{self.dir}/config"], env=environ, stdout=log, stderr=log)
        until("a compositor", True, lambda: os.path.exists(f"{self.runtime}/wayland-1"), LIMIT_S)

    def environ(self):
        environ = dict(os.environ, XDG_RUNTIME_DIR=self.runtime, WAYLAND_DISPLAY="wayland-1",
                       HOME=self.dir, NO_AT_BRIDGE="1", GSETTINGS_BACKEND="memory",
                       # Mesa knows no driver of our node's name.
                       MESA_LOADER_DRIVER_OVERRIDE="kms_swrast")
        environ.pop("DISPLAY", None)
        return environ

    def picture(self):
        """What is on the screen where the window is."""
        path = f"{self.dir}/screen.ppm"
        subprocess.run(["grim", "-t", "ppm", path], env=self.environ(), check=True, timeout=LIMIT_S)
        width, _, rgb = read_ppm(path)
        rows = (rgb[row * width * 3:(row * width + WIDTH) * 3] for row in range(HEIGHT))
        return WIDTH, HEIGHT, b"".join(rows)

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.process.terminate()
        self.process.wait()


class X(XServer):
    """The same with an X server."""

    def __init__(self):
        super().__init__(1280, 800)
        self.dir = tempfile.mkdtemp(prefix="x-")

    def picture(self):
        path = f"{self.dir}/screen.ppm"
        self.run("import", "-window", "root", "-crop", f"{WIDTH}x{HEIGHT}+0+0", "-depth", "8", path)
        return read_ppm(path)


@contextlib.contextmanager
def guest(server, kind, options):
    environ = server.environ if isinstance(server, X) else server.environ()
    before = dict(os.environ)
    with contextlib.ExitStack() as stack:
        os.environ.clear()
        os.environ.update(environ)
        try:
            vm = stack.enter_context(Machine(
                "-device", f"{gpu_device(kind, stack)},xres={WIDTH},yres={HEIGHT}",
                "-device", "virtio-keyboard-pci", "-device", "virtio-tablet-pci",
                "-display", f"gtk,show-menubar=off{options}", initrd=gpu_initrd(kind)))
        finally:
            os.environ.clear()
            os.environ.update(before)
        vm.wait_serial("^guest: ready", LIMIT_S)
        yield vm


@contextlib.contextmanager
def pattern(vm, arguments):
    """The guest's pattern; gives its last "WxH crc ..."."""
    vm.send(f"kmspattern {arguments} & pattern=$!")
    frames = []
    while not frames or frames[-1] != "holds":
        match = vm.wait_serial(r"^(?:frame \d+ (.*)|(holds)|kmspattern: (.*))$", LIMIT_S)
        if match.group(3):
            raise Failure(f"kmspattern: {match.group(3)}")
        frames.append(match.group(1) or match.group(2))
    try:
        yield frames[-2]
    finally:
        vm.run("kill $pattern; wait $pattern 2>/dev/null; true", LIMIT_S)


def is_shown(server, vm, arguments=("", "--flips 3", "--squares 5 --pause-ms 300")):
    for options in arguments:
        with pattern(vm, options) as wanted:
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


def on_wayland_by_cairo():
    with Sway() as server, guest(server, "bochs", "") as vm:
        is_shown(server, vm, ("", "--flips 3"))


def hidden_compositor():
    """A compositor that has stopped stops neither the guest nor QMP."""
    with Sway() as server, guest(server, "bochs", ",gl=on") as vm:
        server.process.send_signal(signal.SIGSTOP)
        try:
            # The guest waits for its vblanks, and says when it has had its flips.
            with pattern(vm, "--flips 100 --pause-ms 10") as wanted:
                end = time.monotonic() + 5
                while time.monotonic() < end:
                    vm.qmp("query-status")
                server.process.send_signal(signal.SIGCONT)
                until("the window's picture", wanted, lambda: crc(server.picture()), LIMIT_S)
        finally:
            server.process.send_signal(signal.SIGCONT)


def main():
    tap.run([
        ("/gtk-guest/x", functools.partial(on_x, "", 0)),
        ("/gtk-guest/x-without-dma-bufs-warns-once", functools.partial(on_x, ",gl=on", 1)),
        ("/gtk-guest/driver", egl.load_driver),
        ("/gtk-guest/wayland-without-gl", on_wayland_by_cairo),
        ("/gtk-guest/wayland-copies-nothing", functools.partial(without_a_copy, ",gl=on")),
        ("/gtk-guest/wayland-copies-nothing/es", functools.partial(without_a_copy, ",gl=es")),
        ("/gtk-guest/a-stopped-compositor-stops-nobody", hidden_compositor),
    ])


if __name__ == "__main__":
    main()

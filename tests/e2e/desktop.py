#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""A guest with a Wayland desktop on a vGPU, through one connection of a VNC viewer.

desktop.py KIND, as display.py. Each test goes on where the one before it ended.
"""

import contextlib
import functools
import sys
import time

import tap
from machine import DESKTOP_DISK, Failure, Machine, gpu_device
from viewer import TigerVnc, XServer, agree, crc, gvnccapture, until

WIDTH, HEIGHT = 1920, 1080


class Desktop:
    def __init__(self, kind, stack):
        self.x = stack.enter_context(XServer())
        self.vm = stack.enter_context(Machine(
            "-device", f"{gpu_device(kind, stack)},xres={WIDTH},yres={HEIGHT}",
            "-device", "virtio-keyboard-pci", "-device", "virtio-tablet-pci",
            *DESKTOP_DISK, "-vnc", "127.0.0.1:8,share=ignore",
            append="root=/dev/vda", memory="512M", smp=2))
        self.viewer = stack.enter_context(TigerVnc(self.x, "127.0.0.1::5908"))

    def viewer_agrees(self):
        """The viewer's picture becomes what the guest reads back; the clock may tick meanwhile."""
        agree("the viewer", self.vm.screen, lambda: crc(self.viewer.picture()))


def desktop_appears(desktop):
    desktop.vm.wait_serial("^desktop: ready", 180)
    time.sleep(2)
    tap.same("the mode", desktop.vm.screen().split()[0], f"{WIDTH}x{HEIGHT}")
    desktop.viewer_agrees()


def capture_agrees(desktop):
    until("gvnccapture's picture", True,
          lambda: crc(gvnccapture(desktop.x, 8)) == desktop.vm.screen())


def screendump_agrees(desktop):
    until("the screendump", True,
          lambda: crc(desktop.vm.screendump(f"{desktop.vm.dir}/dump.ppm")) == desktop.vm.screen())


def typing_into_the_terminal(desktop):
    desktop.viewer.type("echo Typed-$((6*7)) >/dev/ttyS0\n")
    desktop.vm.wait_serial("^Typed-42$", 60)
    desktop.viewer_agrees()


def clicking_opens_a_window(desktop):
    tap.same("terminals", desktop.vm.run("pgrep -c weston-terminal").strip(), "1")
    desktop.viewer.click(21, 15)  # the launcher in weston's panel
    until("terminals", "2", lambda: desktop.vm.run("pgrep -c weston-terminal").strip())
    time.sleep(3)
    desktop.viewer_agrees()


def console_and_back(desktop):
    desktop.vm.run("busybox chvt 3; sleep 2; printf '\\033[?25l\\033[2J\\033[Hconsole\\n' >/dev/tty3; sleep 1")
    desktop.viewer_agrees()
    desktop.vm.run("busybox chvt 1; sleep 3")
    desktop.viewer_agrees()


def reboot(desktop):
    desktop.vm.send("busybox reboot")
    desktop.vm.qmp.wait_event("RESET", 60)
    desktop_appears(desktop)
    desktop.viewer.check_alive()


def power_button(desktop):
    desktop.vm.qmp("system_powerdown")
    desktop.vm.qmp.wait_event("SHUTDOWN", 60)


def main():
    kind = sys.argv[1]
    with contextlib.ExitStack() as stack:
        try:
            desktop = Desktop(kind, stack)
        except Failure as failure:
            print(f"not ok 1 /{kind}/desktop-boots - {failure}\n1..1")
            return 1
        tap.run([(f"/{kind}/desktop/{name}", functools.partial(function, desktop))
                 for name, function in [
                     ("appears-byte-equal", desktop_appears),
                     ("gvnccapture-byte-equal", capture_agrees),
                     ("screendump-byte-equal", screendump_agrees),
                     ("typing-into-the-terminal", typing_into_the_terminal),
                     ("clicking-opens-a-window", clicking_opens_a_window),
                     ("console-and-back", console_and_back),
                     ("reboot-on-one-connection", reboot),
                     ("power-button", power_button),
                 ]])
    return 0


sys.exit(main())

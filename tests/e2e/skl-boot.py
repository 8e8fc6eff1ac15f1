#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""A Debian guest with no parameter for its i915, booted again and again: console, weston and Xorg on the
vGPU, and nothing that a kernel complains of.

skl-boot.py KIND: skl or skl-display. SKL_BOOTS in the environment: how often (default 2).
"""

import contextlib
import functools
import os
import re
import statistics
import sys
import time

import tap
from host import KernelLog, check_guest, check_nothing_held
from machine import DESKTOP_DISK, Failure, Machine, gpu_device
from viewer import agree, crc

BOOTS = int(os.environ.get("SKL_BOOTS", "2"))
# Two seconds on a machine that does nothing else.
PROBE_LIMIT_S = float(os.environ.get("SKL_PROBE_S", "2"))
WIDTH, HEIGHT = 1920, 1080


class Guest:
    def __init__(self, kind, stack):
        self.vm = stack.enter_context(Machine(
            "-device", f"{gpu_device(kind, stack)},xres={WIDTH},yres={HEIGHT}",
            "-device", "virtio-keyboard-pci", "-device", "virtio-tablet-pci",
            *DESKTOP_DISK,
            append="root=/dev/vda", memory="1G", smp=2))

    def shows(self, what):
        """The guest's screen has the wanted mode, and the VMM shows it; a clock may tick meanwhile."""
        screen = agree(what, self.vm.screen, lambda: crc(self.vm.screendump(f"{self.vm.dir}/dump.ppm")), 40)
        tap.same(f"{what}: the mode", screen.split()[0], f"{WIDTH}x{HEIGHT}")

    def keep_picture(self, name):
        out = os.environ.get("SANDBOX_OUT")
        if out:
            self.vm.qmp("screendump", filename=f"{out}/{name}.png", format="png")

    def check_driver(self):
        tap.same("the driver's users", self.vm.run("cat /sys/class/graphics/fb0/name").strip(), "i915drmfb")
        tap.same("DP-1", self.vm.run("cat /sys/class/drm/card0-DP-1/status").strip(), "connected")

    def probe_s(self):
        """Guest seconds from the driver's first message to its console, as its kernel stamps them."""
        log = self.vm.run("busybox dmesg | busybox grep i915")
        first = re.search(r"^\[ *([\d.]+)\].* i915 ", log, re.M)
        ready = re.search(r"^\[ *([\d.]+)\] \[drm\] Initialized i915", log, re.M)
        console = re.search(r"^\[ *([\d.]+)\].* fb0: i915drmfb", log, re.M)
        if not first or not ready or not console:
            raise Failure(f"i915 isn't up: {[line for line in log.splitlines() if 'i915' in line][-20:]}")
        return float(ready.group(1)) - float(first.group(1)), float(console.group(1)) - float(first.group(1))

    def console(self):
        self.vm.run("busybox chvt 3; sleep 2; printf '\\033[?25l\\033[2J\\033[Hconsole\\n' >/dev/tty3; sleep 1")
        self.shows("the console")

    def desktop(self, name):
        """The other one of the two desktops, on the first console."""
        self.vm.run(f"busybox chvt 1; sleep 1; echo desktop={name} >/run/desktop; busybox killall weston Xorg; true")
        self.vm.wait_serial("^desktop: ready", 120)
        time.sleep(3)
        self.shows(name)

    def xorg_is_modesetting(self):
        log = self.vm.run("cat /var/log/Xorg.0.log")
        if "modeset(0)" not in log or f"{WIDTH}x{HEIGHT}" not in log:
            raise Failure(f"not the modesetting driver: {log[-2000:]}")
        found = [line for line in log.splitlines() if "(EE)" in line and "(EE) error" not in line]
        print(f"# Xorg says: {found}")


def boot(kind, log, figures, number):
    start = time.monotonic()
    with contextlib.ExitStack() as stack:
        guest = Guest(kind, stack)
        guest.vm.wait_serial("^desktop: ready", 240)
        time.sleep(3)
        guest.check_driver()
        figures.append(guest.probe_s())
        guest.shows("weston")
        guest.keep_picture(f"boot-{number}-weston")
        guest.console()
        guest.keep_picture(f"boot-{number}-console")
        guest.desktop("xorg")
        guest.keep_picture(f"boot-{number}-xorg")
        guest.xorg_is_modesetting()
        check_guest(guest.vm)
        # Read once more: the guest has been busy since.
        guest.check_driver()
        tap.same("a message of the VMM", guest.vm.messages(), "")
    print(f"# boot {number}: {time.monotonic() - start:.0f} s; i915 up after {figures[-1][0]:.2f} s, its console "
          f"after {figures[-1][1]:.2f} s of guest time", flush=True)
    log.check()
    if kind == "skl":
        check_nothing_held()


def probe_is_quick(figures):
    if not figures:
        raise Failure("no boot")
    for what, seconds in zip(("i915 up", "its console"), zip(*figures)):
        print(f"# {what}: {min(seconds):.2f} to {max(seconds):.2f} s, median {statistics.median(seconds):.2f} s")
    slowest = max(up for up, _ in figures)
    if slowest > PROBE_LIMIT_S:
        raise Failure(f"{slowest:.2f} s of guest time")


def main():
    kind = sys.argv[1]
    log = KernelLog()
    figures = []
    tests = [(f"/{kind}/boot-{number}", functools.partial(boot, kind, log, figures, number))
             for number in range(1, BOOTS + 1)]
    tap.run([*tests, (f"/{kind}/probe-takes-less-than-2-s", functools.partial(probe_is_quick, figures))])


if __name__ == "__main__":
    main()

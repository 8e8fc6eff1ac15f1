#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""A Debian guest's own bochs-drm on our vGPU, under the distribution's QEMU: for the sandbox, with
oriel_gvt loaded (tests/kernel/run). Speaks TAP."""

import os
import re
import subprocess
import sys
import tempfile
import zlib

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(TOP, "tests/e2e"))
import tap  # noqa: E402
from machine import Failure, Machine, Vgpu  # noqa: E402

QEMU = "/usr/bin/qemu-system-x86_64"


def check(what, condition):
    if not condition:
        raise Failure(what)


def start(vgpu, display):
    machine = Machine("-device", f"vfio-pci,sysfsdev={vgpu.sysfs},display={display}", vmm=QEMU)
    machine.wait_serial(r"^guest: ready", 120)
    return machine


def picture(machine):
    """CRC of the screen that QEMU shows, counted as the guest's programs do."""
    with tempfile.NamedTemporaryFile(suffix=".ppm") as file:
        width, height, pixels = machine.screendump(file.name)
    return f"{width}x{height} crc {zlib.crc32(pixels):08x}"


def wait_picture(machine, expected):
    """QEMU looks at a region 30 times a second; give it some of them."""
    seen = ""
    for _ in range(20):
        seen = picture(machine)
        if seen == expected:
            return
    raise Failure(f"QEMU shows {seen}, the guest drew {expected}")


def test_binds():
    """a Debian guest's bochs-drm binds and reads the EDID"""
    with Vgpu("bochs-16") as vgpu, start(vgpu, "off") as machine:
        log = machine.run("dmesg")
        check(f"no framebuffer console: {log}", re.search(r"fb0: bochs-drm\S* frame buffer", log))
        check(f"no EDID: {log}", "Found EDID data blob" in log)
        check(f"wrong memory size: {log}", "Framebuffer size 16384 kB" in log)
        modes = machine.run("kmspattern --modes")
        check(f"the EDID's mode isn't preferred: {modes}", re.search(r"1280x800@\d+ preferred", modes))
        check(f"1080p isn't offered: {modes}", "mode 1920x1080@" in modes)
        # Two buffers beside the console's, as far as 16 MiB go.
        machine.run("kmspattern --mode 1280x720 --flips 3 --quiet --seconds 1")


def drawn_console(machine):
    """Writes to the guest's console and waits for QEMU to show it."""
    # The cursor is off and nobody types: the screen stands still.
    machine.run("echo -e 'hello from the guest\\033[?25l' >/dev/tty0")
    wait_picture(machine, re.search(r"screen (\S+ crc \S+)", machine.run("fbsum")).group(1))


def test_shows():
    """console, flips and drawing in place show through the framebuffer region"""
    with Vgpu("region-64") as vgpu, start(vgpu, "on") as machine:
        drawn_console(machine)
        for options in ("--mode 1024x768", "--mode 1920x1080 --flips 3",
                        "--mode 640x480 --squares 5"):
            machine.send(f"kmspattern {options} --seconds 600 & pattern=$!")
            machine.wait_serial(r"^holds", 120)
            drawn = re.findall(r"^frame \d+ (\S+ crc \S+)", machine.output, re.M)[-1]
            wait_picture(machine, drawn)
            machine.run("kill $pattern; wait $pattern || true")
        drawn_console(machine)
        machine.qmp("system_reset")
        machine.wait_serial(r"^guest: ready", 120)
        drawn_console(machine)


def main():
    tests = [test_binds, test_shows]
    if len(sys.argv) > 1:
        tests = [test for test in tests if test.__name__ in sys.argv[1:]]
    subprocess.run(["modprobe", "vfio_pci"], check=False)
    tap.run([(test.__doc__, test) for test in tests])


main()

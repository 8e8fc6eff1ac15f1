#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What Debian packages to try a display driver with, run in the guest on its i915: the programs of
intel-gpu-tools that need a display and no rendering, and those of libdrm-tests.

(Debian's intel-gpu-tools has none of the project's test programs (kms_*, core_*), only tools and
benchmarks.) skl-tools.py [KIND]; needs build/guest/drmtools.img (scripts/guest-image --tools).
"""

import contextlib
import os
import re
import sys

import tap
from host import check_guest
from machine import GUEST, Failure, Machine, gpu_device, gpu_initrd

BENCHMARKS = "/usr/libexec/igt-gpu-tools/benchmarks"


class Tools:
    def __init__(self, kind, stack):
        self.vm = stack.enter_context(Machine(
            "-device", f"{gpu_device(kind, stack)},xres=1280,yres=800",
            "-drive", f"file={GUEST}/drmtools.img,if=none,id=disk,format=raw,readonly=on",
            "-device", "virtio-blk-pci,drive=disk", initrd=gpu_initrd(kind), memory="512M", smp=2))
        self.vm.wait_serial("^guest: ready", 180)
        self.vm.run("mkdir -p /tools; mount -t ext4 -o ro /dev/vda /tools; "
                    "for d in proc sys dev run tmp; do mount --bind /$d /tools/$d; done; "
                    "mount -t debugfs none /sys/kernel/debug 2>/dev/null; "
                    "mount --rbind /sys /tools/sys; true")

    def __call__(self, command, limit_s=120):
        """Runs it in the tools' world; its output, errors too; fails if it fails."""
        return self.vm.run(f"chroot /tools {command} 2>&1", limit_s)

    def stopped(self, command, seconds, limit_s=120):
        """The same for one that goes on until a key is pressed or it is stopped."""
        return self.vm.run(f"(sleep {seconds}; echo) | timeout -s INT {seconds + 20} chroot /tools {command} "
                           ">/tmp/out 2>&1; cat /tmp/out", limit_s)


def rate(text, pattern, wanted, tolerance):
    rates = [float(value) for value in re.findall(pattern, text)]
    if not rates:
        raise Failure(f"no rate in: {text[-500:]}")
    print(f"# rates: {rates}")
    if abs(rates[-1] - wanted) > tolerance:
        raise Failure(f"{rates[-1]} a second instead of {wanted}")


def lists(tools):
    text = tools("modetest -M i915 -c")
    if not re.search(r"DP-1\s+", text) or "connected" not in text or "1280x800" not in text:
        raise Failure(text[-1000:])


def planes(tools):
    text = tools("modetest -M i915 -p")
    for wanted in ("XR24", "RG16", "XR30", "AR24", "Cursor", "Primary"):
        tap.same(f"{wanted} among the planes", wanted in text, True)


def connector(tools):
    return re.search(r"^(\d+)\s+\d+\s+connected\s+DP-1", tools("modetest -M i915 -c"), re.M).group(1)


def mode_is_set(tools, more="", seconds=3):
    text = tools.stopped(f"modetest -M i915 {more} -s {connector(tools)}:1024x768-60", seconds)
    if re.search(r"(?i)fail|error|invalid", text):
        raise Failure(text[-1000:])
    return text


def flips(tools):
    text = mode_is_set(tools, "-v", 12)
    if not re.search(r"freq: [1-9]", text):
        raise Failure(text[-500:])


def vblanks(tools):
    rate(tools.stopped("vbltest -M i915", 12), r"freq: ([\d.]+)", 60, 0.7)


def tests(tools):
    yield "modetest-lists-the-connector", lambda: lists(tools)
    yield "modetest-lists-the-planes", lambda: planes(tools)
    yield "modetest-sets-a-mode", lambda: mode_is_set(tools)
    yield "modetest-sets-a-mode-atomically", lambda: mode_is_set(tools, "-a")
    yield "modetest-flips", lambda: flips(tools)
    yield "modetest-moves-a-cursor", lambda: mode_is_set(tools, "-C")
    yield "vbltest-counts-60-a-second", lambda: vblanks(tools)
    for program in ("proptest -M i915", "modeprint i915", "drmdevice"):
        yield program.split()[0], lambda program=program: tools(program)
    for program in ("lsgpu", "dpcd_reg --count=16 dump", "intel_watermark", "intel_gtt", "intel_stepping",
                    "intel_reg --devid=0x1912 read 0x70180", "intel_infoframes"):
        yield program.split()[0], lambda program=program: tools(program)
    yield "benchmarks-kms-vblank", lambda: tools(f"timeout -s INT 8 {BENCHMARKS}/kms_vblank -q; true")
    yield "the-guest-is-content", lambda: check_guest(tools.vm)


def main():
    kind = sys.argv[1] if len(sys.argv) > 1 else "skl"
    if not os.path.exists(f"{GUEST}/drmtools.img"):
        print("not ok 1 /skl-tools - no build/guest/drmtools.img (scripts/guest-image --tools)\n1..1")
        return 1
    with contextlib.ExitStack() as stack:
        tools = Tools(kind, stack)
        tap.run((f"/skl-tools/{name}", function) for name, function in tests(tools))
    return 0


sys.exit(main())

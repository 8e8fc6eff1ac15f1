#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Debian's own test programs for displays in a guest with an i915: intel-gpu-tools and libdrm-tests.

skl-tools.py [KIND]: skl (default) or skl-display. Needs scripts/guest-image --tools.

Debian leaves igt's test suite (kms_flip, kms_atomic, core_*, ...) out of intel-gpu-tools, as its
README.Debian says; what it has of KMS is the benchmark kms_vblank and the tools below. Left out here, because the
guest's kernel or the tool refuses: modetest in C8 (i915 wants a palette, which modetest sets none of),
intel_infoframes (knows no Gen9), intel_gtt (reads 8 MiB of page table, of which this GPU has 2; each entry of the
rest is an exit, minutes in the sandbox).
"""

import contextlib
import functools
import os
import re
import sys

import tap
from host import check_guest
from machine import GUEST, Failure, Machine, gpu_device, gpu_initrd

WIDTH, HEIGHT = 1920, 1080


class Guest:
    def __init__(self, kind, stack):
        self.vm = stack.enter_context(Machine(
            "-device", f"{gpu_device(kind, stack)},xres={WIDTH},yres={HEIGHT}",
            "-drive", f"file={GUEST}/drmtools.img,if=none,id=disk,format=raw,readonly=on",
            "-device", "virtio-blk-pci,drive=disk", initrd=gpu_initrd(kind), memory="512M", smp=2))
        self.vm.wait_serial("^guest: ready", 120)
        self.vm.run("modprobe ext4; mkdir /tools; mount -t ext4 -o ro /dev/vda /tools && "
                    "for dir in dev proc sys; do mount --bind /$dir /tools/$dir; done; "
                    "mount -t tmpfs tmpfs /tools/tmp; mount -t debugfs debugfs /sys/kernel/debug; "
                    "mount --bind /sys/kernel/debug /tools/sys/kernel/debug")
        modes = self.vm.run("kmspattern --modes")
        tap.same("the mode", f"mode {WIDTH}x{HEIGHT}" in modes, True)
        listing = self("modetest -M i915 -c -p")
        self.connector = re.search(r"^(\d+)\t\d+\tconnected\tDP-1", listing, re.M).group(1)
        self.crtc = re.search(r"^CRTCs:\n.*\n(\d+)\t", listing, re.M).group(1)
        self.planes = re.findall(r"^(\d+)\t\d+\t\d+\t\d+,\d+", listing.split("Planes:")[1], re.M)

    def __call__(self, command, limit_s=40, lines=400):
        """Runs a command of the image, with its standard input open for as long as "sleep N |" says;
        returns the last lines of what it prints. Its status must be 0."""
        path = "/usr/libexec/igt-gpu-tools/benchmarks:/usr/bin:/usr/sbin"
        text = self.vm.run(f"timeout {limit_s} chroot /tools /usr/bin/env PATH={path} "
                           f"bash -c '{command}' >/tmp/out 2>&1 </dev/null; status=$?; "
                           f"tail -n {lines} /tmp/out; echo status $status", limit_s + 30)
        if not text.rstrip().endswith("status 0"):
            raise Failure(f"{command}: {text[-1500:]}")
        return text

    def show_mode(self, options, seconds=4):
        """modetest in a mode of its own for a while."""
        return self(f"sleep {seconds} | modetest -M i915 -s {self.connector}@{self.crtc}:{options}", lines=40)


def wants(text, pattern):
    match = re.search(pattern, text, re.M)
    if not match:
        raise Failure(f"'{pattern}' is not in: {text[-1500:]}")
    return match


def lists_the_gpu(guest):
    wants(guest("lsgpu"), r"8086:1912|Skylake")


def vbt_is_decoded(guest):
    # debugfs shows only a VBT that came from an OpRegion; ours is in the ROM.
    guest.vm.run("cd /sys/bus/pci/drivers/i915/0000:*; echo 1 >rom; cat rom >/tools/tmp/rom; echo 0 >rom; cd /")
    wants(guest("intel_vbt_decode --file=/tmp/rom"), r"DisplayPort|0x68c6")


def registers_are_read(guest):
    wants(guest("intel_reg read 0x70008"), r"(?i)0x00070008\): 0xc0000000")


def dpcd_is_read(guest):
    wants(guest("dpcd_reg --device=0 --offset=0 --count=8 read"), r"12 14 c4")


def runs(guest, command):
    guest(command)


def kms_vblank(guest, how, what):
    """A benchmark: how long vblanks take to be asked for or told."""
    text = guest(f"kms_vblank -b {how} -w {what} -r 3", 90)
    print(f"# {' '.join(text.split())[-200:]}")
    wants(text, r"\d")


def poller(guest, test):
    """intel_display_poller looks at a counter for a while and says at which lines it moved."""
    text = guest(f"timeout -s INT 4 intel_display_poller -p 0 -t {test}; true")
    print(f"# {' '.join(text.split())[-200:]}")


def in_time(text, wanted, tolerance):
    """The rates that a program prints; the last one is to be as wanted."""
    rates = [float(rate) for rate in re.findall(r"freq: ([\d.]+)Hz", text)]
    print(f"# {rates}")
    if not rates:
        raise Failure(f"no rate: {text[-500:]}")
    if abs(rates[-1] - wanted) > tolerance:
        raise Failure(f"{rates[-1]} a second instead of {wanted}")


def format_is_set(guest, fourcc):
    text = guest.show_mode(f"{WIDTH}x{HEIGHT}-60@{fourcc}")
    if re.search(r"(?i)fail|error|invalid", text):
        raise Failure(text[-1000:])


def flips(guest, mode):
    # How many of the vblanks have a flip depends on the sandbox.
    in_time(guest.show_mode(f"{mode} -v", 12), 60, 60)


def cursor_moves(guest):
    guest.show_mode(f"{WIDTH}x{HEIGHT} -C", 4)


def atomic(guest):
    guest(f"sleep 8 | modetest -M i915 -a -s {guest.connector}@{guest.crtc}:{WIDTH}x{HEIGHT} "
          f"-P {guest.planes[0]}@{guest.crtc}:{WIDTH}x{HEIGHT}@XR24", lines=40)


def atomic_flips(guest):
    """It goes on until it is stopped, and by lines, so that what it said isn't lost then."""
    in_time(guest(f"timeout -s INT 15 stdbuf -oL modetest -M i915 -a -v "
                  f"-s {guest.connector}@{guest.crtc}:{WIDTH}x{HEIGHT} "
                  f"-P {guest.planes[0]}@{guest.crtc}:{WIDTH}x{HEIGHT}@XR24; true", lines=40), 60, 60)


def overlay(guest):
    """The second plane: nobody shows it yet, but the guest may have it."""
    guest(f"sleep 4 | modetest -M i915 -s {guest.connector}@{guest.crtc}:{WIDTH}x{HEIGHT} "
          f"-P {guest.planes[1]}@{guest.crtc}:640x480+100+100@XR24", lines=40)


def vbltest(guest):
    in_time(guest("sleep 15 | vbltest -M i915", 60), 60, 0.7)


def tests_of(kind):
    with contextlib.ExitStack() as stack:
        found = []

        def start():
            found.append(Guest(kind, stack))

        def test(function, *arguments):
            if not found:
                raise tap.Skip("the guest didn't start")
            function(found[0], *arguments)

        yield "starts", start
        for name, function, *arguments in [
                ("lsgpu", lists_the_gpu),
                ("intel_vbt_decode", vbt_is_decoded),
                ("intel_reg", registers_are_read),
                ("dpcd_reg", dpcd_is_read),
                *[(f"kms_vblank/{how}-{what}", kms_vblank, how, what)
                  for how in ("busy", "idle") for what in ("event", "query")],
                *[(f"intel_display_poller/{what}", poller, what) for what in ("framecount", "surflive")],
                *[(command.split()[0], runs, command)
                  for command in ("intel_watermark", "intel_stepping")],
                *[(f"modetest/{fourcc}", format_is_set, fourcc)
                  for fourcc in ("XR24", "XB24", "AR24", "RG16", "XR30", "XB30")],
                *[(f"modetest/flips-{mode}", flips, mode) for mode in ("640x480", "1920x1080-60")],
                ("modetest/cursor", cursor_moves),
                ("modetest/overlay", overlay),
                ("modetest/atomic", atomic),
                ("modetest/atomic-flips", atomic_flips),
                ("vbltest", vbltest),
                *[(command.split()[0], runs, command)
                  for command in ("proptest -M i915", "modeprint i915", "drmdevice")]]:
            yield name, functools.partial(test, function, *arguments)
        if found:
            yield "the-guest-is-content", functools.partial(check_guest, found[0].vm)


if __name__ == "__main__":
    KIND = sys.argv[1] if len(sys.argv) > 1 else "skl"
    if not os.path.exists(f"{GUEST}/drmtools.img"):
        print("not ok 1 /skl-tools - no build/guest/drmtools.img (scripts/guest-image --tools)\n1..1")
        sys.exit(1)
    tap.run((f"/{KIND}/tools/{name}", function) for name, function in tests_of(KIND))

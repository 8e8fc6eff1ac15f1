#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""
What a viewer gets from a guest's display, and what it costs: ours and the distribution's QEMU in
turn, in one run. Runs inside scripts/sandbox (tests/bench/run calls it); writes JSON.

    guest.py DISPLAY RUNS OUTPUT     DISPLAY: mdpy, region (kernel/gvt) or a
                                     device's whole option
"""

import glob
import json
import os
import subprocess
import sys
import tempfile
import time
import uuid

from vmm import BUILD, Failed, Vmm, find_kernel, make_initrd

PROBE = os.path.join(BUILD, "tests/bench/vnc-probe")
SIZE = "1920x1080"
SETTLE_S = 2
# Both back off while nothing changes; this is when they have.
VIEWER_SETTLE_S = 10
IDLE_S = 8
DRAW_S = 6
FPS = 30
# The last pixels that the guest writes: of the square, of the screen.
MARKERS = {"small": "191,191", "full": "1919,1079"}


# kind: module to load, mdev type
VGPUS = {
    "mdpy": ("samples/mdpy.ko", "mdpy-hd"),
    "region": ("../kernel/gvt/oriel_gvt.ko", "oriel_gvt-region-32"),
}


def load_module(path):
    subprocess.run(["modprobe", "-a", "vfio", "vfio_iommu_type1", "vfio_virqfd", "vfio_pci",
                    "mdev"], check=True)
    subprocess.run(["insmod", os.path.join(BUILD, path)], check=True)


class Display:
    """The -device option of a fresh display for each virtual machine."""

    def __init__(self, kind):
        self.kind = kind
        self.ident = None

    def __enter__(self):
        if self.kind not in VGPUS:
            return self.kind
        types = glob.glob(f"/sys/class/mdev_bus/*/mdev_supported_types/{VGPUS[self.kind][1]}")
        if not types:
            raise Failed(f"{self.kind}: no mdev type {VGPUS[self.kind][1]}")
        self.ident = str(uuid.uuid4())
        with open(os.path.join(types[0], "create"), "w") as create:
            create.write(self.ident)
        return f"vfio-pci,sysfsdev=/sys/bus/mdev/devices/{self.ident},display=on"

    def __exit__(self, *exc):
        if self.ident:
            with open(f"/sys/bus/mdev/devices/{self.ident}/remove", "w") as remove:
                remove.write("1")


def probe(address, *options):
    done = subprocess.run([PROBE, address, "--size", SIZE, *options], stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, timeout=300)
    if done.returncode:
        raise Failed(done.stderr.decode().strip())
    return json.loads(done.stdout)


def idle_figures(vmm, name, settle_s, result):
    time.sleep(settle_s)
    cpu, wakeups, start = vmm.cpu_seconds(), vmm.wakeups(), time.monotonic()
    time.sleep(IDLE_S)
    elapsed = time.monotonic() - start
    result[f"{name}_cpu"] = (vmm.cpu_seconds() - cpu) / elapsed
    result[f"{name}_wakeups"] = (vmm.wakeups() - wakeups) / elapsed


def drawing_figures(vmm, address, what, result):
    drawn = vmm.guest(f"{what} {FPS}")
    time.sleep(1)
    cpu, start = vmm.cpu_seconds(), time.monotonic()
    seen = probe(address, "--seconds", str(DRAW_S), "--marker", MARKERS[what])
    cpu = vmm.cpu_seconds() - cpu
    elapsed = time.monotonic() - start
    result[f"{what}_drawn_fps"] = (vmm.guest("idle") - drawn) / (elapsed + 1)
    result[f"{what}_fps"] = seen["frames"] / seen["seconds"]
    result[f"{what}_gap_ms"] = seen["gap_ms"]
    result[f"{what}_mb_s"] = seen["bytes"] / seen["seconds"] / 1e6
    result[f"{what}_cpu"] = cpu / elapsed
    if seen["frames"]:
        result[f"{what}_cpu_ms_frame"] = cpu * 1000 / seen["frames"]


def one_run(program, kind, initrd):
    result = {}
    with Display(kind) as device:
        address = "127.0.0.1:5977"
        vmm = Vmm(program, ["-machine", "pc", "-accel", "kvm", "-cpu", "host", "-m", "256",
                            "-vga", "none", "-kernel", find_kernel(), "-initrd", initrd,
                            "-append", "quiet console=tty0 panic=-1 mitigations=off nokaslr",
                            "-vnc", "127.0.0.1:77", "-device", device], serial=True)
        try:
            # Of a vGPU with a picture of its own the first one comes long before the guest's.
            if kind == "mdpy":
                probe(address, "--first")
                result["first_picture_ms"] = (time.monotonic() - vmm.started) * 1000
            vmm.greeting()
            vmm.open_serial()
            result["guest_up_ms"] = (time.monotonic() - vmm.started) * 1000
            idle_figures(vmm, "idle", SETTLE_S, result)
            viewer = subprocess.Popen([PROBE, address, "--size", SIZE, "--seconds", "1000"],
                                      stdout=subprocess.DEVNULL)
            try:
                idle_figures(vmm, "viewer", VIEWER_SETTLE_S, result)
            finally:
                viewer.kill()
                viewer.wait()
            drawing_figures(vmm, address, "small", result)
            drawing_figures(vmm, address, "full", result)
            result["pss_mib"] = vmm.pss_mib()
        except Failed as error:
            raise Failed(f"{error}: {vmm.log()}") from None
        finally:
            vmm.stop()
    return result


def main():
    kind, runs, output = sys.argv[1], int(sys.argv[2]), sys.argv[3]
    results = {"oriel": [], "qemu": []}
    if kind in VGPUS:
        load_module(VGPUS[kind][0])
    with tempfile.TemporaryDirectory() as folder:
        initrd = os.path.join(folder, "initrd")
        make_initrd(initrd)
        for number in range(runs):
            # Whoever goes first in one round goes second in the next.
            for program in sorted(results, reverse=bool(number & 1)):
                start = time.monotonic()
                try:
                    results[program].append(one_run(program, kind, initrd))
                    note = ""
                except (Failed, subprocess.SubprocessError, OSError, ValueError) as error:
                    note = f": {error}"
                print(f"bench: {kind}: run {number + 1} of {runs}: {program}: "
                      f"{time.monotonic() - start:.0f} s{note}", file=sys.stderr, flush=True)
                with open(output, "w") as out:
                    json.dump(results, out)
    return 0 if all(results.values()) else 1


if __name__ == "__main__":
    sys.exit(main())

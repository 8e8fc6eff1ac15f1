#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Drivers that know nothing of ours: the kernel's mdev samples (tests/e2e/build-samples).

mdpy shows a region plane and has no driver in the guest; mbochs is driven by bochs-drm and hands out
dma-bufs that no CPU can map.
"""

import contextlib
import os
import re
import subprocess
import time

import tap
from machine import TOP, Failure, Machine, Vgpu, patient
from viewer import TigerVnc, XServer, crc, gvnccapture, until

# mdpy's types and what they show.
MDPY = {"vga": "640x480", "hd": "1920x1080"}


def load(module):
    path = os.path.join(TOP, f"build/samples/{module}.ko")
    if not os.path.exists(path):
        raise tap.Skip("the samples aren't built (tests/e2e/build-samples)")
    if not os.path.exists(f"/sys/module/{module}"):
        subprocess.run(["modprobe", "-a", "vfio", "vfio_iommu_type1", "mdev"], check=True)
        subprocess.run(["insmod", path], check=True)


@contextlib.contextmanager
def guest(module, kind, vnc, *args):
    load(module)
    with Vgpu(kind, module) as vgpu:
        with Machine("-device", f"vfio-pci,sysfsdev={vgpu.sysfs},display=on",
                     "-vnc", f"{vnc},share=ignore", *args) as vm:
            vm.wait_serial("^guest: ready", 120)
            yield vm


def mdpy_is_byte_equal():
    with guest("mdpy", "hd", "127.0.0.1:5") as vm, XServer() as x:
        # 1b36:000f; what the device holds before anybody draws is its own.
        card = vm.run("grep -l 0x000f /sys/bus/pci/devices/*/device").strip().rpartition("/")[0]

        def frame(number=""):
            return re.search(r"frame \d+ (.*)",
                             vm.run(f"barpattern {card}/resource0 {MDPY['hd']} {number}")).group(1)

        def dump():
            return crc(vm.screendump(f"{vm.dir}/dump.ppm"))

        until("the screendump of what the device starts with", frame(), dump)
        until("the screendump", frame(1), dump)
        until("gvnccapture's picture", frame(2), lambda: crc(gvnccapture(x, 5)))
        with TigerVnc(x, "127.0.0.1::5905") as viewer:
            for number in (3, 4):
                until("the viewer's picture", frame(number), lambda: crc(viewer.picture()))


def mbochs_says_why_it_is_blank():
    with guest("mbochs", "large", "127.0.0.1:6") as vm, XServer() as x:
        vm.send("kmspattern --mode 1024x768 &")
        vm.wait_serial("^holds")
        with TigerVnc(x, "127.0.0.1::5906"):
            end, _ = patient(30)
            while True:
                state = vm.qmp("query-display-state")[0]
                if state.get("blank", {}).get("reason") == "no-map":
                    break
                if time.monotonic() > end:
                    raise Failure(f"query-display-state: {state}")
                time.sleep(0.3)
            answer = vm.qmp.try_command("screendump", filename=f"{vm.dir}/dump.ppm")
            if "error" in answer and "can't be" not in answer["error"]["desc"]:
                raise Failure(f"screendump doesn't say why: {answer}")
        tap.same("the guest after it all", vm.run("echo alive").strip(), "alive")


if __name__ == "__main__":
    tap.run([("/samples/mdpy-is-byte-equal", mdpy_is_byte_equal),
             ("/samples/mbochs-says-why-it-is-blank", mbochs_says_why_it_is_blank)])

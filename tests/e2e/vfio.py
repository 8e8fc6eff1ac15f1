#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""A vGPU on the command line: what can go wrong with it says what and why, and the host may take it
back while the guest runs."""

import os
import subprocess
import time

import tap
from machine import VMM, Failure, Machine, Vgpu, load_gvt, read_ppm


def refuse(arguments, *texts, user=None):
    """Starts a VMM that is to end with one line and status 1."""
    # No guest runs, so this needs no rights on /dev/kvm.
    command = [VMM, "-machine", "pc,accel=qtest", "-m", "64M", "-nodefaults", "-vga", "none",
               "-display", "none", "-S", "-device", arguments]
    if user:
        command = ["setpriv", "--reuid", user, "--clear-groups"] + command
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True,
                          timeout=60, check=False)
    print(f"# {done.stderr.strip()}")
    if done.returncode != 1:
        raise Failure(f"{arguments}: status {done.returncode}: {done.stderr}")
    if len(done.stderr.strip().split("\n")) != 1:
        raise Failure(f"{arguments}: not one line: {done.stderr}")
    for text in texts:
        if text not in done.stderr:
            raise Failure(f"{arguments}: '{text}' is not in: {done.stderr}")


def bad_paths():
    refuse("vfio-pci,sysfsdev=/sys/bus/mdev/devices/nobody", "nobody", "No such file or directory")
    refuse("vfio-pci,sysfsdev=/sys/devices/system/cpu/cpu0", "cpu0", "not a vfio device")
    refuse("vfio-pci", "sysfsdev", "host")
    card = next(name for name in sorted(os.listdir("/sys/bus/pci/devices"))
                if os.path.exists(f"/sys/bus/pci/devices/{name}/driver"))
    refuse(f"vfio-pci,host={card}", card, "vfio-pci")


def bad_modes():
    load_gvt()
    with Vgpu("bochs-64") as vgpu:
        device = f"vfio-pci,sysfsdev={vgpu.sysfs},display=on"
        refuse(f"{device},xres=800", "xres and yres")
        refuse(f"{device},xres=16384,yres=16384", "largest mode")
        refuse(f"{device},display=off,xres=800,yres=600", "without a display")
        refuse(f"{device},romfile=/nonexistent", "romfile", "No such file or directory")
        refuse(f"{device},dispaly=on", "dispaly", "display")
        refuse(device, "/dev/vfio/", "Permission denied", user="nobody")


def both_forms_and_in_use():
    load_gvt()
    with Vgpu("bochs-64") as vgpu:
        real = os.path.realpath(vgpu.sysfs)
        with Machine("-device", f"vfio-pci,sysfsdev={real},x-display=on", "-S") as vm:
            if not vm.qmp("query-display-state"):
                raise Failure(f"no display by {real}")
            refuse(f"vfio-pci,sysfsdev={vgpu.sysfs}", vgpu.uuid, "in use")
        with Machine("-device", f"vfio-pci,sysfsdev={real},display=off", "-S") as vm:
            tap.same("displays with display=off", vm.qmp("query-display-state"), [])
        with Machine("-device", f"vfio-pci,sysfsdev={real},x-igd-opregion=on", "-S") as vm:
            if "OpRegion" not in vm.messages():
                raise Failure(f"no warning: {vm.messages()}")


def two_vgpus():
    load_gvt()
    with Vgpu("bochs-16") as one, Vgpu("region-16") as two:
        with Machine("-device", f"vfio-pci,id=one,sysfsdev={one.sysfs},display=on,xres=640,yres=480",
                     "-device", f"vfio-pci,id=two,sysfsdev={two.sysfs},display=on,xres=800,yres=600"
                     ) as vm:
            vm.wait_serial("^guest: ready", 120)
            states = {state["device"]: state for state in vm.qmp("query-display-state")}
            tap.same("the consoles", sorted(states), ["one", "two"])
            tap.same("their sources", [states[name]["source"]["kind"] for name in ("one", "two")],
                     ["vfio-dmabuf", "vfio-region"])
            # Nobody draws on the second: the guest's console is on its first screen.
            path = f"{vm.dir}/one.ppm"
            vm.qmp("screendump", filename=path, device="one")
            tap.same("the first screen's size", read_ppm(path)[:2], (640, 480))
            answer = vm.qmp.try_command("screendump", filename=path, device="two")
            if "two" not in answer["error"]["desc"]:
                raise Failure(f"the message doesn't name the second: {answer}")


def host_takes_back():
    load_gvt()
    vgpu = Vgpu("bochs-64")
    with Machine("-device", f"vfio-pci,sysfsdev={vgpu.sysfs},display=on", "-vnc", ":7") as vm:
        vm.wait_serial("^guest: ready", 120)
        start = time.monotonic()
        vgpu.remove()
        print(f"# removed after {time.monotonic() - start:.1f} s")
        if os.path.exists(vgpu.sysfs):
            raise Failure("the vGPU is still there")
        state = vm.qmp("query-display-state")[0]
        tap.same("the reason", state["blank"]["reason"], "no-display")
        if vgpu.uuid not in vm.messages():
            raise Failure(f"no message names the device: {vm.messages()}")
        if not vm.run("echo alive").endswith("alive\n"):
            raise Failure("the guest does not answer")
        tap.same("the machine", vm.qmp("query-status")["status"], "running")


if __name__ == "__main__":
    tap.run([("/vfio/bad-paths-are-named", bad_paths),
             ("/vfio/bad-modes-are-named", bad_modes),
             ("/vfio/both-forms-of-path-and-a-device-in-use", both_forms_and_in_use),
             ("/vfio/two-vgpus-are-two-consoles", two_vgpus),
             ("/vfio/the-host-takes-the-device-back", host_takes_back)])

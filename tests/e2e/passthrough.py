#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""A physical device behind an IOMMU works in the guest. Needs scripts/sandbox --iommu."""

import glob
import os
import subprocess
import time

import tap
from machine import Failure, Machine, patient

E1000E = ("0x8086", "0x10d3")


def read(path):
    with open(path, encoding="ascii") as file:
        return file.read().strip()


def find_card():
    for device in glob.glob("/sys/bus/pci/devices/*"):
        if (read(f"{device}/vendor"), read(f"{device}/device")) == E1000E:
            return os.path.basename(device)
    raise tap.Skip("no e1000e in this machine (scripts/sandbox --iommu has one)")


def bind_to_vfio(card):
    """Gives a PCI device to vfio-pci, by the override that leaves all others alone."""
    device = f"/sys/bus/pci/devices/{card}"
    subprocess.run(["modprobe", "-a", "vfio-pci", "vfio_iommu_type1"], check=True)
    with open(f"{device}/driver_override", "w", encoding="ascii") as file:
        file.write("vfio-pci")
    if os.path.exists(f"{device}/driver"):
        with open(f"{device}/driver/unbind", "w", encoding="ascii") as file:
            file.write(card)
    with open("/sys/bus/pci/drivers_probe", "w", encoding="ascii") as file:
        file.write(card)
    if os.path.basename(os.path.realpath(f"{device}/driver")) != "vfio-pci":
        raise Failure(f"{card} isn't bound to vfio-pci")


def card_works():
    card = find_card()
    bind_to_vfio(card)
    with Machine("-device", f"vfio-pci,host={card}") as vm:
        vm.wait_serial("^guest: ready", 120)
        vm.run("ip address add 10.0.2.15/24 dev eth0; ip link set eth0 up")
        end, _ = patient(30)
        while vm.run("cat /sys/class/net/eth0/carrier").strip() != "1":
            if time.monotonic() > end:
                raise Failure("the card's link doesn't come up")
            time.sleep(0.5)
        # QEMU's user network outside answers for this address.
        out = vm.run("ping -c 5 -W 5 10.0.2.2", 60)
        if " 0% packet loss" not in out:
            raise Failure(f"ping: {out}")
        interrupts = sum(int(word) for line in vm.run("cat /proc/interrupts").split("\n")
                         if "eth0" in line for word in line.split()[1:2])
        if not interrupts:
            raise Failure("the card's interrupt never came")


def reboot_keeps_card():
    card = find_card()
    with Machine("-device", f"vfio-pci,sysfsdev=/sys/bus/pci/devices/{card}") as vm:
        for _ in range(2):
            vm.wait_serial("^guest: ready", 120)
            vm.run("ip address add 10.0.2.15/24 dev eth0; ip link set eth0 up; sleep 4; "
                   "ping -c 2 -W 5 10.0.2.2", 60)
            vm.send("reboot -f")


def display_on_is_an_error():
    card = find_card()
    try:
        with Machine("-device", f"vfio-pci,host={card},display=on"):
            pass
    except Failure as failure:
        if card not in str(failure) or "display" not in str(failure):
            raise Failure(f"the message doesn't name object and cause: {failure}") from None
        return
    raise Failure("a card without a display was taken with display=on")


if __name__ == "__main__":
    tap.run([("/passthrough/network-card-works", card_works),
             ("/passthrough/reboot-keeps-the-card", reboot_keeps_card),
             ("/passthrough/display=on-is-an-error", display_on_is_an_error)])

#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The PC board under an unmodified Linux: boot, reboot by every way, pause, power button, memory above
4 GiB, interrupts by each controller, CPU models."""

import re
import time

import tap
from machine import Failure, Machine
from tap import same

BOOT_S = 120


def ready(vm):
    vm.wait_serial("^guest: ready$", BOOT_S)


def problems(vm):
    """Lines of the guest's kernel log that name a defect of the board or of the CPU's description."""
    log = vm.run("dmesg")
    bad = re.compile(r"(ACPI.*(error|exception|warning)|BUG:|Oops|MCE|spurious|nobody cared|"
                     r"unexpected IRQ|\[Firmware Bug\]|not responding|timed out)", re.I)
    return [line for line in log.splitlines() if bad.search(line)]


def boots_and_reboots():
    with Machine("-device", "virtio-rng-pci", smp=2, append="loglevel=4") as vm:
        ready(vm)
        same("CPUs", vm.run("nproc").split()[-1], "2")
        same("complaints of the kernel", problems(vm), [])
        for name, way in [("ACPI", "reboot -f"), ("SysRq", "echo b > /proc/sysrq-trigger"),
                          ("QMP", None)]:
            start = time.monotonic()
            if way:
                vm.send(way)
            else:
                vm.qmp("system_reset")
            ready(vm)
            print(f"# reboot by {name}: {time.monotonic() - start:.1f} s")
            same("CPUs after a reboot", vm.run("nproc").split()[-1], "2")


def pauses():
    with Machine() as vm:
        ready(vm)
        vm.send("while true; do echo ti''ck; sleep 0.1; done")
        vm.wait_serial("^tick$")
        vm.qmp("stop")
        same("status", vm.qmp("query-status")["status"], "paused")
        time.sleep(0.5)
        vm._read_serial(0.1)
        before = len(vm.output)
        time.sleep(1)
        vm._read_serial(0)
        same("output while paused", len(vm.output), before)
        vm.qmp("cont")
        vm._read_to = len(vm.output)
        vm.wait_serial("^tick$")


def power_button():
    with Machine() as vm:
        ready(vm)
        vm.run("grep -q PNP0C0C\\|LNXPWRBN /proc/bus/input/devices")
        vm.send("for e in /dev/input/event*; do (dd if=$e bs=24 count=1 >/dev/null 2>&1; "
                "poweroff -f) & done; echo wai''ting")
        vm.wait_serial("^waiting$")
        vm.qmp("system_powerdown")
        same("who asked", vm.qmp.wait_event("SHUTDOWN", 60).get("guest"), True)
        same("exit status", vm.process.wait(20), 0)


def memory_above_the_hole():
    with Machine(memory="3400M") as vm:
        ready(vm)
        total = int(re.search(r"MemTotal:\s+(\d+)", vm.run("cat /proc/meminfo")).group(1))
        if not 3200 << 10 < total < 3400 << 10:
            raise Failure(f"the guest has {total >> 10} MiB of 3400")
        vm.run("dmesg | grep -q 'BIOS-e820:.*0x0000000100000000-0x00000001147fffff. usable'")


def interrupts(append, controller, line):
    """virtio-rng by its pin: the interrupts that count are on one line of that controller."""
    def test():
        with Machine("-device", "virtio-rng-pci,addr=05.0", append=append) as vm:
            ready(vm)
            vm.run("modprobe -q virtio_rng 2>/dev/null; "
                   "dd if=/dev/hwrng of=/dev/null bs=64 count=4 2>/dev/null")
            found = re.search(rf"^\s*{line}:\s+([1-9]\d*).*{controller}.*virtio",
                              vm.run("cat /proc/interrupts"), re.M)
            if not found:
                raise Failure(f"no virtio interrupt on {controller} {line}: "
                              + vm.run("cat /proc/interrupts"))
    return test


def cpu_model(model, has, has_not):
    def test():
        with Machine("-cpu", model, smp=2) as vm:
            ready(vm)
            flags = set(re.search(r"^flags\s*: (.*)$", vm.run("cat /proc/cpuinfo"),
                                  re.M).group(1).split())
            same("flags missing", set(has) - flags, set())
            same("flags that shouldn't be", set(has_not) & flags, set())
    return test


tap.run([
    ("board/boots-and-reboots-by-acpi-sysrq-and-qmp", boots_and_reboots),
    ("board/stop-holds-the-guest-and-cont-lets-it-go-on", pauses),
    ("board/the-power-button-reaches-the-guest", power_button),
    ("board/memory-continues-above-4-gib", memory_above_the_hole),
    ("board/a-pin-reaches-the-ioapic", interrupts("pci=nomsi", "IO-APIC", "21")),
    ("board/a-pin-reaches-the-pics", interrupts("pci=nomsi noapic", "XT-PIC", "11")),
    ("board/a-plain-cpu-model-boots", cpu_model("qemu64", ["lm", "x2apic"], ["avx", "sse4_2"])),
    ("board/features-are-added-and-taken-away",
     cpu_model("Nehalem,-popcnt,+aes", ["aes", "sse4_2"], ["popcnt", "avx"])),
])

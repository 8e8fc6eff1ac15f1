#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The PC board under an unmodified Linux: boot (from a bzImage; the other machines have it unpacked), pause, reboot by
every way, power button, memory above 4 GiB, interrupts by each controller, CPU models. Three machines serve all tests;
each boot takes about 15 s here."""

import contextlib
import re
import time

import tap
from machine import GUEST, Failure, Machine
from tap import same

BOOT_S = 120
machine = None


def start(*args, **options):
    """Boots the machine that the following tests use."""
    global machine
    finish()
    machine = Machine(*args, "-device", "virtio-rng-pci,addr=05.0", **options)
    ready()


def finish():
    global machine
    if machine:
        machine.stop()
        machine = None


def ready():
    machine.wait_serial("^guest: ready$", BOOT_S)


def boots():
    """With no line in the kernel's log that names a defect of the board."""
    start(smp=2, append="loglevel=4", kernel=f"{GUEST}/vmlinuz")
    same("CPUs", machine.run("nproc").split()[-1], "2")
    bad = re.compile(r"(ACPI.*(error|exception|warning)|BUG:|Oops|MCE|spurious|nobody cared|"
                     r"unexpected IRQ|Firmware Bug|not responding|timed out)", re.I)
    same("complaints of the kernel",
         [line for line in machine.run("dmesg").splitlines() if bad.search(line)], [])


def pauses():
    machine.send("(while [ ! -e /stop ]; do echo ti''ck; sleep 0.1; done; echo sto''pped) &")
    machine.wait_serial("^tick$")
    machine.qmp("stop")
    same("status", machine.qmp("query-status")["status"], "paused")
    time.sleep(0.5)
    machine._read_serial(0.1)
    before = len(machine.output)
    time.sleep(1)
    machine._read_serial(0)
    same("output while paused", len(machine.output), before)
    machine.qmp("cont")
    machine._read_to = len(machine.output)
    machine.wait_serial("^tick$")
    machine.send("touch /stop")
    machine.wait_serial("^stopped$")


def clock_stands_still():
    """While the guest is paused, its clock is too."""
    def now():
        return float(machine.run("cut -d' ' -f1 /proc/uptime").split()[-1])
    guest, host = now(), time.monotonic()
    machine.qmp("stop")
    time.sleep(5)
    machine.qmp("cont")
    missing = time.monotonic() - host - (now() - guest)
    if not 4 < missing:
        raise Failure(f"of 5 s of pause the guest's clock left out {missing:.1f} s")


def reboots(way):
    def test():
        if way:
            machine.send(way)
        else:
            machine.qmp("system_reset")
        ready()
        same("CPUs after it", machine.run("nproc").split()[-1], "2")
    return test


def power_button():
    machine.run("grep -q LNXPWRBN /proc/bus/input/devices")
    machine.send("for e in /dev/input/event*; do (dd if=$e bs=24 count=1 >/dev/null 2>&1; "
                 "poweroff -f) & done; echo wai''ting")
    machine.wait_serial("^waiting$")
    event = None
    for _ in range(10):  # the first press may come before the readers have opened their files
        machine.qmp("system_powerdown")
        with contextlib.suppress(Failure):
            event = machine.qmp.wait_event("SHUTDOWN", 5)
            break
    same("SHUTDOWN, asked for by the guest", event and event.get("guest"), True)
    same("exit status", machine.process.wait(20), 0)


def memory_above_the_hole():
    start("-cpu", "qemu64", memory="3400M", append="pci=nomsi noapic")
    total = int(re.search(r"MemTotal:\s+(\d+)", machine.run("cat /proc/meminfo")).group(1))
    if not 3200 << 10 < total < 3400 << 10:
        raise Failure(f"the guest has {total >> 10} MiB of 3400")
    machine.run("dmesg | grep -q 'BIOS-e820:.*0x0000000100000000-0x00000001147fffff. usable'")


def interrupts(controller, line):
    """virtio-rng by its pin: the interrupts that count are on one line of that controller."""
    def test():
        machine.run("modprobe -q virtio_rng 2>/dev/null; "
                    "dd if=/dev/hwrng of=/dev/null bs=64 count=4 2>/dev/null")
        counts = machine.run("cat /proc/interrupts")
        if not re.search(rf"^\s*{line}:\s+([1-9]\d*).*{controller}.*virtio", counts, re.M):
            raise Failure(f"no virtio interrupt on {controller} {line}: {counts}")
    return test


def features(has, has_not):
    def test():
        flags = set(re.search(r"^flags\s*: (.*)$", machine.run("cat /proc/cpuinfo"),
                              re.M).group(1).split())
        same("flags missing", set(has) - flags, set())
        same("flags that shouldn't be", set(has_not) & flags, set())
    return test


def another_model():
    start("-cpu", "Nehalem,-popcnt,+aes", append="pci=nomsi")
    features(["aes", "sse4_2"], ["popcnt", "avx"])()


try:
    tap.run([
        ("board/linux-boots-without-a-complaint", boots),
        ("board/stop-holds-the-guest-and-cont-lets-it-go-on", pauses),
        ("board/a-pause-is-no-time-for-the-guest", clock_stands_still),
        ("board/it-reboots-by-the-acpi-register", reboots("reboot -f")),
        ("board/it-reboots-by-sysrq", reboots("echo b > /proc/sysrq-trigger")),
        ("board/it-reboots-by-qmp", reboots(None)),
        ("board/the-power-button-reaches-the-guest", power_button),
        ("board/memory-continues-above-4-gib", memory_above_the_hole),
        ("board/a-plain-cpu-model-has-no-more-than-it-says",
         features(["lm", "x2apic"], ["avx", "sse4_2"])),
        ("board/a-pin-reaches-the-pics", interrupts("XT-PIC", "11")),
        ("board/features-are-added-and-taken-away", another_model),
        ("board/a-pin-reaches-the-ioapic", interrupts("IO-APIC", "21")),
    ])
finally:
    finish()

#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""virtio devices of the real binary: interrupts, network, input, resets, refusals."""
import os
import struct
import time

from harness import TIMEOUT, Vm, expect_refusal, main, test, u32
from virtio import Disk, Virtio

QUEUE = 0x200000
DATA = 0x300000


def image_of(tmp, size=1 << 20, name="disk.img"):
    path = os.path.join(tmp, name)
    with open(path, "wb") as f:
        f.truncate(size)
    return path


def ready(vm, device_id, queue=0):
    device = Virtio(vm, device_id)
    device.negotiate()
    device.queue(queue, 8, QUEUE)
    return device


def offer(device, addr, length, writes):
    """Makes one buffer available, in the descriptor of its turn, and kicks."""
    vm, slot = device.vm, device.next % device.size
    vm.write(device.desc + 16 * slot, u32(addr, 0, length, 2 if writes else 0))
    vm.store("writew", device.avail + 4 + 2 * slot, slot)
    device.next += 1
    vm.store("writew", device.avail + 2, device.next & 0xffff)
    vm.store("writew", device.doorbell, device.index)


def wait_used(device, count):
    end = time.monotonic() + TIMEOUT
    while device.vm.load("readw", device.used + 2) != count:
        assert time.monotonic() < end, "%d used" % device.vm.load("readw", device.used + 2)
        time.sleep(0.002)


def enable_msix(vm, devfn):
    cap = dict(vm.capabilities(devfn))[0x11]
    table = vm.config_read(devfn, cap + 4)
    base = vm.bar(devfn, table & 7) + (table & ~7)
    count = (vm.config_read(devfn, cap + 2, 2) & 0x7ff) + 1
    for vector in range(count):
        vm.write(base + 16 * vector, u32(0xfee00000, 0, 0x50 + vector, 0))
    vm.config_write(devfn, cap + 2, 0x8000, 2)
    return base


def take_msi(vm):
    end = time.monotonic() + TIMEOUT
    while time.monotonic() < end:
        answer = vm.command("x-take-msi").split()
        if len(answer) == 2:
            return int(answer[0], 16), int(answer[1], 16)
        time.sleep(0.002)
    raise AssertionError("no message came")


@test("virtio/queue-vector-is-sent-and-a-masked-one-waits")
def _(tmp):
    vm = Vm(tmp, "-device", "virtio-rng-pci")
    rng = ready(vm, 4)
    table = enable_msix(vm, rng.devfn)
    vm.store("writew", rng.common + 26, 1)
    assert vm.load("readw", rng.common + 26) == 1
    vm.store("writew", rng.common + 26, 77)
    assert vm.load("readw", rng.common + 26) == 0xffff  # no such vector
    vm.store("writew", rng.common + 26, 1)
    rng.status(15)
    offer(rng, DATA, 16, True)
    assert take_msi(vm) == (0xfee00000, 0x51)
    vm.store("writel", table + 16 + 12, 1)
    offer(rng, DATA, 16, True)
    wait_used(rng, 2)
    assert vm.load("readl", table + 0x800) == 2  # pending bit of vector 1
    assert vm.command("x-take-msi") == "none"
    vm.store("writel", table + 16 + 12, 0)
    assert take_msi(vm) == (0xfee00000, 0x51)
    vm.quit()


@test("virtio/pin-is-raised-without-msix-until-isr-is-read")
def _(tmp):
    vm = Vm(tmp, "-device", "virtio-rng-pci,vectors=0")
    vm.command("irq_intercept_in", "ioapic")
    rng = ready(vm, 4)
    rng.status(15)
    offer(rng, DATA, 16, True)
    end = time.monotonic() + TIMEOUT
    while not [what for what, _ in vm.irqs if what == "raise"]:
        assert time.monotonic() < end, vm.irqs
        vm.load("readw", rng.used + 2)
    assert vm.load("readb", rng.regions[3]) == 1
    assert vm.irqs[-1][0] == "lower" or vm.load("readb", rng.regions[3]) == 0
    vm.quit()


@test("virtio-net/arp-is-answered-by-the-user-network")
def _(tmp):
    vm = Vm(tmp, "-netdev", "user,id=n0,restrict=on", "-device",
            "virtio-net-pci,netdev=n0,mac=52:54:00:aa:bb:cc")
    net = ready(vm, 1)
    mac = vm.read(net.regions[4], 6)
    assert mac == bytes.fromhex("525400aabbcc"), mac
    rx = net.used
    for n in range(4):
        vm.write(net.desc + 16 * n, u32(DATA + 0x1000 * n, 0, 2048, 2))
        vm.store("writew", net.avail + 4 + 2 * n, n)
    vm.store("writew", net.avail + 2, 4)
    net.queue(1, 8, QUEUE + 0x10000)
    net.status(15)
    arp = (b"\xff" * 6 + mac + b"\x08\x06" + bytes.fromhex("0001080006040001") + mac +
           bytes([10, 0, 2, 15]) + bytes(6) + bytes([10, 0, 2, 2]))
    vm.write(DATA + 0x8000, bytes(12) + arp)
    offer(net, DATA + 0x8000, 12 + len(arp), False)
    wait_used(net, 1)
    end = time.monotonic() + TIMEOUT
    replies = []
    while not replies:
        assert time.monotonic() < end, "no reply"
        frames = [vm.read(DATA + 0x1000 * n + 12, 42) for n in range(vm.load("readw", rx + 2))]
        replies = [f for f in frames if f[12:14] == b"\x08\x06" and f[20:22] == b"\x00\x02"]
    assert replies[0][28:32] == bytes([10, 0, 2, 2])
    assert replies[0][:6] == mac
    vm.quit()


@test("virtio-tablet/position-and-button-by-qmp")
def _(tmp):
    vm = Vm(tmp, "-device", "virtio-tablet-pci")
    tablet = ready(vm, 18)
    tablet.status(15)
    for n in range(6):
        offer(tablet, DATA + 8 * n, 8, True)
    vm.qmp("input-send-event", events=[
        {"type": "abs", "data": {"axis": "x", "value": 100}},
        {"type": "abs", "data": {"axis": "y", "value": 32767}},
        {"type": "btn", "data": {"down": True, "button": "left"}}])
    wait_used(tablet, 4)
    events = [struct.unpack("<HHI", vm.read(DATA + 8 * n, 8)) for n in range(4)]
    assert events == [(3, 0, 100), (3, 1, 32767), (1, 0x110, 1), (0, 0, 0)], events
    vm.quit()


@test("virtio-blk/reset-with-requests-in-flight")
def _(tmp):
    vm = Vm(tmp, "-drive", "file=%s,format=raw,id=d0" % image_of(tmp, 32 << 20))
    request = Disk(vm)
    for how in range(20):
        vm.write(request.head, u32(1, 0, 0, 0))
        blk = request.blk
        for n, (addr, length, flags) in enumerate(((request.head, 16, 1), (request.data, 1 << 20, 1),
                                                   (request.last, 1, 2))):
            vm.write(blk.desc + 16 * n, u32(addr, 0, length, flags | (n + 1) << 16))
        vm.store("writew", blk.avail + 2, blk.next + 1)
        vm.store("writew", blk.doorbell, 0)
        if how % 2:
            vm.qmp("system_reset")
        else:
            blk.status(0)
            while vm.load("readb", blk.common + 20):
                pass
        request = Disk(vm)
    assert request(0, 0, 512, True) == 0
    vm.quit()


@test("virtio-blk/second-device-on-a-drive-is-refused")
def _(tmp):
    drive = "file=%s,format=raw,if=none,id=d0" % image_of(tmp)
    expect_refusal(tmp, "-machine", "pc", "-accel", "qtest", "-nodefaults", "-display", "none",
                   "-drive", drive, "-device", "virtio-blk-pci,drive=d0", "-device",
                   "virtio-blk-pci,drive=d0", says=["d0"])


@test("virtio-blk/image-in-use-is-refused")
def _(tmp):
    image = image_of(tmp)
    sub = os.path.join(tmp, "second")
    os.mkdir(sub)
    vm = Vm(tmp, "-drive", "file=%s,format=raw,if=none,id=d0" % image)
    expect_refusal(sub, "-machine", "pc", "-accel", "qtest", "-nodefaults", "-display", "none",
                   "-drive", "file=%s,format=raw,if=none,id=d0" % image, says=[image, "in use"])
    vm.quit()


@test("virtio-net/host-port-in-use-is-refused")
def _(tmp):
    vm = Vm(tmp, "-netdev", "user,id=n0,hostfwd=tcp:127.0.0.1:42511-:22")
    sub = os.path.join(tmp, "second")
    os.mkdir(sub)
    expect_refusal(sub, "-machine", "pc", "-accel", "qtest", "-nodefaults", "-display", "none",
                   "-netdev", "user,id=n0,hostfwd=tcp:127.0.0.1:42511-:22",
                   says=["42511", "in use"])
    vm.quit()


main()

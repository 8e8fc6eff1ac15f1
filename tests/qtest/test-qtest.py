#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The qtest protocol, and the board and its PCI devices through it."""
import base64
import ctypes
import os

from harness import Connection, Skip, Vm, main, test, u32
from virtio import Disk, Virtio

RAM = 0x100000  # inside guest RAM, above what a loader writes


@test("qtest/memory-in-every-width")
def _(tmp):
    vm = Vm(tmp)
    vm.store("writeq", RAM, 0x1122334455667788)
    assert vm.load("readb", RAM) == 0x88
    assert vm.load("readw", RAM + 1) == 0x6677
    assert vm.load("readl", RAM + 4) == 0x11223344
    assert vm.load("readq", RAM) == 0x1122334455667788
    vm.store("writeb", RAM + 7, 0xff)
    assert vm.read(RAM, 8) == bytes.fromhex("88776655443322ff")
    vm.quit()


@test("qtest/blocks-base64-and-memset")
def _(tmp):
    vm = Vm(tmp)
    data = bytes(range(256)) * 64
    vm.write(RAM, data)
    assert vm.read(RAM, len(data)) == data
    assert base64.b64decode(vm.command("b64read", RAM, 300)) == data[:300]
    vm.command("b64write", RAM, 5, base64.b64encode(b"hello").decode())
    vm.command("memset", RAM + 5, 3, 0xaa)
    assert vm.read(RAM, 9) == b"hello\xaa\xaa\xaa\x08"
    vm.quit()


@test("qtest/memory-behind-ram-reads-ones")
def _(tmp):
    vm = Vm(tmp, "-m", "64")
    assert vm.load("readl", 0x70000000) == 0xffffffff
    vm.store("writel", 0x70000000, 5)
    assert vm.read((64 << 20) - 4, 8)[4:] == b"\xff" * 4
    vm.quit()


@test("qtest/bad-lines-have-an-answer-and-the-session-goes-on")
def _(tmp):
    vm = Vm(tmp)
    for line in ("", "frobnicate", "readb", "readb x", "readb 1 2", "outb 70000 1", "outb 1",
                 "read 0 0", "read 0 99999999999", "write 0 4 zz", "memset 0 1 256",
                 "set_irq_in a b 99 1", "clock_step -1", "\x00\xff"):
        vm.qtest.send(line.encode("latin-1") + b"\n")
        answer = vm.qtest.line()
        assert answer.startswith((b"ERR ", b"FAIL ")), (line, answer)
    vm.qtest.send(b"write 0 1 0x" + b"0" * (34 << 20) + b"\n")
    assert vm.qtest.line() == b"ERR line too long"
    assert vm.command("endianness") == "little"
    assert int(vm.command("clock_step", 100)) == 100
    assert int(vm.command("clock_set", 1000)) == 1000
    vm.quit()


@test("qtest/second-client-after-the-first")
def _(tmp):
    vm = Vm(tmp)
    vm.store("writel", RAM, 42)
    vm.qtest.close()
    vm.qtest = Connection(os.path.join(tmp, "qtest"))
    assert vm.load("readl", RAM) == 42
    vm.quit()


@test("qtest/log-has-both-directions")
def _(tmp):
    log = os.path.join(tmp, "log")
    vm = Vm(tmp, "-qtest-log", log)
    vm.load("inb", 0x64)
    vm.quit()
    text = open(log).read()
    assert "inb 0x64" in text and "OK 0x" in text, text


@test("board/pci-devices-of-the-chipset")
def _(tmp):
    vm = Vm(tmp)
    assert vm.find(0x8086, 0x1237) == 0
    assert vm.find(0x8086, 0x7000) == 1 << 3
    assert vm.find(0x8086, 0x7113) == 1 << 3 | 3
    assert vm.config_read(9 << 3, 0) == 0xffffffff
    vm.quit()


@test("board/devices-take-slots-in-order-and-where-told")
def _(tmp):
    vm = Vm(tmp, "-device", "virtio-rng-pci,addr=7", "-device", "virtio-keyboard-pci",
            "-device", "virtio-mouse-pci")
    assert vm.config_read(7 << 3, 0) == 0x10441af4
    first = vm.find(0x1af4, 0x1052)
    assert vm.config_read(first + 8, 0) == 0x10521af4
    vm.quit()


@test("board/serial-port-both-ways")
def _(tmp):
    path = os.path.join(tmp, "serial")
    vm = Vm(tmp, "-serial", "unix:%s,server=on,wait=off" % path)
    line = Connection(path)
    vm.command("irq_intercept_in", "ioapic")
    vm.store("outb", 0x3f8 + 1, 1)  # interrupt when data is there
    vm.store("outb", 0x3f8 + 4, 0x0b)  # DTR, RTS, OUT2: interrupts reach the board
    line.send("K")
    while not vm.load("inb", 0x3f8 + 5) & 1:
        pass
    assert ("raise", 4) in vm.irqs, vm.irqs
    assert vm.load("inb", 0x3f8) == ord("K")
    for byte in b"ok\n":
        vm.store("outb", 0x3f8, byte)
    assert line.line() == b"ok"
    vm.quit()


@test("board/ram-survives-and-devices-do-not-after-reset")
def _(tmp):
    vm = Vm(tmp, "-device", "virtio-rng-pci,addr=5")
    vm.config_write(5 << 3, 0x3c, 0x0b, 1)
    vm.store("writel", RAM, 0xabcd)
    vm.qmp("system_reset")
    assert vm.load("readl", RAM) == 0xabcd
    assert vm.config_read(5 << 3, 0) == 0x10441af4
    vm.quit()


@test("virtio-rng/fills-a-buffer")
def _(tmp):
    vm = Vm(tmp, "-device", "virtio-rng-pci")
    rng = Virtio(vm, 4)
    rng.negotiate()
    rng.queue(0, 8, 0x200000)
    rng.status(15)
    assert rng.submit([(0x300000, 64, True)]) == 64
    first = vm.read(0x300000, 64)
    assert rng.submit([(0x300000, 64, True)]) == 64
    assert len({first, vm.read(0x300000, 64), bytes(64)}) == 3
    vm.quit()


@test("virtio-blk/writes-reads-and-refuses")
def _(tmp):
    image = os.path.join(tmp, "disk.img")
    with open(image, "wb") as f:
        f.truncate(1 << 20)
    vm = Vm(tmp, "-drive", "file=%s,format=raw,id=d0" % image)
    request = Disk(vm)
    data = request.data
    assert vm.load("readl", request.blk.regions[4]) == (1 << 20) // 512
    vm.write(data, b"oriel" * 200)
    assert request(1, 3, 512, False) == 0
    assert open(image, "rb").read()[3 * 512:4 * 512] == (b"oriel" * 200)[:512]
    vm.command("memset", hex(data), 512, 0)
    assert request(0, 3, 512, True) == 0
    assert vm.read(data, 512) == (b"oriel" * 200)[:512]
    # Outside the disk, also where sector * 512 wraps around.
    assert request(0, 2048, 512, True) == 1
    assert request(0, 1 << 63, 512, True) == 1
    assert request(99, 0, 512, True) == 2
    vm.quit()


@test("virtio-blk/full-disk-fails-the-request-and-nothing-else")
def _(tmp):
    libc = ctypes.CDLL(None, use_errno=True)
    # A mount of our own, gone with this process.
    if libc.unshare(0x20000) or libc.mount(b"none", b"/", None, 0x44000, None) or \
            libc.mount(b"small", tmp.encode(), b"tmpfs", 0, b"size=64k"):
        raise Skip("can't mount a small tmpfs: " + os.strerror(ctypes.get_errno()))
    try:
        image = os.path.join(tmp, "disk.img")
        with open(image, "wb") as f:
            f.truncate(1 << 20)
        vm = Vm(tmp, "-drive", "file=%s,format=raw,id=d0" % image)
        request = Disk(vm)
        results = [request(1, sector, 4096, False) for sector in range(0, 2048, 8)]
        assert results[0] == 0 and results[-1] == 1, results
        assert vm.qmp("query-status")["running"] is True
        assert request(0, 0, 512, True) == 0
        vm.quit()
    finally:
        Vm.kill_all()
        libc.umount2(tmp.encode(), 2)


@test("virtio-blk/end-and-reset-with-requests-on-their-way")
def _(tmp):
    image = os.path.join(tmp, "disk.img")
    with open(image, "wb") as f:
        f.truncate(16 << 20)
    for end in ("quit", "system_reset"):
        vm = Vm(tmp, "-drive", "file=%s,format=raw,id=d0" % image)
        disk = Disk(vm)
        vm.write(disk.head, u32(1, 0, 0, 0))
        for _ in range(8):
            disk.blk.submit([(disk.head, 16, False), (0x400000, 4 << 20, False),
                             (disk.last, 1, True)], wait=False)
        vm.qmp(end)
        if end == "system_reset":
            again = Disk(vm)
            assert again(0, 0, 512, True) == 0
            vm.qmp("quit")
        vm.wait_end()


@test("virtio/impossible-rings-break-the-device-and-nothing-else")
def _(tmp):
    vm = Vm(tmp, "-device", "virtio-rng-pci")
    rng = Virtio(vm, 4)
    for desc in ((0xfffffffffffff000, 64, 2), (0x300000, 0, 2), (0x300000, 0xffffffff, 2),
                 (0x300000, 64, 3 | 0 << 16)):  # the last one points to itself
        rng.negotiate()
        rng.queue(0, 8, 0x200000)
        rng.status(15)
        vm.write(rng.desc, u32(desc[0] & 0xffffffff, desc[0] >> 32, desc[1], desc[2]))
        vm.store("writew", rng.avail + 2, 1)
        vm.store("writew", rng.doorbell, 0)
        vm.qmp("query-status")
    for base in (0xfffffffffffff000, 0xe0000000, 0x7fff0000000):
        rng.negotiate()
        vm.store("writew", rng.common + 22, 0)
        for at in (32, 40, 48):
            vm.store("writel", rng.common + at, base & 0xffffffff)
            vm.store("writel", rng.common + at + 4, base >> 32)
        vm.store("writew", rng.common + 28, 1)
        rng.status(15)
        vm.store("writew", rng.doorbell, 0)
        vm.qmp("query-status")
    rng.negotiate()
    rng.queue(0, 8, 0x200000)
    rng.status(15)
    assert rng.submit([(0x300000, 16, True)]) == 16
    vm.quit()


main()

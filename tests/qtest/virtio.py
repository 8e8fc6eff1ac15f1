# SPDX-License-Identifier: GPL-2.0-or-later
"""A driver for virtio devices that speaks through the qtest protocol."""
from harness import u32


class Virtio:
    """A modern virtio device found by its PCI id; one queue at a time."""

    def __init__(self, vm, device_id):
        self.vm, self.devfn = vm, vm.find(0x1af4, 0x1040 + device_id)
        vm.config_write(self.devfn, 4, 6, 2)  # memory, bus master
        self.regions = {}
        for kind, offset in vm.capabilities(self.devfn):
            if kind == 9:
                cfg_type = vm.config_read(self.devfn, offset + 3, 1)
                bar = vm.config_read(self.devfn, offset + 4, 1)
                start = vm.config_read(self.devfn, offset + 8)
                if cfg_type <= 4:
                    self.regions.setdefault(cfg_type, vm.bar(self.devfn, bar) + start)
                    if cfg_type == 2:
                        self.multiplier = vm.config_read(self.devfn, offset + 16)
        self.common = self.regions[1]

    def status(self, value):
        self.vm.store("writeb", self.common + 20, value)

    def negotiate(self):
        self.status(0)
        self.status(1)
        self.status(3)
        for half in (0, 1):
            self.vm.store("writel", self.common, half)
            offered = self.vm.load("readl", self.common + 4)
            # Nothing but VIRTIO_F_VERSION_1 (bit 32), so that layouts stay the plain ones.
            self.vm.store("writel", self.common + 8, half)
            self.vm.store("writel", self.common + 12, offered & (1 if half else 0))
        self.status(11)
        assert self.vm.load("readb", self.common + 20) == 11

    def queue(self, index, size, base):
        self.base, self.size, self.index, self.next = base, size, index, 0
        self.desc, self.avail, self.used = base, base + 0x1000, base + 0x2000
        self.vm.command("memset", hex(base), 0x3000, 0)
        self.vm.store("writew", self.common + 22, index)
        self.vm.store("writew", self.common + 24, size)
        for at, value in ((32, self.desc), (40, self.avail), (48, self.used)):
            self.vm.store("writel", self.common + at, value & 0xffffffff)
            self.vm.store("writel", self.common + at + 4, value >> 32)
        self.vm.store("writew", self.common + 28, 1)
        off = self.vm.load("readw", self.common + 30)
        self.doorbell = self.regions[2] + off * self.multiplier

    def submit(self, parts, wait=True):
        """parts: [(address, length, device_writes)]; waits; returns the length the device wrote."""
        for n, (addr, length, writes) in enumerate(parts):
            more = n + 1 < len(parts)
            flags = (2 if writes else 0) | (1 if more else 0)
            self.vm.write(self.desc + 16 * n, u32(addr & 0xffffffff, addr >> 32, length,
                                                  flags | (n + 1) << 16))
        self.vm.store("writew", self.avail + 4 + 2 * (self.next % self.size), 0)
        self.next += 1
        self.vm.store("writew", self.avail + 2, self.next & 0xffff)
        self.vm.store("writew", self.doorbell, self.index)
        for _ in range(100000 if wait else 0):
            if self.vm.load("readw", self.used + 2) == self.next & 0xffff:
                return self.vm.load("readl", self.used + 4 + 8 * ((self.next - 1) % self.size) + 4)
        assert not wait, "the device never answered"


class Disk:
    """A virtio-blk device with one request at a time; .data is where its bytes lie."""
    head, data, last = 0x300000, 0x310000, 0x301000

    def __init__(self, vm):
        self.vm, self.blk = vm, Virtio(vm, 2)
        self.blk.negotiate()
        self.blk.queue(0, 8, 0x200000)
        self.blk.status(15)

    def __call__(self, kind, sector, length, writes):
        self.vm.write(self.head, u32(kind, 0, sector & 0xffffffff, sector >> 32))
        self.vm.store("writeb", self.last, 0xee)
        self.blk.submit([(self.head, 16, False), (self.data, length, writes), (self.last, 1, True)])
        return self.vm.load("readb", self.last)

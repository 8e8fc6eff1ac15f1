# SPDX-License-Identifier: GPL-2.0-or-later
"""The guest's side of a virtio-serial-pci through the qtest protocol."""
import copy
import struct
import time

from harness import TIMEOUT, u32
from virtio import Virtio

DEVICE_READY, PORT_ADD, PORT_REMOVE, PORT_READY, CONSOLE_PORT, RESIZE, PORT_OPEN, PORT_NAME = range(8)
SIZE, ROOM = 16, 2048


class Queue:
    """One queue with SIZE buffers of ROOM bytes."""

    def __init__(self, device, index, base, receives):
        self.vm, self.device = device.vm, copy.copy(device)
        self.device.queue(index, SIZE, base)
        self.base, self.receives, self.taken, self.given = base + 0x4000, receives, 0, 0

    def start(self):
        for _ in range(SIZE if self.receives else 0):
            self.offer(ROOM)

    def offer(self, length):
        d, slot = self.device, self.given % SIZE
        self.vm.write(d.desc + 16 * slot, u32(self.base + ROOM * slot, 0, length,
                                              2 if self.receives else 0))
        self.vm.store("writew", d.avail + 4 + 2 * slot, slot)
        self.given += 1
        self.vm.store("writew", d.avail + 2, self.given & 0xffff)
        self.vm.store("writew", d.doorbell, d.index)

    def used(self):
        return self.vm.load("readw", self.device.used + 2) != self.taken & 0xffff

    def take(self):
        """The next buffer's bytes, or None; it is offered again."""
        if not self.used():
            return None
        at = self.device.used + 4 + 8 * (self.taken % SIZE)
        slot, length = self.vm.load("readl", at), self.vm.load("readl", at + 4)
        data = self.vm.read(self.base + ROOM * slot, length) if length else b""
        self.taken += 1
        self.offer(ROOM)
        return data

    def wait(self):
        end = time.monotonic() + TIMEOUT
        while True:
            data = self.take()
            if data is not None:
                return data
            assert time.monotonic() < end, "nothing came"
            time.sleep(0.002)

    def send(self, data):
        for at in range(0, len(data), ROOM):
            end = time.monotonic() + TIMEOUT
            while self.given - self.taken >= SIZE:
                if self.used():
                    self.taken += 1
                assert time.monotonic() < end, "the device takes nothing"
            self.vm.write(self.base + ROOM * (self.given % SIZE), data[at:at + ROOM])
            self.offer(len(data[at:at + ROOM]))


class Serial:
    """A driver with the ports that it is told of; .rx and .tx are the queues of port 1."""

    def __init__(self, vm, base=0x400000):
        self.vm, device = vm, Virtio(vm, 3)
        self.virtio = device
        device.status(0)
        device.status(1)
        device.status(3)
        for half, accepted in ((0, 2), (1, 1)):  # multiport, version 1
            vm.store("writel", device.common + 8, half)
            vm.store("writel", device.common + 12, accepted)
        device.status(11)
        assert vm.load("readb", device.common + 20) == 11
        self.control_rx = Queue(device, 2, base, True)
        self.control_tx = Queue(device, 3, base + 0x10000, False)
        self.rx = Queue(device, 4, base + 0x20000, True)
        self.tx = Queue(device, 5, base + 0x30000, False)
        device.status(15)
        for queue in (self.control_rx, self.rx):
            queue.start()

    def tell(self, port, event, value):
        self.control_tx.send(struct.pack("<IHH", port, event, value))

    def told(self):
        """The next control message: (port, event, value, text)."""
        data = self.control_rx.wait()
        return struct.unpack("<IHH", data[:8]) + (data[8:],)

    def open(self):
        """As Linux does until a program has opened port 1; returns its name."""
        self.tell(0xffffffff, DEVICE_READY, 1)
        assert self.told() == (1, PORT_ADD, 1, b"")
        self.tell(1, PORT_READY, 1)
        port, event, value, name = self.told()
        assert (port, event, value) == (1, PORT_NAME, 1), (port, event, value)
        self.tell(1, PORT_OPEN, 1)
        return name.rstrip(b"\0").decode()

    def read(self, length):
        data = b""
        while len(data) < length:
            data += self.rx.wait()
        return data

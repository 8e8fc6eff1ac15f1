#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""virtio-serial-pci and its ports in the real binary."""
import os
import socket
import threading
import time

from harness import TIMEOUT, Vm, expect_refusal, main, test
from virtio_serial import PORT_ADD, PORT_NAME, PORT_OPEN, PORT_READY, DEVICE_READY, Serial

QTEST = ("-accel", "qtest", "-display", "none", "-nodefaults")


def vm_with_port(tmp, *args):
    return Vm(tmp, "-m", "64", "-chardev", "socket,id=c0,path=%s/c,server=on,wait=off" % tmp,
              "-device", "virtio-serial-pci,id=s0", "-device",
              "virtserialport,bus=s0.0,chardev=c0,name=org.example.port", *args)


def connect(tmp):
    peer = socket.socket(socket.AF_UNIX)
    peer.settimeout(TIMEOUT)
    peer.connect(tmp + "/c")
    return peer


def receive(peer, length):
    data = b""
    while len(data) < length:
        data += peer.recv(length - len(data))
    return data


@test("virtio-serial/bytes-go-both-ways-once-both-ends-are-open")
def _(tmp):
    vm = vm_with_port(tmp)
    serial = Serial(vm)
    assert vm.load("readl", serial.virtio.regions[4] + 4) == 7  # max_nr_ports
    assert serial.open() == "org.example.port"
    peer = connect(tmp)
    assert serial.told() == (1, PORT_OPEN, 1, b"")
    serial.tx.send(b"from the guest")
    assert receive(peer, 14) == b"from the guest"
    peer.sendall(b"from the host")
    assert serial.read(13) == b"from the host"
    peer.close()
    assert serial.told() == (1, PORT_OPEN, 0, b"")
    serial.tx.send(b"nobody hears this")
    peer = connect(tmp)
    assert serial.told() == (1, PORT_OPEN, 1, b"")
    serial.tx.send(b"again")
    assert receive(peer, 5) == b"again"
    peer.close()
    vm.quit()


@test("virtio-serial/nothing-is-lost-however-slow-the-other-end")
def _(tmp):
    vm = vm_with_port(tmp)
    serial = Serial(vm)
    serial.open()
    peer = connect(tmp)
    serial.told()
    data, got = os.urandom(1000000), []

    def read_late():
        time.sleep(1)
        got.append(receive(peer, len(data)))
    reader = threading.Thread(target=read_late)
    reader.start()
    serial.tx.send(data)  # more than its queue and the socket's buffer hold
    reader.join(TIMEOUT)
    assert got == [data]
    peer.sendall(data[:150000])
    assert serial.read(150000) == data[:150000]
    peer.close()
    vm.quit()


@test("virtio-serial/a-port-that-the-guest-has-closed-takes-nothing")
def _(tmp):
    vm = vm_with_port(tmp)
    serial = Serial(vm)
    serial.open()
    peer = connect(tmp)
    serial.told()
    serial.tell(1, PORT_OPEN, 0)
    vm.qmp("query-status")
    time.sleep(0.1)
    peer.sendall(b"later")
    time.sleep(0.2)
    assert not serial.rx.used()
    serial.tell(1, PORT_OPEN, 1)
    assert serial.read(5) == b"later"
    peer.close()
    vm.quit()


@test("virtio-serial/a-driver-that-asks-for-nonsense-gets-none")
def _(tmp):
    vm = vm_with_port(tmp)
    serial = Serial(vm)
    for port, event, value in ((0xffffffff, PORT_READY, 1), (7, PORT_OPEN, 1), (0, PORT_OPEN, 1),
                               (1, 77, 1), (1, PORT_READY, 0)):
        serial.tell(port, event, value)
    serial.control_tx.send(b"short")
    for _ in range(200):  # asks and doesn't listen
        serial.tell(1, PORT_READY, 1)
    names = 0
    while names < 64:
        assert serial.told()[:2] == (1, PORT_NAME)
        names += 1
    serial.tell(0, DEVICE_READY, 1)
    while serial.told()[:2] != (1, PORT_ADD):
        pass
    serial.virtio.status(0)
    assert vm.load("readb", serial.virtio.common + 20) == 0
    assert Serial(vm).open() == "org.example.port"
    vm.quit()


def refuses(name, *args, says):
    @test("virtio-serial/" + name)
    def _(tmp):
        expect_refusal(tmp, *QTEST, *args, says=says)


refuses("port-without-a-device", "-device", "virtserialport", says=["virtserialport",
                                                                   "virtio-serial-pci"])
refuses("port-on-another-bus", "-device", "virtio-serial-pci,id=a", "-device",
        "virtserialport,bus=b.0", says=["'b.0'", "a.0"])
refuses("port-number-twice", "-device", "virtio-serial-pci", "-device", "virtserialport,nr=2,id=x",
        "-device", "virtserialport,nr=2,id=y", says=["y", "nr=2", "in use"])
refuses("port-number-too-large", "-device", "virtio-serial-pci,max_ports=2", "-device",
        "virtserialport,nr=2", says=["virtserialport", "nr=2"])
refuses("chardev-of-a-port-that-does-not-exist", "-device", "virtio-serial-pci", "-device",
        "virtserialport,chardev=c9", says=["virtserialport", "'c9'"])
refuses("spice-port-without-spice", "-chardev", "spicevmc,id=c0,name=vdagent",
        says=["c0", "needs -spice"])
refuses("spice-port-of-another-kind", "-chardev", "spicevmc,id=c0,name=smartcard",
        says=["c0", "name=smartcard"])
refuses("second-device", "-device", "virtio-serial-pci", "-device", "virtio-serial-pci,id=b",
        says=["b", "already"])
main()

#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""SPICE viewers of the real binary: spice-gtk's own clients, and spice-probe on its library."""
import os
import signal
import socket
import struct
import subprocess
import time

from harness import Vm, fails, main, test, u32
from spice_client import (Probe, Screen, Spicy, XServer, free_port, need, raw_channel, raw_session,
                          read_ppm, screenshot, until)
from virtio import Virtio
from virtio_serial import Serial

QUEUE, EVENTS = 0x200000, 0x300000
LOCAL = "spice+unix://%s/s"


def vm_with(tmp, *args, spice="disable-ticketing,unix,addr=%s/s"):
    return Vm(tmp, "-m", "64", *args, "-spice", spice % tmp if "%s" in spice else spice)


@test("spice-viewer/picture-is-the-guests-over-tcp-and-a-unix-socket")
def _(tmp):
    need("spicy-screenshot")
    port = free_port()
    for spice, where in (("addr=127.0.0.1,port=%d" % port, ("-h", "127.0.0.1", "-p", str(port))),
                         ("unix,addr=%s/s" % tmp, ("--uri", LOCAL % tmp)),
                         # The emulated display has no dma-buf, so gl=on falls back.
                         ("gl=on,unix,addr=%s/s" % tmp, ("--uri", LOCAL % tmp))):
        vm = vm_with(tmp, "-device", "bochs-display", spice="disable-ticketing," + spice)
        screen = Screen(vm)
        screen.mode(639, 401)
        for seed in (1, 2):
            screen.draw(seed)
            # The first thing a viewer is shown: nothing of what was there before.
            assert screenshot(tmp, *where) == screen.picture(), (spice, seed)
        vm.quit()
        assert "s" not in os.listdir(tmp), os.listdir(tmp)


@test("spice-viewer/each-compression-keeps-every-pixel")
def _(tmp):
    need("spicy-screenshot")
    port = free_port()
    for way in ("off", "auto_glz", "auto_lz", "quic", "glz", "lz", "lz4"):
        vm = vm_with(tmp, "-device", "bochs-display",
                     spice="disable-ticketing,addr=127.0.0.1,port=%d,image-compression=%s,"
                     "jpeg-wan-compression=never,zlib-glz-wan-compression=never" % (port, way))
        screen = Screen(vm)
        screen.mode(320, 200)
        screen.draw(3)
        assert screenshot(tmp, "-h", "127.0.0.1", "-p", str(port)) == screen.picture(), way
        vm.quit()


@test("spice-viewer/changes-and-modes-are-followed-and-a-blank-screen-says-why")
def _(tmp):
    vm = vm_with(tmp, "-device", "bochs-display")
    screen = Screen(vm)
    with Probe(tmp, LOCAL % tmp) as probe:
        until("the first reason", lambda: probe.picture()[0] == "800x600")
        screen.mode(320, 200)
        screen.draw(1)
        probe.shows(screen.picture())
        for n in range(20):
            screen.draw(n, n * 15, n * 9, 17, 13)
            if n % 4 == 3:
                probe.shows(screen.picture())
        screen.mode(1024, 768)
        screen.draw(2)
        probe.shows(screen.picture())
        crc = probe.picture()[1]
        screen.off()
        until("a reason instead", lambda: probe.picture()[1] != crc)
        assert probe.picture()[0] == "1024x768"  # windows don't jump
        screen.mode(640, 480)
        screen.draw(4)
        probe.shows(screen.picture())
        assert vm.qmp("query-display-state")[0]["active"]
    until("nobody looks", lambda: not vm.qmp("query-display-state")[0]["active"])
    vm.quit()


@test("spice-viewer/small-change-sends-little")
def _(tmp):
    vm = vm_with(tmp, "-device", "bochs-display")
    screen = Screen(vm)
    screen.mode(640, 480)
    screen.draw(1)
    with Probe(tmp, LOCAL % tmp) as probe:
        probe.shows(screen.picture())
        probe.read()
        probe.lines.clear()
        screen.draw(2, 100, 50, 10, 12)
        probe.shows(screen.picture())
        drawn = sum(int(w) * int(h) for *_, w, h in
                    (line.split() for line in probe.read() if line.startswith("invalidate")))
        assert drawn <= 640 * 480 // 20, drawn
    vm.quit()


@test("spice-viewer/only-the-right-password-gets-in-while-it-holds")
def _(tmp):
    vm = vm_with(tmp, "-device", "bochs-display", spice="unix,addr=%s/s,password=first")

    def gets_in(password):
        with Probe(tmp, LOCAL % tmp, password) as probe:
            answer = until("an answer", lambda: [line for line in probe.read()
                                                 if line.endswith(" SpiceMainChannel")])[0]
            if answer.startswith("opened"):
                probe.said("primary")  # see docs/spice.md on viewers that end before
            return answer.startswith("opened")
    assert gets_in("first")
    assert not gets_in("wrong") and not gets_in("")
    vm.qmp("set_password", protocol="spice", password="second")
    assert gets_in("second") and not gets_in("first")
    vm.qmp("expire_password", protocol="spice", time="now")
    assert not gets_in("second")
    vm.qmp("expire_password", protocol="spice", time="+1000")
    assert gets_in("second")
    with Probe(tmp, LOCAL % tmp, "second") as probe:
        probe.said("primary")  # for the same reason
        try:
            vm.qmp("set_password", protocol="spice", password="third", connected="fail")
            raise AssertionError("fail was accepted")
        except Exception as error:
            assert "connected" in str(error), error
        vm.qmp("set_password", protocol="spice", password="third", connected="disconnect")
        probe.said("closed SpiceMainChannel")
    vm.quit()
    vm = vm_with(tmp, "-device", "bochs-display", spice="unix,addr=%s/s")
    assert not gets_in("") and not gets_in("x")  # nobody before there is one
    vm.quit()
    vm = vm_with(tmp, "-device", "bochs-display", "-object", "secret,id=key,data=from-a-secret",
                 spice="unix,addr=%s/s,password-secret=key")
    assert gets_in("from-a-secret") and not gets_in("key")
    vm.quit()


@test("spice-viewer/tls-encrypts-and-a-channel-can-insist-on-it")
def _(tmp):
    need("openssl")
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2",
                    "-subj", "/CN=127.0.0.1", "-keyout", "server-key.pem", "-out",
                    "server-cert.pem"], cwd=tmp, check=True, stderr=subprocess.DEVNULL)
    with open(tmp + "/server-cert.pem") as cert, open(tmp + "/ca-cert.pem", "w") as ca:
        ca.write(cert.read())
    port, tls = free_port(), free_port()
    vm = vm_with(tmp, "-device", "bochs-display",
                 spice="disable-ticketing,addr=127.0.0.1,port=%d,tls-port=%d,x509-dir=%s,"
                 "tls-channel=inputs" % (port, tls, tmp))
    screen = Screen(vm)
    screen.mode(320, 200)
    screen.draw(1)
    uri = "spice://127.0.0.1?port=%d&tls-port=%d" % (port, tls)
    with Probe(tmp, uri, "", tmp + "/ca-cert.pem") as probe:
        probe.shows(screen.picture())
        until("four channels", lambda: len(vm.qmp("query-spice")["channels"]) == 4)
        tls_of = {c["channel-type"]: c["tls"] for c in vm.qmp("query-spice")["channels"]}
        assert tls_of == {1: False, 2: False, 3: True, 4: False}, tls_of
    with Probe(tmp, "spice://127.0.0.1?tls-port=%d" % tls, "", tmp + "/ca-cert.pem") as probe:
        probe.shows(screen.picture())
    assert vm.qmp("query-spice")["tls-port"] == tls
    vm.quit()


@test("spice-viewer/events-and-query-have-qemus-members")
def _(tmp):
    port = free_port()
    vm = vm_with(tmp, "-device", "bochs-display",
                 spice="disable-ticketing,addr=127.0.0.1,port=%d" % port)
    with Probe(tmp, "spice://127.0.0.1?port=%d" % port) as probe:
        connected, initialized = vm.qmp.event("SPICE_CONNECTED"), vm.qmp.event("SPICE_INITIALIZED")
        server, client = connected["server"], connected["client"]
        assert server == {"host": "127.0.0.1", "port": str(port), "family": "ipv4"}, server
        assert sorted(client) == ["family", "host", "port"], client
        assert client["host"] == "127.0.0.1", client
        assert initialized["server"] == dict(server, auth="none"), initialized
        assert sorted(initialized["client"]) == ["channel-id", "channel-type", "connection-id",
                                                 "family", "host", "port", "tls"], initialized
        assert initialized["client"]["channel-type"] == 1  # main
        probe.said("opened SpiceInputsChannel")
        # A channel is on the list when the server has linked it, maybe after the viewer says so.
        until("main, display and inputs channel", lambda: {1, 2, 3} <= {
            channel["channel-type"] for channel in vm.qmp("query-spice")["channels"]})
        channels = vm.qmp("query-spice")["channels"]
        assert initialized["client"] in channels, channels
        # see docs/spice.md on viewers that end before
        probe.has_said("primary")
    gone = vm.qmp.event("SPICE_DISCONNECTED")
    assert sorted(gone) == ["client", "server"] and gone["server"] == server, gone
    until("no channel", lambda: not vm.qmp("query-spice")["channels"])
    vm.quit()


class EventQueue:
    """A virtio input device whose events are collected."""

    def __init__(self, vm, slot, base):
        found = [d for d in range(256) if vm.config_read(d, 0) == 0x1052 << 16 | 0x1af4]
        real, vm.find = vm.find, lambda vendor, device: found[slot]
        self.vm, self.device = vm, Virtio(vm, 18)
        vm.find = real
        self.base, self.seen = base + 0x10000, 0
        self.device.negotiate()
        self.device.queue(0, 64, base)
        for n in range(64):
            vm.write(self.device.desc + 16 * n, u32(self.base + 8 * n, 0, 8, 2))
            vm.store("writew", self.device.avail + 4 + 2 * n, n)
        vm.store("writew", self.device.avail + 2, 64)
        self.device.status(15)

    def take(self):
        """The events that have come: (type, code, value), without their ends."""
        used, events = self.vm.load("readw", self.device.used + 2), []
        while self.seen != used:
            slot = self.seen % 64
            index = self.vm.load("readl", self.device.used + 4 + 8 * slot)
            event = struct.unpack("<HHi", self.vm.read(self.base + 8 * index, 8))
            self.vm.store("writew", self.device.avail + 4 + 2 * slot, index)
            self.seen = (self.seen + 1) & 0xffff
            self.vm.store("writew", self.device.avail + 2, (self.seen + 64) & 0xffff)
            self.vm.store("writew", self.device.doorbell, 0)
            events += [event] if event[0] else []
        return events

    def wait(self, *wanted):
        got = []

        def look():
            got.extend(self.take())
            return len(got) >= len(wanted)
        try:
            until("input", look, 20)
        except AssertionError:
            pass
        assert got == list(wanted), "%r, wanted %r" % (got, wanted)


@test("spice-viewer/keys-arrive-extended-ones-too-and-are-let-go-with-the-viewer")
def _(tmp):
    vm = vm_with(tmp, "-device", "bochs-display", "-device", "virtio-keyboard-pci")
    keyboard = EventQueue(vm, 0, QUEUE)
    with Probe(tmp, LOCAL % tmp) as probe:
        probe.said("opened SpiceInputsChannel")
        for scancode, code in ((0x1e, 30), (0x39, 57), (0x11d, 97), (0x148, 103), (0x15b, 125)):
            for down in (1, 0):
                probe.do("key", hex(scancode), down)
            keyboard.wait((1, code, 1), (1, code, 0))
        probe.do("key", "0x2a", 1)
        probe.do("key", "0x1e", 1)
        keyboard.wait((1, 42, 1), (1, 30, 1))
    until("released", lambda: not vm.qmp("query-spice")["channels"])
    got = sorted(keyboard.take())
    assert got == [(1, 30, 0), (1, 42, 0)], got
    vm.quit()


@test("spice-viewer/tablet-lands-on-the-pixel-and-buttons-follow")
def _(tmp):
    vm = vm_with(tmp, "-device", "bochs-display", "-device", "virtio-tablet-pci")
    tablet = EventQueue(vm, 0, QUEUE)
    screen = Screen(vm)
    screen.mode(640, 480)
    screen.draw(1)
    with Probe(tmp, LOCAL % tmp) as probe:
        probe.shows(screen.picture())
        until("client mouse", lambda: vm.qmp("query-spice")["mouse-mode"] == "client")
        for x, y in ((0, 0), (639, 479), (320, 17)):
            probe.do("move", x, y)
            until("a place", lambda: vm.load("readw", tablet.device.used + 2) != tablet.seen)
            events = []
            until("both axes", lambda: events.extend(tablet.take()) or len(events) >= 2)
            places = {code: value for kind, code, value in events if kind == 3}
            assert (places[0] * 640 >> 15, places[1] * 480 >> 15) == (x, y), (places, x, y)
        probe.do("button", 1, 1)
        tablet.wait((1, 0x110, 1))
        probe.do("button", 1, 0)
        tablet.wait((1, 0x110, 0))
        probe.do("button", 4, 1)  # the wheel, away from the user
        probe.do("button", 4, 0)
        tablet.wait((2, 8, 1))
        probe.do("button", 3, 1)
        tablet.wait((1, 0x111, 1))
    until("gone", lambda: not vm.qmp("query-spice")["channels"])
    tablet.wait((1, 0x111, 0))
    vm.quit()


@test("spice-viewer/mouse-moves-by-steps")
def _(tmp):
    vm = vm_with(tmp, "-device", "bochs-display", "-device", "virtio-mouse-pci")
    mouse = EventQueue(vm, 0, QUEUE)
    screen = Screen(vm)
    screen.mode(640, 480)
    screen.draw(1)
    with Probe(tmp, LOCAL % tmp) as probe:
        probe.shows(screen.picture())
        until("four channels", lambda: len(vm.qmp("query-spice")["channels"]) == 4)
        assert vm.qmp("query-spice")["mouse-mode"] == "server"
        probe.do("motion", 5, -7)
        mouse.wait((2, 0, 5), (2, 1, -7))
        probe.do("button", 2, 1)
        mouse.wait((1, 0x112, 1))
    vm.quit()


@test("spice-viewer/two-screens-are-two-displays-and-display-chooses-one")
def _(tmp):
    devices = ("-device", "bochs-display,id=a", "-device", "bochs-display,id=b")
    vm = vm_with(tmp, *devices)
    screens = [Screen(vm, 0), Screen(vm, 1)]
    for n, screen in enumerate(screens):
        screen.mode(320 + 64 * n, 200)
        screen.draw(n)
    with Probe(tmp, LOCAL % tmp) as probe:
        for n, screen in enumerate(screens):
            probe.shows(screen.picture(), n)
    vm.quit()
    vm = vm_with(tmp, *devices, spice="disable-ticketing,display=b,head=0,unix,addr=%s/s")
    screen = Screen(vm, 1)
    screen.mode(400, 300)
    screen.draw(7)
    with Probe(tmp, LOCAL % tmp) as probe:
        probe.shows(screen.picture(), 0)
        assert [c["channel-id"] for c in vm.qmp("query-spice")["channels"]
                if c["channel-type"] == 2] == [0]
        assert probe.picture(1)[0] == "0x0"
    vm.quit()


@test("spice-viewer/refresh-rate-has-its-limit")
def _(tmp):
    vm = vm_with(tmp, "-device", "bochs-display",
                 spice="disable-ticketing,max-refresh-rate=5,unix,addr=%s/s")
    screen = Screen(vm)
    screen.mode(320, 200)
    screen.draw(1)
    with Probe(tmp, LOCAL % tmp) as probe:
        probe.shows(screen.picture())
        before = vm.qmp("query-display-state")[0]["source"]["frames"]
        end, n = time.monotonic() + 2, 0
        while time.monotonic() < end:
            n += 1
            screen.draw(n, n % 300, 0, 8, 8)
        frames = vm.qmp("query-display-state")[0]["source"]["frames"] - before
        assert 4 <= frames <= 13, frames
        probe.shows(screen.picture())
    vm.quit()


@test("spice-viewer/stopped-viewer-stops-nobody-else")
def _(tmp):
    need("gvnccapture")
    number = free_port() % 1000 + 20000 - 5900
    vm = vm_with(tmp, "-device", "bochs-display", "-vnc", "127.0.0.1:%d" % number)
    screen = Screen(vm)
    screen.mode(640, 480)
    screen.draw(1)

    def vnc():
        """Of a viewer's first picture, which may be the last one that was looked at before it came."""
        path = os.path.join(tmp, "vnc.png")
        subprocess.run(["gvnccapture", "-q", "127.0.0.1:%d" % number, path], timeout=60, check=True,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        subprocess.run(["convert", path, "-depth", "8", path + ".ppm"], check=True)
        picture = read_ppm(path + ".ppm")
        os.unlink(path)
        os.unlink(path + ".ppm")
        return picture
    need("convert")
    with Probe(tmp, LOCAL % tmp) as probe:
        probe.shows(screen.picture())
        probe.process.send_signal(signal.SIGSTOP)
        # Far more than its socket and the library's queue hold.
        for seed in range(2, 40):
            screen.draw(seed)
        until("the picture by VNC", lambda: vnc() == screen.picture())
        for width, height in ((800, 600), (320, 200)):
            start = time.monotonic()
            screen.mode(width, height)
            screen.draw(5)
            until("the picture by VNC", lambda: vnc() == screen.picture())
            vm.qmp("query-spice")
            assert time.monotonic() - start < 20
        probe.process.send_signal(signal.SIGCONT)
        probe.shows(screen.picture())
        probe.process.send_signal(signal.SIGSTOP)
        screen.draw(6)
        start = time.monotonic()
        vm.quit()
        assert time.monotonic() - start < 20
    assert not [n for n in os.listdir(tmp) if n == "s"], os.listdir(tmp)


class Agent:
    """spice-vdagent on port 1 of a virtio-serial-pci: messages to and from the viewer."""
    MONITORS_CONFIG, ANNOUNCE_CAPABILITIES, CLIPBOARD_GRAB = 2, 6, 7

    def __init__(self, vm):
        self.serial = Serial(vm)
        assert self.serial.open() == "com.redhat.spice.0"
        self.buffer = b""

    def read(self, length):
        while len(self.buffer) < length:
            self.buffer += self.serial.rx.wait()
        data, self.buffer = self.buffer[:length], self.buffer[length:]
        return data

    def message(self):
        """(type, data) of the next message, which is in one chunk."""
        _, size = struct.unpack("<II", self.read(8))
        chunk = self.read(size)
        protocol, kind, _, length = struct.unpack("<IIQI", chunk[:20])
        assert protocol == 1 and length == len(chunk) - 20, chunk
        return kind, chunk[20:]

    def wait(self, wanted):
        while True:
            kind, data = self.message()
            if kind == wanted:
                return data

    def send(self, kind, data):
        message = struct.pack("<IIQI", 1, kind, 0, len(data)) + data
        self.serial.tx.send(struct.pack("<II", 1, len(message)) + message)


AGENT = ("-device", "virtio-serial-pci", "-chardev", "spicevmc,id=vdagent,name=vdagent", "-device",
         "virtserialport,chardev=vdagent,name=com.redhat.spice.0")


def edid_size(screen):
    """The preferred mode of the bochs-display's EDID."""
    edid = screen.vm.read(screen.registers - 0x500, 128)
    return edid[56] | (edid[58] & 0xf0) << 4, edid[59] | (edid[61] & 0xf0) << 4


@test("spice-agent/viewer-and-agent-talk-and-a-window-size-becomes-the-edid")
def _(tmp):
    vm = vm_with(tmp, "-device", "bochs-display", *AGENT)
    screen = Screen(vm)
    with Probe(tmp, LOCAL % tmp) as probe:
        probe.said("opened SpiceMainChannel")
        agent = Agent(vm)
        assert agent.serial.told()[1:3] == (6, 1)  # the host's end is open
        probe.said("agent 1")
        agent.wait(Agent.ANNOUNCE_CAPABILITIES)
        # It asks for the viewer's again; it can do clipboards with selection, by demand.
        agent.send(Agent.ANNOUNCE_CAPABILITIES, struct.pack("<II", 1, 1 << 1 | 1 << 5 | 1 << 6))
        agent.wait(Agent.ANNOUNCE_CAPABILITIES)
        agent.send(Agent.CLIPBOARD_GRAB, struct.pack("<4BI", 0, 0, 0, 0, 1))
        probe.said("clipboard-grab 1 type 1")
        probe.do("size", 1048, 716)
        until("EDID", lambda: edid_size(screen) == (1048, 716), 20)
        agent.serial.tell(1, 6, 0)  # the agent ends
        probe.said("agent 0")
        agent.serial.tell(1, 6, 1)
        probe.said("agent 1")
    vm.quit()


@test("spice-agent/clipboard-can-be-forbidden")
def _(tmp):
    vm = vm_with(tmp, "-device", "bochs-display", *AGENT,
                 spice="disable-ticketing,disable-copy-paste,unix,addr=%s/s")
    with Probe(tmp, LOCAL % tmp) as probe:
        probe.said("opened SpiceMainChannel")
        agent = Agent(vm)
        probe.said("agent 1")
        agent.send(Agent.ANNOUNCE_CAPABILITIES, struct.pack("<II", 1, 1 << 1 | 1 << 5 | 1 << 6))
        agent.send(Agent.CLIPBOARD_GRAB, struct.pack("<4BI", 0, 0, 0, 0, 1))
        agent.wait(Agent.ANNOUNCE_CAPABILITIES)
        time.sleep(0.5)
        assert not [line for line in probe.read() if line.startswith("clipboard")], probe.lines
    vm.quit()


def connected_sockets(vm, count, **arguments):
    """Sockets whose other ends the server was given by QMP."""
    ours = []
    for n in range(count):
        here, there = socket.socketpair()
        with there:
            vm.qmp.send_fd("s%d" % n, there.fileno())
        vm.qmp("add_client", protocol="spice", fdname="s%d" % n, **arguments)
        ours.append(here)
    return ours


@test("spice-viewer/sockets-by-qmp-become-a-viewer-without-a-port")
def _(tmp):
    # As virt-viewer --attach has them from libvirt: a socket for each channel.
    vm = vm_with(tmp, "-device", "bochs-display", spice="password=secret,port=0")
    screen = Screen(vm)
    screen.mode(320, 200)
    screen.draw(1)
    for arguments, args in (({"skipauth": True}, ()), ({}, ("secret",))):
        sockets = connected_sockets(vm, 4, **arguments)
        fds = [s.fileno() for s in sockets]
        with Probe(tmp, "fd:" + ",".join(map(str, fds)), *args, pass_fds=fds) as probe:
            for s in sockets:
                s.close()
            probe.shows(screen.picture())
            probe.has_said("opened SpiceInputsChannel")
        until("no channel", lambda: not vm.qmp("query-spice")["channels"])
    sockets = connected_sockets(vm, 1)
    with sockets[0], Probe(tmp, "fd:%d" % sockets[0].fileno(), "wrong",
                           pass_fds=[sockets[0].fileno()]) as probe:
        probe.said("refused SpiceMainChannel")
    fails(vm.qmp, "add_client", protocol="spice", fdname="x", says="'x': not found")
    here, there = socket.socketpair()
    with here, there:
        vm.qmp.send_fd("s", there.fileno())
        fails(vm.qmp, "add_client", protocol="spice", fdname="s", tls=True, says="tls-port")
    with open("/dev/null") as null:
        vm.qmp.send_fd("n", null.fileno())
        fails(vm.qmp, "add_client", protocol="spice", fdname="n", says="not a socket")
    vm.quit()


@test("spice-viewer/one-that-opens-a-display-and-says-nothing-stops-nobody")
def _(tmp):
    need("openssl")
    vm = vm_with(tmp, "-device", "bochs-display")
    screen = Screen(vm)
    screen.mode(320, 200)
    screen.draw(1)
    main_channel, session = raw_session(tmp + "/s")
    display = raw_channel(tmp + "/s", session, 2)
    end = time.monotonic() + 4
    while time.monotonic() < end:
        start = time.monotonic()
        vm.qmp("query-spice")
        assert time.monotonic() - start < 2
        time.sleep(0.1)
    assert {c["channel-type"] for c in vm.qmp("query-spice")["channels"]} == {1, 2}
    # Its end comes while the library waits for it: see docs/spice.md.
    vm.process.kill()
    vm.process.wait()
    Vm._running.remove(vm)
    for s in (display, main_channel):
        s.close()


def switches(pid):
    total = 0
    for task in os.listdir("/proc/%d/task" % pid):
        with open("/proc/%d/task/%s/status" % (pid, task)) as f:
            total += sum(int(line.split()[1]) for line in f
                         if line.startswith("voluntary_ctxt_switches"))
    return total


@test("spice-viewer/nothing-wakes-up-without-a-viewer")
def _(tmp):
    vm = vm_with(tmp, "-device", "bochs-display")
    screen = Screen(vm)
    screen.mode(64, 48)
    screen.draw(1)
    with Probe(tmp, LOCAL % tmp) as probe:
        probe.shows(screen.picture())
    time.sleep(2)
    before = switches(vm.process.pid)
    time.sleep(3)
    woken = switches(vm.process.pid) - before
    assert woken == 0, woken
    vm.quit()


@test("spice-viewer/spicy-types-into-the-guest")
def _(tmp):
    need("spicy", "Xvfb", "xdotool")
    vm = vm_with(tmp, "-device", "bochs-display", "-device", "virtio-keyboard-pci")
    keyboard = EventQueue(vm, 0, QUEUE)
    screen = Screen(vm)
    screen.mode(640, 480)
    screen.draw(1)
    with XServer() as x, Spicy(x, tmp, "--uri=" + LOCAL % tmp) as spicy:
        until("its channels", lambda: len(vm.qmp("query-spice")["channels"]) >= 3)
        window = spicy.window()

        def typed():
            spicy.xdotool("mousemove", "--window", window, "300", "300")
            spicy.xdotool("windowfocus", window)
            spicy.xdotool("key", "a")
            time.sleep(0.2)
            return (1, 30, 1) in keyboard.take()
        until("a key", typed)
    vm.quit()


main()

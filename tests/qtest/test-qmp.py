#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""QMP and the run states of the real binary."""
import json
import os
import re
import signal
import socket
import stat
import struct
import subprocess
import time
import zlib

from harness import TOP, Connection, Qmp, VMM, Vm, fails, main, test


@test("qmp/greeting-has-version-and-capabilities")
def _(tmp):
    vm = Vm(tmp, machine="none")
    body = vm.qmp.greeting["QMP"]
    assert body["version"]["qemu"] == {"major": 7, "minor": 2, "micro": 0}, body
    assert isinstance(body["version"]["package"], str) and body["capabilities"] == [], body
    vm.quit()


@test("qmp/commands-in-one-packet-before-the-greeting-is-read")
def _(tmp):
    vm = Vm(tmp, machine="none")
    vm.qmp.close()
    client = Connection(os.path.join(tmp, "qmp"))
    client.send('{"execute":"qmp_capabilities"}{"execute":\n"query-name"}\r\n')
    assert "QMP" in json.loads(client.line())
    assert json.loads(client.line()) == {"return": {}}
    assert json.loads(client.line()) == {"return": {}}
    client.send('{"execute":"quit"}')
    vm.wait_end()


@test("qmp/every-listed-query-without-arguments-answers")
def _(tmp):
    vm = Vm(tmp, "-name", "guest=g1", "-smp", "3", "-device", "bochs-display,id=d0",
            "-vnc", "none", "-netdev", "user,id=n0", "-device", "virtio-net-pci,netdev=n0")
    names = [c["name"] for c in vm.qmp("query-commands")]
    assert len(names) == len(set(names)), names
    answers = {name: vm.qmp(name) for name in names if name.startswith("query-")}
    assert answers["query-name"] == {"name": "g1"}
    assert answers["query-kvm"] == {"enabled": False, "present": False}
    assert len(answers["query-cpus-fast"]) == 3
    assert answers["query-netdev"] == [{"id": "n0", "attached": True}]
    assert answers["query-display-state"][0]["device"] == "d0"
    assert answers["query-status"]["running"] is True
    vm.quit()


@test("qmp/every-command-is-documented")
def _(tmp):
    text = open(os.path.join(TOP, "docs/command-line.md")).read()
    vm = Vm(tmp, machine="none")
    names = [c["name"] for c in vm.qmp("query-commands")]
    missing = [n for n in names if not re.search("`%s[` ]" % n, text)]
    assert not missing, missing
    vm.quit()


@test("qmp/argument-errors-name-command-and-argument")
def _(tmp):
    vm = Vm(tmp, machine="none")
    fails(vm.qmp, "no-such", says="no-such", error_class="CommandNotFound")
    fails(vm.qmp, "screendump", says="'filename' is missing")
    fails(vm.qmp, "screendump", filename=3, says="'filename': expected: string")
    fails(vm.qmp, "screendump", filename="/x", hed=1, says="unknown argument 'hed'")
    fails(vm.qmp, "send-key", keys="a", says="'keys': expected: array")
    fails(vm.qmp, "set_password", protocol="vnc", password="x", error_class="DeviceNotActive",
          says="no VNC server")
    vm.quit()


@test("qmp/stop-and-cont-send-events-before-the-reply")
def _(tmp):
    vm = Vm(tmp, "-S")
    assert vm.qmp("query-status")["status"] == "prelaunch"
    vm.qmp("cont")
    assert [e["event"] for e in vm.qmp.events] == ["RESUME"]
    assert set(vm.qmp.events[0]["timestamp"]) == {"seconds", "microseconds"}
    vm.qmp.events.clear()
    vm.qmp("cont")
    vm.qmp("stop")
    assert [e["event"] for e in vm.qmp.events] == ["STOP"]
    assert vm.qmp("query-status") == {"status": "paused", "running": False, "singlestep": False}
    vm.quit()


@test("qmp/reset-and-powerdown")
def _(tmp):
    vm = Vm(tmp)
    vm.qmp("system_reset")
    assert vm.qmp.event("RESET") == {"guest": False, "reason": "host-qmp-system-reset"}
    vm.qmp("system_powerdown")
    vm.qmp.event("POWERDOWN")
    assert vm.qmp("query-status")["status"] == "running"
    vm.quit()


@test("qmp/quit-replies-then-sends-shutdown-then-ends")
def _(tmp):
    vm = Vm(tmp, machine="none")
    assert vm.qmp("quit") == {}
    assert vm.qmp.event("SHUTDOWN") == {"guest": False, "reason": "host-qmp-quit"}
    vm.wait_end()


def power_off(vm):
    """Writes S5 with sleep enable to the PM1 control register that the chipset has."""
    pm = vm.find(0x8086, 0x7113)
    base = vm.config_read(pm, 0x40) & 0xffc0
    try:
        for kind in range(8):  # the type that means S5 stands in the DSDT
            vm.store("outw", base + 4, kind << 10 | 1 << 13)
    except (OSError, EOFError):
        pass  # it is off


@test("run-state/guest-power-off-ends-the-program")
def _(tmp):
    vm = Vm(tmp)
    power_off(vm)
    assert vm.qmp.event("SHUTDOWN") == {"guest": True, "reason": "guest-shutdown"}
    vm.wait_end()


@test("run-state/a-guest-that-sleeps-is-woken-or-reset")
def _(tmp):
    vm = Vm(tmp)
    fails(vm.qmp, "system_wakeup", says="sleep")
    pm = vm.find(0x8086, 0x7113)
    base = vm.config_read(pm, 0x40) & 0xffc0
    vm.store("outw", base + 4, 1 << 10 | 1 << 13)
    vm.qmp.event("SUSPEND")
    assert vm.qmp("query-status") == {"status": "suspended", "running": False, "singlestep": False}
    fails(vm.qmp, "cont", says="system_wakeup")
    vm.qmp("stop")
    assert vm.qmp("query-status")["status"] == "suspended"
    fails(vm.qmp, "system_wakeup", says="no address")  # nobody wrote the FACS
    vm.store("writel", 0xe0000 + 64 + 12, 0x9a000)
    vm.qmp("system_wakeup")
    vm.qmp.event("WAKEUP")
    assert vm.qmp("query-status")["status"] == "running"
    vm.store("outw", base + 4, 1 << 10 | 1 << 13)
    vm.qmp.event("SUSPEND")
    vm.qmp("system_powerdown")
    vm.qmp.event("WAKEUP")
    vm.store("outw", base + 4, 1 << 10 | 1 << 13)
    vm.qmp.event("SUSPEND")
    vm.qmp("system_reset")
    assert vm.qmp("query-status")["status"] == "running"
    assert vm.qmp("query-current-machine") == {"wakeup-suspend-support": True}
    vm.quit()


@test("run-state/no-shutdown-stops-and-a-reset-brings-it-back")
def _(tmp):
    vm = Vm(tmp, "-no-shutdown")
    power_off(vm)
    assert vm.qmp.event("SHUTDOWN")["guest"] is True
    vm.qmp.event("STOP")
    assert vm.qmp("query-status")["status"] == "shutdown"
    fails(vm.qmp, "cont", says="reset")
    vm.qmp("system_reset")
    vm.qmp("cont")
    assert vm.qmp("query-status")["running"] is True
    vm.quit()


@test("run-state/guest-reset-by-keyboard-controller")
def _(tmp):
    vm = Vm(tmp)
    vm.store("outb", 0x64, 0xfe)
    assert vm.qmp.event("RESET") == {"guest": True, "reason": "guest-reset"}
    vm.quit()


@test("run-state/guest-reset-by-port-cf9-ends-with-no-reboot")
def _(tmp):
    vm = Vm(tmp, "-no-reboot")
    vm.store("outb", 0xcf9, 0x06)
    assert vm.qmp.event("SHUTDOWN") == {"guest": True, "reason": "guest-reset"}
    vm.wait_end()


@test("run-state/sigterm-sends-shutdown-and-ends-with-status-0")
def _(tmp):
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        vm = Vm(tmp)
        vm.process.send_signal(number)
        assert vm.qmp.event("SHUTDOWN") == {"guest": False, "reason": "host-signal"}
        vm.wait_end()


@test("qmp/second-session-after-the-first-negotiates-again")
def _(tmp):
    vm = Vm(tmp, machine="none")
    vm.qmp.close()
    vm.qmp = Qmp(os.path.join(tmp, "qmp"), negotiate=False)
    fails(vm.qmp, "query-name", says="negotiation", error_class="CommandNotFound")
    vm.qmp("qmp_capabilities")
    fails(vm.qmp, "qmp_capabilities", says="negotiation", error_class="CommandNotFound")
    vm.quit()


@test("qmp/client-that-never-reads-disturbs-nobody")
def _(tmp):
    second = os.path.join(tmp, "second")
    vm = Vm(tmp, "-qmp", "unix:%s,server=on,wait=off" % second, machine="none")
    deaf = Connection(second)
    deaf.send('{"execute":"qmp_capabilities"}')
    deaf.socket.setblocking(False)
    try:
        for _ in range(200000):
            deaf.send('{"execute":"query-commands"}\n')
    except BlockingIOError:
        pass
    start = time.monotonic()
    for _ in range(20):
        vm.qmp("stop")
        vm.qmp("cont")
    assert time.monotonic() - start < 20
    deaf.close()
    vm.quit()


@test("qmp/tcp-and-pretty")
def _(tmp):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    vm = Vm(tmp, "-qmp-pretty", "tcp:127.0.0.1:%d,server=on,wait=off" % port, machine="none")
    with socket.create_connection(("127.0.0.1", port)) as client:
        text = client.makefile().readline()
        assert text.strip() == "{", text
    vm.quit()


@test("qmp/mon-on-a-chardev")
def _(tmp):
    path = os.path.join(tmp, "mon")
    vm = Vm(tmp, "-chardev", "socket,id=c0,path=%s,server=on,wait=off" % path,
            "-mon", "chardev=c0,mode=control", machine="none")
    other = Qmp(path)
    labels = {c["label"]: c["filename"] for c in other("query-chardev")}
    assert labels["c0"] == "unix:%s,server=on" % path, labels
    vm.quit()


@test("qmp/listening-socket-passed-as-fd")
def _(tmp):
    path = os.path.join(tmp, "passed")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(path)
        listener.listen()
        process = subprocess.Popen(
            [VMM, "-machine", "none", "-accel", "qtest", "-nodefaults", "-display", "none",
             "-chardev", "socket,id=c0,fd=%d,server=on,wait=off" % listener.fileno(),
             "-mon", "chardev=c0,mode=control"], pass_fds=[listener.fileno()])
    qmp = Qmp(path)
    qmp("quit")
    assert process.wait(60) == 0


@test("hmp/status-over-qmp-and-over-a-socket")
def _(tmp):
    path = os.path.join(tmp, "hmp")
    vm = Vm(tmp, "-monitor", "unix:%s,server=on,wait=off" % path)
    assert vm.qmp("human-monitor-command", command_line="info status") == "VM status: running\n"
    assert "Error" in vm.qmp("human-monitor-command", command_line="frobnicate")
    client = Connection(path)
    client.send("stop\ninfo status\n")
    text = b""
    while b"VM status: paused" not in text:
        text += client.line()
    client.close()
    vm.quit()


@test("input/bad-events-are-refused-whole")
def _(tmp):
    vm = Vm(tmp, "-device", "virtio-keyboard-pci", "-device", "virtio-tablet-pci")
    key = {"type": "key", "data": {"down": True, "key": {"type": "qcode", "data": "a"}}}
    up = {"type": "key", "data": {"down": False, "key": {"type": "number", "data": 30}}}
    move = {"type": "abs", "data": {"axis": "x", "value": 32767}}
    click = {"type": "btn", "data": {"button": "left", "down": True}}
    assert vm.qmp("input-send-event", events=[key, up, move, click]) == {}
    assert vm.qmp("send-key", keys=[{"type": "qcode", "data": "ctrl"},
                                    {"type": "qcode", "data": "f1"}], hold_time=1) == {}
    for bad, says in (
            ({"type": "key"}, "an event"),
            ({"type": "zap", "data": {}}, "'zap'"),
            ({"type": "key", "data": {"down": True, "key": {"type": "qcode", "data": "zz"}}}, "'zz'"),
            ({"type": "key", "data": {"down": 1, "key": {"type": "qcode", "data": "a"}}}, "'down'"),
            ({"type": "abs", "data": {"axis": "z", "value": 1}}, "'z'"),
            ({"type": "abs", "data": {"axis": "x", "value": 32768}}, "32768"),
            ({"type": "abs", "data": {"axis": "x", "value": "1"}}, "'value'"),
            ({"type": "btn", "data": {"button": "nose", "down": True}}, "'nose'"),
            (7, "an event")):
        fails(vm.qmp, "input-send-event", events=[key, bad], says=says)
    fails(vm.qmp, "send-key", keys=[{"type": "qcode", "data": "a"}] * 65, says="at most")
    fails(vm.qmp, "send-key", keys=[{"type": "number", "data": -1}], says="-1")
    vm.quit()


def read_png(path):
    """(width, height, rows of RGB bytes) of an 8-bit RGB file."""
    data = open(path, "rb").read()
    assert data[:8] == b"\x89PNG\r\n\x1a\n"
    pos, body = 8, b""
    while pos < len(data):
        size, kind = struct.unpack(">I4s", data[pos:pos + 8])
        if kind == b"IHDR":
            width, height, depth, color = struct.unpack(">IIBB", data[pos + 8:pos + 18])
            assert (depth, color) == (8, 2)
        elif kind == b"IDAT":
            body += data[pos + 8:pos + 8 + size]
        pos += size + 12
    raw, rows, before = zlib.decompress(body), [], bytes(width * 3)
    for y in range(height):
        kind = raw[y * (width * 3 + 1)]
        line = bytearray(raw[y * (width * 3 + 1) + 1:(y + 1) * (width * 3 + 1)])
        for x in range(len(line)):
            a = line[x - 3] if x >= 3 else 0
            b, c = before[x], before[x - 3] if x >= 3 else 0
            p = a + b - c
            near = min((abs(p - a), 0, a), (abs(p - b), 1, b), (abs(p - c), 2, c))[2]
            line[x] = (line[x] + [0, a, b, (a + b) // 2, near][kind]) & 255
        rows.append(bytes(line))
        before = line
    return width, height, rows


def bochs_mode(vm, devfn, width, height):
    """Sets a 32-bit mode through BAR2 as bochs-drm does; returns the address of video memory."""
    vm.config_write(devfn, 4, 3, 2)
    registers = vm.bar(devfn, 2) + 0x500
    for index, value in ((4, 0), (1, width), (2, height), (3, 32), (6, width), (7, height), (8, 0),
                         (9, 0), (4, 0x41)):
        vm.store("writew", registers + 2 * index, value)
    return vm.bar(devfn, 0)


@test("display/screendump-holds-the-guests-pixels")
def _(tmp):
    vm = Vm(tmp, "-device", "bochs-display,id=d0", "-m", "64")
    fails(vm.qmp, "screendump", filename=os.path.join(tmp, "x.ppm"), says="")
    assert not os.path.exists(os.path.join(tmp, "x.ppm"))
    blank = vm.qmp("query-display-state")[0]["blank"]
    assert blank["reason"] and blank["text"], blank
    memory = bochs_mode(vm, vm.find(0x1234, 0x1111), 64, 48)
    pixels = bytes(b for y in range(48) for x in range(64) for b in (x * 4, y * 5, x ^ y, 0))
    vm.write(memory, pixels)
    want = b"".join(bytes((pixels[i + 2], pixels[i + 1], pixels[i]))
                    for i in range(0, len(pixels), 4))

    ppm, png = os.path.join(tmp, "s.ppm"), os.path.join(tmp, "s.png")
    vm.qmp("screendump", filename=ppm)
    assert open(ppm, "rb").read() == b"P6\n64 48\n255\n" + want
    # This display has no cursor plane to draw.
    vm.qmp("screendump", filename=ppm, **{"x-cursor": True})
    assert open(ppm, "rb").read() == b"P6\n64 48\n255\n" + want
    fails(vm.qmp, "screendump", filename=ppm, **{"x-cursor": 1}, says="'x-cursor'")
    vm.qmp("screendump", filename=png, format="png", device="d0", head=0)
    width, height, rows = read_png(png)
    assert (width, height, b"".join(rows)) == (64, 48, want)
    plane = vm.qmp("query-display-state")[0]["plane"]
    assert (plane["width"], plane["height"], plane["format"]) == (64, 48, "XR24"), plane
    fails(vm.qmp, "screendump", filename=ppm, device="d9", says="d9", error_class="DeviceNotFound")
    fails(vm.qmp, "screendump", filename=ppm, device="d0", head=1, says="head 1")
    fails(vm.qmp, "screendump", filename="/nonexistent/a.ppm", says="No such file")
    fails(vm.qmp, "screendump", filename=ppm, format="gif", says="gif")
    vm.quit()


def switches(pid):
    """How often the threads of a process went to sleep."""
    total = 0
    for task in os.listdir("/proc/%d/task" % pid):
        for line in open("/proc/%d/task/%s/status" % (pid, task)):
            if line.startswith("voluntary_ctxt_switches:"):
                total += int(line.split()[1])
    return total


@test("idle/nothing-wakes-up-without-a-viewer")
def _(tmp):
    vm = Vm(tmp, "-device", "bochs-display", "-device", "virtio-keyboard-pci", "-device",
            "virtio-tablet-pci", "-nic", "user", "-serial", "pty", "-vnc", "unix:%s/vnc" % tmp,
            "-monitor", "unix:%s/hmp,server=on,wait=off" % tmp)
    bochs_mode(vm, vm.find(0x1234, 0x1111), 64, 48)
    time.sleep(2)
    before = switches(vm.process.pid)
    time.sleep(3)
    woken = switches(vm.process.pid) - before
    assert woken == 0, woken
    vm.quit()


@test("daemon/pidfile-ready-socket-and-silence")
def _(tmp):
    pidfile, qmp = os.path.join(tmp, "pid"), os.path.join(tmp, "qmp")
    done = subprocess.run([VMM, "-S", "-no-user-config", "-nodefaults", "-nographic", "-machine",
                           "none,accel=qtest", "-qmp", "unix:%s,server=on,wait=off" % qmp,
                           "-pidfile", pidfile, "-daemonize"], stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=60)
    # communicate() waited for the end of both pipes: the daemon doesn't hold them.
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b""), done
    text = open(pidfile).read()
    assert text.endswith("\n"), text
    pid = int(text)
    try:
        assert stat.S_ISSOCK(os.stat(qmp).st_mode)
        again = subprocess.run([VMM, "-machine", "none,accel=qtest", "-pidfile", pidfile],
                               stderr=subprocess.PIPE, timeout=60)
        assert again.returncode == 1 and pidfile.encode() in again.stderr, again
        assert int(open(pidfile).read()) == pid
        client = Qmp(qmp)
        os.kill(pid, signal.SIGTERM)
        client.event("SHUTDOWN")
        end = time.monotonic() + 60
        while os.path.exists(pidfile) or os.path.exists(qmp):
            assert time.monotonic() < end
            time.sleep(0.01)
    except BaseException:
        os.kill(pid, signal.SIGKILL)
        raise


@test("chardev/waits-for-a-client-and-a-signal-ends-the-wait")
def _(tmp):
    path = os.path.join(tmp, "serial")
    process = subprocess.Popen([VMM, "-accel", "qtest", "-nodefaults", "-display", "none", "-serial",
                                "unix:%s,server=on" % path], stderr=subprocess.PIPE)
    while not os.path.exists(path):
        time.sleep(0.01)
    time.sleep(0.1)
    process.send_signal(signal.SIGTERM)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 1 and b"interrupted" in err, err
    assert not os.path.exists(path)


def rfb(sock, password=None, security=2):
    """The handshake of a VNC client up to its result: 0 is in."""
    sock.settimeout(60)
    assert sock.recv(12, socket.MSG_WAITALL) == b"RFB 003.008\n"
    sock.sendall(b"RFB 003.008\n")
    assert sock.recv(2, socket.MSG_WAITALL) == bytes([1, security])
    sock.sendall(bytes([security]))
    if security == 2:
        sock.recv(16, socket.MSG_WAITALL)
        sock.sendall(bytes(16))
    return struct.unpack(">I", sock.recv(4, socket.MSG_WAITALL))[0]


@test("qmp/quit-is-answered-behind-unread-events")
def _(tmp):
    path = os.path.join(tmp, "other")
    vm = Vm(tmp, "-qmp", "unix:%s,server=on,wait=off" % path)
    other = Qmp(path)
    for _ in range(250):
        other("stop")
        other("cont")
    # Its answer is behind what has been left unread, more than the socket holds and less than stops commands.
    vm.qmp.send('{"execute": "quit"}')
    time.sleep(0.3)
    assert vm.qmp.reply() == {"return": {}}
    assert len(vm.qmp.events) >= 500, len(vm.qmp.events)
    vm.wait_end()


@test("vnc/two-servers-show-two-screens-and-have-names")
def _(tmp):
    devices = ("-device", "bochs-display,id=left", "-device", "bochs-display,id=right")
    vm = Vm(tmp, *devices, "-vnc", "unix:%s/a,display=left,password=on" % tmp, "-vnc",
            "unix:%s/b,display=right,head=0,password=on" % tmp, "-vnc", "none,id=mine")
    servers = vm.qmp("query-vnc-servers")
    assert [s["id"] for s in servers] == ["default", "vnc2", "mine"], servers
    assert [s.get("display") for s in servers] == ["left", "right", None], servers
    assert vm.qmp("query-vnc")["service"] == tmp + "/a", vm.qmp("query-vnc")
    vm.qmp("set_password", protocol="vnc", password="x", display="vnc2")
    vm.qmp("set_password", protocol="vnc", password="y")
    fails(vm.qmp, "set_password", protocol="vnc", password="x", display="vnc3", says="'vnc3': not found")
    vm.quit()
    for args, says in (((*devices, "-vnc", "none,id=a", "-vnc", "none,id=a"), "id=a: given twice"),
                       (("-vnc", "none", "-vnc", "none,id=default"), "id=default: given twice")):
        done = subprocess.run([VMM, "-accel", "qtest", "-nodefaults", "-display", "none", *args],
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=60)
        assert done.returncode == 1 and says in done.stderr.decode(), done


@test("vnc/a-client-is-added-by-its-file")
def _(tmp):
    vm = Vm(tmp, "-vnc", "none,password=on")
    fails(vm.qmp, "getfd", fdname="a", says="no file came")
    fails(vm.qmp, "add_client", protocol="vnc", fdname="a", says="'a': not found")
    ours, theirs = socket.socketpair()
    with ours, theirs:
        fails(vm.qmp.send_fd, "1a", theirs.fileno(), says="digit")
        vm.qmp.send_fd("a", theirs.fileno())
        theirs.close()
        fails(vm.qmp, "add_client", protocol="spice", fdname="a", says="no SPICE server",
              error_class="DeviceNotActive")
        vm.qmp("add_client", protocol="vnc", fdname="a", skipauth=True)
        vm.qmp.event("VNC_CONNECTED")
        assert rfb(ours, security=1) == 0
    ours, theirs = socket.socketpair()
    with ours, theirs:
        vm.qmp.send_fd("a", theirs.fileno())
        vm.qmp("add_client", protocol="vnc", fdname="a")
        assert rfb(ours) == 1  # no password is set, so every one is wrong
    with open("/dev/null") as null:
        vm.qmp.send_fd("n", null.fileno())
        fails(vm.qmp, "add_client", protocol="vnc", fdname="n", says="add_client")
        vm.qmp.send_fd("n", null.fileno())
        vm.qmp("closefd", fdname="n")
        fails(vm.qmp, "closefd", fdname="n", says="'n': not found")
    vm.quit()


@test("vnc/servers-are-listed-moved-and-have-passwords")
def _(tmp):
    path = os.path.join(tmp, "vnc")
    vm = Vm(tmp, "-device", "bochs-display,id=d0", "-vnc",
            "unix:%s,password=on,id=v0,display=d0,websocket=unix:%s.web" % (path, path))
    server = vm.qmp("query-vnc-servers")[0]
    assert server == {
        "id": "v0", "auth": "vnc", "display": "d0", "clients": [], "server": [
            {"host": "", "service": path, "family": "unix", "websocket": False, "auth": "vnc"},
            {"host": "", "service": path + ".web", "family": "unix", "websocket": True,
             "auth": "vnc"}]}, server
    vm.qmp("change-vnc-password", password="a")
    vm.qmp("set_password", protocol="vnc", password="b", display="v0")
    fails(vm.qmp, "set_password", protocol="vnc", password="b", display="v1", says="'v1'")
    for when in ("now", "never", "+60", "2000000000", "0"):
        vm.qmp("expire_password", protocol="vnc", time=when)
    for when in ("", "+", "-1", "soon", "+x", "1.5", "99999999999999999999"):
        fails(vm.qmp, "expire_password", protocol="vnc", time=when, says="expire_password")
    vm.qmp("display-reload", type="vnc")
    fails(vm.qmp, "display-reload", type="vnc", tls_certs=True, says="no TLS")
    fails(vm.qmp, "display-reload", type="spice", says="'spice'")
    client = socket.socket(socket.AF_UNIX)
    client.connect(path)
    vm.qmp.event("VNC_CONNECTED")
    vm.qmp("display-update", type="vnc", addresses=[{"type": "unix", "path": path + "2"}])
    assert not os.path.exists(path) and os.path.exists(path + "2")
    assert len(vm.qmp("query-vnc-servers")[0]["clients"]) == 1
    assert rfb(client) == 1
    vm.qmp("display-update", type="vnc", addresses=[
        {"type": "inet", "host": "127.0.0.1", "port": "6100", "to": 6999}])
    service = vm.qmp("query-vnc")["service"]
    assert 6100 <= int(service) <= 6999
    for bad in ([], [{}], [{"type": "inet", "host": "127.0.0.1", "port": 6100}],
                [{"type": "inet", "host": "127.0.0.1", "port": "6100", "to": 5}],
                [{"type": "unix"}], ["x"], [{"type": "fd", "str": "3"}],
                [{"type": "unix", "path": "/nonexistent/vnc"}]):
        fails(vm.qmp, "display-update", type="vnc", addresses=bad, says="")
    assert vm.qmp("query-vnc")["service"] == service
    client.close()
    vm.quit()
    assert not os.path.exists(path + "2") and not os.path.exists(path + ".web")


@test("vnc/commands-without-a-server-say-so")
def _(tmp):
    vm = Vm(tmp, machine="none")
    assert vm.qmp("query-vnc-servers") == []
    for name, args in (("change-vnc-password", {"password": "x"}),
                       ("expire_password", {"protocol": "vnc", "time": "now"}),
                       ("display-reload", {"type": "vnc"}), ("display-update", {"type": "vnc"}),
                       ("add_client", {"protocol": "vnc", "fdname": "x"})):
        fails(vm.qmp, name, error_class="DeviceNotActive", says="no VNC server", **args)
    vm.quit()


main()

# SPDX-License-Identifier: GPL-2.0-or-later
"""Drives the real binary: command line, QMP and the qtest protocol. Speaks TAP.

    @test("area/sentence-about-what-holds")
    def _(tmp): ...
    main()

ORIEL_VMM names the binary; each test has a folder of its own that must be empty of sockets and
pid files when the program has gone.
"""
import json
import os
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time
import traceback

TOP = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))
VMM = os.path.abspath(os.environ.get("ORIEL_VMM", os.path.join(TOP, "build/qemu-system-x86_64")))
TIMEOUT = 60  # seconds; a sanitized binary on a busy machine is slow

_tests = []


class Skip(Exception):
    """Raised with the reason why a test can't run here."""


def test(name):
    def add(function):
        _tests.append((name, function))
        return function
    return add


def main():
    print("1..%d" % len(_tests))
    failed = 0
    for number, (name, function) in enumerate(_tests, 1):
        tmp = tempfile.mkdtemp(prefix="oriel-qtest-")
        try:
            function(tmp)
            print("ok %d %s" % (number, name))
        except Skip as reason:
            print("ok %d %s # SKIP %s" % (number, name, reason))
        except Exception:
            failed += 1
            print("not ok %d %s" % (number, name))
            for line in traceback.format_exc().splitlines():
                print("# " + line)
        finally:
            Vm.kill_all()
            shutil.rmtree(tmp, ignore_errors=True)
        sys.stdout.flush()
    sys.exit(1 if failed else 0)


def run(*args, tmp=None, stdin=subprocess.DEVNULL, timeout=TIMEOUT, environ=None):
    """Runs the program to its end; returns (status, stdout, stderr)."""
    done = subprocess.run([VMM, *args], stdin=stdin, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, timeout=timeout, cwd=tmp, env=environ)
    return done.returncode, done.stdout.decode(), done.stderr.decode()


def expect_refusal(tmp, *args, says):
    """The arguments are refused: one line that holds each of @says, status 1, nothing left."""
    before = sorted(os.listdir(tmp))
    status, out, err = run(*args, tmp=tmp)
    text = "%s: status %d, said %r" % (" ".join(args), status, err)
    assert status == 1, text
    assert err.count("\n") == 1 and err.endswith("\n"), text
    assert err.startswith(os.path.basename(VMM) + ": "), text
    for part in [says] if isinstance(says, str) else says:
        assert part in err, "%s; expected %r" % (text, part)
    assert out == "", text
    assert sorted(os.listdir(tmp)) == before, "left behind: %r" % os.listdir(tmp)


class Connection:
    """A line-based client of a unix socket."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(TIMEOUT)
        self.buffer = b""
        end = time.monotonic() + TIMEOUT
        while True:
            try:
                self.socket.connect(path)
                return
            except OSError:
                if time.monotonic() > end:
                    raise
                time.sleep(0.005)

    def send(self, data):
        self.socket.sendall(data if isinstance(data, bytes) else data.encode())

    def line(self):
        while b"\n" not in self.buffer:
            data = self.socket.recv(1 << 20)
            if not data:
                raise EOFError("connection closed after %r" % self.buffer)
            self.buffer += data
        line, self.buffer = self.buffer.split(b"\n", 1)
        return line

    def close(self):
        self.socket.close()


class QmpError(Exception):
    def __init__(self, error):
        super().__init__("%(class)s: %(desc)s" % error)
        self.error_class, self.desc = error["class"], error["desc"]


class Qmp(Connection):
    """QMP past its negotiation; events are kept in self.events."""

    def __init__(self, path, negotiate=True):
        super().__init__(path)
        self.events = []
        self.greeting = self.message()
        if negotiate:
            self("qmp_capabilities")

    def message(self):
        line = self.line()
        assert line.endswith(b"\r"), "a line without CR: %r" % line
        return json.loads(line)

    def reply(self):
        while True:
            message = self.message()
            if "event" not in message:
                return message
            self.events.append(message)

    def __call__(self, name, **arguments):
        request = {"execute": name}
        if arguments:
            request["arguments"] = {k.replace("_", "-"): v for k, v in arguments.items()}
        self.send(json.dumps(request) + "\n")
        reply = self.reply()
        if "error" in reply:
            raise QmpError(reply["error"])
        return reply["return"]

    def send_fd(self, name, fd):
        """getfd, with the file."""
        request = json.dumps({"execute": "getfd", "arguments": {"fdname": name}})
        self.socket.sendmsg([request.encode()],
                            [(socket.SOL_SOCKET, socket.SCM_RIGHTS, struct.pack("i", fd))])
        reply = self.reply()
        if "error" in reply:
            raise QmpError(reply["error"])

    def event(self, name):
        """Waits for an event and returns its data."""
        while True:
            for i, event in enumerate(self.events):
                if event["event"] == name:
                    del self.events[i]
                    return event.get("data")
            self.events.append(self.message())


def fails(call, *args, says, error_class="GenericError", **kwargs):
    try:
        result = call(*args, **kwargs)
    except QmpError as error:
        assert error.error_class == error_class, error
        assert says in error.desc, error
        return
    raise AssertionError("succeeded: %r" % (result,))


class Vm:
    """A running program with -accel qtest: .qmp is QMP, the methods are qtest commands."""
    _running = []

    def __init__(self, tmp, *args, machine="pc", accel="qtest", negotiate=True, environ=None,
                 defaults=False):
        self.tmp, self.irqs = tmp, []
        qmp, qtest = os.path.join(tmp, "qmp"), os.path.join(tmp, "qtest")
        command = [VMM, "-machine", machine, "-accel", accel, "-display", "none",
                   "-qmp", "unix:%s,server=on,wait=off" % qmp]
        if not defaults:
            command += ["-nodefaults"]
        if accel == "qtest":
            command += ["-qtest", "unix:%s,server=on,wait=off" % qtest]
        self.stderr = tempfile.TemporaryFile()
        self.process = subprocess.Popen(command + list(args), stdin=subprocess.DEVNULL,
                                        stdout=subprocess.DEVNULL, stderr=self.stderr, env=environ)
        Vm._running.append(self)
        try:
            self.qmp = Qmp(qmp, negotiate)
            self.qtest = Connection(qtest) if accel == "qtest" else None
        except Exception:
            raise AssertionError("did not start: %s" % self.said())

    def said(self):
        self.stderr.seek(0)
        return self.stderr.read().decode(errors="replace")

    def quit(self):
        """Ends it by QMP; the status must be 0 and no socket may stay."""
        self.qmp("quit")
        self.wait_end()

    def wait_end(self, status=0):
        got = self.process.wait(TIMEOUT)
        Vm._running.remove(self)
        assert got == status, "status %d: %s" % (got, self.said())
        assert "Sanitizer" not in self.said(), self.said()
        left = [n for n in os.listdir(self.tmp) if n in ("qmp", "qtest")]
        assert not left, "left behind: %r" % left

    @classmethod
    def kill_all(cls):
        for vm in cls._running:
            vm.process.send_signal(signal.SIGKILL)
            vm.process.wait()
        cls._running = []

    # ---- the qtest protocol ----

    def command(self, *words):
        self.qtest.send(" ".join(str(w) for w in words) + "\n")
        while True:
            line = self.qtest.line().decode()
            if line.startswith("IRQ "):
                _, what, number = line.split()
                self.irqs.append((what, int(number)))
                continue
            assert line == "OK" or line.startswith("OK "), "%r: %s" % (words, line)
            return line[3:]

    def load(self, name, addr):
        return int(self.command(name, hex(addr)), 16)

    def store(self, name, addr, value):
        self.command(name, hex(addr), hex(value))

    def read(self, addr, size):
        return bytes.fromhex(self.command("read", hex(addr), size)[2:])

    def write(self, addr, data):
        self.command("write", hex(addr), len(data), "0x" + data.hex())

    # ---- PCI by configuration mechanism #1; devfn is slot << 3 | function ----

    def config_read(self, devfn, offset, size=4):
        self.store("outl", 0xcf8, 0x80000000 | devfn << 8 | (offset & 0xfc))
        return self.load({1: "inb", 2: "inw", 4: "inl"}[size], 0xcfc + (offset & 3))

    def config_write(self, devfn, offset, value, size=4):
        self.store("outl", 0xcf8, 0x80000000 | devfn << 8 | (offset & 0xfc))
        self.store({1: "outb", 2: "outw", 4: "outl"}[size], 0xcfc + (offset & 3), value)

    def find(self, vendor, device):
        """The devfn of the first function with these ids."""
        for devfn in range(256):
            if self.config_read(devfn, 0) == device << 16 | vendor:
                return devfn
        raise AssertionError("no PCI device %04x:%04x" % (vendor, device))

    def bar(self, devfn, number):
        """Address of a memory BAR as the board assigned it."""
        low = self.config_read(devfn, 0x10 + 4 * number)
        assert not low & 1, "an I/O BAR"
        high = self.config_read(devfn, 0x14 + 4 * number) if low & 4 else 0
        return high << 32 | (low & ~0xf)

    def capabilities(self, devfn):
        """[(id, offset)] of the capability list."""
        offset, found = self.config_read(devfn, 0x34, 1), []
        while offset and len(found) < 48:
            found.append((self.config_read(devfn, offset, 1), offset))
            offset = self.config_read(devfn, offset + 1, 1)
        return found


def u32(*values):
    return struct.pack("<%dI" % len(values), *values)

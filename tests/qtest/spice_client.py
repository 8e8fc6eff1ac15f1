# SPDX-License-Identifier: GPL-2.0-or-later
"""What tests of SPICE share: a guest's pictures, and spice-gtk's clients."""
import os
import shutil
import signal
import socket
import struct
import subprocess
import tempfile
import time
import zlib

from harness import TIMEOUT, VMM, Skip

MODULE = os.path.join(os.path.dirname(VMM), "ui/spice/ui-spice.so")


def need_module():
    if not os.path.exists(MODULE):
        raise Skip("built without libspice-server-dev")


def need(*programs):
    need_module()
    for program in programs:
        if not shutil.which(program):
            raise Skip("%s is missing (scripts/dependencies, test)" % program)


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def until(what, get, limit_s=TIMEOUT):
    """Calls get() until it returns something true; returns that."""
    end = time.monotonic() + limit_s
    while True:
        got = get()
        if got:
            return got
        assert time.monotonic() < end, "%s: not within %d s (got %r)" % (what, limit_s, got)
        time.sleep(0.05)


def receive(s, length):
    data = b""
    while len(data) < length:
        more = s.recv(length - len(data))
        assert more, "closed after %r" % data
        data += more
    return data


def raw_channel(path, session, kind):
    """Opens a channel as a viewer does that has no capabilities, and says nothing on it; returns its
    socket."""
    s = socket.socket(socket.AF_UNIX)
    s.settimeout(20)
    s.connect(path)
    s.sendall(struct.pack("<4sIII", b"REDQ", 2, 2, 18) +
              struct.pack("<IBBIII", session, kind, 0, 0, 0, 18))
    size = struct.unpack("<4sIII", receive(s, 16))[3]
    reply = receive(s, size)
    assert struct.unpack("<I", reply[:4])[0] == 0
    with tempfile.NamedTemporaryFile() as key:
        key.write(reply[4:166])
        key.flush()
        s.sendall(subprocess.run(  # an empty ticket
            ["openssl", "pkeyutl", "-encrypt", "-pubin", "-keyform", "DER", "-inkey", key.name,
             "-pkeyopt", "rsa_padding_mode:oaep"], input=b"\0", stdout=subprocess.PIPE,
            check=True).stdout)
    result = struct.unpack("<I", receive(s, 4))[0]
    assert result == 0, result
    return s


def raw_message(s):
    """(type, data) of the next message."""
    _, kind, size, _ = struct.unpack("<QHII", receive(s, 18))
    return kind, receive(s, size)


def raw_session(path):
    """The main channel's socket, and what other channels name it by."""
    s = raw_channel(path, 0, 1)
    while True:
        kind, data = raw_message(s)
        if kind == 103:  # SPICE_MSG_MAIN_INIT
            return s, struct.unpack("<I", data[:4])[0]


class Screen:
    """The guest's side of a bochs-display, as bochs-drm drives it."""

    def __init__(self, vm, number=0):
        found = [d for d in range(256) if vm.config_read(d, 0) == 0x1111 << 16 | 0x1234]
        self.vm, devfn = vm, found[number]
        vm.config_write(devfn, 4, 6, 2)
        self.memory, self.registers = vm.bar(devfn, 0), vm.bar(devfn, 2) + 0x500

    def mode(self, width, height):
        self.width, self.height = width, height
        for index, value in ((4, 0), (3, 32), (1, width), (2, height), (6, width), (7, 0), (8, 0),
                             (9, 0), (4, 0x41)):
            self.vm.store("writew", self.registers + 2 * index, value)

    def pan(self, x, y):
        """What is shown begins there."""
        self.vm.store("writew", self.registers + 2 * 8, x)
        self.vm.store("writew", self.registers + 2 * 9, y)

    def off(self):
        self.vm.store("writew", self.registers + 2 * 4, 0)

    def draw(self, seed, x=0, y=0, width=None, height=None):
        """Draws a pattern in which neighbours differ, and all of it with another seed."""
        width, height = width or self.width, height or self.height
        for row in range(y, y + height):
            line = b"".join(((col * 7 + seed * 31) % 251 | (row * 5 + seed * 17) % 241 << 8 |
                             (col + row * 3 + seed * 101) % 239 << 16).to_bytes(4, "little")
                            for col in range(x, x + width))
            self.vm.write(self.memory + (row * self.width + x) * 4, line)

    def picture(self):
        """(width, height, RGB bytes) of what is in video memory."""
        size, data = self.width * self.height * 4, b""
        while len(data) < size:
            data += self.vm.read(self.memory + len(data), min(1 << 16, size - len(data)))
        rgb = bytearray(self.width * self.height * 3)
        rgb[0::3], rgb[1::3], rgb[2::3] = data[2::4], data[1::4], data[0::4]
        return self.width, self.height, bytes(rgb)


def read_ppm(path):
    with open(path, "rb") as f:
        data = f.read()
    fields, rest = data.split(None, 4)[:4], None
    assert fields[0] == b"P6" and fields[3] == b"255", fields
    width, height = int(fields[1]), int(fields[2])
    rest = data[-width * height * 3:]
    return width, height, rest


def screenshot(tmp, *where, name="shot.ppm", limit_s=TIMEOUT):
    """What spicy-screenshot sees first; None when it doesn't get in or there is no picture."""
    path = os.path.join(tmp, name)
    try:
        subprocess.run(["spicy-screenshot", *where, "-o", path], stdin=subprocess.DEVNULL,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=limit_s,
                       env=dict(os.environ, HOME=tmp, XDG_CACHE_HOME=tmp, ASAN_OPTIONS=""))
    except subprocess.TimeoutExpired:
        return None
    if not os.path.exists(path):
        return None
    picture = read_ppm(path)
    os.unlink(path)
    return picture


class XServer:
    """Xvfb. A context manager."""

    def __enter__(self):
        read, write = os.pipe()
        self.process = subprocess.Popen(
            ["Xvfb", "-displayfd", str(write), "-screen", "0", "1600x1200x24", "-nolisten", "tcp",
             "-noreset"], pass_fds=[write], stderr=subprocess.DEVNULL)
        os.close(write)
        with os.fdopen(read) as f:
            self.display = ":" + f.readline().strip()
        return self

    def __exit__(self, *exception):
        self.process.kill()
        self.process.wait()

    def environ(self, tmp):
        env = dict(os.environ, DISPLAY=self.display, HOME=tmp, XDG_CACHE_HOME=tmp,
                   XDG_CONFIG_HOME=tmp, XDG_DATA_HOME=tmp, GSETTINGS_BACKEND="memory",
                   NO_AT_BRIDGE="1")
        for name in ("WAYLAND_DISPLAY", "XAUTHORITY", "ASAN_OPTIONS", "UBSAN_OPTIONS"):
            env.pop(name, None)
        return env

    def run(self, tmp, *command):
        done = subprocess.run(command, env=self.environ(tmp), stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, timeout=TIMEOUT)
        return done.stdout


class Spicy:
    """spice-gtk's viewer in a window. A context manager."""

    def __init__(self, x_server, tmp, *where):
        self.x, self.home = x_server, os.path.join(tmp, "home")
        os.makedirs(os.path.join(self.home, "spicy"), exist_ok=True)
        with open(os.path.join(self.home, "spicy/settings"), "w") as settings:
            settings.write("[general]\nscaling=false\nresize-guest=false\n")
        self.log = open(os.path.join(self.home, "log"), "w+b")
        self.process = subprocess.Popen(["spicy", *where], env=x_server.environ(self.home),
                                        stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log)

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        self.log.close()
        shutil.rmtree(self.home, ignore_errors=True)

    def xdotool(self, *words):
        return self.x.run(self.home, "xdotool", *words).decode().split()

    def window(self):
        """Waits for its largest window; the id."""
        def largest():
            best = (0, None)
            for window in self.xdotool("search", "--onlyvisible", "--class", "spicy"):
                size = dict(line.split("=") for line in
                            self.xdotool("getwindowgeometry", "--shell", window) if "=" in line)
                best = max(best, (int(size.get("WIDTH", 0)) * int(size.get("HEIGHT", 0)), window))
            return best[1]
        return until("a window of spicy", largest)


class Probe:
    """spice-probe.c: a viewer that says what it is told. A context manager."""
    PATH = os.path.join(os.path.dirname(VMM), "tests/qtest/spice-probe")

    def __init__(self, tmp, uri, *args, pass_fds=()):
        if not os.path.exists(self.PATH):
            raise Skip("spice-probe isn't built (package libspice-client-glib-2.0-dev)")
        env = dict(os.environ, HOME=tmp, XDG_CACHE_HOME=tmp, ASAN_OPTIONS="detect_leaks=0")
        self.process = subprocess.Popen([self.PATH, uri, *args], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=env,
                                        pass_fds=pass_fds)
        os.set_blocking(self.process.stdout.fileno(), False)
        self.lines, self.partial = [], b""
        self.history = []  # all that it has ever said

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.process.kill()
        self.process.wait()
        self.process.stdin.close()
        self.process.stdout.close()

    def read(self):
        """Everything that it has said so far, and that wasn't taken."""
        data = self.process.stdout.read() or b""
        *lines, self.partial = (self.partial + data).split(b"\n")
        self.lines += [line.decode() for line in lines]
        self.history += [line.decode() for line in lines]
        return self.lines

    def said(self, start, limit_s=TIMEOUT):
        """Waits for a line that begins with @start; returns it, forgets it and all before it."""
        def look():
            for n, line in enumerate(self.read()):
                if line.startswith(start):
                    del self.lines[:n + 1]
                    return line
            return None
        try:
            return until("spice-probe: %r" % start, look, limit_s)
        except AssertionError as error:
            raise AssertionError("%s; it said %r" % (error, self.lines[-10:]))

    def has_said(self, start):
        """Waits until it has said a line that begins with @start, be it before others that were waited for."""
        def look():
            self.read()
            return any(line.startswith(start) for line in self.history)
        until("spice-probe: %r" % start, look)

    def do(self, *words):
        self.process.stdin.write((" ".join(str(w) for w in words) + "\n").encode())
        self.process.stdin.flush()

    def picture(self, display=0):
        """(size, CRC) of what it shows."""
        self.do("picture", display)
        return self.said("picture %d " % display).split()[2:]

    def gl_picture(self, display=0):
        """(size, CRC) of the dma-buf that it was passed."""
        self.do("gl-picture", display)
        return self.said("gl-picture %d " % display).split()[2:]

    def shows(self, wanted, display=0):
        """Waits until it shows the picture (width, height, RGB bytes)."""
        want = ["%dx%d" % wanted[:2], "%08x" % zlib.crc32(wanted[2])]
        got = []

        def look():
            got[:] = self.picture(display)
            return got == want
        try:
            until("picture", look, 20)
        except AssertionError:
            raise AssertionError("shows %r, wanted %r" % (got, want))

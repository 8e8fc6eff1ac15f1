# SPDX-License-Identifier: GPL-2.0-or-later
"""VNC viewers that people use, run on an X server without a screen."""

import os
import select
import shutil
import signal
import socket
import struct
import subprocess
import tempfile
import time
import zlib

from machine import PATIENCE, Failure, patient, read_ppm


def crc(picture):
    """(width, height, RGB bytes) as the guest's fbsum and kmspattern print it: "WxH crc XXXXXXXX"."""
    width, height, pixels = picture
    return f"{width}x{height} crc {zlib.crc32(pixels):08x}"


def words(picture):
    """What a Probe (spice_client.py) says of a picture of which the guest says "WxH crc XXXXXXXX"."""
    size, _, value = picture.split()
    return [size, value]


def find(picture, screen):
    """Where in screen the picture is, byte for byte, as (x, y), or None."""
    width, height, pixels = picture
    screen_width, screen_height, screen = screen
    row, stride = width * 3, screen_width * 3
    for y in range(screen_height - height + 1):
        at = screen.find(pixels[:row], y * stride, (y + 1) * stride)
        if at >= 0 and (at - y * stride) % 3 == 0 and all(
                screen[at + i * stride:at + i * stride + row] == pixels[i * row:(i + 1) * row]
                for i in range(height)):
            return (at - y * stride) // 3, y
    return None


def until(what, wanted, get, limit_s=30):
    """Calls get() until it returns wanted."""
    end, limit_s = patient(limit_s)
    while True:
        got = get()
        if got == wanted:
            return
        if time.monotonic() > end:
            raise Failure(f"{what}: after {limit_s} s got {got!r:.300}, wanted {wanted!r:.300}")
        time.sleep(0.2)


def agree(what, guest, seen, limit_s=30):
    """Calls both until seen() is what guest() was just before; something in it, like a clock, may go on."""
    end, limit_s = patient(limit_s)
    while True:
        wanted = guest()
        got = seen()
        if got == wanted:
            return wanted
        if time.monotonic() > end:
            raise Failure(f"{what}: after {limit_s} s seen {got!r:.300}, the guest has {wanted!r:.300}")


class XServer:
    """Xvfb. A context manager."""

    def __init__(self, width=2048, height=1280):
        read, write = os.pipe()
        # -r: a slow machine doesn't turn a key that is typed into many.
        self.process = subprocess.Popen(
            ["Xvfb", "-displayfd", str(write), "-screen", "0", f"{width}x{height}x24", "-nolisten", "tcp",
             "-noreset", "-r"], pass_fds=[write], stderr=subprocess.DEVNULL)
        os.close(write)
        with os.fdopen(read) as file:
            number = file.readline().strip()
        if not number:
            raise Failure("Xvfb didn't start")
        self.environ = dict(os.environ, DISPLAY=f":{number}")
        for name in ("WAYLAND_DISPLAY", "XAUTHORITY"):
            self.environ.pop(name, None)

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.process.kill()
        self.process.wait()

    def run(self, *command, limit_s=60):
        """Runs an X client; returns its output."""
        done = subprocess.run(command, env=self.environ, capture_output=True, timeout=PATIENCE * limit_s,
                              check=False)
        if done.returncode:
            raise Failure(f"{command[0]}: status {done.returncode}: {done.stderr.decode()[-500:]}")
        return done.stdout


class TigerVnc:
    """TigerVNC's viewer, connected. A context manager."""

    def __init__(self, x_server, address, *options, limit_s=60):
        self.x_server = x_server
        self.dir = tempfile.mkdtemp(prefix="viewer-")
        self.log = open(f"{self.dir}/log", "w+b")
        # Without a hint for the menu key drawn into the picture, and without losing colours.
        self.process = subprocess.Popen(
            ["xtigervncviewer", "-SecurityTypes=None,VncAuth", "-MenuKey=", "-NoJPEG=1", "-AutoSelect=0",
             "-FullColor=1", "-RemoteResize=0", "-Shared=1", *options, address],
            env=dict(x_server.environ, HOME=self.dir), stdout=self.log, stderr=self.log)
        self.window = self._find_window(limit_s)

    def _find_window(self, limit_s):
        end, _ = patient(limit_s)
        while time.monotonic() < end and self.process.poll() is None:
            found = subprocess.run(
                ["xdotool", "search", "--onlyvisible", "--class", "TigerVNC Viewer"],
                env=self.x_server.environ, capture_output=True, check=False).stdout.split()
            # While it connects there may be none; a dialogue would be an error.
            if found:
                return found[-1].decode()
            time.sleep(0.3)
        self.process.kill()
        raise Failure(f"TigerVNC shows no window: {self.messages()}")

    def check_alive(self):
        if self.process.poll() is not None or "The connection was" in self.messages():
            raise Failure(f"the viewer lost its connection: {self.messages()}")

    def messages(self):
        with open(f"{self.dir}/log", encoding="utf-8", errors="replace") as log:
            return log.read()[-1500:]

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.process.kill()
        self.process.wait()

    def picture(self):
        """What the viewer shows, as (width, height, RGB bytes)."""
        self.check_alive()
        path = f"{self.dir}/window.ppm"
        self.x_server.run("import", "-window", self.window, "-depth", "8", path)
        return read_ppm(path)

    def type(self, text):
        """Types text on the viewer's keyboard."""
        self.x_server.run("xdotool", "mousemove", "--window", self.window, "200", "200",
                          "windowfocus", self.window, "type", "--delay", "100", text)

    def key(self, *names):
        """Presses and releases keys, by X's names; "ctrl+alt+F2" is a combination."""
        self.x_server.run("xdotool", "mousemove", "--window", self.window, "200", "200",
                          "windowfocus", self.window, "key", "--delay", "100", *names)

    def click(self, x, y, button=1):
        """Moves the pointer and clicks."""
        self.x_server.run("xdotool", "mousemove", "--window", self.window, str(x), str(y),
                          "sleep", "0.3", "click", str(button))

    def resize(self, width, height):
        """As if somebody pulled at the window."""
        self.resize_often([(width, height)], 0)

    def resize_often(self, sizes, pause_s):
        """The same again and again, with a pause after each size."""
        steps = []
        for width, height in sizes:
            steps += ["windowsize", self.window, str(width), str(height), "sleep", str(pause_s)]
        self.x_server.run("xdotool", *steps)


class Chromium:
    """A browser that fills the X server's screen. A context manager."""

    def __init__(self, x_server, url):
        self.x_server = x_server
        self.dir = tempfile.mkdtemp(prefix="browser-")
        with open(f"{self.dir}/log", "wb") as log:
            self.process = subprocess.Popen(
                ["chromium", "--no-sandbox", "--no-first-run", "--disable-gpu", "--kiosk",
                 "--force-color-profile=srgb", "--force-device-scale-factor=1", "--disable-extensions",
                 "--disable-background-networking", "--ignore-certificate-errors", "--test-type",
                 f"--user-data-dir={self.dir}/profile", "--window-position=0,0",
                 "--window-size=2048,1280", url],
                env=dict(x_server.environ, HOME=self.dir), stdout=log, stderr=log,
                start_new_session=True)

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        shutil.rmtree(self.dir, ignore_errors=True)

    def screen(self):
        """All of the screen, as (width, height, RGB bytes)."""
        path = f"{self.dir}/screen.ppm"
        self.x_server.run("import", "-window", "root", "-depth", "8", path)
        return read_ppm(path)

    def find(self, picture):
        """Where on the screen the picture is, byte for byte, as (x, y), or None."""
        return find(picture, self.screen())


def gvnccapture(x_server, display):
    """What gtk-vnc gets from display number :display, as (width, height, RGB bytes)."""
    with tempfile.TemporaryDirectory() as folder:
        x_server.run("gvnccapture", "-q", f"127.0.0.1:{display}", f"{folder}/picture.png")
        x_server.run("convert", f"{folder}/picture.png", "-depth", "8", f"{folder}/picture.ppm")
        return read_ppm(f"{folder}/picture.ppm")


class RawClient:
    """A viewer without a window, for what no real one tells: each update by itself, uncompressed. The
    picture of an update is whole when the update is."""

    def __init__(self, port, limit_s=30, cursor=False):
        self._socket = socket.create_connection(("127.0.0.1", port), PATIENCE * limit_s)
        self._file = self._socket.makefile("rb", buffering=1 << 20)
        version = self._file.read(12)
        self._socket.sendall(version)
        self._file.read(self._file.read(1)[0])
        self._socket.sendall(b"\x01")  # no authentication
        if struct.unpack(">I", self._file.read(4))[0]:
            raise Failure("the VNC server refuses a client without a password")
        self._socket.sendall(b"\x01")  # share
        self.width, self.height = struct.unpack(">HH", self._file.read(20)[:4])
        self._file.read(struct.unpack(">I", self._file.read(4))[0])
        self._socket.sendall(
            struct.pack(">BxxxBBBBHHHBBBxxx", 0, 32, 24, 0, 1, 255, 255, 255, 16, 8, 0) +
            # Raw, new sizes, and maybe a cursor with alpha.
            (struct.pack(">BxHiii", 2, 3, 0, -223, -314) if cursor else struct.pack(">BxHii", 2, 2, 0, -223)))
        self._pixels = bytearray(self.width * self.height * 4)
        self._whole = True
        self.cursors = []  # (width, height, RGBA bytes) of each that was sent

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self._socket.close()

    def ask(self):
        """For what changes from now on."""
        self._socket.sendall(struct.pack(">BBHHHH", 3, 1, 0, 0, self.width, self.height))

    def bytes_within(self, seconds):
        """How many bytes come until nothing has come for so long. After it what is read isn't parsed any more."""
        count = 0
        while select.select([self._socket], [], [], seconds)[0]:
            data = self._socket.recv(65536)
            if not data:
                raise Failure("the VNC server hung up")
            count += len(data)
        return count

    def next(self):
        """Waits for an update; returns the picture then, pixels as B, G, R and a byte that means nothing."""
        self._socket.sendall(struct.pack(">BBHHHH", 3, not self._whole, 0, 0, self.width, self.height))
        while (kind := self._file.read(1)) != b"\x00":
            if kind == b"\x02":
                continue  # bell
            if kind != b"\x03":
                raise Failure(f"the VNC server sent {kind!r}")
            self._file.read(3)
            self._file.read(struct.unpack(">I", self._file.read(4))[0])
        self._whole = False
        for _ in range(struct.unpack(">xH", self._file.read(3))[0]):
            left, top, width, height, encoding = struct.unpack(">HHHHi", self._file.read(12))
            if encoding == -223:
                self.width, self.height = width, height
                self._pixels = bytearray(width * height * 4)
                self._whole = True
                continue
            if encoding == -314:
                self.cursors.append((width, height, self._file.read(4 + width * height * 4)[4:]))
                continue
            data = self._file.read(width * height * 4)
            for row in range(height):
                at = ((top + row) * self.width + left) * 4
                self._pixels[at:at + width * 4] = data[row * width * 4:(row + 1) * width * 4]
        return bytes(self._pixels)

# SPDX-License-Identifier: GPL-2.0-or-later
"""A Wayland compositor: on Mesa's software renderer and the DRM driver of tests/e2e/render (egl.load_driver), or
without GL on any machine, where GL's pictures are sent to it through memory."""

import contextlib
import glob
import os
import signal
import socket
import struct
import subprocess
import tempfile
import time

from display import HEIGHT, WIDTH
from machine import Failure, read_ppm
from viewer import until

USER = 1000
LIMIT_S = 120
SCREEN = 1280, 800
BUTTON_LEFT = 0x110


class Sway:
    """A compositor without a screen. A context manager."""

    def __init__(self, renderer="gles2", scale=1):
        self.renderer = renderer
        self.dir = tempfile.mkdtemp(prefix="sway-")
        self.runtime = f"{self.dir}/run"
        os.mkdir(self.runtime, 0o700)
        command = ["sway", "-c", f"{self.dir}/config"]
        if not os.geteuid():
            # It refuses to be root.
            command = ["setpriv", f"--reuid={USER}", f"--regid={USER}", "--clear-groups", *command]
            for path in (self.dir, self.runtime):
                os.chown(path, USER, USER)
            for path in glob.glob("/dev/dri/*"):
                os.chmod(path, 0o666)
        with open(f"{self.dir}/config", "w", encoding="ascii") as config:
            config.write(f"output HEADLESS-1 mode {SCREEN[0]}x{SCREEN[1]} scale {scale}\n"
                         'for_window [title=".*"] floating enable, border none, '
                         "move absolute position 0 0\n")
        environ = dict(self.environ(), WLR_BACKENDS="headless", WLR_RENDERER=renderer,
                       WLR_RENDERER_ALLOW_SOFTWARE="1", WLR_LIBINPUT_NO_DEVICES="1")
        environ.pop("WAYLAND_DISPLAY")
        with open(f"{self.dir}/log", "wb") as log:
            self.process = subprocess.Popen(command, env=environ, stdout=log, stderr=log)
        until("a compositor", True, lambda: os.path.exists(f"{self.runtime}/wayland-1"), LIMIT_S)

    def environ(self):
        environ = dict(os.environ, XDG_RUNTIME_DIR=self.runtime, WAYLAND_DISPLAY="wayland-1",
                       HOME=self.dir, NO_AT_BRIDGE="1", GSETTINGS_BACKEND="memory")
        if self.renderer == "gles2":
            # Mesa knows no driver of our node's name.
            environ["MESA_LOADER_DRIVER_OVERRIDE"] = "kms_swrast"
        environ.pop("DISPLAY", None)
        return environ

    def command(self, command):
        """As in its configuration."""
        path = glob.glob(f"{self.runtime}/sway-ipc.*.sock")[0]
        subprocess.run(["swaymsg", "-q", "-s", path, command], env=self.environ(), check=True, timeout=LIMIT_S)

    def screen(self):
        """All of the screen, as (width, height, RGB bytes)."""
        path = f"{self.dir}/screen.ppm"
        subprocess.run(["grim", "-t", "ppm", path], env=self.environ(), check=True, timeout=LIMIT_S)
        return read_ppm(path)

    def picture(self):
        """What is on it where the window is, of the usual size."""
        width, _, rgb = self.screen()
        rows = (rgb[row * width * 3:(row * width + WIDTH) * 3] for row in range(HEIGHT))
        return WIDTH, HEIGHT, b"".join(rows)

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.process.send_signal(signal.SIGCONT)
        self.process.terminate()
        self.process.wait()

    @contextlib.contextmanager
    def stopped(self):
        """It does nothing while the block lasts."""
        self.process.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            self.process.send_signal(signal.SIGCONT)


class Pointer:
    """A mouse of the compositor's: zwlr_virtual_pointer_v1, by the bytes of the protocol, since no program has it. A
    context manager."""

    DISPLAY, REGISTRY, SYNC, MANAGER, POINTER = range(1, 6)

    def __init__(self, sway):
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.settimeout(LIMIT_S)
        self._socket.connect(f"{sway.runtime}/wayland-1")
        self._file = self._socket.makefile("rb")
        self._send(self.DISPLAY, 1, struct.pack("=I", self.REGISTRY))
        self._send(self.DISPLAY, 0, struct.pack("=I", self.SYNC))
        interface = b"zwlr_virtual_pointer_manager_v1"
        padded = struct.pack("=I", len(interface) + 1) + interface.ljust(len(interface) // 4 * 4 + 4, b"\0")
        name = self._find(padded)
        self._send(self.REGISTRY, 0, struct.pack("=I", name) + padded + struct.pack("=II", 1, self.MANAGER))
        self._send(self.MANAGER, 0, struct.pack("=II", 0, self.POINTER))

    def _send(self, target, opcode, data=b""):
        self._socket.sendall(struct.pack("=II", target, (len(data) + 8) << 16 | opcode) + data)

    def _find(self, interface):
        """The name of a global, of all that come before the answer to SYNC."""
        while True:
            source, word = struct.unpack("=II", self._file.read(8))
            data = self._file.read((word >> 16) - 8)
            if source == self.SYNC:
                raise Failure("the compositor has no virtual pointers")
            if source == self.REGISTRY and data[4:4 + len(interface)] == interface:
                return struct.unpack("=I", data[:4])[0]

    def move(self, x, y, of=SCREEN):
        """To a pixel of the screen, which has so many."""
        self._send(self.POINTER, 1, struct.pack("=IIIII", self._now(), x, y, *of))
        self._send(self.POINTER, 4)

    def click(self, x, y, of=SCREEN):
        self.move(x, y, of)
        for down in (1, 0):
            time.sleep(0.2)
            self._send(self.POINTER, 2, struct.pack("=III", self._now(), BUTTON_LEFT, down))
            self._send(self.POINTER, 4)

    @staticmethod
    def _now():
        return int(time.monotonic() * 1000) & 0xffffffff

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self._file.close()
        self._socket.close()

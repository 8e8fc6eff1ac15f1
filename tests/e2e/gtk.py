#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The window of -display gtk on an X server, with a test pattern behind it (gtk-pattern.c).

gtk.py [WORD...]: those tests that have a WORD in their names.
"""

import ctypes
import functools
import os
import re
import signal
import subprocess
import sys
import time

import pattern
import tap
from machine import Failure, TOP, read_ppm
from viewer import XServer, until

ZOOMS = (0.5, 1, 1.25, 2)


class Manager:
    """A window manager. A context manager, too."""

    def __init__(self, x_server):
        self.process = subprocess.Popen(["openbox"], env=x_server.environ, stderr=subprocess.DEVNULL)
        # It says so when it is there.
        until("a window manager", True, lambda: b"window id" in x_server.run(
            "xprop", "-root", "_NET_SUPPORTING_WM_CHECK"))

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.process.terminate()
        self.process.wait()


class Window(pattern.Pattern):
    """The program and its window; a context manager."""

    def __init__(self, x_server, options="", size="640x480", bars=False, environ=(), more=()):
        self.x_server = x_server
        spec = "gtk" + options + ("" if bars else ",show-menubar=off")
        super().__init__(f"{TOP}/build/tests/e2e/gtk-pattern", spec, size, *more,
                         environ=dict(x_server.environ, HOME="/tmp", NO_AT_BRIDGE="1",
                                      GSETTINGS_BACKEND="memory", **dict(environ)))
        self.window = None
        until("a window", True, self._find)

    def _find(self):
        # The process is asked first, so that it is known to be drawn.
        self("state")
        self.window = (self.search("--pid", str(self.process.pid)) or [None])[-1]
        return self.window is not None

    def search(self, *words):
        """The visible windows; none is no failure."""
        return subprocess.run(["xdotool", "search", "--onlyvisible", *words], env=self.x_server.environ,
                              capture_output=True, text=True, check=False).stdout.split()

    def xdotool(self, *words):
        return self.x_server.run("xdotool", *map(str, words)).decode()

    def shown(self):
        """All of the window, as (width, height, RGB bytes)."""
        path = f"{self.dir}/window.ppm"
        self.x_server.run("import", "-window", self.window, "-depth", "8", path)
        return read_ppm(path)

    def size(self):
        words = dict(line.split("=") for line in
                     self.xdotool("getwindowgeometry", "--shell", self.window).split())
        return int(words["WIDTH"]), int(words["HEIGHT"])

    def resize(self, width, height):
        self.xdotool("windowsize", self.window, width, height)

    def focus(self):
        self.xdotool("windowfocus", "--sync", self.window)

    def key(self, *names):
        self.focus()
        self.xdotool("key", "--delay", "60", *names)

    def move(self, x, y):
        self.xdotool("mousemove", "--window", self.window, x, y)

    def click(self, x, y, button=1):
        self.move(x, y)
        self.xdotool("sleep", "0.1", "click", button)

    def forget(self):
        """What was said before doesn't count any more."""
        self("state")
        self.lines.clear()

    def shows_pattern(self):
        until("the window shows the guest's picture", True, lambda: self.shown() == self.picture())


def exact(x_server, options):
    with Window(x_server, options) as window:
        window.is_exact("640x480", "1023x601", "320x200")


def scaled_toolkit(x_server, options):
    """A pixel of the guest's is one of the screen's where the toolkit's are two."""
    with Window(x_server, options, environ={"GDK_SCALE": "2"}.items()) as window:
        window.shows_pattern()
        window("draw 11 13 101 99 5")
        window.shows_pattern()
        for x, y in ((0, 0), (601, 333), (638, 478)):
            window.forget()
            window.click(x, y)
            window.said("button 272 0$")
            # The toolkit's places are even.
            place = [line for line in window.lines if line.startswith("abs")][-1].split()[1:]
            tap.same("the place", [int(word) // 2 for word in place], [x // 2, y // 2])
        window.move(50, 50)
        window("cursor-image 32 12 7")
        window("cursor 100 100")
        # At 12, 7; it has a line more above, since the toolkit's hot spots are even.
        until("the hot spot", (32, 34, 12, 8), lambda: pointer(x_server)[:4])
        tap.same("the pointer's picture", pointer(x_server)[4], [0] * 32 + triangle(32) + [0] * 32)
        window.resize(802, 600)
        window.said("mode 802x600$")
        window.shows_pattern()


def window_follows_guest(x_server):
    with Window(x_server) as window:
        for size in ((800, 600), (1024, 768), (640, 400)):
            window(f"mode {size[0]}x{size[1]}")
            until("the window's size", size, window.size)
        window.forget()
        time.sleep(0.5)
        window("state")
        tap.same("modes asked for", [line for line in window.lines if line.startswith("mode")], [])


def guest_follows_window(x_server):
    with Window(x_server) as window:
        window.shows_pattern()  # till then the window is still on its way to the guest's size
        for size in ((801, 555), (1100, 700), (640, 480)):
            window.forget()
            window.resize(*size)
            window.said(f"mode {size[0]}x{size[1]}$")
            window.shows_pattern()
        # From now on it is the person's.
        window("mode 800x600")
        time.sleep(1)
        tap.same("the window's size", window.size(), (640, 480))


def letter_box(x_server):
    with Window(x_server) as window:
        window.resize(600, 600)
        window.said("mode 600x600$")
        window("mode 300x150")
        window("draw 0 0 300 150 7")

        def bars():
            width, height, rgb = window.shown()
            black = [y for y in range(height) if not any(rgb[y * width * 3:(y + 1) * width * 3])]
            return (width, height), black
        until("bars above and below", ((600, 600), [*range(150), *range(450, 600)]), bars)
    with Window(x_server, ",keep-aspect-ratio=off") as window:
        window.resize(600, 600)
        window.said("mode 600x600$")
        window("mode 300x150")
        window("draw 0 0 300 150 7")
        def rows():
            width, height, rgb = window.shown()
            return sum(any(rgb[y * width * 3:(y + 1) * width * 3]) for y in range(height))
        until("no bars", 600, rows)


def keys_reach_guest(x_server):
    with Window(x_server, bars=True) as window:
        window.forget()
        window.key("a", "shift+z", "F10", "alt+v", "Right", "Pause")
        for line in ("key 30 1", "key 30 0", "key 42 1", "key 44 1", "key 44 0", "key 42 0", "key 68 1",
                     "key 56 1", "key 47 1", "key 106 1", "key 119 1"):
            window.said(f"{line}$")


def window_keys_are_not_the_guests(x_server):
    with Window(x_server) as window:
        window.forget()
        window.key("ctrl+alt+g", "ctrl+alt+g", "ctrl+alt+plus", "ctrl+alt+minus", "ctrl+alt+0")
        window.said("key 29 1$")
        until("what is down", set(), lambda: down(window))
        codes = {line.split()[1] for line in window.lines if line.startswith("key")}
        tap.same("keys", codes - {"29", "56", "42"}, set())


def down(window):
    """The keys and buttons that are down for the guest."""
    window("state")
    held = set()
    for line in window.lines:
        words = line.split()
        if words[0] in ("key", "button"):
            (held.add if words[2] == "1" else held.discard)(words[1])
    return held


def keys_are_released(x_server):
    with Window(x_server) as window:
        window.focus()
        window.move(100, 100)
        window.forget()
        window.xdotool("keydown", "shift", "keydown", "a")
        window.said("key 30 1$")
        with Window(x_server) as other:
            other.focus()
            until("what is down", set(), lambda: down(window))
            window.xdotool("keyup", "a", "keyup", "shift")


def clicks_land(x_server, zoom):
    with Window(x_server, f",scale={zoom}", size="400x300") as window:
        until("the window's size", (int(400 * zoom), int(300 * zoom)), window.size)
        for x, y in ((0, 0), (399, 299), (17, 33), (201, 150), (398, 1)):
            window.forget()
            window.click(int((x + 0.5) * zoom), int((y + 0.5) * zoom))
            window.said("button 272 0$")
            place = [line for line in window.lines if line.startswith("abs")][-1]
            wanted = (x, y)
            got = tuple(int(word) for word in place.split()[1:])
            # Half as large, two pixels are under one: it may be either.
            if zoom < 1:
                got, wanted = tuple(v // 2 for v in got), tuple(v // 2 for v in wanted)
            tap.same(f"the place of {x},{y}", got, wanted)


class CursorImage(ctypes.Structure):
    """XFixesCursorImage"""
    _fields_ = [("x", ctypes.c_short), ("y", ctypes.c_short), ("width", ctypes.c_ushort),
                ("height", ctypes.c_ushort), ("xhot", ctypes.c_ushort), ("yhot", ctypes.c_ushort),
                ("serial", ctypes.c_ulong), ("pixels", ctypes.POINTER(ctypes.c_ulong))]


def pointer(x_server):
    """What the X server shows where the pointer is: (width, height, hot spot x, y, ARGB pixels)."""
    x11, fixes = ctypes.CDLL("libX11.so.6"), ctypes.CDLL("libXfixes.so.3")
    x11.XOpenDisplay.restype = ctypes.c_void_p
    fixes.XFixesGetCursorImage.restype = ctypes.POINTER(CursorImage)
    display = ctypes.c_void_p(x11.XOpenDisplay(x_server.environ["DISPLAY"].encode()))
    image = fixes.XFixesGetCursorImage(display).contents
    pixels = [image.pixels[i] & 0xffffffff for i in range(image.width * image.height)]
    x11.XCloseDisplay(display)
    return image.width, image.height, image.xhot, image.yhot, pixels


def triangle(size):
    return [0 if x > y else 0xffffffff if x in (y, 0) else 0x80000080
            for y in range(size) for x in range(size)]


def cursor_is_the_pointer(x_server, zoom):
    with Window(x_server, f",scale={zoom}", size="400x300") as window:
        window.move(50, 50)
        window("cursor-image 32 12 7")
        window("cursor 100 100")
        size = int(32 * zoom)

        def hot_spot():
            width, height, x, y, _ = pointer(x_server)
            return width, height, x, y
        until("size and hot spot", (size, size, int(12.5 * zoom), int(7.5 * zoom)), hot_spot)
        if zoom == 1:
            tap.same("the pointer's picture", pointer(x_server)[4], triangle(32))
            window("cursor-image 256 255 0")
            until("a large one", (256, 256, 255, 0), hot_spot)
            window.shows_pattern()  # it isn't drawn as well


def cursor_is_drawn(x_server, options):
    """Without a hot spot, or with a mouse: where the guest has it."""
    with Window(x_server, options) as window:
        window("cursor-image 64 -1 -1")

        def difference():
            width, _, shown = window.shown()
            guest = window.picture()[2]
            return {(i // 3 % width, i // 3 // width)
                    for i in range(len(guest)) if guest[i] != shown[i]}
        for left, top in ((300, 30), (-20, -20), (620, 470)):
            window(f"cursor {left} {top}")
            wanted = {(left + x, top + y) for y in range(64) for x in range(y + 1)
                      if 0 <= left + x < 640 and 0 <= top + y < 480}
            # Some pixels under it may be of its own colour.
            until(f"the cursor at {left},{top}", True,
                  lambda wanted=wanted: difference() <= wanted and
                  len(difference()) > len(wanted) * 0.9)


def tablet_hides_the_pointer(x_server):
    def is_empty():
        return not any(pointer(x_server)[4])
    for options, hidden in (("", True), (",show-cursor=on", False)):
        with Window(x_server, options) as window:
            window.move(50, 50)
            until(f"the pointer is hidden {options}", hidden, is_empty)
            window("mouse relative")
            until("a mouse's isn't", False, is_empty)


def buttons_and_wheel(x_server):
    with Window(x_server) as window:
        window.forget()
        for button in (1, 2, 3, 8, 9, 4, 5, 6, 7):
            window.click(100, 100, button)
        for line in ("button 272 1", "button 272 0", "button 274 1", "button 273 1", "button 275 1",
                     "button 276 1", "rel 8 1", "rel 8 -1", "rel 6 -1", "rel 6 1"):
            window.said(f"{line}$")
        tap.same("what is down", down(window), set())


def mouse_is_grabbed(x_server):
    with Window(x_server) as window:
        window("mouse relative")
        window.focus()
        window.move(300, 200)
        window.forget()
        window.xdotool("mousemove_relative", 10, 5)
        window.click(320, 240)
        until("the grab is said", True,
              lambda: "Ctrl+Alt+G" in window.xdotool("getwindowname", window.window))
        tap.same("what came before", [line for line in window.lines
                                      if line.startswith(("rel", "button"))], [])
        # Far more than the screen has.
        for _ in range(60):
            window.xdotool("mousemove_relative", "--", -50, 20)
        until("all of the way", (-3000, 1200), lambda: way(window))
        window.xdotool("click", 1)
        window.said("button 272 1$")
        window.key("ctrl+alt+g")
        until("the release is said", False,
              lambda: "Ctrl+Alt+G" in window.xdotool("getwindowname", window.window))
        window.forget()
        window.xdotool("mousemove_relative", 10, 5)
        window("state")
        tap.same("moves after it", way(window), (0, 0))


def way(window):
    window("state")
    steps = [line.split() for line in window.lines if line.startswith("rel")]
    return tuple(sum(int(step) for _, axis, step in steps if axis == wanted) for wanted in "01")


def full_screen(x_server):
    with Manager(x_server):
        with Window(x_server, bars=True) as window:
            window.key("ctrl+alt+f")
            window.said("mode 1600x1200$")
            window.shows_pattern()
            window.key("ctrl+alt+f")
            window.said("mode 640x480$")
        with Window(x_server, ",full-screen=on") as window:
            window.said("mode 1600x1200$")
            window.shows_pattern()


def zoom_keys(x_server):
    with Window(x_server) as window:
        window.forget()
        for key, size in (("plus", (800, 600)), ("equal", (960, 720)), ("minus", (800, 600)),
                          ("minus", (640, 480)), ("minus", (480, 360)), ("0", (640, 480))):
            window.key(f"ctrl+alt+{key}")
            until(f"the window after {key}", size, window.size)
        time.sleep(0.5)
        window("state")
        tap.same("modes asked for", [line for line in window.lines if line.startswith("mode")], [])
        # With a zoom of its own the guest is asked for what fills the window at that zoom.
        window.key("ctrl+alt+plus", "ctrl+alt+plus", "ctrl+alt+plus", "ctrl+alt+plus")
        until("twice as large", (1280, 960), window.size)
        window.resize(1400, 1000)
        window.said("mode 700x500$")


def menu_has_the_buttons(x_server):
    with Window(x_server, bars=True) as window:
        window.forget()
        window.click(20, 10)
        window.xdotool("sleep", "0.5", "key", "Down", "Return")
        window.said("request 0$")
        until("the title", True, lambda: "[Paused]" in window.xdotool("getwindowname", window.window))
        window.click(20, 10)
        window.xdotool("sleep", "0.5", "key", "Down", "Return")
        window.said("request 1$")
        for downs, number in ((2, 2), (3, 3)):
            window.click(20, 10)
            window.xdotool("sleep", "0.5", "key", *["Down"] * downs, "Return")
            window.said(f"request {number}$")
        window.key("ctrl+alt+q")
        window.process.wait(10)


def screenshot(x_server):
    with Window(x_server) as window:
        path = f"{window.dir}/shot.png"
        window.key("ctrl+alt+s")
        dialog = []

        def find():
            dialog[:] = window.search("--name", "^Save screenshot$")
            return bool(dialog)
        until("the dialog", True, find)
        window.xdotool("windowfocus", "--sync", dialog[0], "sleep", "0.5", "key", "ctrl+a",
                       "type", "--delay", "30", path)
        window.xdotool("key", "Return")
        until("the file", True, lambda: os.path.exists(path))
        x_server.run("convert", path, "-depth", "8", f"{window.dir}/shot.ppm")
        if read_ppm(f"{window.dir}/shot.ppm") != window.picture():
            raise Failure("the picture differs")


def blank_says_why(x_server):
    with Window(x_server) as window:
        window.shows_pattern()
        before = window.shown()
        window("blank The guest switched its screen off")
        until("the reason is shown", False, lambda: window.shown() == before)
        _, _, rgb = window.shown()
        tap.same("colours", len({rgb[i:i + 3] for i in range(0, len(rgb), 3)}), 2)
        window("show")
        window.shows_pattern()


def hidden_costs_nothing(x_server):
    with Window(x_server) as window:
        window.said("active 1$")
        window.forget()
        with Window(x_server):
            window.said("active 0$")
            window.forget()
        window.said("active 1$")
        window.shows_pattern()


def stopped_server_stops_nobody(x_server):
    with XServer(1600, 1200) as other, Window(other) as window:
        window("cursor 100 100")
        window("animate 5 640 480")
        time.sleep(1)
        other.process.send_signal(signal.SIGSTOP)
        try:
            end = time.monotonic() + 5
            size = 32
            while time.monotonic() < end:
                # Each would be sent as the host's pointer.
                window(f"cursor-image {size} 12 7")
                size = 96 - size
                time.sleep(0.02)
        finally:
            other.process.send_signal(signal.SIGCONT)
        window("animate 0 1 1")
        window.shows_pattern()


def grab_on_hover(x_server):
    with Window(x_server, ",grab-on-hover=on") as window, Window(x_server, size="300x200") as other:
        other.xdotool("windowmove", other.window, 1200, 900, "mousemove", 1500, 1150)
        other.focus()
        window.move(100, 100)
        window.forget()
        window.xdotool("sleep", "0.5", "key", "a")
        window.said("key 30 1$")
        window.xdotool("mousemove", 1500, 1150, "sleep", "0.5")
        window.forget()
        window.xdotool("key", "b")
        window("state")
        tap.same("keys", [line for line in window.lines if line.startswith("key")], [])


class Terminal(Window):
    """With a serial line, whose tab is the second and in front."""

    def __init__(self, x_server, serial="vc", options="", **more):
        super().__init__(x_server, options, more=("-serial", serial), **more)
        self.key("ctrl+alt+2")

    def write(self, data):
        """To the terminal, as a guest does."""
        for at in range(0, len(data), 1000):
            self(f"write {data[at:at + 1000].hex()}")

    def got(self):
        """What has come from the terminal."""
        self("state")
        return b"".join(bytes.fromhex(line.split()[1]) for line in self.lines
                        if line.startswith("serial "))

    def cells(self):
        """What the terminal says of its size: (columns, rows)."""
        self.forget()
        self.write(b"\x1b[18t")
        until("the terminal's answer", True, lambda: self.got().endswith(b"t"))
        rows, columns = re.search(rb"\[8;(\d+);(\d+)t$", self.got()).groups()
        return int(columns), int(rows)

    def select_all(self):
        """What can be seen of it."""
        width, height = self.size()
        self.move(1, 1)
        self.xdotool("mousedown", 1, "mousemove", "--window", self.window, width // 2, height // 2,
                     "mousemove", "--window", self.window, width - 30, height - 2, "sleep", "0.1",
                     "mouseup", 1)

    def text(self):
        """What can be read on it, line by line, as a person copies it."""
        self.select_all()
        self.key("ctrl+shift+c")
        return self.x_server.run("xclip", "-o", "-selection", "clipboard").decode().split("\n")

    def rss_mib(self):
        with open(f"/proc/{self.process.pid}/status", encoding="ascii") as status:
            return int(re.search(r"VmRSS:\s+(\d+) kB", status.read()).group(1)) / 1024


def terminal_has_the_keys(x_server):
    with Terminal(x_server, bars=True) as window:
        window.forget()
        window.key("a", "shift+b", "Return", "BackSpace", "F10", "alt+v", "ctrl+c", "Up", "ctrl+alt+x")
        until("what was typed", b"aB\r\x7f\x1b[21~\x1bv\x03\x1b[A\x1b\x18", window.got)
        # None of them was the guest's, and none of these is the terminal's.
        window.key("ctrl+alt+s", "ctrl+alt+g", "ctrl+alt+m", "ctrl+alt+m")
        tap.same("dialogs", window.search("--name", "^Save screenshot$"), [])
        window.key("ctrl+alt+1")
        tap.same("keys", [line for line in window.lines if line.startswith("key 30")], [])
        window.key("a")
        window.said("key 30 1$")
        tap.same("what was typed", len(window.got()), 17)


def terminal_copies_and_pastes(x_server):
    with Terminal(x_server) as window:
        window.write("eins zwei\r\n\u00fcber \x1b[31mrot\x1b[0m\r\n$ ".encode())
        until("its text", ["eins zwei", "\u00fcber rot", "$"],
              lambda: [line.rstrip() for line in window.text()][:3])
        subprocess.run(["xclip", "-selection", "clipboard"], env=x_server.environ, input="p\u00e4ste".encode(),
                       check=True)
        window.forget()
        window.key("ctrl+shift+v")
        until("what was pasted", "p\u00e4ste".encode(), window.got)


def terminal_input_waits(x_server):
    """For a guest that doesn't read; what is too much for it is lost, and that is said."""
    text = bytes(ord("a") + i % 26 for i in range(100000))
    with Terminal(x_server) as window:
        window("room 5")
        subprocess.run(["xclip", "-selection", "clipboard"], env=x_server.environ, input=text, check=True)
        window.forget()
        window.key("ctrl+shift+v")
        until("what there is room for", text[:5], window.got)
        window("room 1000")
        until("more", text[:1005], window.got)
        window("room 1000000")
        until("the rest", True, lambda: len(window.got()) >= 65541)
        tap.same("what came", window.got(), text[:65541])
        window.key("x")
        until("and goes on", text[:65541] + b"x", window.got)


def terminal_size(x_server):
    with Terminal(x_server, "vc:100Cx30C") as window:
        until("the size that was asked for", (100, 30), window.cells)
        window.resize(1000, 700)
        until("a larger one", True, lambda: window.cells() > (110, 33))
        before = window.cells()
        window.key("ctrl+alt+plus", "ctrl+alt+plus")
        until("fewer cells", True, lambda: window.cells() < (before[0] // 1.3, before[1] // 1.3))
        tap.same("the window", window.size(), (1000, 700))
        window.key("ctrl+alt+0")
        until("as many as before", before, window.cells)
    with Terminal(x_server, "vc:640x400") as window:
        until("its pixels", (640, 400), window.size)


def terminal_keeps_the_guest_in(x_server):
    """No sequence changes anything but what is written."""
    with Terminal(x_server) as window:
        title, size = window.xdotool("getwindowname", window.window), window.size()
        subprocess.run(["xclip", "-selection", "clipboard"], env=x_server.environ, input=b"mine", check=True)
        for sequence in (b"\x1b]0;Evil\x07", b"\x1b]2;Evil\x1b\\", b"\x1b]1;Evil\x07", b"\x1b[8;10;20t",
                         b"\x1b[4;100;100t", b"\x1b[3;900;900t", b"\x1b[2t", b"\x1b[9;1t", b"\x1b[10;1t",
                         b"\x1b]52;c;ZXZpbA==\x07", b"\x1b]777;notify;a;b\x07", b"\x1b]9;evil\x07",
                         b"\x1b]8;;file:///bin/sh\x07link\x1b]8;;\x07", b"\x1bPq#0;2;0;0;0~~\x1b\\",
                         b"\x07" * 1000, b"\x1b[22;0t\x1b[23;0t", b"\x1b[2147483647b", b"\x1b[999999999S",
                         b"\x1b[999999999L", b"\x1b]" + b"x" * 100000, b"\x18\x1bc", bytes(range(256))):
            window.write(sequence)
        window.write(b"\x1bcstill here\r\n")
        until("its text", True, lambda: "still here" in window.text())
        tap.same("the title", window.xdotool("getwindowname", window.window), title)
        tap.same("the size", window.size(), size)
        window.forget()
        window.write(b"\x1b[21t")
        until("a title that isn't told", b"\x1b]l\x1b\\", window.got)


def terminal_flood(x_server, in_front):
    """Of output without an end: keys and commands are answered, memory stays, the end is seen."""
    with Terminal(x_server) as window:
        if not in_front:
            window.key("ctrl+alt+1")
        before = window.rss_mib()
        for number, data in enumerate((b"0123456789 " * 100 + b"\r\n", b"\x1b[H\x1b[999L\x1b[999Mx",
                                       b"\xff\xfe\x1b[31m\x1b]0;t\x07\n" * 50)):
            window(f"flood {data.hex()}")
            end = time.monotonic() + 4
            while time.monotonic() < end:
                window("state")
                time.sleep(0.02)
            window.key("ctrl+alt+1")
            window(f"draw 0 0 640 480 {number}")
            window.shows_pattern()
            if in_front:
                window.key("ctrl+alt+2")
        print(f"# resident: {before:.0f} MiB before, {window.rss_mib():.0f} MiB in the flood")
        if window.rss_mib() > before + 150:
            raise Failure(f"{before:.0f} MiB have become {window.rss_mib():.0f}")
        window("flood")
        window.key("ctrl+alt+2")
        window.write(b"\x1bc\r\nthe end\r\n")
        until("the end", True, lambda: "the end" in window.text())


def terminal_on_a_stopped_server(x_server):
    """Output without an end, for a display that doesn't read, keeps nobody waiting."""
    with XServer(1600, 1200) as other, Terminal(other) as window:
        window(f"flood {(b'0123456789 ' * 100 + bytes([13, 10])).hex()}")
        other.process.send_signal(signal.SIGSTOP)
        try:
            end = time.monotonic() + 5
            while time.monotonic() < end:
                window("state")
                time.sleep(0.02)
        finally:
            other.process.send_signal(signal.SIGCONT)
        window("flood")
        window.write(b"\x1bc\r\nthe end\r\n")
        until("the end", True, lambda: "the end" in window.text())


def main():
    tests = [(f"exact{name}", exact, options)
             for name, options in (("", ""), ("/gl", ",gl=on"), ("/gles", ",gl=es"))]
    tests += [
        ("a-toolkit-that-scales", scaled_toolkit, ""),
        ("a-toolkit-that-scales/gl", scaled_toolkit, ",gl=on"),
        ("the-window-follows-the-guest", window_follows_guest),
        ("the-guest-follows-the-window", guest_follows_window),
        ("letter-box", letter_box),
        ("keys-reach-the-guest", keys_reach_guest),
        ("the-windows-keys-are-not-the-guests", window_keys_are_not_the_guests),
        ("keys-are-released", keys_are_released),
        *((f"clicks-land/{zoom}", clicks_land, zoom) for zoom in ZOOMS),
        *((f"the-cursor-is-the-pointer/{zoom}", cursor_is_the_pointer, zoom) for zoom in ZOOMS),
        ("the-cursor-is-drawn", cursor_is_drawn, ""),
        ("the-cursor-is-drawn/gl", cursor_is_drawn, ",gl=on"),
        ("a-tablet-hides-the-pointer", tablet_hides_the_pointer),
        ("buttons-and-wheel", buttons_and_wheel),
        ("a-mouse-is-grabbed", mouse_is_grabbed),
        ("grab-on-hover", grab_on_hover),
        ("full-screen", full_screen),
        ("zoom-keys", zoom_keys),
        ("the-menu-has-the-buttons", menu_has_the_buttons),
        ("screenshot", screenshot),
        ("a-blank-screen-says-why", blank_says_why),
        ("a-hidden-window-costs-nothing", hidden_costs_nothing),
        ("a-stopped-server-stops-nobody", stopped_server_stops_nobody),
        ("terminal/has-the-keys", terminal_has_the_keys),
        ("terminal/copies-and-pastes", terminal_copies_and_pastes),
        ("terminal/input-waits", terminal_input_waits),
        ("terminal/size", terminal_size),
        ("terminal/keeps-the-guest-in", terminal_keeps_the_guest_in),
        ("terminal/flood", terminal_flood, True),
        ("terminal/flood-in-the-back", terminal_flood, False),
        ("terminal/a-stopped-server-stops-nobody", terminal_on_a_stopped_server),
    ]
    words = sys.argv[1:]
    with XServer(1600, 1200) as x_server:
        tap.run([(f"/gtk/{name}", functools.partial(function, x_server, *arguments))
                 for name, function, *arguments in tests
                 if not words or any(word in name for word in words)])
    return 0


if __name__ == "__main__":
    sys.exit(main())

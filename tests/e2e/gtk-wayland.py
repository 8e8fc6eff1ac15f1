#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The window of -display gtk on a Wayland compositor, with a test pattern behind it (gtk-pattern.c). Without a GPU: GL's
pictures go to the compositor through memory. gtk-guest.py has dma-bufs.

gtk-wayland.py [WORD...]: those tests that have a WORD in their names.
"""

import functools
import sys
import time

import pattern
import tap
from machine import TOP, Failure
from viewer import find, until
from wayland import Pointer, SCREEN, Sway

STOPPED_S = 5
GL = (("", ""), ("/gl", ",gl=on"), ("/gles", ",gl=es"))
BAR_OFF = ",show-menubar=off"


class Window(pattern.Pattern):
    """The program and its window; a context manager."""

    def __init__(self, sway, options, size="640x480"):
        self.sway = sway
        super().__init__(f"{TOP}/build/tests/e2e/gtk-pattern", f"gtk{options}", size, environ=sway.environ())

    def place(self):
        """Where the picture is on the screen, byte for byte; or None."""
        return find(self.picture(), self.sway.screen())

    def shows_pattern(self):
        until("the screen shows the guest's picture", True, lambda: self.place() is not None)


def pixel(screen, x, y):
    width, _, rgb = screen
    return rgb[(y * width + x) * 3:(y * width + x) * 3 + 3]


def exact(options, scale=1):
    with Sway("pixman", scale) as sway, Window(sway, BAR_OFF + options) as window:
        window.is_exact("640x480", "1022x602", "800x400")


def clicks_land(options, scale):
    """Through the picture's own surface, below a menu bar."""
    with Sway("pixman", scale) as sway, Pointer(sway) as mouse, Window(sway, options, "400x300") as window:
        window.shows_pattern()
        left, top = window.place()
        for x, y in ((0, 0), (201, 150), (398, 298)):
            window("state")
            window.lines.clear()
            mouse.click(left + x, top + y)
            window.said("button 272 0$")
            place = [line for line in window.lines if line.startswith("abs")][-1].split()[1:]
            # The toolkit's places are of its own pixels.
            tap.same("the place", [int(word) // scale for word in place], [x // scale, y // scale])


def menu_is_above(options):
    with Sway("pixman") as sway, Pointer(sway) as mouse, Window(sway, options) as window:
        window.shows_pattern()
        window("animate 20 64 64")
        mouse.click(20, 10)
        until("the menu covers a part of the picture", True, lambda: window.place() is None)
        mouse.click(SCREEN[0] - 10, SCREEN[1] - 10)
        window("animate 0 1 1")
        window.shows_pattern()


def letter_box(options):
    with Sway("pixman") as sway, Window(sway, BAR_OFF + options) as window:
        window.shows_pattern()
        sway.command("[title=.*] resize set 600 600, move absolute position 0 0")
        window.said("mode 600x600$")
        window.shows_pattern()
        window("mode 600x150")
        until("the picture's place", (0, 225), window.place)
        for y in (0, 224, 375, 599):
            tap.same(f"a pixel of the bar at {y}", pixel(sway.screen(), 300, y), b"\0\0\0")


def cursor_is_drawn(options):
    with Sway("pixman") as sway, Window(sway, BAR_OFF + options) as window:
        window.shows_pattern()
        window("cursor-image 64 -1 -1")
        window("cursor 300 30")
        # Its border is white: x = y, and x = 0.
        for x, y in ((300, 30), (363, 93), (300, 93)):
            until(f"the cursor's border at {x},{y}", b"\xff\xff\xff",
                  lambda x=x, y=y: pixel(sway.screen(), x, y))
        window("cursor 3000 3000")
        window.shows_pattern()


def stopped_compositor_stops_nobody(options, menu=False):
    """Pictures, modes and cursors are the guest's; each answer tells that the main thread goes on."""
    with Sway("pixman") as sway, Pointer(sway) as mouse, Window(sway, options if menu else BAR_OFF + options) as window:
        window.shows_pattern()
        mouse.move(200, 200)
        window("cursor 100 100")
        window("animate 5 640 480")
        time.sleep(1)
        if menu:
            mouse.click(20, 10)
            time.sleep(1)
        with sway.stopped():
            end = time.monotonic() + STOPPED_S
            count = 0
            while time.monotonic() < end:
                count += 1
                # Each would be sent as the host's pointer: a display that doesn't read takes a few hundred.
                window(f"cursor-image {32 + count % 3} 12 7")
                if count == 50 and not menu:
                    window("mode 800x600")
                    window("animate 5 800 600")
                time.sleep(0.005)
        mouse.move(SCREEN[0] - 1, SCREEN[1] - 1)
        if menu:
            mouse.click(SCREEN[0] - 1, SCREEN[1] - 1)
        window("animate 0 1 1")
        window.shows_pattern()
        if count < 100:
            raise Failure(f"{count} answers in {STOPPED_S} s")


def main():
    tests = [(f"exact{name}", exact, options) for name, options in GL]
    tests += [
        ("exact/twice-as-large/gl", exact, ",gl=on", 2),
        *((f"clicks-land{name}", clicks_land, options, 1) for name, options in GL),
        ("clicks-land/twice-as-large/gl", clicks_land, ",gl=on", 2),
        *((f"a-menu-is-above-the-picture{name}", menu_is_above, options) for name, options in GL[:2]),
        *((f"letter-box{name}", letter_box, options) for name, options in GL[:2]),
        *((f"the-cursor-is-drawn{name}", cursor_is_drawn, options) for name, options in GL[:2]),
        *((f"a-stopped-compositor-stops-nobody{name}", stopped_compositor_stops_nobody, options)
          for name, options in GL),
        ("a-stopped-compositor-stops-nobody/with-a-menu", stopped_compositor_stops_nobody, ",gl=on", True),
    ]
    words = sys.argv[1:]
    tap.run([(f"/gtk-wayland/{name}", functools.partial(function, *arguments))
             for name, function, *arguments in tests
             if not words or any(word in name for word in words)])


if __name__ == "__main__":
    main()

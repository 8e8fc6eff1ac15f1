#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The screen of a guest's unmodified i915: what display.py can't ask of a simpler display.

skl.py KIND [GROUP]: skl (a vGPU of our module) or skl-display; groups: patterns, cursor, resize.
SKL_FULL=1 in the environment: everything, not only a part.
"""

import functools
import os
import re
import sys
import time

import display
import tap
from host import check_guest
from machine import DESKTOP_DISK, Failure, Machine, gpu_device, read_ppm
from viewer import RawClient, TigerVnc, XServer, agree, crc, until

FULL = bool(os.environ.get("SKL_FULL"))
WIDTH, HEIGHT = 1920, 1080

# (what it is called, options of kmspattern, is it a part of the short form)
PATTERNS = [
    ("linear", "", True),
    ("x-tiled", "--modifier x", True),
    ("y-tiled", "--modifier y", True),
    ("yf-tiled", "--modifier yf", False),
    ("565", "--format RG16", True),
    ("565-x-tiled", "--format RG16 --modifier x", False),
    ("565-y-tiled", "--format RG16 --modifier y", False),
    ("2101010", "--format XR30", True),
    ("2101010-bgr-y-tiled", "--format XB30 --modifier y", False),
    ("bgr", "--format XB24", False),
    ("alpha", "--format AR24", False),
    ("bgr-alpha-x-tiled", "--format AB24 --modifier x", False),
    ("panned", "--pan 64,100", True),
    ("panned-within-a-page", "--pan 3,5", False),
    ("panned-x-tiled", "--pan 77,51 --modifier x", True),
    ("panned-y-tiled", "--pan 33,45 --modifier y", False),
    ("panned-565", "--pan 33,45 --format RG16", False),
    ("rotated-180", "--rotate 180", False),
    ("rotated-180-x-tiled", "--rotate 180 --modifier x", False),
    ("rotated-90-y-tiled", "--rotate 90 --modifier y", False),
    ("rotated-270-yf-tiled", "--rotate 270 --modifier yf", False),
    ("flips-y-tiled", "--modifier y --flips 3", False),
    ("squares-x-tiled", "--modifier x --squares 10 --pause-ms 100", False),
    ("4096x2160", "--mode 4096x2160", True),
    ("4096x2160-x-tiled", "--mode 4096x2160 --modifier x", False),
    ("4096x2160-y-tiled", "--mode 4096x2160 --modifier y", False),
]


def pattern_is_shown(bench, viewer, options):
    mode = "" if "--mode" in options else f"--mode {WIDTH}x{HEIGHT} "
    with bench.pattern(mode + options) as wanted:
        until("the screendump", wanted, bench.dump)
        until("the viewer's picture", wanted, lambda: crc(viewer().picture()))
        print(f"# {wanted} {bench.vm.qmp('query-display-state')[0]['plane']}")


def patterns(kind, stack):
    # The largest mode is there if the monitor is that large.
    bench = display.Bench(kind, stack, screen=(4200, 2400), mode=(4096, 2160))
    found = []

    def viewer():
        """One for all of them: it follows each mode."""
        if not found:
            found.append(stack.enter_context(TigerVnc(bench.x, "127.0.0.1::5907")))
        return found[0]

    tests = [(name, functools.partial(pattern_is_shown, bench, viewer, options))
             for name, options, short in PATTERNS if short or FULL]
    return tests + [("the-guest-is-content", functools.partial(check_guest, bench.vm))]


def cursor_state(vm):
    state = vm.qmp("query-display-state")[0].get("cursor", {})
    return {name: state.get(name) for name in ("x", "y", "width", "height", "visible")}


def dump_with_cursor(vm):
    vm.qmp("screendump", **{"filename": f"{vm.dir}/cursor.ppm", "x-cursor": True})
    return crc(read_ppm(f"{vm.dir}/cursor.ppm"))


def cursor_is_shown(bench, width, height):
    vm = bench.vm
    vm.send(f"kmscursor --mode {WIDTH}x{HEIGHT}")
    plain = vm.wait_serial(r"^frame 0 (.*)$").group(1)
    try:
        vm.send(f"size {width}x{height}")
        vm.wait_serial(rf"^size {width}x{height}$")
        places = [(300, 200), (-20, -20), (WIDTH - 1, HEIGHT - 1)]
        if FULL:
            places += [(0, 0), (1 - width, 500), (777, 1 - height), (WIDTH - width, HEIGHT - height),
                       (WIDTH - 20, -20), (-20, HEIGHT - 20), (-width, 0), (WIDTH, 0)]
        for x, y in places:
            vm.send(f"{x} {y}")
            wanted = vm.wait_serial(rf"^at {x},{y} (.*)$").group(1)
            if -width < x < WIDTH and -height < y < HEIGHT:
                until(f"the cursor at {x},{y}",
                      {"x": x, "y": y, "width": width, "height": height, "visible": True},
                      lambda: cursor_state(vm))
            until(f"the screen with a cursor at {x},{y}", wanted, lambda: dump_with_cursor(vm))
            until("the screen without it", plain, bench.dump)
        vm.send("off")
        vm.wait_serial("^off$")
        until("the cursor is gone", False, lambda: cursor_state(vm)["visible"])
        until("the screen", plain, lambda: dump_with_cursor(vm))
    finally:
        vm.send("end")


def moves_cost_nothing(bench):
    """A viewer with a cursor of its own is told its picture, and nothing of where the guest moves it."""
    vm = bench.vm
    vm.send(f"kmscursor --mode {WIDTH}x{HEIGHT}")
    vm.wait_serial(r"^frame 0 (.*)$")
    try:
        vm.send("size 64x64")
        vm.wait_serial("^size 64x64$")
        with RawClient(5907, cursor=True) as client:
            until("the cursor", True, lambda: bool(client.next() and client.cursors))
            tap.same("its size", client.cursors[-1][:2], (64, 64))
            client.ask()
            client.bytes_within(2)
            frames = vm.qmp("query-display-state")[0]["source"]["frames"]
            vm.send("walk 1000")
            vm.wait_serial("^walked 1000$", 120)
            tap.same("bytes", client.bytes_within(2), 0)
            tap.same("frames", vm.qmp("query-display-state")[0]["source"]["frames"], frames)
        vm.send("off")
        vm.wait_serial("^off$")
    finally:
        vm.send("end")


def cursor(kind, stack):
    bench = display.Bench(kind, stack, mode=(WIDTH, HEIGHT))
    # Somebody looks, as in life: without a viewer nobody asks for the cursor.
    stack.enter_context(TigerVnc(bench.x, "127.0.0.1::5907"))
    sizes = [(64, 64), (128, 128), (256, 256), (128, 48)] if FULL else [(64, 64), (256, 48)]
    tests = [(f"{width}x{height}", functools.partial(cursor_is_shown, bench, width, height))
             for width, height in sizes]
    return tests + [("1000-moves-cost-nothing", functools.partial(moves_cost_nothing, bench)),
                    ("the-guest-is-content", functools.partial(check_guest, bench.vm))]


class Desktop:
    """A guest with weston, and a viewer whose window sizes become modes."""

    def __init__(self, kind, stack):
        self.x = stack.enter_context(XServer(2200, 1400))
        self.vm = stack.enter_context(Machine(
            "-device", f"{gpu_device(kind, stack)},xres=1280,yres=800",
            "-device", "virtio-keyboard-pci", "-device", "virtio-tablet-pci",
            *DESKTOP_DISK, "-vnc", "127.0.0.1:8",
            append="root=/dev/vda", memory="768M", smp=2))
        self.vm.wait_serial("^desktop: ready", 240)
        time.sleep(3)
        self.vm.run("udevadm monitor --kernel --subsystem-match=drm >/tmp/uevents & sleep 1")
        self.viewer = stack.enter_context(TigerVnc(self.x, "127.0.0.1::5908", "-RemoteResize=1"))
        time.sleep(3)

    def size(self):
        """What the guest shows, by the VMM."""
        plane = self.vm.qmp("query-display-state")[0].get("plane", {})
        return plane.get("width"), plane.get("height")

    def hotplugs(self):
        """How many events of its monitor the guest has had: two for each time the link went."""
        return len(re.findall("^KERNEL.*change", self.vm.run("cat /tmp/uevents"), re.M))

    def picture_agrees(self):
        agree("the viewer", self.vm.screen, lambda: crc(self.viewer.picture()))


def follows(desktop, width, height):
    before = desktop.hotplugs()
    desktop.viewer.resize(width, height)
    start = time.monotonic()
    until("the guest's mode", (width, height), desktop.size, 40)
    took = time.monotonic() - start
    desktop.picture_agrees()
    print(f"# {width}x{height} after {took:.2f} s, {desktop.hotplugs() - before} events of the monitor")
    return took


def one_resize(desktop):
    sizes = [(1024, 768), (1600, 900)] + ([(1111, 777), (800, 600), (1920, 1080)] if FULL else [])
    took = [follows(desktop, *size) for size in sizes]
    # Two seconds on a machine that does nothing else; more where it has to share.
    if FULL and max(took) > 2:
        raise Failure(f"the guest followed after {max(took):.2f} s")


def many_resizes(desktop):
    """As somebody who pulls at the window: the guest needn't see what is over at once."""
    count, seconds = 200, 10
    sizes = [(900 + i * 3, 700 + i * 2) for i in range(count)]
    width, height = sizes[-1]
    before = desktop.hotplugs()
    start = time.monotonic()
    desktop.viewer.resize_often(sizes, seconds / count)
    took = time.monotonic() - start
    until("the guest's mode", (width, height), desktop.size, 40)
    time.sleep(2)
    desktop.picture_agrees()
    events = desktop.hotplugs() - before
    print(f"# {count} resizes in {took:.1f} s, {events} events of the monitor, the last size after "
          f"{time.monotonic() - start - took:.1f} s")
    # One size settled, and maybe one before that while the viewer had to wait for a processor.
    if events > 4:
        raise Failure(f"{events} events of the monitor for one size that settled")


def resize(kind, stack):
    desktop = Desktop(kind, stack)
    return [("the-guest-follows", functools.partial(one_resize, desktop)),
            ("200-in-10-s", functools.partial(many_resizes, desktop)),
            ("the-guest-is-content", functools.partial(check_guest, desktop.vm))]


GROUPS = {"patterns": patterns, "cursor": cursor, "resize": resize}


def tests_of(kind, groups):
    for name in groups:
        yield from tap.group(f"/{kind}/{name}", functools.partial(GROUPS[name], kind), lambda tests: tests)


if __name__ == "__main__":
    tap.run(tests_of(sys.argv[1], sys.argv[2:] or GROUPS))

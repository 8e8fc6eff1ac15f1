#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""A guest that flips at every vblank, with the number of the frame in every pixel (kmsflip): what it gets
told, and what a viewer sees.

skl-flip.py KIND: skl or skl-display. SKL_SECONDS in the environment: how long (default 10).
"""

import contextlib
import functools
import os
import sys
import threading
import time

import tap
from host import check_guest
from machine import Failure, Machine, gpu_device, gpu_initrd
from viewer import RawClient

SECONDS = int(os.environ.get("SKL_SECONDS", "10"))
WIDTH, HEIGHT = 1920, 1080
# As kmsflip has them.
COLUMNS, ROWS, SCRAMBLE = 16, 9, 0x9E3779
UNSCRAMBLE = pow(SCRAMBLE, -1, 1 << 24)


def block_number(pixel):
    """(frame, block) of a pixel's bytes B, G, R."""
    value = int.from_bytes(pixel[:3], "little") * UNSCRAMBLE & 0xFFFFFF
    return value >> 8, value & 0xFF


def whole_picture(frame, rest):
    """What kmsflip draws, in the format of RawClient; rest: the fourth byte."""
    rows = []
    for row in range(ROWS):
        line = b""
        for column in range(COLUMNS):
            colour = ((frame & 0xFFFF) << 8 | row * COLUMNS + column) * SCRAMBLE & 0xFFFFFF
            line += (colour.to_bytes(3, "little") + rest) * (
                (column + 1) * WIDTH // COLUMNS - column * WIDTH // COLUMNS)
        rows.append(line * ((row + 1) * HEIGHT // ROWS - row * HEIGHT // ROWS))
    return b"".join(rows)


def frames_in(picture):
    """The numbers that the blocks' corners tell, in order of their rows."""
    seen = []
    for row in range(ROWS):
        for column in range(COLUMNS):
            for y in (row * HEIGHT // ROWS, (row + 1) * HEIGHT // ROWS - 1):
                at = (y * WIDTH + column * WIDTH // COLUMNS) * 4
                frame, block = block_number(picture[at:at + 4])
                seen.append(frame if block == row * COLUMNS + column else None)
    return seen


class Watcher(threading.Thread):
    """A viewer that looks at each picture it is sent."""

    def __init__(self, port):
        super().__init__(daemon=True)
        self.client = RawClient(port)
        self.frames = []  # of each picture
        self.mixed = []
        self.backwards = 0
        self.error = None
        self.over = False
        self.pictures = 0

    def run(self):
        try:
            while not self.over:
                self._look(self.client.next())
        except (OSError, Failure) as error:
            self.error = None if self.over else error

    def _look(self, picture):
        frame, block = block_number(picture)
        if (self.client.width, self.client.height) != (WIDTH, HEIGHT) or block:
            return  # what was there before
        self.pictures += 1
        if picture != whole_picture(frame, picture[3:4]):
            self.mixed.append(sorted(set(map(str, frames_in(picture)))))
        elif self.frames and frame < self.frames[-1]:
            self.backwards += 1
        self.frames.append(frame)


class Run:
    """One run of the flipper, which all tests look at."""

    def __init__(self, kind, stack):
        self.kind = kind
        latch = ",x-tear=latch" if kind == "skl" else ""
        self.vm = stack.enter_context(Machine(
            "-device", f"{gpu_device(kind, stack)},xres={WIDTH},yres={HEIGHT}{latch}",
            "-vnc", "127.0.0.1:10", initrd=gpu_initrd(kind)))
        self.vm.wait_serial("^guest: ready", 120)
        self.watcher = Watcher(5910)
        self.watcher.start()
        self.vm.send(f"kmsflip --mode {WIDTH}x{HEIGHT} --seconds {SECONDS} & flipper=$!")
        self.rate = int(self.vm.wait_serial(r"^start \S+ rate (\d+)$", 60).group(1)) / 1000
        before = self.source()
        start = time.monotonic()
        line = self.vm.wait_serial(r"^flips (\d+) events (\d+) seconds (\S+) draw-ms (\S+) first (\d+) (\d+) "
                                   r"last (\d+) (\d+) missed (-?\d+) backwards (\d+)$", SECONDS + 60)
        self.host_s = time.monotonic() - start
        self.vm.wait_serial("^holds")
        time.sleep(1)
        after = self.source()
        self.watcher.over = True
        (self.flips, self.events, self.seconds, draw_ms, self.first, self.first_us, self.last, self.last_us,
         self.missed, self.backwards) = map(float, line.groups())
        self.told = {name: after[name] - before[name] for name in after}
        print(f"# {line.group(0)}\n# drawing took {draw_ms} ms a frame; {self.host_s:.1f} s for the host; the "
              f"VMM's source meanwhile: {self.told}", flush=True)

    def source(self):
        source = self.vm.qmp("query-display-state")[0]["source"]
        return {name: value for name, value in source.items() if isinstance(value, (int, float))}


def one_event_a_flip(run):
    tap.same("events", run.events, run.flips)
    tap.same("events that went backwards", run.backwards, 0)
    if run.flips < 2:
        raise Failure("the guest didn't flip")
    print(f"# {run.flips / run.seconds:.1f} flips/s of {run.rate:.3f}, {run.missed:.0f} vblanks without")


def blanks_are_rate_times_time(run):
    blanks, seconds = run.last - run.first, (run.last_us - run.first_us) / 1e6
    wanted = run.rate * seconds
    print(f"# {blanks:.0f} vblanks in {seconds:.3f} s, wanted {wanted:.2f} ({(blanks / wanted - 1) * 100:+.4f} %)")
    if abs(blanks / wanted - 1) > 0.001:
        raise Failure(f"{blanks:.0f} vblanks, {wanted:.1f} by the mode's rate")


def device_counts_each_flip(run):
    if "flips" not in run.told:
        raise tap.Skip("this display doesn't count flips")
    tap.same("flips by the device", run.told["flips"], run.flips)


def viewer_sees_whole_frames(run):
    watcher = run.watcher
    if watcher.error:
        raise watcher.error
    print(f"# {watcher.pictures} pictures, {len(set(watcher.frames))} frames, {len(watcher.mixed)} mixed, "
          f"{watcher.backwards} backwards; {watcher.mixed[:5]}")
    if watcher.pictures < SECONDS / 2:
        raise Failure(f"only {watcher.pictures} pictures")
    tap.same("pictures older than the one before", watcher.backwards, 0)
    if run.kind == "skl" or not watcher.mixed:
        tap.same("mixed pictures", len(watcher.mixed), 0)
    else:
        print("# without x-tear=latch that may be")


def last_frame_stays(run):
    """What holds still at last is what the guest drew last, for a viewer and in a screendump."""
    wanted = int(run.flips) & 0xFFFF
    _, _, rgb = run.vm.screendump(f"{run.vm.dir}/last.ppm")
    tap.same("the screendump's frame", block_number(rgb[2::-1])[0], wanted)
    tap.same("the viewer's frame", run.watcher.frames[-1], wanted)


def guest_is_content(run):
    run.vm.run("kill $flipper; wait $flipper 2>/dev/null; true")
    check_guest(run.vm)


def main():
    kind = sys.argv[1]
    with contextlib.ExitStack() as stack:
        try:
            run = Run(kind, stack)
        except Failure as failure:
            print(f"not ok 1 /{kind}/flip - {failure}\n1..1")
            return 1
        tap.run([(f"/{kind}/flip/{name}", functools.partial(function, run)) for name, function in [
            ("one-event-a-flip", one_event_a_flip),
            ("vblanks-are-rate-times-time", blanks_are_rate_times_time),
            ("device-counts-each-flip", device_counts_each_flip),
            ("viewer-sees-whole-frames", viewer_sees_whole_frames),
            ("last-frame-stays", last_frame_stays),
            ("the-guest-is-content", guest_is_content),
        ]])
    return 0


if __name__ == "__main__":
    sys.exit(main())

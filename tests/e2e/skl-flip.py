#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""A guest that flips at every vblank, with the number of the frame in every pixel (kmsflip): what it gets
told, and what a viewer sees.

skl-flip.py KIND [TEAR]: skl or skl-display; of skl, x-tear is TEAR (default latch).
SKL_SECONDS in the environment: how long (default 10).
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
        # A black pixel is one of frame 0, or of the console that was there before.
        if (self.client.width, self.client.height) != (WIDTH, HEIGHT) or block or not frame:
            return
        self.pictures += 1
        if picture != whole_picture(frame, picture[3:4]):
            self.mixed.append(sorted(set(map(str, frames_in(picture)))))
        elif self.frames and frame < self.frames[-1]:
            self.backwards += 1
        self.frames.append(frame)


class Guest:
    def __init__(self, kind, tear, stack):
        self.kind = kind
        self.tear = tear
        option = f",x-tear={tear}" if tear else ""
        self.vm = stack.enter_context(Machine(
            "-device", f"{gpu_device(kind, stack)},xres={WIDTH},yres={HEIGHT}{option}",
            "-vnc", "127.0.0.1:10", initrd=gpu_initrd(kind), smp=2))
        self.vm.wait_serial("^guest: ready", 300)

    def source(self):
        state = self.vm.qmp("query-display-state")[0]
        source = state["source"]
        self.stages = state.get("stages-ms")
        if self.tear:
            tap.same("x-tear of query-display-state", source["tear"], self.tear)
        return {name: value for name, value in source.items() if isinstance(value, (int, float))}


class Run:
    """One run of the flipper, whose figures the tests look at."""

    def __init__(self, guest, watcher=None):
        self.tear = guest.tear
        self.watcher = watcher
        guest.vm.send(f"kmsflip --mode {WIDTH}x{HEIGHT} --seconds {SECONDS} & flipper=$!")
        self.rate = int(guest.vm.wait_serial(r"^start \S+ rate (\d+)$", 60).group(1)) / 1000
        before = guest.source()
        if watcher:
            watcher.start()
        start = time.monotonic()
        line = guest.vm.wait_serial(r"^flips (\d+) events (\d+) seconds (\S+) draw-ms (\S+) first (\d+) (\d+) "
                                    r"last (\d+) (\d+) missed (-?\d+) backwards (\d+)$", SECONDS + 60)
        host_s = time.monotonic() - start - 1
        guest.vm.wait_serial("^holds")
        time.sleep(2)
        after = guest.source()
        self.stages = guest.stages
        if watcher:
            watcher.over = True
            # What stays at last, for a screendump too.
            self.last_dumped = guest.vm.screendump(f"{guest.vm.dir}/last.ppm")[2]
        guest.vm.run("kill $flipper; wait $flipper 2>/dev/null; true")
        (self.flips, self.events, self.seconds, _, self.first, self.first_us, self.last, self.last_us,
         self.missed, self.backwards) = map(float, line.groups())
        self.told = {name: after[name] - before[name] for name in after}
        print(f"# {line.group(0)}\n# {host_s:.1f} s for the host; the VMM's source meanwhile: {self.told}", flush=True)


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
    # 0.1 %, but not less than three blanks. The guest reads count and time one after the other, thrice at
    # most; where its CPU is stopped meanwhile for longer than a frame, the two differ by some.
    if abs(blanks - wanted) > max(wanted * 0.001, 3):
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
    if run.tear in ("latch", "copy", "wait"):
        tap.same("mixed pictures", len(watcher.mixed), 0)
    else:
        print("# without x-tear=latch, copy or wait that may be")


def copies_are_whole(run):
    """What a snapshot costs, and that no read of one is ever of two pictures."""
    copies, tries = run.told["copies"], run.told["copy-tries"]
    print(f"# {copies} copies of {tries} begun, {run.flips:.0f} flips; medians in ms: "
          f"{run.stages['map']:.1f} a copy, {run.stages['query']:.1f} until it is there, "
          f"{run.stages['copy']:.1f} to read it")
    if not copies:
        raise Failure("no snapshot was made")
    tap.same("mixed reads", run.told["mixed-reads"], 0)


def flips_wait_for_readers(run):
    """What reading costs the guest: its frames, and the vblanks with them, are longer by that."""
    told = run.told
    print(f"# {told['waits']} of {run.flips:.0f} flips waited, {told['wait-ms']:.0f} ms all together, "
          f"{told['wait-timeouts']} in vain; {run.flips / run.seconds:.1f} flips/s of {run.rate:.3f}; "
          f"{run.stages['copy']:.1f} ms a read, {told['mixed-reads']} of them mixed")
    if not told["waits"]:
        raise Failure("no flip waited")
    # Each for 50 ms at most, and what the guest calls a vblank's time is as long as it was.
    if told["wait-ms"] > 50 * told["waits"]:
        raise Failure(f"{told['wait-ms']} ms for {told['waits']} flips")
    blanks, seconds = run.last - run.first, (run.last_us - run.first_us) / 1e6
    wanted = run.rate * (seconds - told["wait-ms"] / 1e3)
    print(f"# {blanks:.0f} vblanks in {seconds:.3f} s, {wanted:.1f} by the mode's rate and what was waited")
    if abs(blanks - wanted) > max(wanted * 0.01, 3):
        raise Failure(f"{blanks:.0f} vblanks, {wanted:.1f} wanted")


def last_frame_stays(run):
    """What holds still at last is what the guest drew last, for a viewer and in a screendump."""
    wanted = int(run.flips) & 0xFFFF
    tap.same("the screendump's frame", block_number(run.last_dumped[2::-1])[0], wanted)
    tap.same("the viewer's frame", run.watcher.frames[-1], wanted)


RUN_TESTS = [("one-event-a-flip", one_event_a_flip),
             ("vblanks-are-rate-times-time", blanks_are_rate_times_time),
             ("device-counts-each-flip", device_counts_each_flip)]
WATCHED_TESTS = [("viewer-sees-whole-frames", viewer_sees_whole_frames),
                 ("last-frame-stays", last_frame_stays)]


def tests_of(kind, tear):
    """The tests, with the runs made when they are due."""
    # A vGPU's own counts are the same whoever looks, and how.
    own = {"copy": [("copies-are-whole", copies_are_whole)],
           "wait": [("flips-wait-for-readers", flips_wait_for_readers)]}.get(tear, [])
    # A vblank that waits is late: flips_wait_for_readers() knows by how much.
    counts = [test for test in RUN_TESTS if tear != "wait" or test[1] != blanks_are_rate_times_time]
    whole = (("alone", RUN_TESTS), ("watched", counts + WATCHED_TESTS + own))
    name_of = f"{kind}/flip" + (f"/{tear}" if tear not in (None, "latch") else "")
    with contextlib.ExitStack() as stack:
        runs = {}

        def begin(name, watch):
            if "guest" not in runs:
                runs["guest"] = Guest(kind, tear, stack)
            runs[name] = Run(runs["guest"], Watcher(5910) if watch else None)

        def test(name, function):
            if name not in runs:
                raise Failure("the run failed")
            function(runs[name])

        for name, tests in whole if tear in (None, "latch") else whole[1:]:
            yield f"/{name_of}/{name}/runs", functools.partial(begin, name, name == "watched")
            for what, function in tests:
                yield f"/{name_of}/{name}/{what}", functools.partial(test, name, function)
        if "guest" in runs:
            yield f"/{name_of}/the-guest-is-content", functools.partial(check_guest, runs["guest"].vm)


if __name__ == "__main__":
    chosen = sys.argv[2] if len(sys.argv) > 2 else "latch" if sys.argv[1] == "skl" else None
    tap.run(tests_of(sys.argv[1], chosen))

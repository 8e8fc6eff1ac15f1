#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The guest's screen, seen and driven with the viewers that people use.

display.py KIND: emulated or skl-display, or bochs, region or skl for a vGPU of our module.
"""

import contextlib
import functools
import re
import sys

import tap
from machine import DESKTOP_DISK, Failure, Machine, gpu_device, gpu_initrd
from viewer import TigerVnc, XServer, crc, gvnccapture, until

WIDTH, HEIGHT = 1024, 768
DESKTOP = {"append": "root=/dev/vda", "memory": "512M"}


@contextlib.contextmanager
def pattern(vm, arguments="", end_limit_s=60):
    """Runs kmspattern in the guest while the block lasts; gives its last "WxH crc ..."."""
    vm.send(f"kmspattern {arguments} & pattern=$!")
    frames = []
    while True:
        # The shell's prompt may come between the echo and what the program says.
        match = vm.wait_serial(r"(?:frame \d+ (\S+ crc \S+)|^(holds|off)|^kmspattern: (.*))$", 120)
        if match.group(3):
            raise Failure(f"kmspattern: {match.group(3)}")
        if match.group(2) == "holds":
            break
        frames.append(match.group(1) or "off")
    try:
        yield frames[-1]
    finally:
        vm.run("kill $pattern; wait $pattern 2>/dev/null; true", end_limit_s)


class Bench:
    """One guest and one X server that all tests here share."""

    def __init__(self, kind, stack, screen=(2048, 1280), mode=(WIDTH, HEIGHT), args=(), desktop=False):
        """args: more of the VMM's; desktop: the guest begins with weston instead of a console."""
        self.kind = kind
        self.x = stack.enter_context(XServer(*screen))
        self.vm = stack.enter_context(Machine(
            "-device", f"{gpu_device(kind, stack)},xres={mode[0]},yres={mode[1]}",
            "-device", "virtio-keyboard-pci", "-device", "virtio-tablet-pci", "-vnc", "127.0.0.1:7,share=ignore",
            *args, *(DESKTOP_DISK if desktop else ()), initrd=gpu_initrd(kind),
            **(DESKTOP if desktop else {})))
        self.vm.wait_serial("^desktop: ready" if desktop else "^guest: ready", 300)

    def pattern(self, arguments=""):
        return pattern(self.vm, arguments)

    def dump(self):
        return crc(self.vm.screendump(f"{self.vm.dir}/dump.ppm"))


def edid_is_read(bench):
    modes = bench.vm.run("kmspattern --modes").split("\n")
    tap.same("the preferred mode", [mode.split("@")[0] for mode in modes if "preferred" in mode],
             [f"mode {WIDTH}x{HEIGHT}"])


def pattern_in_screendump(bench):
    with bench.pattern() as wanted:
        until("the screendump", wanted, bench.dump)


def flips_in_screendump(bench):
    with bench.pattern("--flips 7") as wanted:
        until("the screendump", wanted, bench.dump)


def pattern_in_gvnccapture(bench):
    with bench.pattern("--flips 2") as wanted:
        until("gvnccapture's picture", wanted, lambda: crc(gvnccapture(bench.x, 7)))


def pattern_in_tigervnc(bench, encoding):
    with TigerVnc(bench.x, "127.0.0.1::5907", f"-PreferredEncoding={encoding}") as viewer:
        with bench.pattern("--flips 3") as wanted:
            until("the viewer's picture", wanted, lambda: crc(viewer.picture()))


def squares_in_tigervnc(bench):
    """Changes in place: the guest never flips."""
    with TigerVnc(bench.x, "127.0.0.1::5907") as viewer:
        with bench.pattern("--squares 10 --pause-ms 100") as wanted:
            until("the viewer's picture", wanted, lambda: crc(viewer.picture()))


def other_modes_in_tigervnc(bench):
    modes = re.findall(r"mode (\d+x\d+)@", bench.vm.run("kmspattern --modes"))
    wanted_modes = [mode for mode in dict.fromkeys(modes) if mode != f"{WIDTH}x{HEIGHT}"][:2]
    tap.same("other modes", len(wanted_modes), 2)
    with TigerVnc(bench.x, "127.0.0.1::5907") as viewer:
        for mode in (*wanted_modes, f"{WIDTH}x{HEIGHT}"):
            with bench.pattern(f"--mode {mode}") as wanted:
                until("the viewer's picture", wanted, lambda: crc(viewer.picture()))


def console_in_tigervnc(bench):
    """The guest's text console, drawn in place by fbcon."""
    with TigerVnc(bench.x, "127.0.0.1::5907") as viewer:
        # The cursor blinks; without it the console stands still.
        bench.vm.run("printf '\\033[?25l\\033[2J\\033[Hthe quick brown fox\\n' >/dev/tty0; sleep 1")
        until("the viewer's picture", bench.vm.screen(), lambda: crc(viewer.picture()))


def typing_reaches_the_guest(bench):
    with TigerVnc(bench.x, "127.0.0.1::5907") as viewer:
        bench.vm.send("evlog & log=$!")
        bench.vm.wait_serial(r"^devices: \d+")
        viewer.type("aZ1")
        viewer.key("Escape", "Right", "KP_Add")
        # Linux codes: a, left or right shift with z, 1, escape, right, keypad plus.
        for code in (30, 44, 2, 1, 106, 78):
            bench.vm.wait_serial(rf"key {code} 1$")
            bench.vm.wait_serial(rf"key {code} 0$")
        bench.vm.run("kill $log")


def clicking_reaches_the_guest(bench):
    with TigerVnc(bench.x, "127.0.0.1::5907") as viewer:
        bench.vm.send("evlog & log=$!")
        bench.vm.wait_serial(r"^devices: \d+")
        viewer.click(WIDTH // 2, HEIGHT // 4)
        events = bench.vm.wait_serial(r"((?:.*\n)*?.*key 272 1\n(?:.*\n)*?.*key 272 0)$").group(1)
        bench.vm.run("kill $log")
        # The axes go from 0 to 32767; the last value before the button counts.
        before = events.split(" key 272 1")[0]
        x, y = (int(re.findall(rf" abs {axis} (\d+)", before)[-1]) for axis in (0, 1))
        for name, got, wanted, size in (("x", x, 0.5, WIDTH), ("y", y, 0.25, HEIGHT)):
            if abs(got / 32767 - wanted) > 1.5 / size:
                raise Failure(f"pointer's {name}: got {got}, wanted about {wanted * 32767:.0f}")


def screen_off_is_shown(bench):
    # Without a viewer nobody looks at the guest and nobody would know.
    with TigerVnc(bench.x, "127.0.0.1::5907") as viewer:
        with bench.pattern("--off"):
            until("the reason", "plane-off",
                  lambda: bench.vm.qmp("query-display-state")[0].get("blank", {}).get("reason"))
        with bench.pattern() as wanted:
            until("the viewer's picture", wanted, lambda: crc(viewer.picture()))


def resize_becomes_the_next_edid(bench):
    with TigerVnc(bench.x, "127.0.0.1::5907", "-RemoteResize=1") as viewer:
        viewer.resize(1152, 864)
        bench.vm.run("sleep 3; cd /sys/bus/pci/drivers/bochs-drm; gpu=$(echo 0000:*); echo $gpu >unbind; "
                     "sleep 1; echo $gpu >bind; cd /; sleep 1")
        modes = bench.vm.run("kmspattern --modes")
        if "mode 1152x864" not in modes or "preferred" not in modes.split("mode 1152x864")[1][:20]:
            raise Failure(f"1152x864 isn't the preferred mode: {modes}")
        with bench.pattern() as wanted:
            tap.same("the mode", wanted.split()[0], "1152x864")
            until("the viewer's picture", wanted, lambda: crc(viewer.picture()))


def stopped_viewer_disturbs_nobody(bench):
    with TigerVnc(bench.x, "127.0.0.1::5907") as stopped:
        stopped.process.send_signal(19)
        with bench.pattern("--flips 10 --pause-ms 50") as wanted:
            until("gvnccapture's picture", wanted, lambda: crc(gvnccapture(bench.x, 7)))
        stopped.process.send_signal(18)


def main():
    kind = sys.argv[1]
    with contextlib.ExitStack() as stack:
        try:
            bench = Bench(kind, stack)
        except Failure as failure:
            print(f"not ok 1 /{kind}/guest-boots - {failure}\n1..1")
            return 1
        encodings = [(f"flips/tigervnc-{encoding.lower()}",
                      functools.partial(pattern_in_tigervnc, encoding=encoding))
                     for encoding in ("Tight", "Raw", "Hextile", "ZRLE")]
        tests = [
            ("edid-is-read", edid_is_read),
            ("pattern/screendump", pattern_in_screendump),
            ("flips/screendump", flips_in_screendump),
            ("flips/gvnccapture", pattern_in_gvnccapture),
            encodings[0],
            ("squares/tigervnc", squares_in_tigervnc),
            ("screen-off-is-shown", screen_off_is_shown),
        ]
        if kind == "bochs":
            # What is the same code for all kinds is seen once.
            tests += [
                *encodings[1:],
                ("console/tigervnc", console_in_tigervnc),
                ("modes/tigervnc", other_modes_in_tigervnc),
                ("typing-reaches-the-guest", typing_reaches_the_guest),
                ("clicking-reaches-the-guest", clicking_reaches_the_guest),
                ("a-stopped-viewer-disturbs-nobody", stopped_viewer_disturbs_nobody),
                ("a-resize-becomes-the-next-edid", resize_becomes_the_next_edid),
            ]
        tap.run([(f"/{kind}/{name}", functools.partial(function, bench))
                 for name, function in tests])
    return 0


if __name__ == "__main__":
    sys.exit(main())

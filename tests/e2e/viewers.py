#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Every viewer at the same guest at the same time: all show what the guest draws, none holds up another, and
none leaves anything behind.

viewers.py KIND [HOST...]: KIND as for display.py; HOST: x11 or wayland, where this host's own window is, x11-desktop or
wayland-desktop, the same with a desktop in the guest.
In the environment: VIEWERS_VISITS, how often each viewer comes and goes (default 1); VIEWERS_STOP=1: each is stopped
in turn, too, which takes a machine with a processor for each viewer.
"""

import functools
import os
import re
import signal
import subprocess
import sys
import tempfile
import time

import display
import egl
import tap
from machine import TOP, VMM, Failure, environment, patient, read_ppm, write_ppm
from viewer import Chromium, TigerVnc, XServer, crc, find, gvnccapture, until, words
from wayland import Sway

os.environ["ORIEL_VMM"] = VMM
sys.path.insert(1, os.path.join(TOP, "tests/qtest"))
from spice_client import Probe, Spicy  # noqa: E402
from spice_client import XServer as SpicyScreen  # noqa: E402

WIDTH, HEIGHT = 1280, 720
SPICE_PORT, WEB_PORT = 5941, 5741
STOP = bool(os.environ.get("VIEWERS_STOP"))
VISITS = int(os.environ.get("VIEWERS_VISITS", "1"))
OUT = os.environ.get("SANDBOX_OUT")


def until_window(spicy, limit_s=240):
    """Its own limit is for a machine that does nothing else."""
    end, _ = patient(limit_s)
    while True:
        try:
            return spicy.window()
        except AssertionError:
            if time.monotonic() > end:
                raise


class Viewer:
    """One of them: its process, and how to see whether it shows a picture."""

    def __init__(self, name, process, screen, shows=None):
        """screen(): what it shows, and maybe something around it, as (width, height, RGB bytes)."""
        self.name, self.process, self.screen = name, process, screen
        if shows:
            self.shows = shows

    def shows(self, picture):
        return find(picture, self.screen()) is not None

    def stop(self, number):
        # A browser is several processes, in a group of its own.
        if os.getpgid(self.process.pid) == self.process.pid:
            os.killpg(self.process.pid, number)
        else:
            self.process.send_signal(number)


def psnr(x, ours, theirs):
    """In dB, by ImageMagick; two equal pictures: infinite."""
    paths = []
    for number, picture in enumerate((ours, theirs)):
        paths.append(f"{tempfile.gettempdir()}/psnr-{number}.ppm")
        write_ppm(paths[-1], picture)
    done = subprocess.run(["compare", "-metric", "PSNR", *paths, "null:"], env=x.environ, capture_output=True,
                          text=True, check=False)
    return float(done.stderr.split()[0])


class On:
    """A guest whose VMM has a window of its own on an X server, and serves VNC and SPICE."""

    def __init__(self, kind, desktop, stack):
        self.stack = stack
        self.own = self.own_screen(stack)
        with environment(self.own_environ()):
            self.bench = display.Bench(kind, stack, mode=(WIDTH, HEIGHT), args=(
                "-display", self.own_display(), "-vnc", f"127.0.0.1:8,websocket={WEB_PORT},share=ignore",
                "-vnc", "127.0.0.1:9,lossy=on", "-spice", self.spice_options()), desktop=desktop)
        self.vm = self.bench.vm
        self.viewers = [Viewer("own window", self.own_process(), self.own_picture)]

    # ---- this host's window ----

    def own_screen(self, stack):
        return stack.enter_context(XServer(1600, 1000))

    def own_environ(self):
        return dict(self.own.environ, NO_AT_BRIDGE="1", GSETTINGS_BACKEND="memory", HOME="/tmp")

    def own_display(self):
        return "gtk,show-menubar=off"

    def own_process(self):
        return self.own.process

    def spice_options(self):
        return f"disable-ticketing,addr=127.0.0.1,port={SPICE_PORT}"

    def path(self, name):
        """Of a picture that is kept for people."""
        return f"{OUT or self.vm.dir}/{name}.ppm"

    def own_picture(self):
        path = self.path("gtk-x11")
        self.own.run("import", "-window", "root", "-depth", "8", path)
        return read_ppm(path)

    # ---- the others ----

    def new_screen(self):
        return self.stack.enter_context(XServer())

    def attach_all(self):
        tiger = self.stack.enter_context(TigerVnc(self.new_screen(), "127.0.0.1::5908"))
        self.viewers.append(Viewer("tigervnc", tiger.process, tiger.picture))
        self.attach_others()

    def attach_others(self):
        browser = self.stack.enter_context(Chromium(self.new_screen(), f"http://127.0.0.1:{WEB_PORT}/"))

        def page():
            screen = browser.screen()
            write_ppm(self.path("novnc"), screen)
            return screen
        self.viewers.append(Viewer("novnc", browser.process, page))
        screen = self.stack.enter_context(SpicyScreen())
        spicy = self.stack.enter_context(Spicy(screen, self.vm.dir, "-h", "127.0.0.1", "-p", str(SPICE_PORT)))
        window = until_window(spicy)
        spicy.xdotool("windowsize", window, "1500", "950")

        def picture():
            path = self.path("spicy")
            screen.run(spicy.home, "import", "-window", "root", "-depth", "8", path)
            return read_ppm(path)
        self.viewers.append(Viewer("spicy", spicy.process, picture))

    # ---- tests ----

    def all_show(self, wanted, but=None, limit_s=240):
        """Every viewer has what the guest says that it drew, byte for byte."""
        until("the screendump", wanted, self.bench.dump)
        picture = self.vm.screendump(f"{self.vm.dir}/dump.ppm")
        for viewer in self.viewers:
            if viewer is not but:
                until(f"{viewer.name} shows {wanted}", True, lambda: viewer.shows(picture), limit_s)  # noqa: B023

    def all_agree(self):
        """Every viewer has what the guest reads back from its screen. The clock may tick meanwhile."""
        before = self.bench.vm.screen()
        picture = self.vm.screendump(f"{self.vm.dir}/dump.ppm")
        return crc(picture) == before and all(viewer.shows(picture) for viewer in self.viewers)

    def flips(self, seconds=5):
        """How many flips a second the guest does for some seconds."""
        self.vm.send(f"kmsflip --mode {WIDTH}x{HEIGHT} --seconds {seconds} & flipper=$!")
        line = self.vm.wait_serial(r"^flips (\d+) events \d+ seconds (\S+)", 180)
        self.vm.wait_serial("^holds", 60)
        self.vm.run("kill $flipper; wait $flipper 2>/dev/null; true")
        return float(line.group(1)) / float(line.group(2))

    def held(self):
        with open(f"/proc/{self.vm.process.pid}/status", encoding="ascii") as file:
            kib = int(re.search(r"RssAnon:\s+(\d+)", file.read()).group(1))
        return len(os.listdir(f"/proc/{self.vm.process.pid}/fd")), kib


class OnX11(On):
    spice_gl = False

    @staticmethod
    def spice_uri():
        return f"spice://127.0.0.1?port={SPICE_PORT}"


class OnWayland(On):
    """The same where this host's viewers take the dma-buf: the window and SPICE's."""

    spice_gl = True
    socket = "/tmp/viewers-spice"

    @classmethod
    def spice_uri(cls):
        return f"spice+unix://{cls.socket}"

    def own_screen(self, stack):
        egl.load_driver()
        return stack.enter_context(Sway())

    def own_environ(self):
        return self.own.environ()

    def own_display(self):
        return "gtk,gl=es,show-menubar=off"

    def own_picture(self):
        screen = self.own.screen()
        write_ppm(self.path("gtk-wayland"), screen)
        return screen

    def spice_options(self):
        return f"disable-ticketing,gl=on,unix,addr={self.socket}"

    def attach_others(self):
        """No browser: a compositor, the window's GL and it are too much for what draws all of it here."""
        probe = self.stack.enter_context(Probe(self.vm.dir, self.spice_uri()))
        self.viewers.append(Viewer("spice-gtk with the dma-buf", probe.process, probe.gl_picture,
                                   lambda picture: probe.gl_picture() == words(crc(picture))))


def all_equal(on):
    on.attach_all()
    for options in ("--flips 2", "--squares 10 --pause-ms 100", "--mode 800x600 --flips 1", ""):
        with on.bench.pattern(options) as wanted:
            on.all_show(wanted)
            until("gvnccapture's picture", wanted, lambda: crc(gvnccapture(on.bench.x, 8)))
        print(f"# {options or 'pattern'}: {', '.join(viewer.name for viewer in on.viewers)} equal {wanted}")


def stopped_ones_stop_nobody(on):
    rates = {"all run": on.flips()}
    for viewer in on.viewers:
        viewer.stop(signal.SIGSTOP)
        try:
            rates[viewer.name] = on.flips()
            with on.bench.pattern("--flips 3") as wanted:
                on.all_show(wanted, but=viewer)
        finally:
            viewer.stop(signal.SIGCONT)
    with on.bench.pattern("--flips 5") as wanted:
        on.all_show(wanted)
    print("# flips a second while stopped: " +
          ", ".join(f"{name} {rate:.1f}" for name, rate in rates.items()))
    # With two emulated processors for all of them, who is stopped leaves its time to the other viewers as well as to
    # the guest: between a third of the rate and all of it was seen. Nothing flips where somebody waits for a viewer.
    if min(rates.values()) < 0.2 * rates["all run"]:
        raise Failure(f"flips a second: {rates}")


def visits_leave_nothing(on):
    def tiger():
        with TigerVnc(on.bench.x, "127.0.0.1::5908") as viewer:
            until("a picture", wanted, lambda: crc(viewer.picture()))

    def capture():
        until("a picture", wanted, lambda: crc(gvnccapture(on.bench.x, 8)))

    def spice():
        with Probe(on.vm.dir, on.spice_uri()) as probe:
            until("a picture", words(wanted), probe.gl_picture if on.spice_gl else probe.picture)

    def vnc_alone():
        return len(on.vm.qmp("query-vnc")["clients"])

    with on.bench.pattern("--flips 1") as wanted:
        for visit in (tiger, capture, spice):
            for _ in range(3):
                visit()
            clients = vnc_alone()
            time.sleep(1)
            fds, kib = on.held()
            for _ in range(VISITS):
                visit()
            until("clients", clients, vnc_alone)
            until("file descriptors", fds, lambda: on.held()[0])
            grown = on.held()[1] - kib
            print(f"# {VISITS} visits of {visit.__name__}: {fds} descriptors before and after, {grown:+d} KiB")
            if grown > 8192:
                raise Failure(f"{grown} KiB more after {VISITS} visits of {visit.__name__}")


def desktop_moves(on):
    """Every viewer shows a desktop on which something moves; what is left when it stops is everywhere the same."""
    on.attach_all()
    lossy = on.stack.enter_context(TigerVnc(on.new_screen(), "127.0.0.1::5909", "-NoJPEG=0", "-QualityLevel=8"))
    until("a still picture everywhere", True, lambda: on.all_agree(), 400)
    # It draws as often as it can. So many viewers at two emulated processors get on when it pauses.
    on.vm.run("cd /run/user/0; XDG_RUNTIME_DIR=$PWD WAYLAND_DISPLAY=$(echo wayland-?) weston-simple-shm & mover=$!; sleep 3; "
              "while kill -STOP $mover && sleep 2 && kill -CONT $mover; do sleep 0.5; done & pauser=$!")
    for viewer in [*on.viewers, Viewer("tigervnc with JPEG", lossy.process, lossy.picture)]:
        for _ in range(3):
            before = viewer.screen()
            until(f"something moves in {viewer.name}", True, lambda: viewer.screen() != before, 120)  # noqa: B023
    on.vm.run("kill $pauser; kill -STOP $mover")
    until("a still picture everywhere", True, lambda: on.all_agree(), 300)
    value = psnr(on.bench.x, on.vm.screendump(on.path("desktop")), lossy.picture())
    print(f"# the same in {', '.join(viewer.name for viewer in on.viewers)}; JPEG {value:.1f} dB")
    if value < 40:
        raise Failure(f"JPEG: {value} dB")


HOSTS = {"x11": (OnX11, False), "wayland": (OnWayland, False),
         "x11-desktop": (OnX11, True), "wayland-desktop": (OnWayland, True)}
# The visits last: SPICE has one viewer at a time, so theirs are the end of the one that was there.
TESTS = [("all-show-the-same", all_equal),
         *([("a-stopped-one-stops-nobody", stopped_ones_stop_nobody)] if STOP else []),
         ("visits-leave-nothing", visits_leave_nothing)]
DESKTOP_TESTS = [("moves-everywhere", desktop_moves)]


def told(test):
    """test, with what the VMM wrote shown when it fails."""
    def run(on):
        try:
            test(on)
        except Exception:
            print(f"# the VMM: {on.vm.messages()!r}")
            raise
    return run


def tests_of(kind, hosts):
    for host in hosts:
        where, desktop = HOSTS[host]
        yield from tap.group(f"/viewers/{kind}/{host}", functools.partial(where, kind, desktop),
                             [(name, told(test)) for name, test in (DESKTOP_TESTS if desktop else TESTS)])


if __name__ == "__main__":
    tap.run(tests_of(sys.argv[1], sys.argv[2:] or HOSTS))

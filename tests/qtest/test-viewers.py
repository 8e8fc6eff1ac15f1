#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""All the viewers that people use, at one machine.

In the environment: VISITS, how often each comes and goes (default 2). From 20 on memory is looked at, too, though
not with sanitizers, which keep what was freed.
"""
import contextlib
import os
import re
import signal
import sys
import time

from harness import TOP, Vm, main, test
from spice_client import Probe, Screen, Spicy, free_port, need, read_ppm, screenshot, until
from spice_client import XServer as SpicyScreen

sys.path.append(os.path.join(TOP, "tests/e2e"))
from viewer import Chromium, TigerVnc, XServer, find, gvnccapture  # noqa: E402

VISITS = int(os.environ.get("VISITS", "2"))
# Those before the count: libraries make what they keep at first use.
WARM_UP = min(VISITS, 10)
# A few visits make what is kept for later ones.
LOOK_AT_MEMORY = VISITS >= 20 and "ASAN_OPTIONS" not in os.environ
LIMIT_S = 60
MAX_GROWTH_KIB = 4096
MAX_POOL = 8


def held(vm):
    """(file descriptors, KiB of memory, threads)"""
    with open("/proc/%d/status" % vm.process.pid) as f:
        status = f.read()
    kib, threads = (int(re.search(r"%s:\s+(\d+)" % name, status).group(1)) for name in ("RssAnon", "Threads"))
    return len(os.listdir("/proc/%d/fd" % vm.process.pid)), kib, threads


class Shown:
    """A machine whose screen is on VNC, on the web and on SPICE, and in what more the arguments say."""

    def __init__(self, tmp, stack, width, height, *args, environ=None):
        need("spicy", "spicy-screenshot", "xtigervncviewer", "gvnccapture", "chromium", "xdotool")
        self.tmp, self.stack = tmp, stack
        self.tcp, self.web = free_port(), free_port()
        self.vm = Vm(tmp, "-m", "64", "-device", "bochs-display",
                     "-vnc", "127.0.0.1:0,to=99,share=ignore,websocket=%d" % self.web,
                     "-spice", "disable-ticketing,addr=127.0.0.1,port=%d" % self.tcp, *args, environ=environ)
        self.display = int(self.vm.qmp("query-vnc")["service"]) - 5900
        self.screen = Screen(self.vm)
        self.screen.mode(width, height)
        self.screen.draw(1)
        self.picture = self.screen.picture()

    def x_server(self):
        return self.stack.enter_context(XServer())

    def tiger(self, x):
        return TigerVnc(x, "127.0.0.1:%d" % self.display)

    def browser(self, x):
        return Chromium(x, "http://127.0.0.1:%d/" % self.web)

    def spicy_screen(self):
        return self.stack.enter_context(SpicyScreen())

    def spicy(self, x):
        return Spicy(x, self.tmp, "-h", "127.0.0.1", "-p", str(self.tcp))

    def spicy_shows(self, x, viewer):
        path = os.path.join(self.tmp, "spicy.ppm")
        x.run(viewer.home, "import", "-window", "root", "-depth", "8", path)
        return find(self.picture, read_ppm(path)) is not None

    def probe(self):
        return Probe(self.tmp, "spice://127.0.0.1?port=%d" % self.tcp)


@test("viewers/visits-leave-nothing")
def _(tmp):
    with contextlib.ExitStack() as stack:
        shown = Shown(tmp, stack, 640, 480)
        vm, x, spicy_x = shown.vm, shown.x_server(), shown.spicy_screen()
        stays = stack.enter_context(shown.tiger(shown.x_server()))

        def tiger():
            with shown.tiger(x) as viewer:
                until("TigerVNC's picture", lambda: viewer.picture() == shown.picture, LIMIT_S)

        def capture():
            assert gvnccapture(x, shown.display) == shown.picture

        def browser():
            with shown.browser(x) as viewer:
                until("noVNC's picture", lambda: viewer.find(shown.picture), LIMIT_S)

        def spicy():
            with shown.spicy(spicy_x) as viewer:
                viewer.window()
                until("spicy's picture", lambda: shown.spicy_shows(spicy_x, viewer), LIMIT_S)

        def spice_screenshot():
            assert screenshot(tmp, "-h", "127.0.0.1", "-p", str(shown.tcp)) == shown.picture

        def probe():
            with shown.probe() as viewer:
                viewer.shows(shown.picture)

        for visit in (tiger, capture, browser, spicy, spice_screenshot, probe):
            for _ in range(WARM_UP):
                visit()
            before = []

            def settled():
                """What is held, with the descriptors twice the same in a row."""
                before.append(held(vm))
                return len(before) > 1 and before[-1][0] == before[-2][0] and before[-1]
            fds, kib, threads = until("nobody comes or goes", settled, LIMIT_S)
            for _ in range(VISITS):
                visit()
            until("%d descriptors after %s" % (fds, visit.__name__), lambda: held(vm)[0] == fds, LIMIT_S)
            # The threads of a pool come and go with the work.
            assert held(vm)[2] <= threads + MAX_POOL, "%d threads, %d before" % (held(vm)[2], threads)
            grown = held(vm)[1] - kib
            print("# %d visits of %s: %d descriptors before and after, %+d threads, %+d KiB" % (
                VISITS, visit.__name__, fds, held(vm)[2] - threads, grown))
            sys.stdout.flush()
            assert grown < MAX_GROWTH_KIB or not LOOK_AT_MEMORY, "%d KiB more" % grown
        stays.check_alive()
        vm.quit()


def flips(shown, seconds=3, rate_hz=60):
    """How many times a second the guest flips that wants to do so at a rate."""
    start, done = time.monotonic(), 0
    while (now := time.monotonic()) < start + seconds:
        due = start + (done + 1) / rate_hz
        if now < due:
            time.sleep(due - now)
        shown.screen.pan(0, done % 2 * shown.screen.height)
        done += 1
    shown.screen.pan(0, 0)
    return done / (time.monotonic() - start)


@test("viewers/a-stopped-one-stops-nobody")
def _(tmp):
    with contextlib.ExitStack() as stack:
        own = stack.enter_context(SpicyScreen())
        # The toolkit's libraries keep what they have once made.
        shown = Shown(tmp, stack, 1280, 720, "-display", "gtk,show-menubar=off",
                      environ=dict(own.environ(tmp), ASAN_OPTIONS="detect_leaks=0"))
        x, browser_x, spicy_x = shown.x_server(), shown.x_server(), shown.spicy_screen()
        tiger = stack.enter_context(shown.tiger(x))
        browser = stack.enter_context(shown.browser(browser_x))
        spicy = stack.enter_context(shown.spicy(spicy_x))
        spicy_x.run(spicy.home, "xdotool", "windowsize", spicy.window(), "1500", "950")

        def own_shows():
            path = os.path.join(tmp, "own.ppm")
            own.run(tmp, "import", "-window", "root", "-depth", "8", path)
            return find(shown.picture, read_ppm(path)) is not None
        viewers = {
            "GTK's window": (own.process.pid, own_shows),
            "TigerVNC": (tiger.process.pid, lambda: tiger.picture() == shown.picture),
            "noVNC": (-browser.process.pid, lambda: browser.find(shown.picture) is not None),
            "spicy": (spicy.process.pid, lambda: shown.spicy_shows(spicy_x, spicy)),
        }

        def all_show(but=None):
            for name, (_, shows) in viewers.items():
                if name != but:
                    until("%s shows the picture, %s stopped" % (name, but or "nobody"), shows, LIMIT_S)

        def signal_to(pid, number):
            os.killpg(-pid, number) if pid < 0 else os.kill(pid, number)

        all_show()
        rates = {"nobody": flips(shown)}
        for seed, (name, (pid, _)) in enumerate(viewers.items(), 2):
            signal_to(pid, signal.SIGSTOP)
            try:
                rates[name] = flips(shown)
                shown.screen.draw(seed, 100, 50, 300, 200)
                shown.picture = shown.screen.picture()
                all_show(but=name)
            finally:
                signal_to(pid, signal.SIGCONT)
            all_show()
        print("# flips a second while stopped: " + ", ".join("%s %.1f" % pair for pair in rates.items()))
        assert min(rates.values()) > rates["nobody"] / 2, rates
        shown.vm.quit()


main()

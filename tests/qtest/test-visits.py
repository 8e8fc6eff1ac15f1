#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Viewers of each kind come, see the guest's picture and go, while one that stays looks on: nothing of them is left.

In the environment: VISITS, how often each (default 2). Memory is looked at only without sanitizers, which keep what
was freed.
"""
import os
import re
import sys

from harness import TOP, Vm, main, test
from spice_client import Probe, Screen, Spicy, free_port, need, read_ppm, screenshot, until
from spice_client import XServer as SpicyScreen

sys.path.append(os.path.join(TOP, "tests/e2e"))
from viewer import Chromium, TigerVnc, XServer, find, gvnccapture  # noqa: E402

VISITS = int(os.environ.get("VISITS", "2"))
# Those before the count: libraries make what they keep at first use.
WARM_UP = min(VISITS, 10)
LIMIT_S = 60
MAX_GROWTH_KIB = 4096
MAX_POOL = 8


def held(vm):
    """(file descriptors, KiB of memory, threads)"""
    with open("/proc/%d/status" % vm.process.pid) as f:
        status = f.read()
    kib, threads = (int(re.search(r"%s:\s+(\d+)" % name, status).group(1)) for name in ("RssAnon", "Threads"))
    return len(os.listdir("/proc/%d/fd" % vm.process.pid)), kib, threads


@test("visits/leave-nothing")
def _(tmp):
    need("spicy", "spicy-screenshot", "xtigervncviewer", "gvnccapture", "chromium", "xdotool")
    tcp, web = free_port(), free_port()
    vm = Vm(tmp, "-m", "64", "-device", "bochs-display",
            "-vnc", "unix:%s/vnc" % tmp, "-vnc", "127.0.0.1:0,to=99,share=ignore,websocket=%d" % web,
            "-spice", "disable-ticketing,addr=127.0.0.1,port=%d" % tcp)
    display = int(vm.qmp("query-vnc-servers")[1]["server"][0]["service"]) - 5900
    screen = Screen(vm)
    screen.mode(640, 480)
    screen.draw(1)
    picture = screen.picture()

    with XServer() as x, XServer() as another, SpicyScreen() as spicy_screen, \
            TigerVnc(another, "127.0.0.1:%d" % display) as stays:

        def tiger():
            with TigerVnc(x, "127.0.0.1:%d" % display) as viewer:
                until("TigerVNC's picture", lambda: viewer.picture() == picture, LIMIT_S)

        def capture():
            assert gvnccapture(x, display) == picture

        def browser():
            with Chromium(x, "http://127.0.0.1:%d/" % web) as viewer:
                until("noVNC's picture", lambda: viewer.find(picture), LIMIT_S)

        def spicy():
            with Spicy(spicy_screen, tmp, "-h", "127.0.0.1", "-p", str(tcp)) as viewer:
                viewer.window()
                path = os.path.join(tmp, "spicy.ppm")

                def shows():
                    spicy_screen.run(viewer.home, "import", "-window", "root", "-depth", "8", path)
                    return find(picture, read_ppm(path))
                until("spicy's picture", shows, LIMIT_S)

        def spice_screenshot():
            assert screenshot(tmp, "-h", "127.0.0.1", "-p", str(tcp)) == picture

        def probe():
            with Probe(tmp, "spice://127.0.0.1?port=%d" % tcp) as viewer:
                viewer.shows(picture)

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
            assert grown < MAX_GROWTH_KIB or "ASAN_OPTIONS" in os.environ, "%d KiB more" % grown
        stays.check_alive()
    vm.quit()


main()

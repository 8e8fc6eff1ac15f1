#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""-display gtk of the real binary on an X server."""
import os
import shutil

from harness import VMM, Skip, Vm, main, run, test
from spice_client import Screen, XServer, read_ppm, until

MODULE = os.path.join(os.path.dirname(VMM), "ui/gtk/ui-gtk.so")


def need(*programs):
    if not os.path.exists(MODULE):
        raise Skip("built without libgtk-3-dev")
    for program in programs:
        if not shutil.which(program):
            raise Skip("%s is missing (scripts/dependencies, test)" % program)


class Window:
    """A VMM with a window on an X server of its own. A context manager."""

    def __init__(self, tmp, *args, display="gtk,show-menubar=off"):
        need("Xvfb", "xdotool", "import")
        self.tmp, self.args, self.display = tmp, args, display

    def __enter__(self):
        self.x = XServer().__enter__()
        # The toolkit's libraries keep what they have once made.
        environ = dict(self.x.environ(self.tmp), ASAN_OPTIONS="detect_leaks=0")
        self.vm = Vm(self.tmp, "-m", "64", "-name", "demo", *self.args, "-display", self.display,
                     environ=environ)
        self.window = until("a window", lambda: self.xdotool("search", "--onlyvisible", "--name",
                                                             "^Oriel"))[-1]
        return self

    def __exit__(self, *exception):
        self.x.__exit__()

    def xdotool(self, *words):
        return self.x.run(self.tmp, "xdotool", *words).decode().split()

    def title(self):
        return " ".join(self.xdotool("getwindowname", self.window))

    def key(self, *names):
        self.xdotool("windowfocus", "--sync", self.window, "key", "--delay", "100", *names)

    def shows(self, picture):
        path = os.path.join(self.tmp, "window.ppm")

        def same():
            self.x.run(self.tmp, "import", "-window", self.window, "-depth", "8", path)
            return read_ppm(path) == picture
        until("the picture", same)


@test("gtk/picture-is-the-guests")
def _(tmp):
    for display in ("gtk", "gtk,gl=on", "gtk,gl=es"):
        with Window(tmp, "-device", "bochs-display", display=display + ",show-menubar=off") as window:
            screen = Screen(window.vm)
            screen.mode(639, 401)
            screen.draw(1)
            window.shows(screen.picture())
            screen.draw(2, 100, 50, 10, 12)
            window.shows(screen.picture())
            window.vm.quit()


@test("gtk/every-display-has-a-tab")
def _(tmp):
    with Window(tmp, "-device", "bochs-display,id=one", "-device", "bochs-display,id=two") as window:
        screens = [Screen(window.vm, number) for number in (0, 1)]
        for seed, screen in enumerate(screens):
            screen.mode(320, 200)
            screen.draw(seed)
        for number in (1, 0, 1):
            window.key("ctrl+alt+%d" % (number + 1))
            window.shows(screens[number].picture())
            until("the other isn't looked at", lambda: [
                state["active"] for state in window.vm.qmp("query-display-state")] ==
                [number == 0, number == 1])
        window.vm.quit()


@test("gtk/title-follows-the-run-state")
def _(tmp):
    with Window(tmp, "-device", "bochs-display", "-S") as window:
        assert window.title() == "Oriel (demo) [Paused]", window.title()
        window.vm.qmp("cont")
        until("it runs", lambda: window.title() == "Oriel (demo)")
        window.vm.qmp("stop")
        until("it is stopped", lambda: window.title() == "Oriel (demo) [Paused]")
        window.vm.quit()


@test("gtk/quit-ends-the-machine")
def _(tmp):
    with Window(tmp, "-device", "bochs-display") as window:
        window.key("ctrl+alt+q")
        assert window.vm.qmp.event("SHUTDOWN") == {"guest": False, "reason": "host-ui"}
        window.vm.wait_end()


@test("gtk/a-machine-without-a-display-has-a-window-too")
def _(tmp):
    with Window(tmp) as window:
        window.vm.quit()


@test("gtk/without-a-display-server-one-line-says-so")
def _(tmp):
    need()
    environ = {name: value for name, value in os.environ.items()
               if name not in ("DISPLAY", "WAYLAND_DISPLAY")}
    environ.update(XDG_RUNTIME_DIR=tmp, ASAN_OPTIONS="detect_leaks=0")
    for extra, says in ({}, "neither DISPLAY nor WAYLAND_DISPLAY is set"), \
                       ({"DISPLAY": ":4711"}, "can't open the display :4711"):
        status, out, err = run("-accel", "qtest", "-nodefaults", "-display", "gtk",
                               environ={**environ, **extra})
        assert (status, out) == (1, ""), (status, out, err)
        assert err.count("\n") == 1 and "-display gtk: " + says in err, err


@test("gtk/bad-options-are-one-line")
def _(tmp):
    need()
    for spec, says in (("gtk,gl=perhaps", "gl=perhaps"), ("gtk,zoom=on", "unknown option 'zoom'"),
                       ("gtk,scale=100", "scale=100")):
        status, _, err = run("-accel", "qtest", "-nodefaults", "-display", spec,
                             environ=dict(os.environ, ASAN_OPTIONS="detect_leaks=0"))
        assert status == 1 and err.count("\n") == 1 and says in err, (status, err)


@test("gtk/who-asks-for-none-maps-none")
def _(tmp):
    vm = Vm(tmp, "-device", "bochs-display")
    with open("/proc/%d/maps" % vm.process.pid, encoding="ascii") as maps:
        assert not [line for line in maps if "libgtk" in line or "ui-gtk" in line]
    vm.quit()


main()

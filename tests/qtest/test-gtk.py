#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""-display gtk of the real binary on an X server."""
import os
import shutil
import subprocess
from unittest import mock

from harness import TIMEOUT, VMM, Skip, Vm, main, run, test
from spice_client import Screen, XServer, read_ppm, until

MODULE = os.path.join(os.path.dirname(VMM), "ui/gtk/ui-gtk.so")
TERMINALS = os.path.join(os.path.dirname(VMM), "ui/vte/ui-vte.so")


def need(*programs):
    if not os.path.exists(MODULE):
        raise Skip("built without libgtk-3-dev")
    for program in programs:
        if not shutil.which(program):
            raise Skip("%s is missing (scripts/dependencies, test)" % program)


def mapped(vm, *names):
    """What of these the program has in its address space."""
    with open("/proc/%d/maps" % vm.process.pid, encoding="ascii") as maps:
        return [line for line in maps if any(name in line for name in names)]


class Window:
    """A VMM with a window on an X server of its own. A context manager."""

    def __init__(self, tmp, *args, display="gtk,show-menubar=off", defaults=False):
        need("Xvfb", "xdotool", "import")
        self.tmp, self.args, self.display, self.defaults = tmp, args, display, defaults

    def __enter__(self):
        self.x = XServer().__enter__()
        # The toolkit's libraries keep what they have once made.
        environ = dict(self.x.environ(self.tmp), ASAN_OPTIONS="detect_leaks=0")
        self.vm = Vm(self.tmp, "-m", "64", "-name", "demo", *self.args, "-display", self.display,
                     environ=environ, defaults=self.defaults)
        self.window = until("a window", lambda: self.xdotool("search", "--onlyvisible", "--name",
                                                             "^Oriel"))[-1]
        return self

    def __exit__(self, *exception):
        self.x.__exit__()

    def xdotool(self, *words):
        return self.x.run(self.tmp, "xdotool", *map(str, words)).decode().split()

    def title(self):
        return " ".join(self.xdotool("getwindowname", self.window))

    def key(self, *names):
        self.xdotool("windowfocus", "--sync", self.window, "key", "--delay", "100", *names)

    def type(self, text):
        self.xdotool("windowfocus", "--sync", self.window, "type", "--delay", "40", text)

    def text(self):
        """The lines of the terminal in front, as a person copies them."""
        size = dict(line.split("=") for line in
                    self.xdotool("getwindowgeometry", "--shell", self.window))
        right, bottom = int(size["WIDTH"]) - 30, int(size["HEIGHT"]) - 2
        move = ["mousemove", "--window", self.window]
        self.xdotool(*move, 1, 1, "mousedown", 1, *move, right // 2, bottom // 2, *move, right, bottom,
                     "sleep", "0.1", "mouseup", 1)
        self.key("ctrl+shift+c")
        text = self.x.run(self.tmp, "xclip", "-o", "-selection", "clipboard").decode()
        return [line.rstrip() for line in text.split("\n")]

    def says(self, *lines):
        """The terminal in front has these lines, in this order, maybe with others between them."""
        def all_there():
            rest = iter(self.text())
            return all(line in rest for line in lines)
        until("the terminal says %r" % (lines,), all_there)

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


def need_terminals():
    need("xclip")
    if not os.path.exists(TERMINALS):
        raise Skip("built without libvte-2.91-dev")


def consoles(vm):
    """The text consoles that it has, by their names."""
    return sorted(chardev["label"] for chardev in vm.qmp("query-chardev") if chardev["filename"] == "vc")


@test("gtk/monitor-is-a-tab")
def _(tmp):
    need_terminals()
    with Window(tmp, "-device", "bochs-display", "-monitor", "vc", "-S") as window:
        window.key("ctrl+alt+2")
        window.type("info status\n")
        window.says("(qemu) info status", "VM status: paused (prelaunch)")
        window.type("cont\ninfo status\n")
        window.says("(qemu) cont", "(qemu) info status", "VM status: running")
        # What belongs to the window.
        assert window.title() == "Oriel (demo)", window.title()
        window.key("ctrl+alt+1")
        window.type("quit\n")
        window.key("ctrl+alt+2")
        window.type("quit\n")
        window.vm.wait_end()


@test("gtk/serial-ports-are-tabs")
def _(tmp):
    need_terminals()
    with Window(tmp, "-serial", "vc:100Cx30C", "-chardev", "vc,id=two,cols=90,rows=20", "-serial",
                "chardev:two") as window:
        # Of -chardev first.
        for key, port, name in (("1", 0x2f8, "two"), ("2", 0x3f8, "one")):
            window.key("ctrl+alt+" + key)
            for letter in "this is %s\r\n" % name:
                window.vm.store("outb", port, ord(letter))
            window.says("this is %s" % name)
            window.type("ab")
            for letter in "ab":
                until("data is ready", lambda port=port: window.vm.load("inb", port + 5) & 1)
                assert window.vm.load("inb", port) == ord(letter)
            assert not window.vm.load("inb", port + 5) & 1
        window.vm.quit()


@test("gtk/monitor-and-serial-port-share-a-tab")
def _(tmp):
    need_terminals()
    with Window(tmp, "-serial", "mon:vc") as window:
        for letter in "guest\r\n":
            window.vm.store("outb", 0x3f8, ord(letter))
        window.key("ctrl+a", "c")
        window.type("info status\n")
        window.says("guest", "VM status: running")
        window.key("ctrl+a", "x")
        window.vm.wait_end()


@test("gtk/without-nodefaults-serial-port-and-monitor-are-tabs")
def _(tmp):
    need_terminals()
    with Window(tmp, defaults=True) as window:
        # As with QEMU: who asks for QMP has no other monitor by default.
        assert consoles(window.vm) == ["serial0"], consoles(window.vm)
        window.vm.quit()
    with Window(tmp, "-serial", "null", defaults=True) as window:
        assert consoles(window.vm) == []
        window.vm.quit()
    vm = Vm(tmp, defaults=True)
    assert consoles(vm) == []
    vm.quit()


@test("gtk/the-monitor-is-the-second-tab")
def _(tmp):
    need("Xvfb", "xdotool")
    need_terminals()
    with XServer() as x:
        process = subprocess.Popen([VMM, "-accel", "qtest", "-m", "64", "-display", "gtk"],
                                   env=dict(x.environ(tmp), ASAN_OPTIONS="detect_leaks=0"))
        try:
            window = until("a window", lambda: x.run(tmp, "xdotool", "search", "--onlyvisible", "--name",
                                                     "^Oriel").split())[-1].decode()
            for key, text in ("1", "quit\n"), ("3", "quit\n"), ("2", "quit\n"):
                assert process.poll() is None
                x.run(tmp, "xdotool", "windowfocus", "--sync", window, "key", "ctrl+alt+" + key, "sleep",
                      "0.3", "type", "--delay", "40", text)
            assert process.wait(TIMEOUT) == 0
        finally:
            process.kill()
            process.wait()


@test("gtk/without-a-window-text-consoles-are-kept-to-themselves")
def _(tmp):
    vm = Vm(tmp, "-serial", "vc", "-monitor", "vc")
    assert consoles(vm) == ["compat_monitor1", "serial0"]
    for _ in range(1000):
        vm.store("outb", 0x3f8, ord("x"))
    assert vm.said() == "", vm.said()
    vm.quit()


@test("gtk/without-the-terminals-module-one-line-says-so")
def _(tmp):
    need("Xvfb", "xdotool", "import")
    # A copy of the program that has no other module beside it.
    folder = os.path.join(tmp, "bin")
    os.makedirs(os.path.join(folder, "ui/gtk"))
    shutil.copy(MODULE, os.path.join(folder, "ui/gtk"))
    with mock.patch("harness.VMM", shutil.copy(VMM, folder)):
        with Window(tmp, "-serial", "vc", "-monitor", "vc") as window:
            window.vm.quit()
            said = window.vm.said()
    assert said.count("\n") == 1 and "-display gtk: no tab for compat_monitor1, serial0: " in said and \
        "libvte" in said, said


@test("gtk/quit-ends-the-machine")
def _(tmp):
    with Window(tmp, "-device", "bochs-display") as window:
        window.key("ctrl+alt+q")
        assert window.vm.qmp.event("SHUTDOWN") == {"guest": False, "reason": "host-ui"}
        window.vm.wait_end()


@test("gtk/a-machine-without-a-display-has-a-window-too")
def _(tmp):
    with Window(tmp) as window:
        assert not mapped(window.vm, "libvte")
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
    vm = Vm(tmp, "-device", "bochs-display", "-serial", "vc")
    assert not mapped(vm, "libgtk", "ui-gtk", "libvte")
    vm.quit()


main()

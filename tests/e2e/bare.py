#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""A host without GTK and without OpenGL, which the sandbox becomes: VNC and remote SPICE show the picture, and
who asks for what isn't there is told which package has it."""

import contextlib
import functools
import glob
import os
import re
import subprocess
import sys
import tempfile

import display
import tap
from machine import TOP, VMM, Failure
from viewer import crc, gvnccapture, until

os.environ["ORIEL_VMM"] = VMM
sys.path.insert(1, os.path.join(TOP, "tests/qtest"))
from spice_client import screenshot  # noqa: E402

PORT = 5951
GONE = ("libEGL", "libGLES", "libepoxy", "libgbm", "libgtk-3", "libgdk-3")


def libraries():
    return [path for name in GONE for path in glob.glob(f"/usr/lib/*/{name}*.so*")]


def are_removed():
    """From the sandbox's own copy of the file system."""
    if not os.environ.get("SANDBOX"):
        raise Failure("this removes libraries: run it in the sandbox")
    before = libraries()
    for path in before:
        os.unlink(path)
    print(f"# {len(before)} files removed")
    tap.same("what is left", libraries(), [])


def viewers_show(kind):
    with contextlib.ExitStack() as stack:
        bench = display.Bench(kind, stack, args=(
            "-display", "egl-headless", "-spice", f"disable-ticketing,addr=127.0.0.1,port={PORT}"))
        for options in ("", "--flips 3"):
            with bench.pattern(options) as wanted:
                until("the screendump", wanted, bench.dump)
                until("gvnccapture's picture", wanted, lambda: crc(gvnccapture(bench.x, 7)))
                until("spicy-screenshot's picture", wanted, lambda: crc(
                    screenshot(bench.vm.dir, "-h", "127.0.0.1", "-p", str(PORT)) or (0, 0, b"")))
        found = re.findall("warning: (-display egl-headless: .*)", bench.vm.messages())
        print(f"# {bench.vm.messages()}")
        if len(found) != 1 or "libepoxy0" not in found[0]:
            raise Failure(f"its messages: {bench.vm.messages()}")
        mapped = [line for line in open(f"/proc/{bench.vm.process.pid}/maps", encoding="ascii")
                  if any(name in line for name in GONE)]
        tap.same("what the VMM has mapped of them", mapped, [])


def gtk_is_refused():
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run([VMM, "-machine", "none", "-nodefaults", "-display", "gtk"], cwd=folder,
                              stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60, check=False)
    print(f"# {done.stderr.strip()}")
    tap.same("the status", done.returncode, 1)
    if len(done.stderr.strip().splitlines()) != 1 or "libgtk-3-0" not in done.stderr:
        raise Failure(f"its message: {done.stderr}")


if __name__ == "__main__":
    tap.run([("/bare/libraries-are-removed", are_removed),
             ("/bare/viewers-show-the-picture", functools.partial(viewers_show, "bochs")),
             ("/bare/gtk-says-what-is-missing", gtk_is_refused)])

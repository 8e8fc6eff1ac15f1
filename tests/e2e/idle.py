#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""A screen that stands still costs nothing: what the VMM's threads ask of the kernel meanwhile.

The vCPU threads are left out: they run the guest, and what wakes them is the guest's.
"""

import collections
import contextlib
import functools
import glob
import os
import re
import subprocess
import sys
import time

import tap
from machine import TOP, Failure, Machine, gpu_device, gpu_initrd
from viewer import TigerVnc, XServer, crc, until, words

sys.path.insert(1, os.path.join(TOP, "tests/qtest"))
from spice_client import Probe  # noqa: E402

SECONDS = 10
# VFIO_DEVICE_QUERY_GFX_PLANE, as strace prints it with and without a name for it.
QUERY = re.compile(r"VFIO_DEVICE_QUERY_GFX_PLANE|0x3b, 0x72|0x3b72")


def trace(vm):
    """What each thread of the VMM but the vCPUs' calls in SECONDS: {thread's name: Counter}."""
    pid = vm.process.pid
    path = f"{vm.dir}/strace"
    names = {}
    for comm in glob.glob(f"/proc/{pid}/task/*/comm"):
        with open(comm, encoding="ascii", errors="replace") as file:
            names[comm.split("/")[4]] = file.read().strip()
    tracer = subprocess.Popen(["strace", "-f", "-o", path, "-p", str(pid)],
                              stderr=subprocess.DEVNULL)
    time.sleep(2)
    with open(path, encoding="utf-8", errors="replace") as file:
        skip = len(file.readlines())  # what attaching itself stirs up
    time.sleep(SECONDS)
    with open(path, encoding="utf-8", errors="replace") as file:
        lines = file.readlines()
    # A request shows that the tracer would have seen what there was to see.
    vm.qmp("query-status")
    time.sleep(1)
    tracer.terminate()
    tracer.wait()
    with open(path, encoding="utf-8", errors="replace") as file:
        if len(file.readlines()) <= len(lines):
            raise Failure("strace sees nothing of the VMM")
    lines = lines[skip:]
    calls = collections.defaultdict(collections.Counter)
    vcpus = set()
    for line in lines:
        thread, _, call = line.strip().partition(" ")
        call = call.strip()
        if "KVM_RUN" in call:
            vcpus.add(thread)
        match = re.match(r"(?:<\.\.\. )?(\w+)", call)
        # A call that has begun and waits is no activity yet.
        if not match or call.endswith("<unfinished ...>"):
            continue
        name = "QUERY_GFX_PLANE" if QUERY.search(call) else match.group(1)
        calls[thread][name] += 1
    return {f"{names.get(thread, '?')}/{thread}": dict(counter)
            for thread, counter in calls.items() if thread not in vcpus}


def stands_still(vm, with_whom):
    seen = trace(vm)
    if seen:
        raise Failure(f"calls in {SECONDS} s with {with_whom}: {seen}")


def frames(vm):
    return vm.qmp("query-display-state")[0]["source"]["frames"]


def main():
    kind = sys.argv[1] if len(sys.argv) > 1 else "bochs"
    with contextlib.ExitStack() as stack:
        try:
            vm = stack.enter_context(Machine(
                "-device", f"{gpu_device(kind, stack)},xres=1920,yres=1080",
                "-device", "virtio-keyboard-pci", "-device", "virtio-tablet-pci",
                "-vnc", "127.0.0.1:9", "-spice", "disable-ticketing,gl=on,unix,addr=/tmp/idle-spice",
                initrd=gpu_initrd(kind)))
            vm.wait_serial("^guest: ready", 120)
            vm.send("kmspattern --flips 3 &")
            wanted = vm.wait_serial(r"^frame 3 (.*)$").group(1)
            vm.wait_serial("^holds")
        except Failure as failure:
            print(f"not ok 1 /idle/guest-boots - {failure}\n1..1")
            return 1

        def with_viewer():
            with XServer() as x, TigerVnc(x, "127.0.0.1::5909") as viewer:
                until("the viewer's picture", wanted, lambda: crc(viewer.picture()))
                time.sleep(3)
                stands_still(vm, "an idle viewer")

        def with_viewer_of_the_buffer():
            """It compares nothing, so it isn't shown the same again either. (The server's own timers go on.)"""
            with Probe(vm.dir, "spice+unix:///tmp/idle-spice") as probe:
                until("the viewer's picture", words(wanted), probe.gl_picture)
                time.sleep(5)
                before = vm.qmp("query-display-state")
                time.sleep(SECONDS)
                tap.same("the display's state", vm.qmp("query-display-state"), before)

        def out_of_the_blue():
            """What a guest draws in place after a long rest is on the way at once, not when
            somebody looks the next time (2 s later, where nobody tells)."""
            with XServer() as x, TigerVnc(x, "127.0.0.1::5909") as viewer:
                until("the viewer's picture", wanted, lambda: crc(viewer.picture()))
                vm.run("killall kmspattern; sleep 1")
                vm.send("kmspattern --squares 2 --pause-ms 9000 &")
                vm.wait_serial("^frame 1 ", 60)
                time.sleep(4)
                before = frames(vm)
                vm.wait_serial("^draws 2$", 60)
                began = time.monotonic()
                while frames(vm) == before:
                    if time.monotonic() > began + 15:
                        raise Failure("the change is not seen at all")
                late_ms = (time.monotonic() - began) * 1000
                print(f"# seen {late_ms:.0f} ms after it was drawn")
                if late_ms > 1500:
                    raise Failure(f"a change after a long rest is seen {late_ms:.0f} ms late")
                vm.wait_serial("^holds")

        def after_viewer():
            time.sleep(3)
            stands_still(vm, "no viewer any more")

        tap.run([
            ("/idle/no-viewer-no-calls", functools.partial(stands_still, vm, "no viewer")),
            ("/idle/idle-viewer-no-calls", with_viewer),
            ("/idle/viewer-of-the-buffer-no-frames", with_viewer_of_the_buffer),
            ("/idle/viewer-gone-no-calls", after_viewer),
            ("/idle/a-change-out-of-the-blue-is-seen-at-once", out_of_the_blue),
        ])
    return 0


sys.exit(main())

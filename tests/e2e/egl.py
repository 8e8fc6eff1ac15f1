#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""-display egl-headless: pictures that GL reads, in Mesa's software renderer on a DRM driver of our own
(tests/e2e/render), and what happens where GL can't."""

import contextlib
import functools
import glob
import os
import re
import shutil
import subprocess
import time

import display
import samples
import tap
from host import KernelLog, check_nothing_held
from machine import TOP, Failure
from viewer import TigerVnc, XServer, crc, gvnccapture, until

LINEAR = "egl-headless,x-linear=on"


def reader(vm):
    return vm.qmp("query-display-state")[0].get("reader")


def warnings(vm):
    return re.findall(r"warning: (-display egl-headless: .*)", vm.messages())


def load_driver():
    path = os.path.join(TOP, "build/render/oriel_render.ko")
    if not os.path.exists(path):
        raise Failure(f"{path}: not built (tests/e2e/build-render)")
    subprocess.run(["modprobe", "-a", "drm", "drm_shmem_helper"], check=True)
    subprocess.run(["insmod", path], check=True)


def unload_driver():
    subprocess.run(["rmmod", "oriel_render"], check=True)


@contextlib.contextmanager
def bench(kind, spec, *args):
    """A guest on a display of a kind, whose VMM was given -display SPEC."""
    with contextlib.ExitStack() as stack:
        yield display.Bench(kind, stack, args=("-display", spec, *args))


def is_shown(this, options, by, viewer=None):
    """A pattern of the guest in a screendump and a viewer, read by GL or by the CPU."""
    with this.pattern(options) as wanted:
        until("the screendump", wanted, this.dump)
        tap.same("who read it for the screendump", reader(this.vm), by)
        if viewer:
            until("the viewer's picture", wanted, lambda: crc(viewer.picture()))
            tap.same("who read it for the viewer", reader(this.vm), by)
    print(f"# {options or 'pattern'}: {wanted} by {by}")


def check_warning(vm, text):
    if len(warnings(vm)) != 1 or text not in warnings(vm)[0]:
        raise Failure(f"its messages: {vm.messages()}")


# ---- tests ----

def without_a_node():
    tap.same("nodes", glob.glob("/dev/dri/*"), [])
    with bench("bochs", "egl-headless") as this:
        is_shown(this, "", "cpu")
        check_warning(this.vm, "no render node")


def vgem():
    """Mesa would take the dma-buf there, and crash when it reads it."""
    subprocess.run(["modprobe", "vgem"], check=True)
    try:
        with bench("bochs", LINEAR) as this:
            is_shown(this, "", "cpu")
            check_warning(this.vm, "can't be mapped there")
    finally:
        subprocess.run(["rmmod", "vgem"], check=True)


def nobody_watches(vm):
    vm.send("kmspattern --flips 50 --pause-ms 20 & pattern=$!")
    vm.wait_serial("^holds")
    time.sleep(1)
    tap.same("reads", re.findall("ui:read.*", vm.messages()), [])
    tap.same("who read", reader(vm), None)
    vm.run("kill $pattern; wait $pattern 2>/dev/null; true")


def no_reads(vm, seconds):
    def count():
        return len(re.findall("ui:read", vm.messages()))
    before = count()
    time.sleep(seconds)
    return count() == before


def linear_by_gl():
    with bench("bochs", LINEAR, "-trace", "ui:read") as this:
        nobody_watches(this.vm)
        is_shown(this, "", "gl")
        with TigerVnc(this.x, "127.0.0.1::5907") as viewer:
            is_shown(this, "--flips 3", "gl", viewer)
            is_shown(this, "--squares 10 --pause-ms 100", "gl", viewer)
            # Another size, then the first again.
            is_shown(this, "--mode 640x480", "gl", viewer)
            is_shown(this, "", "gl", viewer)
        until("the console is at rest", False,
              lambda: this.vm.qmp("query-display-state")[0]["active"])
        with this.pattern("--flips 2") as wanted:
            tap.same("no reads without a viewer", no_reads(this.vm, 2), True)
            until("gvnccapture's picture", wanted, lambda: crc(gvnccapture(this.x, 7)))
        tap.same("warnings", warnings(this.vm), [])
    check_nothing_held()


def formats_by_gl():
    """Each is right byte for byte by the CPU, so it must be by GL. A primary node will do."""
    node = sorted(glob.glob("/dev/dri/card*"))[0]
    with bench("skl", f"{LINEAR},rendernode={node}") as this:
        for options in ("", "--format RG16", "--format XR30", "--format XB24", "--pan 64,100", "--pan 3,5",
                        "--rotate 180"):
            is_shown(this, options, "gl")
        tap.same("warnings", warnings(this.vm), [])
    check_nothing_held()


def cpu_where_it_does():
    """Linear memory needs no GL. Mesa's software renderer knows no tiles: each is refused, and the
    CPU's."""
    with bench("skl", "egl-headless") as this:
        with TigerVnc(this.x, "127.0.0.1::5907") as viewer:
            is_shown(this, "", "cpu", viewer)
            tap.same("warnings", warnings(this.vm), [])
            for options in ("--modifier x", "--modifier y"):
                is_shown(this, options, "cpu", viewer)
        check_warning(this.vm, "not one that the driver imports")


def mbochs_is_shown():
    """Its dma-bufs can't be mapped, so without GL there is no picture at all."""
    with samples.guest("mbochs", "large", "127.0.0.1:6", "-display", "egl-headless") as vm, XServer() as x:
        with TigerVnc(x, "127.0.0.1::5906") as viewer:
            vm.send("kmspattern --mode 1024x768 --flips 3")
            frames = []
            while True:
                match = vm.wait_serial(r"^(?:frame \d+ (.*)|(holds|kmspattern: .*))$", 120)
                if match.group(2):
                    tap.same("the guest", match.group(2), "holds")
                    break
                frames.append(match.group(1))
            until("the viewer's picture", frames[-1], lambda: crc(viewer.picture()))
            tap.same("who read it", reader(vm), "gl")
            until("the screendump", frames[-1], lambda: crc(vm.screendump(f"{vm.dir}/dump.ppm")))
            keep(vm, "mbochs")
            print(f"# mbochs: {frames[-1]}")
        tap.same("warnings", warnings(vm), [])


def keep(vm, name):
    """The last screendump, for people."""
    shutil.copy(f"{vm.dir}/dump.ppm", os.path.join(os.environ["SANDBOX_OUT"], f"{name}.ppm"))


def kernel_is_content(log):
    unload_driver()
    log.check()


def main():
    log = KernelLog()

    def with_driver():
        load_driver()
        linear_by_gl()

    tap.run([
        ("/egl/without-a-node-the-cpu-reads", without_a_node),
        ("/egl/vgem-is-not-trusted", vgem),
        ("/egl/linear-by-gl", with_driver),
        ("/egl/formats-by-gl-on-a-primary-node", formats_by_gl),
        ("/egl/the-cpu-reads-what-it-reads-well", cpu_where_it_does),
        ("/egl/mbochs-is-shown", mbochs_is_shown),
        ("/egl/the-kernel-is-content", functools.partial(kernel_is_content, log)),
    ])


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What a Gen9 vGPU and its users go through: drivers that come and go, reboots, suspends, removal while
it is shown, VMMs that are killed; and that nothing of it stays in the host's kernel.

skl-life.py [KIND]: skl (default). SKL_REBOOTS (default 2) and SKL_KILLS (default 6) in the environment.
"""

import contextlib
import ctypes
import itertools
import mmap
import os
import sys
import threading
import time
import zlib

import tap
from host import KernelLog, check_guest, check_nothing_held, holdings
from machine import Failure, Machine, Vgpu, gpu_initrd, load_gvt
from viewer import TigerVnc, XServer, crc, until

REBOOTS = int(os.environ.get("SKL_REBOOTS", "2"))
KILLS = int(os.environ.get("SKL_KILLS", "6"))
WIDTH, HEIGHT = 1024, 768


def start(vgpu, *args):
    return Machine("-device", f"vfio-pci,sysfsdev={vgpu.sysfs},display=on,id=gpu,xres={WIDTH},yres={HEIGHT}",
                   "-device", "virtio-keyboard-pci", "-vnc", "127.0.0.1:7", *args,
                   initrd=gpu_initrd("skl"), smp=2)


def pattern(vm, arguments=""):
    """Shows a picture; returns its "WxH crc ..."."""
    vm.send(f"kmspattern {arguments} & pattern=$!")
    frame = vm.wait_serial(r"^frame \d+ (.*)$", 60).group(1)
    vm.wait_serial("^holds", 60)
    return frame


def pattern_is_shown(vm, viewer):
    wanted = pattern(vm)
    until("the viewer's picture", wanted, lambda: crc(viewer.picture()))
    vm.run("kill $pattern; wait $pattern 2>/dev/null; true")


def rebinds(vm, viewer):
    for _ in range(3):
        # The console lets go of the driver's frame buffer first.
        vm.run("for c in /sys/class/vtconsole/*; do grep -q 'frame buffer' $c/name && echo 0 >$c/bind; done; "
               "cd /sys/bus/pci/drivers/i915; gpu=$(echo 0000:*); echo $gpu >unbind; sleep 1; "
               "echo $gpu >bind; cd /; sleep 1", 120)
        pattern_is_shown(vm, viewer)
    check_guest(vm)


def suspends_to_ram(vm, viewer):
    """Everything but memory loses its power, the vGPU too."""
    wanted = pattern(vm)
    until("the viewer's picture", wanted, lambda: crc(viewer.picture()))
    for command in ["system_wakeup", "system_powerdown"]:
        vm.qmp.events.clear()
        vm.send("echo deep >/sys/power/mem_sleep; echo mem >/sys/power/state; echo awake")
        vm.qmp.wait_event("SUSPEND", 60)
        tap.same("the machine", vm.qmp("query-status")["status"], "suspended")
        tap.same("the screen", "plane" in vm.qmp("query-display-state")[0], False)
        vm.qmp(command)
        vm.qmp.wait_event("WAKEUP")
        vm.wait_serial("^awake$", 60)
        until("the viewer's picture", wanted, lambda: crc(viewer.picture()))
    vm.run("kill $pattern; wait $pattern 2>/dev/null; true")
    pattern_is_shown(vm, viewer)
    check_guest(vm)


def suspends_to_idle(vm, viewer):
    """Only drivers sleep."""
    tap.same("sleep states", vm.run("cat /sys/power/mem_sleep").strip(), "s2idle [deep]")
    vm.run("echo s2idle >/sys/power/mem_sleep")
    wanted = pattern(vm)
    until("the viewer's picture", wanted, lambda: crc(viewer.picture()))
    if "platform" in vm.run("cat /sys/power/pm_test 2>/dev/null; true"):
        vm.run("echo platform >/sys/power/pm_test; echo mem >/sys/power/state; "
               "echo none >/sys/power/pm_test", 120)
        until("the viewer's picture", wanted, lambda: crc(viewer.picture()))
    for _ in range(2):
        vm.send("echo mem >/sys/power/state; echo awake")
        time.sleep(8)
        # The power button wakes.
        vm.qmp("system_powerdown")
        vm.wait_serial("^awake$", 60)
        until("the viewer's picture", wanted, lambda: crc(viewer.picture()))
    vm.run("kill $pattern; wait $pattern 2>/dev/null; true")
    pattern_is_shown(vm, viewer)
    check_guest(vm)


def reboots(vm, viewer):
    for number in range(REBOOTS):
        if number % 2:
            vm.qmp("system_reset")
        else:
            vm.send("reboot -f")
        vm.wait_serial("^guest: ready", 180)
        pattern_is_shown(vm, viewer)
        check_guest(vm)
    print(f"# {REBOOTS} reboots")


def removed_while_shown(vm, vgpu, viewer):
    wanted = pattern(vm)
    until("the viewer's picture", wanted, lambda: crc(viewer.picture()))
    remover = threading.Thread(target=vgpu.remove)
    remover.start()
    remover.join(30)
    if remover.is_alive():
        raise Failure("the vGPU isn't gone 30 s after it was asked to be removed")
    tap.same("the vGPU's folder", os.path.exists(vgpu.sysfs), False)
    state = vm.qmp("query-display-state")[0]
    tap.same("why there is no picture", state["blank"]["reason"], "no-display")
    vm.run("kill $pattern; true")


def one_life(log):
    """One machine through everything, and a viewer that stays."""
    vgpu = Vgpu("skl")
    removed = []
    with contextlib.ExitStack() as stack:
        vm = stack.enter_context(start(vgpu))
        vm.wait_serial("^guest: ready", 180)
        x = stack.enter_context(XServer())
        viewer = stack.enter_context(TigerVnc(x, "127.0.0.1::5907"))
        yield "drivers-come-and-go", lambda: rebinds(vm, viewer)
        yield "suspends-to-ram", lambda: suspends_to_ram(vm, viewer)
        yield "suspends-to-idle", lambda: suspends_to_idle(vm, viewer)
        yield "reboots", lambda: reboots(vm, viewer)

        def remove():
            removed_while_shown(vm, vgpu, viewer)
            removed.append(True)
        yield "removed-while-shown", remove
    if not removed:
        vgpu.remove()
    yield "nothing-stays", check_nothing_held
    yield "the-host-is-content", log.check


def take_dmabufs(process):
    """Descriptors of our own for the dma-bufs that another process holds."""
    taken = []
    pidfd = os.pidfd_open(process.pid)
    for number in os.listdir(f"/proc/{process.pid}/fd"):
        with contextlib.suppress(OSError):
            if "dmabuf" in os.readlink(f"/proc/{process.pid}/fd/{number}"):
                taken.append(ctypes.CDLL(None, use_errno=True).syscall(438, pidfd, int(number), 0))  # pidfd_getfd
    os.close(pidfd)
    if not taken or min(taken) < 0:
        raise Failure(f"the VMM's dma-bufs: {taken}")
    return taken


def outlived_by_dmabufs():
    """Somebody else holds the picture when VMM and vGPU are gone."""
    vgpu = Vgpu("skl")
    vm = start(vgpu)
    try:
        vm.wait_serial("^guest: ready", 180)
        wanted = pattern(vm)
        until("the screendump", wanted, lambda: crc(vm.screendump(f"{vm.dir}/dump.ppm")))
        taken = take_dmabufs(vm.process)
        shown = vm.screendump(f"{vm.dir}/dump.ppm")[2]
    finally:
        vm.process.kill()
        vm.process.wait()
    vgpu.remove()
    tap.same("the vGPU's folder", os.path.exists(vgpu.sysfs), False)
    time.sleep(1)
    held = holdings()
    print(f"# {len(taken)} dma-bufs outlive their vGPU: {held}")
    tap.same("dma-bufs", held["dma-bufs"], len(taken))
    crcs = []
    for fd in taken:
        with mmap.mmap(fd, WIDTH * HEIGHT * 4, prot=mmap.PROT_READ) as memory:
            pixels = memory[:]
        rgb = bytearray(WIDTH * HEIGHT * 3)
        for channel in range(3):
            rgb[channel::3] = pixels[2 - channel::4]
        crcs.append(zlib.crc32(rgb))
        os.close(fd)
    if zlib.crc32(shown) not in crcs:
        raise Failure("none of them has the picture any more")
    check_nothing_held()


def killed(vgpu, after_s, shown):
    vm = start(vgpu)
    try:
        if shown:
            vm.wait_serial("^guest: ready", 180)
            pattern(vm)
            vm.qmp("screendump", filename=f"{vm.dir}/dump.ppm")
            if not holdings()["pinned pages"]:
                raise Failure("nothing is pinned while a picture is shown")
        else:
            time.sleep(after_s)
    finally:
        vm.process.kill()
        vm.process.wait()
    vm.stop()


def kills(log):
    with Vgpu("skl") as vgpu:
        for number in range(KILLS):
            killed(vgpu, 0.3 + number * 0.37 % 5, number % 10 == 5)
            check_nothing_held()
    print(f"# {KILLS} kills")
    log.check()


def main():
    load_gvt()
    log = KernelLog()
    tap.run((f"/skl-life/{name}", function) for name, function in
            itertools.chain(one_life(log), [("outlived-by-dma-bufs", outlived_by_dmabufs),
                                              ("killed", lambda: kills(log))]))
    return 0


sys.exit(main())

#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The screen's options in the spelling of the announcements that Oriel comes from, as they stand: each starts
and shows the picture."""
import os
import subprocess

from harness import VMM, Skip, Vm, main, test
from spice_client import Probe, Screen, free_port, need, need_module, read_ppm, screenshot, until

# All of them have these.
COMMON = ("-m", "64", "-device", "bochs-display", "-k", "en-us", "-global", "PIIX4_PM.disable_s3=1", "-global",
          "PIIX4_PM.disable_s4=1")
EGL = ("-display", "egl-headless")


def need_egl():
    offered = subprocess.run([VMM, "-display", "help"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                             timeout=60).stdout.decode()
    if "egl-headless" not in offered:
        raise Skip("this build has no egl-headless")


def start(tmp, *args):
    vm = Vm(tmp, *COMMON, *args)
    screen = Screen(vm)
    screen.mode(320, 200)
    screen.draw(1)
    return vm, screen.picture()


def spice_remote(tmp, *display):
    need("spicy-screenshot")
    port = free_port()
    vm, picture = start(tmp, *display, "-spice", "disable-ticketing,port=%d" % port)
    # spicy -h <ip> -p <port>
    assert screenshot(tmp, "-h", "127.0.0.1", "-p", str(port)) == picture
    vm.quit()


def vnc_remote(tmp, *display):
    need("gvnccapture", "convert")
    number = free_port() % 1000 + 20000 - 5900
    vm, picture = start(tmp, *display, "-vnc", ":%d" % number)
    path = os.path.join(tmp, "vnc")
    subprocess.run(["gvnccapture", "-q", "127.0.0.1:%d" % number, path + ".png"], timeout=60, check=True,
                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    subprocess.run(["convert", path + ".png", "-depth", "8", path + ".ppm"], check=True)
    assert read_ppm(path + ".ppm") == picture
    vm.quit()


@test("seeds/spice-remote")
def _(tmp):
    spice_remote(tmp)


@test("seeds/spice-remote-egl-headless")
def _(tmp):
    need_egl()
    spice_remote(tmp, *EGL)


@test("seeds/vnc")
def _(tmp):
    vnc_remote(tmp)


@test("seeds/vnc-egl-headless")
def _(tmp):
    need_egl()
    vnc_remote(tmp, *EGL)


@test("seeds/spice-local")
def _(tmp):
    need_module()
    path = tmp + "/spice-vgpu"
    vm, picture = start(tmp, "-spice", "disable-ticketing,gl=on,unix,addr=" + path)
    with Probe(tmp, "spice+unix://" + path) as probe:
        probe.shows(picture)
    until("no viewer", lambda: not vm.qmp("query-spice")["channels"])
    vm.quit()


main()

#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""-display egl-headless where there is no GL to be had: it starts, and says once why the CPU reads."""
import os
import shutil
import subprocess

from harness import Skip, VMM, Vm, expect_refusal, main, test

QTEST = ("-accel", "qtest", "-nodefaults")
MODULE = os.path.join(os.path.dirname(VMM), "ui/egl/ui-egl.so")
NO_NODE = "egl-headless,rendernode=/nonexistent/node"


def need_module():
    if not os.path.exists(MODULE):
        raise Skip("built without libepoxy-dev or libgbm-dev")


def check_warning(text, *says):
    lines = [line for line in text.splitlines() if "egl-headless" in line]
    assert len(lines) == 1 and "warning: -display egl-headless: " in lines[0], text
    assert lines[0].endswith("pictures are read by the CPU"), text
    for part in says:
        assert part in lines[0], text


@test("egl/unknown-option-names-the-nearest")
def _(tmp):
    expect_refusal(tmp, *QTEST, "-display", "egl-headless,rendernod=/dev/null",
                   says=["-display egl-headless", "did you mean 'rendernode'"])


@test("egl/bad-value")
def _(tmp):
    expect_refusal(tmp, *QTEST, "-display", "egl-headless,x-linear=maybe", says=["x-linear", "maybe"])


@test("egl/node-that-is-missing-is-one-warning")
def _(tmp):
    need_module()
    vm = Vm(tmp, "-device", "bochs-display", "-display", NO_NODE)
    vm.quit()
    check_warning(vm.said(), "/nonexistent/node: No such file")


@test("egl/node-that-is-no-gpu-is-one-warning")
def _(tmp):
    need_module()
    vm = Vm(tmp, "-display", "egl-headless,rendernode=/dev/null")
    vm.quit()
    check_warning(vm.said(), "/dev/null: not a DRM device")


def start_and_end(program, *args, **environ):
    """Returns what it said to standard error; it must end by QMP as ever."""
    done = subprocess.run([program, *QTEST, *args, "-qmp", "stdio"], text=True, timeout=60,
                          input='{"execute":"qmp_capabilities"}{"execute":"quit"}',
                          capture_output=True, env=dict(os.environ, **environ))
    assert done.returncode == 0, done
    return done.stderr


@test("egl/library-that-is-missing-names-the-package")
def _(tmp):
    need_module()
    for library, package in (("libEGL.so.1", "libegl1"), ("libGLESv2.so.2", "libgles2")):
        folder = os.path.join(tmp, library + ".d")
        os.mkdir(folder)
        open(os.path.join(folder, library), "w").close()
        check_warning(start_and_end(VMM, "-display", NO_NODE, LD_LIBRARY_PATH=folder),
                      library, "package " + package)


@test("egl/module-that-is-not-there-names-the-package")
def _(tmp):
    copy = shutil.copy(VMM, os.path.join(tmp, os.path.basename(VMM)))
    check_warning(start_and_end(copy, "-display", "egl-headless"), "ui-egl.so", "libepoxy-dev")
    os.makedirs(os.path.join(tmp, "ui/egl"))
    with open(os.path.join(tmp, "ui/egl/ui-egl.so"), "w") as f:
        f.write("no module")
    check_warning(start_and_end(copy, "-display", "egl-headless"), "package libepoxy0")


@test("egl/gl-is-loaded-on-demand")
def _(tmp):
    need_module()
    for args, mapped in (((), False), (("-display", NO_NODE), True)):
        vm = Vm(tmp, *args)
        with open("/proc/%d/maps" % vm.process.pid) as f:
            maps = f.read()
        for library in ("libEGL", "libGLESv2", "libgbm", "libepoxy"):
            assert (library in maps) == mapped, library
        vm.quit()


main()

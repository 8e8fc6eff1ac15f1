#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The SPICE module of the real binary."""
import os
import re
import shutil
import subprocess

from harness import QmpError, VMM, Vm, expect_refusal, main, test
from spice_client import free_port, need_module

QTEST = ("-accel", "qtest", "-display", "none", "-nodefaults")


def refuses(name, spec, says):
    @test("spice/" + name)
    def _(tmp):
        need_module()
        expect_refusal(tmp, *QTEST, "-spice", spec, says=says)


refuses("unknown-option-names-the-nearest", "prot=5900", ["-spice", "did you mean 'port'"])
refuses("no-address", "disable-ticketing", ["-spice", "needs port=N"])
refuses("address-of-another-host", "port=5999,addr=203.0.113.1", ["-spice", "203.0.113.1"])
refuses("certificates-that-are-missing", "tls-port=5999,x509-dir=/nonexistent",
        ["-spice", "/nonexistent/server-key.pem", "No such file"])
refuses("unknown-codec", "port=5999,addr=127.0.0.1,video-codecs=hand:drawn",
        ["-spice", "video-codecs=hand:drawn"])
refuses("console-that-does-not-exist", "port=5999,addr=127.0.0.1,display=gpu9",
        ["-spice", "'gpu9'"])
refuses("secret-that-does-not-exist", "port=5999,addr=127.0.0.1,password-secret=s0",
        ["-spice", "password-secret", "'s0'"])


@test("spice/certificate-that-is-none-is-refused-in-one-line")
def _(tmp):
    need_module()
    for name in ("server-key.pem", "server-cert.pem", "ca-cert.pem"):
        open(os.path.join(tmp, name), "w").close()
    expect_refusal(tmp, *QTEST, "-spice", "tls-port=%d,x509-dir=%s" % (free_port(), tmp),
                   says="-spice")


@test("spice/module-that-is-not-there-names-the-package")
def _(tmp):
    alone = os.path.join(tmp, "alone")
    os.mkdir(alone)
    copy = shutil.copy(VMM, os.path.join(alone, os.path.basename(VMM)))
    done = subprocess.run([copy, *QTEST, "-spice", "port=5999"], stderr=subprocess.PIPE, text=True)
    assert done.returncode == 1 and done.stderr.count("\n") == 1, done
    assert "ui-spice.so" in done.stderr and "libspice-server-dev" in done.stderr, done.stderr
    os.makedirs(os.path.join(alone, "ui/spice"))
    with open(os.path.join(alone, "ui/spice/ui-spice.so"), "w") as f:
        f.write("no module")
    done = subprocess.run([copy, *QTEST, "-spice", "port=5999"], stderr=subprocess.PIPE, text=True)
    assert done.returncode == 1 and done.stderr.count("\n") == 1, done
    assert "package libspice-server1" in done.stderr, done.stderr


@test("spice/program-is-not-linked-with-the-library-and-loads-it-on-demand")
def _(tmp):
    linked = subprocess.run(["ldd", VMM], stdout=subprocess.PIPE, text=True, check=True).stdout
    assert "spice" not in linked, linked
    for args, mapped in (((), False), (("-spice", "unix,disable-ticketing,addr=%s/s" % tmp), True)):
        if mapped:
            need_module()
        vm = Vm(tmp, *args)
        with open("/proc/%d/maps" % vm.process.pid) as f:
            assert ("libspice-server" in f.read()) == mapped
        vm.quit()
    assert not os.listdir(tmp), os.listdir(tmp)


@test("spice/default-vnc-server-gives-way")
def _(tmp):
    need_module()
    vm = Vm(tmp, "-spice", "unix,addr=%s/s,disable-ticketing" % tmp)
    assert not vm.qmp("query-vnc")["enabled"]
    vm.quit()


@test("spice/query-spice-tells-the-server")
def _(tmp):
    need_module()
    port = free_port()
    vm = Vm(tmp, "-spice", "addr=127.0.0.1,port=%d" % port, "-spice", "disable-ticketing=on")
    info = vm.qmp("query-spice")
    version = info.pop("compiled-version")
    assert re.fullmatch(r"\d+\.\d+\.\d+", version), version
    assert info == {"enabled": True, "migrated": False, "host": "127.0.0.1", "port": port,
                    "auth": "none", "mouse-mode": "server", "channels": []}, info
    vm.quit()
    vm = Vm(tmp)
    assert vm.qmp("query-spice") == {"enabled": False, "migrated": False, "mouse-mode": "unknown"}
    vm.quit()


def qmp_refuses(vm, command, says, **arguments):
    try:
        vm.qmp(command, **arguments)
    except QmpError as error:
        assert says in error.desc, error.desc
        return
    raise AssertionError("%s was accepted" % command)


@test("spice/passwords-are-checked-by-qmp")
def _(tmp):
    need_module()
    vm = Vm(tmp, "-spice", "unix,addr=%s/s" % tmp)
    assert vm.qmp("query-spice")["auth"] == "spice"
    vm.qmp("set_password", protocol="spice", password="a")
    vm.qmp("set_password", protocol="spice", password="b", connected="fail")
    qmp_refuses(vm, "set_password", "longer", protocol="spice", password="x" * 61)
    qmp_refuses(vm, "set_password", "connected", protocol="spice", password="x", connected="yes")
    qmp_refuses(vm, "set_password", "no VNC server", protocol="vnc", password="x")
    for when in ("now", "never", "+10", "1893456000"):
        vm.qmp("expire_password", protocol="spice", time=when)
    for when in ("", "soon", "+", "-5", "0"):
        qmp_refuses(vm, "expire_password", "time", protocol="spice", time=when)
    vm.quit()
    vm = Vm(tmp, "-spice", "unix,disable-ticketing,addr=%s/s" % tmp)
    qmp_refuses(vm, "set_password", "disable-ticketing", protocol="spice", password="a")
    vm.quit()
    vm = Vm(tmp)
    qmp_refuses(vm, "set_password", "no SPICE server", protocol="spice", password="a")
    qmp_refuses(vm, "expire_password", "no SPICE server", protocol="spice", time="now")
    vm.quit()


main()

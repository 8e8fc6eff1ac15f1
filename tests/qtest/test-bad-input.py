#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What can't work is refused with one line that names the object and the cause, and status 1."""
import os
import re
import socket

from harness import TOP, expect_refusal, main, run, test

QTEST = ("-accel", "qtest", "-display", "none", "-nodefaults")


def refuses(name, *args, says):
    @test("bad-input/" + name)
    def _(tmp):
        expect_refusal(tmp, *QTEST, *args, says=says)


refuses("unknown-option-names-the-nearest", "-machin", "pc", says="did you mean '-machine'")
refuses("unknown-option-without-a-near-one", "-xyzzy", says="-xyzzy: unknown option")
refuses("missing-argument", "-m", says="-m: needs an argument")
refuses("image-without-option", "disk.img", says="disk.img: not an option")
refuses("unknown-device-names-the-nearest", "-device", "virtio-net-pic",
        says=["virtio-net-pic", "did you mean 'virtio-net-pci'"])
refuses("unknown-property-names-the-nearest", "-device", "vfio-pci,sysfsdve=/x",
        says=["vfio-pci", "'sysfsdve'", "did you mean 'sysfsdev'"])
refuses("bad-property-value", "-device", "vfio-pci,sysfsdev=/x,xres=wide",
        says=["vfio-pci", "xres", "wide"])
refuses("bad-way-with-tearing", "-device", "vfio-pci,sysfsdev=/x,x-tear=later",
        says="vfio-pci: x-tear=later: expected one of 'allow', 'latch', 'copy', 'wait'")
refuses("sysfsdev-that-does-not-exist", "-device",
        "vfio-pci,sysfsdev=/sys/bus/mdev/devices/00000000-0000-0000-0000-000000000000",
        says=["vfio", "00000000-0000-0000-0000-000000000000", "No such file"])
refuses("sysfsdev-that-is-no-vfio", "-device", "vfio-pci,sysfsdev=/sys/class/net/lo",
        says=["vfio", "lo"])
refuses("host-device-that-does-not-exist", "-device", "vfio-pci,host=ffff:ff:1f.7",
        says="ffff:ff:1f.7")
refuses("bad-host-address", "-device", "vfio-pci,host=banana", says=["vfio-pci", "banana"])
refuses("neither-host-nor-sysfsdev", "-device", "vfio-pci", says="vfio-pci")
refuses("same-id-twice", "-device", "virtio-rng-pci,id=a", "-device", "virtio-rng-pci,id=a",
        says="'a' is in use")
refuses("same-slot-twice", "-device", "virtio-rng-pci,addr=5", "-device",
        "virtio-mouse-pci,addr=5", says="virtio-mouse-pci")
refuses("slot-out-of-range", "-device", "virtio-rng-pci,addr=0x20", says=["addr", "0x20"])
refuses("unknown-bus", "-device", "virtio-rng-pci,bus=pci.7", says="'pci.7'")
refuses("netdev-that-does-not-exist", "-device", "virtio-net-pci,netdev=n9", says="'n9'")
refuses("netdev-in-use", "-netdev", "user,id=n0", "-device", "virtio-net-pci,netdev=n0", "-device",
        "virtio-net-pci,netdev=n0,id=second", says="n0")
refuses("unknown-netdev-type", "-netdev", "usr,id=n0", says=["n0", "usr"])
refuses("drive-that-does-not-exist", "-device", "virtio-blk-pci,drive=d9", says="'d9'")
refuses("image-that-does-not-exist", "-drive", "file=/nonexistent.img,format=raw",
        says=["/nonexistent.img", "No such file"])
refuses("image-format-that-is-not-read", "-drive", "file=/nonexistent.img,format=qcow2",
        says="qcow2")
refuses("ide-disk", "-hda", "disk.img", says=["-hda", "if=virtio"])
refuses("kernel-that-is-missing", "-kernel", "/nonexistent/vmlinuz",
        says=["/nonexistent/vmlinuz", "No such file"])
refuses("initrd-without-kernel", "-initrd", "/dev/null", says=["-initrd", "-kernel"])
refuses("memory-size-that-is-no-number", "-m", "lots", says=["-m", "lots"])
refuses("memory-size-that-can-not-be-had", "-m", "8E", says=["-m", "8E"])
refuses("memory-size-larger-than-the-host", "-m", "4000T", says="4")
refuses("too-little-memory", "-m", "1K", says="1K")
refuses("no-cpus", "-smp", "0", says="cpus=0")
refuses("too-many-cpus", "-smp", "4096", says="4096")
refuses("topology-too-small", "-smp", "8,sockets=1,cores=2,threads=1", says="-smp")
refuses("unknown-machine", "-machine", "q35", says=["q35", "pc"])
refuses("unknown-machine-property", "-machine", "pc,acppi=on",
        says=["acppi", "did you mean 'acpi'"])
refuses("unknown-accelerator", "-accel", "kvmm", says=["kvmm", "did you mean 'kvm'"])
refuses("unknown-display", "-display", "gtk", says="gtk")
refuses("sandbox-is-not-pretended", "-sandbox", "on", says="-sandbox")
refuses("bad-uuid", "-uuid", "42", says="42: not a UUID")
refuses("unknown-trace-area", "-trace", "vfoi", says="did you mean 'vfio'")
refuses("pidfile-in-a-missing-folder", "-pidfile", "/nonexistent/pid",
        says=["/nonexistent/pid", "No such file"])
refuses("chardev-that-does-not-exist", "-serial", "chardev:c9", says="'c9'")
refuses("unknown-chardev-option", "-chardev", "socket,id=c0,path=s,sever=on",
        says=["c0", "did you mean 'server'"])
refuses("chardev-id-twice", "-chardev", "null,id=c0", "-chardev", "null,id=c0",
        says="'c0' is in use")
refuses("stdio-twice", "-serial", "stdio", "-monitor", "stdio", says="stdio")
refuses("five-serial-ports", *["-serial", "null"] * 5, says="4 serial ports")
refuses("socket-in-a-missing-folder", "-qmp", "unix:/nonexistent/qmp,server=on,wait=off",
        says=["/nonexistent/qmp", "No such file"])
refuses("bad-vnc-display", "-vnc", ":banana", says="banana")
refuses("unknown-vnc-option", "-vnc", ":77,pasword=on", says="pasword")
refuses("vnc-option-that-is-not-offered-yet", "-vnc", ":77,tls-authz=a", says="tls-authz")
refuses("websocket-without-a-display-number", "-vnc", "none,websocket=on", says="websocket=on")
refuses("websocket-port-that-is-none", "-vnc", "none,websocket=70000", says="websocket=70000")
refuses("tls-creds-that-do-not-exist", "-vnc", "none,tls-creds=t9", says=["tls-creds", "'t9'"])
refuses("secret-that-does-not-exist", "-vnc", "none,password-secret=s9",
        says=["password-secret", "'s9'"])
refuses("certificate-that-is-missing", "-object",
        "tls-creds-x509,id=t0,endpoint=server,dir=/nonexistent",
        says=["tls-creds-x509 t0", "/nonexistent/ca-cert.pem", "No such file"])
refuses("tls-endpoint-of-a-client", "-object", "tls-creds-x509,id=t0,dir=/tmp",
        says=["t0", "endpoint=client"])
refuses("tls-priority-that-is-none", "-object",
        "tls-creds-anon,id=t0,endpoint=server,priority=BANANA", says=["t0", "BANANA"])
refuses("sasl-in-the-clear", "-vnc", "127.0.0.1:77,sasl=on", says=["sasl=on", "tls-creds"])
refuses("sasl-authz-is-not-offered", "-vnc", "none,sasl-authz=a", says="sasl-authz")
refuses("viewer-that-does-not-answer", "-vnc", "127.0.0.1:1,reverse=on",
        says=["reverse=on", "127.0.0.1:1", "refused"])
refuses("unknown-keyboard-layout", "-k", "klingon", says=["-k klingon", "layout"])
refuses("secret-without-data", "-object", "secret,id=s0", says=["secret s0", "data", "file"])
refuses("secret-file-that-is-missing", "-object", "secret,id=s0,file=/nonexistent/s",
        says=["s0", "/nonexistent/s", "No such file"])
refuses("object-id-twice", "-object", "secret,id=s0,data=a", "-object", "secret,id=s0,data=b",
        says="'s0' is in use")
refuses("unknown-object", "-object", "secrt,id=s0", says=["secrt", "not offered"])
refuses("set-without-target", "-set", "device.d0.addr=3", says="device.d0.addr=3")
refuses("bad-json", "-device", '{"driver":', says="JSON")


@test("bad-input/kernel-that-is-no-kernel")
def _(tmp):
    path = os.path.join(tmp, "text")
    for content in (b"", b"not a kernel\n" * 10, bytes(65536)):
        with open(path, "wb") as f:
            f.write(content)
        expect_refusal(tmp, *QTEST, "-kernel", path, says=path)


@test("bad-input/kernel-that-is-truncated")
def _(tmp):
    path = os.path.join(tmp, "vmlinuz")
    header = bytearray(4096)
    header[0x1f1] = 4  # setup sectors
    header[0x1f4:0x1f8] = (0x100000).to_bytes(4, "little")  # protected-mode code in 16 bytes
    header[0x1fe:0x200] = b"\x55\xaa"
    header[0x200:0x202] = b"\xeb\x66"
    header[0x202:0x206] = b"HdrS"
    header[0x206:0x208] = (0x20f).to_bytes(2, "little")
    with open(path, "wb") as f:
        f.write(header)
    expect_refusal(tmp, *QTEST, "-kernel", path, says=path)


@test("bad-input/initrd-that-is-missing")
def _(tmp):
    boot = sorted(n for n in os.listdir("/boot") if n.startswith("vmlinuz")) \
        if os.path.isdir("/boot") else []
    if not boot:
        from harness import Skip
        raise Skip("no kernel in /boot")
    expect_refusal(tmp, *QTEST, "-kernel", "/boot/" + boot[-1], "-initrd", "/nonexistent/initrd",
                   says=["/nonexistent/initrd", "No such file"])


@test("bad-input/drive-id-twice-on-images")
def _(tmp):
    for name in ("a", "b"):
        with open(os.path.join(tmp, name), "wb") as f:
            f.truncate(4096)
    expect_refusal(tmp, *QTEST, "-drive", "file=a,format=raw,if=none,id=d", "-drive",
                   "file=b,format=raw,if=none,id=d", says="'d' is in use")


@test("bad-input/tcp-port-in-use")
def _(tmp):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        expect_refusal(tmp, *QTEST, "-qmp", "tcp:127.0.0.1:%d,server=on,wait=off" % port,
                       says=[str(port), "Address already in use"])


@test("bad-input/websocket-port-in-use")
def _(tmp):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        expect_refusal(tmp, *QTEST, "-vnc", "unix:vnc,websocket=127.0.0.1:%d" % port,
                       says=["websocket", str(port), "Address already in use"])


@test("bad-input/vnc-port-in-use")
def _(tmp):
    with socket.socket() as taken:
        for display in range(200, 300):
            try:
                taken.bind(("127.0.0.1", 5900 + display))
                break
            except OSError:
                pass
        taken.listen()
        expect_refusal(tmp, *QTEST, "-vnc", "127.0.0.1:%d" % display,
                       says=[str(5900 + display), "Address already in use"])


@test("bad-input/unix-socket-of-another-program")
def _(tmp):
    path = os.path.join(tmp, "s")
    with socket.socket(socket.AF_UNIX) as taken:
        taken.bind(path)
        taken.listen()
        expect_refusal(tmp, *QTEST, "-qmp", "unix:%s,server=on,wait=off" % path,
                       says=[path, "Address already in use"])


@test("bad-input/a-file-is-no-socket-and-stays")
def _(tmp):
    path = os.path.join(tmp, "precious")
    with open(path, "w") as f:
        f.write("data")
    expect_refusal(tmp, *QTEST, "-qmp", "unix:%s,server=on,wait=off" % path, says=path)
    assert open(path).read() == "data"


@test("bad-input/later-failure-removes-earlier-sockets")
def _(tmp):
    expect_refusal(tmp, *QTEST, "-pidfile", os.path.join(tmp, "pid"),
                   "-chardev", "socket,id=c0,path=%s/c0,server=on,wait=off" % tmp,
                   "-serial", "unix:%s/serial,server=on,wait=off" % tmp,
                   "-qmp", "unix:%s/qmp,server=on,wait=off" % tmp,
                   "-qmp", "unix:/nonexistent/qmp,server=on,wait=off", says="/nonexistent/qmp")


@test("bad-input/daemon-that-fails-says-so-before-it-returns")
def _(tmp):
    expect_refusal(tmp, *QTEST, "-daemonize", "-device", "nonesuch", says="nonesuch")


@test("bad-input/no-kvm")
def _(tmp):
    if os.path.exists("/dev/kvm"):
        # A user without rights stands for a host without KVM.
        import subprocess
        from harness import Skip, VMM
        done = subprocess.run(["setpriv", "--reuid=65534", "--clear-groups", VMM, "-accel", "kvm",
                               "-display", "none", "-nodefaults"], stderr=subprocess.PIPE,
                              stdin=subprocess.DEVNULL, cwd="/")
        err = done.stderr.decode()
        if "setpriv" in err or done.returncode == 127:
            raise Skip("can't become another user: %s" % err.strip())
        assert done.returncode == 1 and err.count("\n") == 1 and "/dev/kvm" in err, err
        return
    expect_refusal(tmp, "-accel", "kvm", "-display", "none", "-nodefaults", says="/dev/kvm")


@test("help/lists-go-to-standard-output-with-status-0")
def _(tmp):
    for args in (["-help"], ["-version"], ["-machine", "help"], ["-accel", "help"],
                 ["-cpu", "help"], ["-device", "help"], ["-device", "vfio-pci,help"],
                 ["-device", "virtio-net-pci,help"], ["-netdev", "help"], ["-chardev", "help"],
                 ["-vnc", "help"], ["-display", "help"], ["-trace", "help"]):
        status, out, err = run(*args)
        assert status == 0 and out and not err, (args, status, err)
    assert "QEMU emulator version 7.2.0" in run("-version")[1]
    assert "sysfsdev" in run("-device", "vfio-pci,help")[1]


@test("help/every-option-and-device-is-documented")
def _(tmp):
    text = open(os.path.join(TOP, "docs/command-line.md")).read()
    options = [line.split()[0] for line in run("-help")[1].splitlines() if line.startswith("-")]
    devices = re.findall(r'^name "([^"]+)"', run("-device", "help")[1], re.M)
    assert len(options) > 40 and len(devices) > 6
    known = ("-help", "-version")
    missing = [n for n in options + devices if n not in known and
               not re.search(r"`(\S+ .*)?%s[` \[]" % re.escape(n), text)]
    assert not missing, missing


main()

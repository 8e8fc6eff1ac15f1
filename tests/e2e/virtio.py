#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""virtio devices under Debian's kernel; run inside the sandbox.

One machine goes through all of it: disk, full disk, network both ways, random numbers, input,
interrupts, and the disk once more after the guest has rebooted.
"""

import functools
import hashlib
import http.server
import os
import re
import socket
import subprocess
import tempfile
import threading

import tap
from machine import Machine

FILE_BYTES = 8 << 20
FORWARDED_PORT = 4022
tmp = tempfile.mkdtemp(prefix="virtio-e2e-")
tests = []


def test(name):
    def add(function):
        tests.append((name, function))
        return function
    return add


def sha256(data):
    return hashlib.sha256(data).hexdigest()


def make_disk():
    """An ext4 image with a file of random bytes; returns its path and the file's checksum."""
    tree, image = f"{tmp}/tree", f"{tmp}/disk.raw"
    os.mkdir(tree)
    data = os.urandom(FILE_BYTES)
    with open(f"{tree}/given", "wb") as file:
        file.write(data)
    subprocess.run(["truncate", "-s", "64M", image], check=True)
    subprocess.run(["mke2fs", "-q", "-t", "ext4", "-d", tree, image], check=True)
    return image, sha256(data)


def make_small_room():
    """A disk of 64 MiB whose file system has room for 4 MiB of it."""
    os.mkdir(f"{tmp}/small")
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4M", "tmpfs", f"{tmp}/small"], check=True)
    subprocess.run(["truncate", "-s", "64M", f"{tmp}/small/full.raw"], check=True)
    return f"{tmp}/small/full.raw"


def serve_file():
    """An HTTP server on 127.0.0.1 with one file; returns its port and the file's checksum."""
    data = os.urandom(FILE_BYTES)

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *args):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server.server_port, sha256(data)


disk, given_sum = make_disk()
full_disk = make_small_room()
http_port, http_sum = serve_file()


def checksum_in_guest(vm, path):
    return vm.run(f"sha256sum {path}", 120).split()[0]


@test("disk/file-made-outside-is-read")
def _(vm):
    vm.run("mkdir -p /mnt && mount -t ext4 /dev/vda /mnt")
    assert checksum_in_guest(vm, "/mnt/given") == given_sum
    assert vm.run("cat /sys/block/vda/serial; echo").strip() == "first"


@test("disk/file-written-by-the-guest-is-read-outside")
def _(vm):
    vm.run("dd if=/dev/urandom of=/mnt/made bs=64k count=128 2>/dev/null && sync")
    inside = checksum_in_guest(vm, "/mnt/made")
    vm.run("umount /mnt")
    outside = subprocess.run(["debugfs", "-R", "cat /made", disk], stdout=subprocess.PIPE,
                             stderr=subprocess.DEVNULL, check=True).stdout
    assert sha256(outside) == inside
    vm.run("mount -t ext4 /dev/vda /mnt")


@test("disk/discard-gives-space-back")
def _(vm):
    vm.run("rm /mnt/made && sync")
    before = os.stat(disk).st_blocks
    vm.run("fstrim /mnt")
    assert before - os.stat(disk).st_blocks > FILE_BYTES // 512 // 2, os.stat(disk).st_blocks


@test("disk/readonly-disk-refuses-writes-in-the-guest")
def _(vm):
    assert vm.run("cat /sys/block/vdb/ro").strip() == "1"
    assert "ok" in vm.run("dd if=/dev/zero of=/dev/vdb bs=4k count=1 2>/dev/null || echo ok")


@test("disk/full-disk-is-the-guests-error-and-nothing-else")
def _(vm):
    said = vm.run("dd if=/dev/zero of=/dev/vdc bs=64k count=256 conv=fsync 2>&1 || echo failed", 120)
    assert "failed" in said, said
    assert "I/O error" in vm.run("dmesg | grep vdc | tail -n 3")
    assert vm.qmp("query-status")["status"] == "running"
    vm.run("dd if=/dev/vdc of=/dev/null bs=64k count=1 2>/dev/null")


@test("net/ping-is-answered")
def _(vm):
    vm.run("ip link set eth0 up && ip addr add 10.0.2.15/24 dev eth0 && "
           "ip route add default via 10.0.2.2")
    vm.run("ping -c 3 -w 20 10.0.2.2")


@test("net/file-comes-whole-through-the-user-network")
def _(vm):
    vm.run(f"wget -q -O /tmp/got http://10.0.2.2:{http_port}/file", 180)
    assert checksum_in_guest(vm, "/tmp/got") == http_sum


@test("net/forwarded-port-reaches-the-guest")
def _(vm):
    vm.run("(echo answer | nc -l -p 22 >/tmp/asked) & sleep 1")
    with socket.create_connection(("127.0.0.1", FORWARDED_PORT), timeout=30) as client:
        client.sendall(b"question\n")
        client.shutdown(socket.SHUT_WR)
        client.settimeout(30)
        assert client.recv(100) == b"answer\n"
    vm.run("sleep 1; grep question /tmp/asked")


@test("rng/guest-has-a-hardware-source")
def _(vm):
    assert "virtio_rng" in vm.run("cat /sys/class/misc/hw_random/rng_current")
    vm.run("dd if=/dev/hwrng of=/tmp/random bs=1k count=64 2>/dev/null")
    size, packed = vm.run("wc -c </tmp/random; gzip -c /tmp/random | wc -c").split()
    assert int(size) == 65536 and int(packed) > 65000


@test("input/events-sent-by-qmp-are-seen-by-the-guest")
def _(vm):
    vm.run("evlog >/tmp/events & sleep 2")
    for down in (True, False):
        vm.qmp("input-send-event", events=[
            {"type": "key", "data": {"down": down, "key": {"type": "qcode", "data": "a"}}}])
    vm.qmp("input-send-event", events=[{"type": "abs", "data": {"axis": "x", "value": 4660}},
                                       {"type": "abs", "data": {"axis": "y", "value": 22136}}])
    for down in (True, False):
        vm.qmp("input-send-event", events=[{"type": "btn", "data": {"down": down, "button": "left"}}])
    seen = vm.run("sleep 2; kill %1; cat /tmp/events")
    for wanted in ("keyboard key 30 1", "keyboard key 30 0", "tablet abs 0 4660", "tablet abs 1 22136",
                   "tablet key 272 1", "tablet key 272 0"):
        assert f"virtio-{wanted}\n" in seen, f"no '{wanted}' in: {seen}"


@test("interrupts/each-queue-has-its-own-msix-vector")
def _(vm):
    table = vm.run("cat /proc/interrupts")
    for name in ("req.0", "input.0", "output.0", "events"):
        line = re.search(rf"^\s*\d+:\s+(\d+).*PCI-MSI.*virtio\d+-{re.escape(name)}$", table, re.M)
        assert line and int(line.group(1)) > 0, f"{name}: {table}"


@test("reboot/guest-reboots-and-finds-its-disk-again")
def _(vm):
    vm.run("umount /mnt")
    vm.send("reboot -f")
    vm.qmp.wait_event("RESET", 60)
    vm.wait_serial("guest: ready", 120)
    vm.run("mkdir -p /mnt && mount -t ext4 /dev/vda /mnt")
    assert checksum_in_guest(vm, "/mnt/given") == given_sum
    vm.run("ip link set eth0 up && ip addr add 10.0.2.15/24 dev eth0 && ping -c 1 -w 20 10.0.2.2")


def main():
    drive = "file={},format=raw,if=none,id={},discard=unmap{}"
    with Machine("-drive", drive.format(disk, "d0", ""),
                 "-device", "virtio-blk-pci,drive=d0,serial=first",
                 "-drive", drive.format("/proc/self/exe", "d1", ",readonly=on"),
                 "-device", "virtio-blk-pci,drive=d1",
                 "-drive", drive.format(full_disk, "d2", ""),
                 "-device", "virtio-blk-pci,drive=d2",
                 "-netdev", f"user,id=n0,hostfwd=tcp:127.0.0.1:{FORWARDED_PORT}-:22",
                 "-device", "virtio-net-pci,netdev=n0", "-device", "virtio-rng-pci",
                 "-device", "virtio-keyboard-pci", "-device", "virtio-tablet-pci") as vm:
        vm.wait_serial("guest: ready", 120)
        tap.run([(f"/virtio/{name}", functools.partial(function, vm))
                 for name, function in tests])


main()

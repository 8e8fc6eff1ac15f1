# SPDX-License-Identifier: GPL-2.0-or-later
"""A virtual machine monitor under measurement: ours and the distribution's take the same options."""

import gzip
import json
import os
import shutil
import socket
import subprocess
import tempfile
import time

TICK = os.sysconf("SC_CLK_TCK")
HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(os.path.dirname(HERE))
BUILD = os.path.join(TOP, "build")
PROGRAMS = {
    "oriel": os.path.join(BUILD, "qemu-system-x86_64"),
    "qemu": "/usr/bin/qemu-system-x86_64",
}


class Failed(Exception):
    pass


class Vmm:
    """One process. Options that both programs know; sockets in a folder of its own."""

    def __init__(self, program, options, serial=False):
        self.dir = tempfile.mkdtemp(prefix="bench-")
        self.qmp_path = os.path.join(self.dir, "qmp")
        self.serial_path = os.path.join(self.dir, "serial")
        self.log_path = os.path.join(self.dir, "log")
        command = [PROGRAMS[program], "-name", "bench", "-nodefaults", "-display", "none",
                   "-qmp", f"unix:{self.qmp_path},server=on,wait=off"]
        if serial:
            command += ["-serial", f"unix:{self.serial_path},server=on,wait=off"]
        with open(self.log_path, "wb") as log:
            self.started = time.monotonic()
            self.process = subprocess.Popen(command + options, stdin=subprocess.DEVNULL,
                                            stdout=log, stderr=log)
        self.pid = self.process.pid
        self.qmp_file = None
        self.vcpus = set()

    def log(self):
        with open(self.log_path, errors="replace") as log:
            return log.read().strip()

    def connect(self, path, patience=60):
        end = time.monotonic() + patience
        while True:
            sock = socket.socket(socket.AF_UNIX)
            try:
                sock.connect(path)
                return sock
            except OSError as error:
                sock.close()
                if self.process.poll() is not None:
                    raise Failed(f"ended with {self.process.returncode}: {self.log()}") from None
                if time.monotonic() > end:
                    raise Failed(f"{path}: {error}: {self.log()}") from None
                time.sleep(0.0005)

    def greeting(self):
        """Waits for QMP; returns the milliseconds since the start."""
        self.qmp_sock = self.connect(self.qmp_path)
        self.qmp_file = self.qmp_sock.makefile("rw")
        line = self.qmp_file.readline()
        elapsed = (time.monotonic() - self.started) * 1000
        if "QMP" not in line:
            raise Failed(f"greeting: {line!r}")
        self.qmp("qmp_capabilities")
        for cpu in self.qmp("query-cpus-fast"):
            self.vcpus.add(cpu["thread-id"])
        return elapsed

    def qmp(self, command, **arguments):
        json.dump({"execute": command, "arguments": arguments}, self.qmp_file)
        self.qmp_file.write("\n")
        self.qmp_file.flush()
        while True:
            answer = json.loads(self.qmp_file.readline())
            if "return" in answer:
                return answer["return"]
            if "error" in answer:
                raise Failed(f"{command}: {answer['error']['desc']}")

    def open_serial(self, patience=240):
        """Waits until the guest says ready."""
        self.serial = self.connect(self.serial_path)
        self.serial.settimeout(patience)
        self.serial_data = b""
        self.expect("ready")

    def expect(self, word):
        while True:
            while b"\n" in self.serial_data:
                line, self.serial_data = self.serial_data.split(b"\n", 1)
                text = line.decode(errors="replace").strip()
                if "no screen" in text:
                    raise Failed("guest: no screen")
                if text.startswith(word):
                    return text
            try:
                data = self.serial.recv(4096)
            except socket.timeout:
                raise Failed(f"guest: no '{word}'; {self.serial_data!r} {self.log()}") from None
            if not data:
                raise Failed(f"guest: serial closed: {self.log()}")
            self.serial_data += data

    def guest(self, command):
        """Sends a line to the guest; returns how many frames it has drawn so far."""
        self.serial.sendall(command.encode() + b"\n")
        return int(self.expect("ok ").split()[1])

    def threads(self):
        """Thread ids without those of vCPUs: what is spent there is the guest's."""
        return [int(t) for t in os.listdir(f"/proc/{self.pid}/task") if int(t) not in self.vcpus]

    def cpu_seconds(self):
        total = 0
        for thread in self.threads():
            with open(f"/proc/{self.pid}/task/{thread}/stat") as stat:
                fields = stat.read().rsplit(")", 1)[1].split()
            total += int(fields[11]) + int(fields[12])
        return total / TICK

    def wakeups(self):
        total = 0
        for thread in self.threads():
            with open(f"/proc/{self.pid}/task/{thread}/status") as status:
                for line in status:
                    if line.startswith("voluntary_ctxt_switches"):
                        total += int(line.split()[1])
        return total

    def pss_mib(self):
        with open(f"/proc/{self.pid}/smaps_rollup") as rollup:
            for line in rollup:
                if line.startswith("Pss:"):
                    return int(line.split()[1]) / 1024
        raise Failed("no Pss")

    def stop(self):
        self.process.kill()
        self.process.wait()
        shutil.rmtree(self.dir, ignore_errors=True)


def find_kernel():
    """The newest kernel of the distribution, as scripts/sandbox takes it."""
    kernels = [name for name in os.listdir("/boot") if name.startswith("vmlinuz-")
               and os.path.isdir("/lib/modules/" + name[len("vmlinuz-"):])]
    if not kernels:
        raise Failed("no kernel in /boot: apt-get install linux-image-amd64")
    return "/boot/" + sorted(kernels)[-1]


def make_initrd(path):
    """An initramfs that is one program."""
    root = tempfile.mkdtemp(prefix="initrd-")
    try:
        shutil.copy(os.path.join(BUILD, "tests/bench/guest-draw"), os.path.join(root, "init"))
        for name in ("dev", "proc", "sys"):
            os.mkdir(os.path.join(root, name))
        archive = subprocess.run(["cpio", "--quiet", "-o", "-H", "newc"], cwd=root, check=True,
                                 input="\n".join((".", "init", "dev", "proc", "sys")).encode(),
                                 stdout=subprocess.PIPE).stdout
        with gzip.open(path, "wb", 1) as out:
            out.write(archive)
    finally:
        shutil.rmtree(root)

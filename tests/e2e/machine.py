# SPDX-License-Identifier: GPL-2.0-or-later
"""A machine under test: the VMM as a process, its QMP, the guest's serial console, a vGPU for it.

For use inside the sandbox (scripts/sandbox). Every wait has a limit and says what it waited for.
"""

import contextlib
import glob
import json
import os
import re
import select
import socket
import subprocess
import tempfile
import time
import uuid

import stall

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
GUEST = os.path.join(TOP, "build/guest")
# The desktop's root file system (root=/dev/vda).
DESKTOP_DISK = ("-drive", f"file={GUEST}/desktop.img,if=none,id=disk,format=raw,readonly=on",
                "-device", "virtio-blk-pci,drive=disk")
VMM = os.environ.get("ORIEL_VMM", os.path.join(TOP, "build/qemu-system-x86_64"))
# Limits are what a quiet machine needs at most. One that emulates the sandbox's processors and has other things
# to do gets so many times as long.
PATIENCE = 3
# A guest that says nothing for so long is looked at.
QUIET_S = 30


def patient(limit_s):
    """When a wait that has a limit of so many seconds is over, and how many they are here."""
    return time.monotonic() + PATIENCE * limit_s, PATIENCE * limit_s


@contextlib.contextmanager
def environment(environ):
    """What is started while the block lasts has that environment."""
    before = dict(os.environ)
    os.environ.clear()
    os.environ.update(environ)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


class Failure(Exception):
    """Something that a test finds wrong; the text says what."""


class MachineEnded(Failure):
    """The VMM is gone, which no later test can do without."""


class Qmp:
    """One QMP connection. Answers and events come in the order the peer sent them."""

    def __init__(self, path, process=None, limit_s=30):
        self.events = []
        self._buffer = b""
        self._socket = socket.socket(socket.AF_UNIX)
        end, limit_s = patient(limit_s)
        while True:
            try:
                self._socket.connect(path)
                break
            except (FileNotFoundError, ConnectionRefusedError):
                if process and process.poll() is not None:
                    raise Failure(f"the VMM ended with status {process.returncode}")
                if time.monotonic() > end:
                    raise Failure(f"no QMP at {path} after {limit_s} s")
                time.sleep(0.05)
        self.greeting = self._receive(end - time.monotonic())
        self("qmp_capabilities")

    def _receive(self, limit_s):
        end, limit_s = time.monotonic() + limit_s, round(limit_s)
        while b"\n" not in self._buffer:
            left = end - time.monotonic()
            if left <= 0 or not select.select([self._socket], [], [], left)[0]:
                raise Failure(f"QMP says nothing for {limit_s} s")
            try:
                data = self._socket.recv(65536)
            except OSError as error:
                raise Failure(f"QMP connection: {error}") from None
            if not data:
                raise Failure("QMP connection: closed by the VMM")
            self._buffer += data
        line, self._buffer = self._buffer.split(b"\n", 1)
        return json.loads(line)

    def try_command(self, name, limit_s=60, **arguments):
        """Sends a command; returns the whole answer, be it 'return' or 'error'."""
        request = {"execute": name}
        if arguments:
            request["arguments"] = arguments
        try:
            self._socket.sendall(json.dumps(request).encode() + b"\r\n")
        except OSError as error:
            raise Failure(f"QMP connection: {error}") from None
        while True:
            answer = self._receive(PATIENCE * limit_s)
            if "event" in answer:
                self.events.append(answer)
            else:
                return answer

    def __call__(self, name, limit_s=60, **arguments):
        """Sends a command; returns what it returns, fails if it fails."""
        answer = self.try_command(name, limit_s, **arguments)
        if "error" in answer:
            raise Failure(f"{name}: {answer['error'].get('desc')}")
        return answer["return"]

    def wait_event(self, name, limit_s=60):
        """Waits for an event that was not waited for yet; returns its data."""
        end, limit_s = patient(limit_s)
        while True:
            for event in self.events:
                if event["event"] == name:
                    self.events.remove(event)
                    return event.get("data", {})
            left = end - time.monotonic()
            if left <= 0:
                raise Failure(f"no event {name} within {limit_s} s")
            self.events.append(self._receive(left))


class Machine:
    """A running VMM. A context manager: leaving it ends the VMM."""

    machines = []  # all that there have been

    def __init__(self, *args, kernel=None, initrd=None, append="", memory="256M", smp=1, vmm=VMM):
        self.dir = tempfile.mkdtemp(prefix="e2e-")
        self.output = ""
        self._read_to = 0
        self._lost = False
        self._commands = 0
        command = [vmm, "-machine", "pc,accel=kvm", "-cpu", "host", "-smp", str(smp), "-m", memory,
                   "-nodefaults", "-vga", "none", "-display", "none", "-serial", "stdio",
                   "-qmp", f"unix:{self.dir}/qmp,server=on,wait=off",
                   "-kernel", kernel or f"{GUEST}/vmlinux", "-initrd", initrd or f"{GUEST}/initrd",
                   "-append", f"console=tty0 console=ttyS0 quiet {append}".strip(), *args]
        if vmm == VMM:
            command += ["-trace", "accel:triple_fault"]
        self.errors = open(f"{self.dir}/stderr", "w+")
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=self.errors)
        Machine.machines.append(self)
        os.set_blocking(self.process.stdout.fileno(), False)
        try:
            self.qmp = Qmp(f"{self.dir}/qmp", self.process)
        except Failure as failure:
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(5)
            self.stop()
            raise Failure(f"{failure}; its messages: {self.messages()}") from None

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.stop()

    def messages(self):
        """What the VMM wrote to its standard error."""
        with open(f"{self.dir}/stderr", encoding="utf-8", errors="replace") as errors:
            return errors.read().strip()

    def _shut_down(self):
        """Has a processor of the guest had a triple fault? No test here asks for one."""
        return "accel:triple_fault" in self.messages()

    def _look_for_state(self):
        if not self._lost and self.process.poll() is None and stall.is_emulated():
            self._lost = stall.is_lost(self.process.pid)
        return self._lost

    def crashed(self):
        """Has a processor of the guest gone wrong, which none does by itself, by a triple fault or the loss of its
        state?"""
        return self._shut_down() or self._look_for_state()

    def _ended(self):
        """What to raise when the VMM is found to have gone."""
        try:
            status = self.process.wait(10)
        except subprocess.TimeoutExpired:
            return Failure("the VMM closed its serial port")
        return MachineEnded(f"the VMM ended with status {status}: {self.messages()[-2000:]}")

    def _read_serial(self, limit_s):
        if not select.select([self.process.stdout], [], [], max(0, min(limit_s, QUIET_S)))[0]:
            if self._look_for_state():
                raise Failure("a processor of the guest has the state of the one underneath: " +
                              self.output[self._read_to:][-500:])
            return
        data = self.process.stdout.read(65536)
        if data == b"":
            raise self._ended()
        self.output += data.decode(errors="replace").replace("\r", "")
        if self._shut_down():
            raise Failure("the guest's processor shut down (triple fault): " + self.output[self._read_to:][-500:])

    def wait_serial(self, pattern, limit_s=60):
        """Waits for whole lines that match, after what was waited for before; returns the match."""
        end, limit_s = patient(limit_s)
        while True:
            whole = self.output.rfind("\n") + 1
            match = re.compile(pattern, re.M).search(self.output, self._read_to, whole)
            if match:
                self._read_to = match.end()
                return match
            left = end - time.monotonic()
            if left <= 0:
                stall.report(self.process.pid)
                raise Failure(f"the guest didn't say '{pattern}' within {limit_s} s, but: "
                              f"{self.output[self._read_to:][-2000:]}")
            self._read_serial(left)

    def send(self, line):
        """Gives the guest's console a line."""
        try:
            self.process.stdin.write(line.encode() + b"\n")
            self.process.stdin.flush()
        except OSError:
            raise self._ended() from None

    def run(self, command, limit_s=60):
        """Runs a command in the guest; returns its output; fails if its status isn't 0."""
        self._commands += 1
        mark = f"done-{self._commands}"
        # Written so that an echo of the line does not look like its answer.
        self.send(f"{command}; echo do''ne-{self._commands} $?")
        match = self.wait_serial(rf"((?:.*\n)*?){mark} (\d+)$", limit_s)
        if match.group(2) != "0":
            raise Failure(f"in the guest, {command}: status {match.group(2)}: {match.group(1)}")
        # The terminal may have echoed the line, before or after a line feed of its own.
        return match.group(1).rpartition(f"do''ne-{self._commands} $?\n")[2].lstrip("\n")

    def screen(self):
        """What the guest itself reads back from its screen, as viewer.crc() says it."""
        return re.search(r"screen (\S+ crc \S+)", self.run("fbsum")).group(1)

    def screendump(self, path):
        """The guest's screen as a picture; returns (width, height, RGB bytes)."""
        self.qmp("screendump", filename=path)
        return read_ppm(path)

    def stop(self, limit_s=10):
        """Ends the VMM; fails if it doesn't go by itself when asked."""
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(PATIENCE * limit_s)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
                raise Failure(f"the VMM didn't end within {PATIENCE * limit_s} s of SIGTERM") from None
        return self.process.returncode


def read_ppm(path):
    """Reads a P6 picture; returns (width, height, RGB bytes)."""
    with open(path, "rb") as file:
        data = file.read()
    match = re.match(rb"P6\s(?:#.*\n)*(\d+)\s(\d+)\s255\s", data)
    if not match:
        raise Failure(f"{path}: not a P6 picture")
    width, height = int(match.group(1)), int(match.group(2))
    pixels = data[match.end():]
    if len(pixels) != width * height * 3:
        raise Failure(f"{path}: {len(pixels)} bytes of pixels for {width}x{height}")
    return width, height, pixels


def write_ppm(path, picture):
    """What read_ppm() returns again."""
    width, height, rgb = picture
    with open(path, "wb") as file:
        file.write(b"P6 %d %d 255\n" % (width, height) + rgb)


def load_gvt():
    """Loads our module into the sandbox's kernel."""
    if os.path.exists("/sys/module/oriel_gvt"):
        return
    path = os.path.join(TOP, "kernel/gvt/oriel_gvt.ko")
    if not os.path.exists(path):
        raise Failure(f"{path}: not built (make module)")
    subprocess.run(["modprobe", "-a", "vfio", "vfio_iommu_type1", "vfio_virqfd", "mdev"],
                   check=True)
    subprocess.run(["insmod", path], check=True)


class Vgpu:
    """An mdev, of our module or another. A context manager: leaving it removes the mdev."""

    def __init__(self, kind, driver="oriel_gvt"):
        types = glob.glob(f"/sys/class/mdev_bus/*/mdev_supported_types/{driver}-{kind}")
        if not types:
            raise Failure(f"no mdev type {driver}-{kind} (is the module loaded?)")
        self.uuid = str(uuid.uuid4())
        with open(f"{types[0]}/create", "w", encoding="ascii") as file:
            file.write(self.uuid)
        self.sysfs = f"/sys/bus/mdev/devices/{self.uuid}"

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.remove()

    def remove(self):
        with open(f"{self.sysfs}/remove", "w", encoding="ascii") as file:
            file.write("1")


def gpu_device(kind, stack, vgpus=None):
    """The -device argument for a display of a kind: "emulated" or "skl-display", or "bochs", "region" or
    "skl" for a vGPU of our module, which is made for it and lasts as long as stack. vgpus: a list
    that the Vgpu is added to."""
    if kind == "emulated":
        return "bochs-display"
    if kind == "skl-display":
        return kind
    load_gvt()
    vgpu = stack.enter_context(Vgpu("skl" if kind == "skl" else f"{kind}-64"))
    if vgpus is not None:
        vgpus.append(vgpu)
    return f"vfio-pci,sysfsdev={vgpu.sysfs},display=on"


def gpu_initrd(kind):
    """The initramfs with the driver for a display of that kind."""
    return f"{GUEST}/initrd-i915" if kind.startswith("skl") else f"{GUEST}/initrd"

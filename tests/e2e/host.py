# SPDX-License-Identifier: GPL-2.0-or-later
"""The kernel below the VMM, which in the tests is the sandbox's: what it says, and what is left in it."""

import re
import subprocess
import time

from machine import Failure, patient

# Of a kernel's messages, guest's or host's: what nobody wants to read there.
COMPLAINT = re.compile(r"WARNING|\bWARN|\*ERROR\*|\[ERROR\]|BUG:|Oops|RIP:|Call Trace|GPU HANG|"
                       r"(?i:general protection|refcount|lockdep|timed out|soft lockup|hung task)")
# The guest has no firmware for its display controller, and Debian's kernel says so in this way.
NORMAL = re.compile(r"firmware: failed to load i915/|firmware_class: See https")


# Of any guest in the sandbox, whoever its VMM is: KVM in an emulated CPU has the sizes of MPX's and PKU's
# state wrong.
NESTED = re.compile(r"^.*-\[ cut here \]-.*\n(?:(?!.*\[ end trace).*\n)*?.*fpu__init_system_xstate"
                    r"(?:.*\n)*?.*\[ end trace.*$", re.M)


def complaints(messages):
    """The lines of a kernel's messages that tell of something wrong."""
    messages = NESTED.sub("", messages)
    return [line for line in messages.splitlines()
            if COMPLAINT.search(line) and not NORMAL.search(line)]


def check_guest(vm):
    """Fails if the guest's kernel complained. Only such lines are read: its serial port is slow."""
    words = "cut here|end trace|warn|error|bug|oops|rip:|call trace|fault|refcount|lockdep|timed|hang|lockup|hung"
    found = complaints(vm.run(f"busybox dmesg | busybox grep -iE '{words}'; true"))
    if found:
        raise Failure(f"the guest's kernel: {' | '.join(found[:20])}")


class KernelLog:
    """What the kernel says from now on."""

    def __init__(self):
        self._seen = len(self._read())

    @staticmethod
    def _read():
        return subprocess.run(["dmesg"], capture_output=True, text=True, check=True).stdout.splitlines()

    def new(self):
        return "\n".join(self._read()[self._seen:])

    def check(self):
        """Fails if it complained."""
        found = complaints(self.new())
        if found:
            raise Failure(f"the host's kernel: {' | '.join(found[:20])}")


def _pinned_pages():
    with open("/proc/vmstat", encoding="ascii") as file:
        counts = dict(line.split() for line in file)
    return int(counts["nr_foll_pin_acquired"]) - int(counts["nr_foll_pin_released"])


def _dmabufs():
    with open("/sys/kernel/debug/dma_buf/bufinfo", encoding="ascii", errors="replace") as file:
        return int(re.search(r"Total (\d+) objects", file.read()).group(1))


def _module_users():
    with open("/sys/module/oriel_gvt/refcnt", encoding="ascii") as file:
        return int(file.read())


def holdings():
    """What vGPUs and VMMs hold of the kernel; all 0 when there are none."""
    return {"dma-bufs": _dmabufs(), "pinned pages": _pinned_pages(),
            "module users": _module_users()}


def check_nothing_held(limit_s=10):
    """Fails if something stays. The kernel lets go late: by task work, or a worker."""
    end, _ = patient(limit_s)
    while any(holdings().values()):
        if time.monotonic() > end:
            raise Failure(f"left behind: {holdings()}")
        time.sleep(0.1)

# SPDX-License-Identifier: GPL-2.0-or-later
"""The kernel below the VMM, which in the tests is the sandbox's: what it says, and what is left in it."""

import re
import subprocess
import time

from machine import Failure

# Of a kernel's messages, guest's or host's: what nobody wants to read there.
COMPLAINT = re.compile(r"WARNING|\bWARN|\*ERROR\*|\[ERROR\]|BUG:|Oops|RIP:|Call Trace|"
                       r"general protection|refcount|lockdep|timed out|GPU HANG|soft lockup|hung task",
                       re.I)
# The guest has no firmware for its display controller, and Debian's kernel says so in this way.
NORMAL = re.compile(r"firmware: failed to load i915/|firmware_class: See https")


def complaints(messages):
    """The lines of a kernel's messages that tell of something wrong."""
    return [line for line in messages.splitlines()
            if COMPLAINT.search(line) and not NORMAL.search(line)]


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
    end = time.monotonic() + limit_s
    while any(holdings().values()):
        if time.monotonic() > end:
            raise Failure(f"left behind: {holdings()}")
        time.sleep(0.1)

# SPDX-License-Identifier: GPL-2.0-or-later
"""What a guest does that says nothing, as the kernel underneath sees it: for a report, when a test has given up."""

import contextlib
import glob
import time

TRACING = "/sys/kernel/tracing"
EVENTS = ("kvm_entry", "kvm_exit", "kvm_inj_virq", "kvm_page_fault", "kvm_msi_set_irq")


def _counts(pid):
    counts = {}
    for path in glob.glob(f"/sys/kernel/debug/kvm/{pid}-*/vcpu*/*") + glob.glob(f"/sys/kernel/debug/kvm/{pid}-*/*"):
        with contextlib.suppress(OSError, ValueError), open(path, encoding="ascii") as file:
            counts["/".join(path.split("/")[6:])] = int(file.read())
    return counts


def _write(name, text):
    with open(f"{TRACING}/{name}", "w", encoding="ascii") as file:
        file.write(text)


def _trace(seconds, lines):
    """The last events of KVM, of all machines."""
    try:
        for event in EVENTS:
            _write(f"events/kvm/{event}/enable", "1")
        time.sleep(seconds)
    finally:
        for event in EVENTS:
            _write(f"events/kvm/{event}/enable", "0")
    with open(f"{TRACING}/trace", encoding="ascii", errors="replace") as file:
        return [line.rstrip() for line in file if not line.startswith("#")][-lines:]


def report(pid, seconds=1, lines=40):
    """Prints what the machine of that process has counted in a time, and what its processors leave the guest for."""
    before = _counts(pid)
    time.sleep(seconds)
    after = _counts(pid)
    changes = {name: after[name] - before.get(name, 0) for name in after if after[name] != before.get(name, 0)}
    print(f"# in {seconds} s KVM counted: {changes}", flush=True)
    try:
        for line in _trace(0.1, lines):
            print(f"# {line}")
    except OSError as error:
        print(f"# no trace: {error}", flush=True)

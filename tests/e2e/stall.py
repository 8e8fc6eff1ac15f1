# SPDX-License-Identifier: GPL-2.0-or-later
"""What a guest does that says nothing, as the kernel underneath sees it."""

import collections
import contextlib
import glob
import re
import time

TRACING = "/sys/kernel/tracing"
EVENTS = ("kvm_entry", "kvm_exit", "kvm_inj_virq", "kvm_page_fault", "kvm_msi_set_irq")
# What KVM enters a guest by, and no less than its size in bytes.
ENTER, ENTER_SIZE = ("__svm_vcpu_run", "__vmx_vcpu_run"), 0x200


def is_emulated():
    """Is this a processor that QEMU's TCG makes, nesting included?"""
    with open("/proc/cpuinfo", encoding="ascii", errors="replace") as file:
        return "QEMU TCG" in file.read()


def _counts(pid):
    counts = {}
    for path in glob.glob(f"/sys/kernel/debug/kvm/{pid}-*/vcpu*/*") + glob.glob(f"/sys/kernel/debug/kvm/{pid}-*/*"):
        with contextlib.suppress(OSError, ValueError), open(path, encoding="ascii") as file:
            counts["/".join(path.split("/")[6:])] = int(file.read())
    return counts


def _write(name, text):
    with open(f"{TRACING}/{name}", "w", encoding="ascii") as file:
        file.write(text)


def _trace(pid, seconds):
    """The events of KVM that the threads of a process cause in a time, as lines; none where they can't be had."""
    tids = {path.rpartition("/")[2] for path in glob.glob(f"/proc/{pid}/task/*")}
    try:
        _write("trace", "")
        try:
            for event in EVENTS:
                _write(f"events/kvm/{event}/enable", "1")
            time.sleep(seconds)
        finally:
            for event in EVENTS:
                _write(f"events/kvm/{event}/enable", "0")
        with open(f"{TRACING}/trace", encoding="ascii", errors="replace") as file:
            lines = [line.rstrip() for line in file if not line.startswith("#")]
    except OSError as error:
        print(f"# no trace: {error}", flush=True)
        return []
    return [line for line in lines if line[:23].rpartition("-")[2].strip() in tids]


def _enters():
    """Where the functions are that KVM enters a guest by."""
    with open("/proc/kallsyms", encoding="ascii") as file:
        return [int(line.split()[0], 16) for line in file if line.split()[2] in ENTER]


def is_lost(pid):
    """Has the processor underneath put its own state in place of a guest's? Then that processor of the guest seems to
    be where KVM enters it, and doesn't move. QEMU's TCG does that now and then; real ones never do."""
    places = collections.defaultdict(set)
    for line in _trace(pid, 0.2):
        match = re.match(r"(.*?)\s+\[.*\brip (0x[0-9a-f]+)", line)
        if match:
            places[match.group(1)].add(int(match.group(2), 16))
    still = [max(where) for where in places.values() if len(where) == 1]
    return bool(still) and any(start <= address < start + ENTER_SIZE for start in _enters() for address in still)


def report(pid, seconds=1, lines=40):
    """Prints what the machine of that process has counted in a time, and what its processors leave the guest for."""
    before = _counts(pid)
    time.sleep(seconds)
    after = _counts(pid)
    changes = {name: after[name] - before.get(name, 0) for name in after if after[name] != before.get(name, 0)}
    print(f"# in {seconds} s KVM counted: {changes}", flush=True)
    for line in _trace(pid, 0.1)[-lines:]:
        print(f"# {line}")

# SPDX-License-Identifier: GPL-2.0-or-later
"""Runs test functions one after the other and prints TAP, a line for each as soon as it is known."""

import contextlib
import functools
import sys
import time
import traceback

import stall
from machine import Failure, Machine, MachineEnded


class Skip(Exception):
    """The test can't run here; the text says why."""


def same(what, got, wanted):
    """Fails unless the two are equal."""
    if got != wanted:
        raise Failure(f"{what}: got {got!r:.200}, wanted {wanted!r:.200}")


def _fail(failure):
    raise failure


def group(prefix, create, tests):
    """(name, function) pairs for run() of tests that share what create(stack) makes, which is made when the first
    is due and is gone after the last. tests: (name, function of it) pairs, or a function of it that gives (name,
    function) pairs."""
    with contextlib.ExitStack() as stack:
        try:
            shared = create(stack)
            pairs = tests(shared) if callable(tests) else [
                (name, functools.partial(function, shared)) for name, function in tests]
        except Failure as failure:
            pairs = [("starts", functools.partial(_fail, failure))]
        for name, function in pairs:
            yield f"{prefix}/{name}", function


def run(tests):
    """Runs (name, function) pairs, of a list or as they come; exits with status 1 if one failed. With 125 at once, as
    a sandbox that failed itself, where a guest crashed on emulated processors: these are known for it."""
    failed = 0
    number = 0
    for number, (name, function) in enumerate(tests, 1):
        start = time.monotonic()
        try:
            function()
        except Skip as skip:
            print(f"ok {number} {name} # SKIP {skip}", flush=True)
            continue
        except Exception as error:  # one broken test must not hide the others
            failed += 1
            print(f"not ok {number} {name} - {' | '.join(str(error).splitlines())}", flush=True)
            if not isinstance(error, Failure):
                traceback.print_exc()
            if stall.is_emulated() and any(machine.crashed() for machine in Machine.machines):
                print("# a guest's processor went wrong, as emulated ones do now and then", flush=True)
                sys.exit(125)
            if isinstance(error, MachineEnded):
                print("# those after it were not run", flush=True)
                break
            continue
        print(f"ok {number} {name}", flush=True)
        print(f"# {time.monotonic() - start:.1f} s", flush=True)
    print(f"1..{number}", flush=True)
    sys.exit(1 if failed else 0)

# SPDX-License-Identifier: GPL-2.0-or-later
"""A program with the test pattern behind a user interface (pattern.h), driven by its commands."""

import queue
import re
import subprocess
import tempfile
import threading
import time

from machine import PATIENCE, Failure, patient, read_ppm

LIMIT_S = 30


class Pattern:
    """A context manager. Lines that it prints are kept apart from answers."""

    def __init__(self, *command, environ=None):
        self.dir = tempfile.mkdtemp(prefix="pattern-")
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                                        bufsize=1, env=environ)
        self.lines = []
        self._queue = queue.Queue()
        threading.Thread(target=self._read, daemon=True).start()
        self._wait("ready")

    def _read(self):
        for line in self.process.stdout:
            self._queue.put(line.rstrip())

    def _wait(self, pattern):
        """Lines up to one that matches."""
        lines = []
        while True:
            try:
                line = self._queue.get(timeout=PATIENCE * LIMIT_S)
            except queue.Empty:
                raise Failure(f"the pattern doesn't say {pattern}") from None
            lines.append(line)
            self.lines.append(line)
            if re.match(pattern, line):
                return "\n".join(lines)

    def __call__(self, command):
        """Runs a command; returns what was printed until its answer."""
        self.process.stdin.write(command + "\n")
        answer = self._wait(r"ok$|error ")
        if answer.splitlines()[-1] != "ok":
            raise Failure(f"{command}: {answer}")
        return answer

    def said(self, pattern):
        """Waits for a line that was printed since the start."""
        end, _ = patient(LIMIT_S)
        while not any(re.match(pattern, line) for line in self.lines):
            if time.monotonic() > end:
                raise Failure(f"the pattern never said {pattern}: {self.lines[-10:]}")
            self("state")
            time.sleep(0.1)

    def picture(self):
        self(f"dump {self.dir}/picture.ppm")
        return read_ppm(f"{self.dir}/picture.ppm")

    def is_exact(self, *sizes):
        """Each pixel, whatever the size, and what changes in place. For what has shows_pattern()."""
        for size in sizes:
            self(f"mode {size}")
            self.shows_pattern()
        for seed in range(5):
            self(f"draw {seed * 50} {seed * 30} {seed * 31 + 1} {seed * 23 + 1} {seed}")
        self.shows_pattern()

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.process.stdin.close()
        try:
            status = self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise
        if exception[0] is None and status:
            raise Failure(f"the pattern ended with status {status}")

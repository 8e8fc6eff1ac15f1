#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Viewers that people use, at our VNC server with a test pattern behind it (vnc-pattern.c)."""

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

import pattern as program
import tap
from machine import TOP, Failure
from viewer import Chromium, TigerVnc, XServer, gvnccapture, until

LIMIT_S = 30


class Pattern(program.Pattern):
    """The server, on a port of its own."""

    def __init__(self, options="", size="640x480", objects=()):
        super().__init__(f"{TOP}/build/tests/e2e/vnc-pattern", f"127.0.0.1:50,to=599{options}", size,
                         *[word for spec in objects for word in ("-object", spec)])
        self.display = int(re.search(r'"service":"(\d+)"', self("vnc")).group(1)) - 5900
        self.address = f"127.0.0.1:{self.display}"


def same_picture(pattern, viewer):
    """The viewer comes to show what the guest shows, byte for byte."""
    wanted = pattern.picture()
    until("the viewer's picture is equal", True, lambda: viewer.picture() == wanted)


def encoding_is_exact(x_server, encoding):
    with Pattern(",non-adaptive=on") as pattern, TigerVnc(
            x_server, pattern.address, f"-PreferredEncoding={encoding}") as viewer:
        same_picture(pattern, viewer)
        for seed in range(5):
            pattern(f"draw {seed * 90} {seed * 70} {seed * 31 + 1} {seed * 23 + 1} {seed}")
        same_picture(pattern, viewer)


def jpeg_looks_alike(x_server):
    with Pattern(",lossy=on,non-adaptive=on") as pattern, TigerVnc(
            x_server, pattern.address, "-PreferredEncoding=Tight", "-NoJPEG=0",
            "-QualityLevel=9") as viewer:
        pattern("mode 640x481")

        def difference():
            width, height, shown = viewer.picture()
            if (width, height) != (640, 481):
                return 255
            guest = pattern.picture()[2]
            return sum(abs(a - b) for a, b in zip(guest, shown)) / len(guest)

        until("0 to 3 levels of 255 off, on average", True, lambda: difference() < 3)
        if difference() == 0:
            raise Failure("nothing was lost: that was no JPEG")


def jpeg_becomes_exact(x_server):
    """When nothing moves any more, also after a while of it."""
    with Pattern(",lossy=on") as pattern, TigerVnc(
            x_server, pattern.address, "-PreferredEncoding=Tight", "-NoJPEG=0",
            "-QualityLevel=8") as viewer:
        pattern("mode 640x481")
        same_picture(pattern, viewer)
        pattern("animate 30 200 200")
        time.sleep(1)
        pattern("animate 0 0 0")
        same_picture(pattern, viewer)


def default_viewer_is_exact(x_server):
    """As people start it: JPEG allowed by the viewer, the encoding of its own choice."""
    with Pattern() as pattern, TigerVnc(x_server, pattern.address, "-AutoSelect=1",
                                        "-NoJPEG=0") as viewer:
        same_picture(pattern, viewer)


def gvnccapture_is_exact(x_server):
    with Pattern() as pattern:
        for size in ("640x480", "1023x601", "1920x1080"):
            pattern(f"mode {size}")
            if gvnccapture(x_server, pattern.display) != pattern.picture():
                raise Failure(f"gvnccapture at {size}: the picture differs")


def modes_change(x_server):
    with Pattern() as pattern, TigerVnc(x_server, pattern.address) as viewer:
        for size in ("800x600", "320x200", "1280x1024", "640x480"):
            pattern(f"mode {size}")
            same_picture(pattern, viewer)


def resize_reaches_guest(x_server):
    with Pattern() as pattern, TigerVnc(x_server, pattern.address, "-RemoteResize=1") as viewer:
        same_picture(pattern, viewer)
        viewer.resize(801, 555)
        pattern.said("mode 801x555$")
        same_picture(pattern, viewer)


def input_reaches_guest(x_server):
    with Pattern() as pattern, TigerVnc(x_server, pattern.address) as viewer:
        same_picture(pattern, viewer)
        viewer.type("aZ")
        # A and Z by place, and Shift around Z.
        for line in ("key 30 1", "key 30 0", "key 42 1", "key 44 1", "key 44 0", "key 42 0"):
            pattern.said(f"{line}$")
        for x, y in ((0, 0), (17, 33), (639, 479), (320, 240)):
            viewer.click(x, y)
            pattern.said(f"abs {x} {y}$")
        pattern.said("button 272 1$")
        pattern.said("button 272 0$")
        viewer.click(100, 100, button=4)
        pattern.said("rel 8 1$")


def blank_says_why(x_server):
    with Pattern() as pattern, TigerVnc(x_server, pattern.address) as viewer:
        same_picture(pattern, viewer)
        before = viewer.picture()
        pattern("blank The guest switched its screen off, and this is a long reason "
                "that goes over more than one line")
        until("the reason is shown", False, lambda: viewer.picture() == before)
        # Two colours: ground and ink.
        width, height, pixels = viewer.picture()
        colours = {pixels[i:i + 3] for i in range(0, len(pixels), 3)}
        if (width, height) != before[:2] or len(colours) != 2:
            raise Failure(f"{width}x{height} with {len(colours)} colours")
        pattern("show")
        same_picture(pattern, viewer)


def cursor_is_shown(x_server):
    with Pattern() as pattern:
        pattern("cursor 300 30")
        with TigerVnc(x_server, pattern.address) as viewer:
            same_picture(pattern, viewer)  # the X server draws it, outside of the picture
        # gvnccapture has no cursor of its own: ours is in the picture, 32x32 at 300, 30.
        width, _, shown = gvnccapture(x_server, pattern.display)
        guest = pattern.picture()[2]
        changed = {(i // 3 % width, i // 3 // width)
                   for i in range(len(guest)) if guest[i] != shown[i]}
        if changed != {(300 + x, 30 + y) for y in range(32) for x in range(y + 1)}:
            raise Failure(f"{len(changed)} pixels differ by the cursor: {sorted(changed)[:5]}")


def password_is_asked(x_server):
    with Pattern(",password=on") as pattern:
        for password in (None, "secret"):
            if password:
                pattern(f"password {password}")
            # Any that is guessed is wrong while none is set.
            x_server.environ["VNC_PASSWORD"] = password or "guess"
            with TigerVnc(x_server, pattern.address) as viewer:
                if password:
                    same_picture(pattern, viewer)
                else:
                    time.sleep(1)
                    pattern("state")
                    if any("VNC_INITIALIZED" in line for line in pattern.lines):
                        raise Failure("a viewer came in without a password")
                    if "uthentication" not in viewer.messages():
                        raise Failure(f"the viewer wasn't told why: {viewer.messages()}")
        del x_server.environ["VNC_PASSWORD"]


def certificates(folder):
    """An authority and a server's certificate for 127.0.0.1 in @folder."""
    def openssl(*args):
        subprocess.run(["openssl", *args], cwd=folder, check=True, capture_output=True)

    key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2")
    openssl("req", "-x509", *key, "-keyout", "ca-key.pem", "-out", "ca-cert.pem", "-subj", "/CN=Test CA")
    openssl("req", "-x509", *key, "-keyout", "server-key.pem", "-out", "server-cert.pem", "-CA",
            "ca-cert.pem", "-CAkey", "ca-key.pem", "-subj", "/CN=127.0.0.1", "-addext",
            "subjectAltName=IP:127.0.0.1,DNS:localhost", "-addext", "basicConstraints=CA:FALSE")
    return folder


def tls_with_a_certificate(x_server):
    with tempfile.TemporaryDirectory() as folder:
        certificates(folder)
        objects = (f"tls-creds-x509,id=tls0,endpoint=server,verify-peer=off,dir={folder}",
                   "secret,id=sec0,data=secret")
        with Pattern(",tls-creds=tls0,password-secret=sec0", objects=objects) as pattern:
            x_server.environ["VNC_PASSWORD"] = "secret"
            with TigerVnc(x_server, pattern.address, "-SecurityTypes=X509Vnc",
                          f"-X509CA={folder}/ca-cert.pem") as viewer:
                same_picture(pattern, viewer)
                pattern("mode 1920x1080")
                same_picture(pattern, viewer)
            del x_server.environ["VNC_PASSWORD"]
            if "vencrypt+x509+vnc" not in pattern("vnc"):
                raise Failure("query-vnc doesn't say vencrypt+x509+vnc")


def tls_without_a_certificate(x_server):
    objects = ("tls-creds-anon,id=tls0,endpoint=server",)
    with Pattern(",tls-creds=tls0", objects=objects) as pattern, TigerVnc(
            x_server, pattern.address, "-SecurityTypes=TLSNone") as viewer:
        same_picture(pattern, viewer)
        pattern("draw 10 20 300 200 7")
        same_picture(pattern, viewer)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def browser_is_a_viewer(x_server, scheme):
    for name in ("chromium", "/usr/share/novnc/vnc.html"):
        if not shutil.which(name) and not os.path.exists(name):
            raise tap.Skip(f"{name}: not there (Debian packages chromium, novnc)")
    port = free_port()
    options, objects = f",websocket=127.0.0.1:{port}", ()
    with tempfile.TemporaryDirectory() as folder:
        if scheme == "https":
            certificates(folder)
            options += ",tls-creds=tls0"
            objects = (f"tls-creds-x509,id=tls0,endpoint=server,verify-peer=off,dir={folder}",)
        with Pattern(options, objects=objects) as pattern, Chromium(
                x_server, f"{scheme}://127.0.0.1:{port}/") as browser:
            until("the browser shows the picture", True,
                  lambda: browser.find(pattern.picture()) is not None, 90)
            pattern("draw 10 20 300 200 7")
            until("the browser follows", True, lambda: browser.find(pattern.picture()) is not None)
            left, top = browser.find(pattern.picture())
            x_server.run("xdotool", "mousemove", str(left + 100), str(top + 50), "sleep", "0.3", "click",
                         "1", "key", "q")
            pattern.said("abs 100 50$")
            pattern.said("button 272 1$")
            pattern.said("key 16 1$")
            pattern("mode 800x600")
            until("the browser has the new size", True,
                  lambda: browser.find(pattern.picture()) is not None)
            if not re.search(r"VNC_INITIALIZED .*\"websocket\":true", "\n".join(pattern.lines)):
                raise Failure("the event doesn't say websocket")


def stopped_viewer_disturbs_nobody(x_server):
    # Two X servers: what hides behind another window can't be looked at.
    with Pattern() as pattern, XServer() as other, TigerVnc(other, pattern.address) as stopped, \
            TigerVnc(x_server, pattern.address) as viewer:
        same_picture(pattern, stopped)
        stopped.process.send_signal(signal.SIGSTOP)
        pattern("animate 10 640 480")
        time.sleep(3)
        pattern("animate 0 1 1")
        same_picture(pattern, viewer)
        stopped.process.send_signal(signal.SIGCONT)
        same_picture(pattern, stopped)


def idle_viewer_costs_nothing(x_server):
    seconds = 5
    with Pattern() as pattern, TigerVnc(x_server, pattern.address) as viewer:
        same_picture(pattern, viewer)
        time.sleep(1)
        path = f"{pattern.dir}/strace"
        tracer = subprocess.Popen(["strace", "-f", "-o", path, "-p", str(pattern.process.pid)],
                                  stderr=subprocess.PIPE, text=True)
        time.sleep(1)
        if tracer.poll() is not None:
            raise tap.Skip(f"strace: {tracer.stderr.read().strip()}")
        skip = len(open(path, encoding="utf-8").readlines())
        time.sleep(seconds)
        tracer.terminate()
        tracer.wait()
        calls = [line for line in open(path, encoding="utf-8").readlines()[skip:]
                 if "detached" not in line and "unfinished" not in line]
        print(f"# {len(calls)} system calls in {seconds} s")
        if calls:
            raise Failure(f"{len(calls)} system calls in {seconds} s: {calls[0]}")


def main():
    with XServer() as x_server:
        tests = [(f"tigervnc-shows-the-exact-picture-by-{encoding.lower()}",
                  lambda encoding=encoding: encoding_is_exact(x_server, encoding))
                 for encoding in ("Raw", "Hextile", "Tight", "ZRLE")]
        tests += [(name, lambda function=function: function(x_server)) for name, function in (
            ("tigervnc-as-it-comes-shows-the-exact-picture", default_viewer_is_exact),
            ("tigervnc-shows-a-jpeg", jpeg_looks_alike),
            ("tigervnc-with-jpeg-ends-with-the-exact-picture", jpeg_becomes_exact),
            ("gvnccapture-gets-the-exact-picture", gvnccapture_is_exact),
            ("a-viewer-follows-the-guests-modes", modes_change),
            ("a-viewers-resize-reaches-the-guest", resize_reaches_guest),
            ("keys-and-pointer-reach-the-guest", input_reaches_guest),
            ("a-blank-screen-says-why", blank_says_why),
            ("a-cursor-plane-is-shown", cursor_is_shown),
            ("a-password-is-asked-for", password_is_asked),
            ("tigervnc-comes-by-tls-and-checks-the-certificate", tls_with_a_certificate),
            ("tigervnc-comes-by-anonymous-tls", tls_without_a_certificate),
            ("a-browser-is-a-viewer-by-novnc", lambda x: browser_is_a_viewer(x, "http")),
            ("a-browser-is-a-viewer-by-novnc-and-tls", lambda x: browser_is_a_viewer(x, "https")),
            ("a-stopped-viewer-disturbs-nobody", stopped_viewer_disturbs_nobody),
            ("an-idle-viewer-costs-nothing", idle_viewer_costs_nothing),
        )]
        # Some by a word in their names.
        tap.run([test for test in tests if not sys.argv[1:] or any(w in test[0] for w in sys.argv[1:])])


sys.exit(main())

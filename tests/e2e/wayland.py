# SPDX-License-Identifier: GPL-2.0-or-later
"""A Wayland compositor: on Mesa's software renderer and the DRM driver of tests/e2e/render (egl.load_driver), or
without GL on any machine, where GL's pictures are sent to it through memory."""

import glob
import os
import subprocess
import tempfile

from display import HEIGHT, WIDTH
from machine import read_ppm
from viewer import until

USER = 1000
LIMIT_S = 120


class Sway:
    """A compositor without a screen. A context manager."""

    def __init__(self, renderer="gles2"):
        self.renderer = renderer
        self.dir = tempfile.mkdtemp(prefix="sway-")
        self.runtime = f"{self.dir}/run"
        os.mkdir(self.runtime, 0o700)
        for path in (self.dir, self.runtime):
            os.chown(path, USER, USER)
        for path in glob.glob("/dev/dri/*"):
            os.chmod(path, 0o666)
        with open(f"{self.dir}/config", "w", encoding="ascii") as config:
            config.write("output HEADLESS-1 mode 1280x800\n"
                         'for_window [title=".*"] floating enable, border none, '
                         "move absolute position 0 0\n")
        environ = dict(self.environ(), WLR_BACKENDS="headless", WLR_RENDERER=renderer,
                       WLR_RENDERER_ALLOW_SOFTWARE="1", WLR_LIBINPUT_NO_DEVICES="1")
        environ.pop("WAYLAND_DISPLAY")
        with open(f"{self.dir}/log", "wb") as log:
            # It refuses to be root.
            self.process = subprocess.Popen(
                ["setpriv", f"--reuid={USER}", f"--regid={USER}", "--clear-groups", "sway", "-c",
                 f"{self.dir}/config"], env=environ, stdout=log, stderr=log)
        until("a compositor", True, lambda: os.path.exists(f"{self.runtime}/wayland-1"), LIMIT_S)

    def environ(self):
        environ = dict(os.environ, XDG_RUNTIME_DIR=self.runtime, WAYLAND_DISPLAY="wayland-1",
                       HOME=self.dir, NO_AT_BRIDGE="1", GSETTINGS_BACKEND="memory")
        if self.renderer == "gles2":
            # Mesa knows no driver of our node's name.
            environ["MESA_LOADER_DRIVER_OVERRIDE"] = "kms_swrast"
        environ.pop("DISPLAY", None)
        return environ

    def screen(self):
        """All of the screen, as (width, height, RGB bytes)."""
        path = f"{self.dir}/screen.ppm"
        subprocess.run(["grim", "-t", "ppm", path], env=self.environ(), check=True, timeout=LIMIT_S)
        return read_ppm(path)

    def picture(self):
        """What is on it where the window is, of the usual size."""
        width, _, rgb = self.screen()
        rows = (rgb[row * width * 3:(row * width + WIDTH) * 3] for row in range(HEIGHT))
        return WIDTH, HEIGHT, b"".join(rows)

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.process.terminate()
        self.process.wait()

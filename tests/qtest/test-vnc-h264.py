#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The H.264 module of the real binary; what it encodes is looked at in tests/unit/vnc-h264.c."""
import os
import socket
import struct

from harness import TIMEOUT, VMM, Skip, Vm, main, test

H264, TIGHT, QUALITY_8, RAW = 50, 7, -24, 0


class Viewer:
    """An RFB client at a unix socket, behind ServerInit."""

    def __init__(self, path, *encodings):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(TIMEOUT)
        self.socket.connect(path)
        self.take(12)
        self.socket.sendall(b"RFB 003.008\n")
        assert self.take(2) == b"\x01\x01"
        self.socket.sendall(b"\x01")
        assert self.take(4) == bytes(4)
        self.socket.sendall(b"\x01")
        self.width, self.height, _, length = struct.unpack(">HH16sI", self.take(24))
        self.take(length)
        self.socket.sendall(struct.pack(">BxH%di" % len(encodings), 2, len(encodings), *encodings))

    def take(self, count):
        data = self.socket.recv(count, socket.MSG_WAITALL)
        assert len(data) == count, "closed"
        return data

    def update(self, incremental=False):
        """Asks; returns encoding and size of the first rectangle of the answer."""
        self.socket.sendall(struct.pack(">BBHHHH", 3, incremental, 0, 0, self.width, self.height))
        kind, count = struct.unpack(">BxH", self.take(4))
        assert kind == 0 and count > 0
        _, _, w, h, encoding = struct.unpack(">HHHHi", self.take(12))
        return encoding, w, h

    def close(self):
        self.socket.close()


def units(stream):
    """The kinds of NAL units of an Annex B stream."""
    return [part[0] & 31 for part in stream.split(b"\x00\x00\x01")[1:]]


def is_mapped(vm):
    with open("/proc/%d/maps" % vm.process.pid) as f:
        maps = f.read()
    assert ("ui-h264.so" in maps) == ("libx264" in maps)
    return "libx264" in maps


@test("vnc-h264/libx264-is-loaded-when-a-viewer-can-use-it")
def _(tmp):
    if not os.path.exists(os.path.join(os.path.dirname(VMM), "ui/h264/ui-h264.so")):
        raise Skip("built without libx264-dev")
    for lossy, encodings, wanted in (("on", (TIGHT, H264, QUALITY_8), False), ("on", (H264, TIGHT), False),
                                     ("off", (H264, TIGHT, QUALITY_8), False),
                                     ("on", (H264, TIGHT, QUALITY_8), True)):
        vm = Vm(tmp, "-device", "bochs-display", "-vnc", "unix:%s/vnc,lossy=%s" % (tmp, lossy))
        assert not is_mapped(vm)
        viewer = Viewer(tmp + "/vnc", *encodings)
        encoding, w, h = viewer.update()
        assert (encoding == H264) == wanted, encoding
        assert is_mapped(vm) == wanted
        client, = vm.qmp("query-vnc")["clients"]
        assert client["x-encoding"] == ("h264" if wanted else "tight"), client
        if wanted:
            length, flags = struct.unpack(">II", viewer.take(8))
            kinds = units(viewer.take(length))
            assert (w, h) == (viewer.width, viewer.height) and flags == 3, (w, h, flags)
            assert kinds == [7, 8, 5], kinds
            # It stands still: the same once more, exact.
            encoding, _, _ = viewer.update(incremental=True)
            assert encoding in (TIGHT, RAW), encoding
        viewer.close()
        vm.quit()


main()

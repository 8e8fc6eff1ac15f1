#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""skl-display through the real binary: what i915 finds, sets and draws, and what comes out."""
import os
import time

from harness import QmpError, Vm, expect_refusal, main, test

PAGE, GGTT = 4096, 8 << 20
PIPECONF, PLANE_CTL, PLANE_STRIDE, PLANE_SIZE, PLANE_SURF = 0x70008, 0x70180, 0x70188, 0x70190, 0x7019c
MASTER_IRQ, PIPE_IMR, PIPE_IIR, PIPE_IER = 0x44200, 0x44404, 0x44408, 0x4440c
SURFACE = 0x100000  # a graphics address
WIDTH, HEIGHT = 64, 48


def scattered(page):
    """Guest-physical address of a page of the picture: no two neighbours are neighbours."""
    return (0x400 + page * 7 % 64) * PAGE


class Skl:
    def __init__(self, tmp, properties="", *args):
        self.vm = Vm(tmp, "-device", "skl-display,id=d0" + properties, "-m", "64", *args)
        self.devfn = self.vm.find(0x8086, 0x1912)
        self.vm.config_write(self.devfn, 4, 6, 2)
        self.regs = self.vm.bar(self.devfn, 0)

    def reg(self, offset, value):
        self.vm.store("writel", self.regs + offset, value)

    def map(self):
        for page in range(16):
            self.vm.store("writeq", self.regs + GGTT + (SURFACE // PAGE + page) * 8,
                          scattered(page) | 1)

    def set_mode(self):
        self.map()
        self.reg(PLANE_STRIDE, WIDTH * 4 // 64)
        self.reg(PLANE_SIZE, (HEIGHT - 1) << 16 | (WIDTH - 1))
        self.reg(PLANE_CTL, 0x84000000)
        self.reg(PLANE_SURF, SURFACE)
        self.reg(PIPECONF, 1 << 31)

    def draw(self, pixels):
        for at in range(0, len(pixels), PAGE):
            self.vm.write(scattered(at // PAGE), pixels[at:at + PAGE])


@test("skl/i915-finds-its-device")
def _(tmp):
    skl = Skl(tmp)
    vm, devfn = skl.vm, skl.devfn
    assert vm.config_read(devfn, 8) == 0x03800006
    assert vm.config_read(devfn, 0x2c) == 0x11001af4
    assert vm.config_read(devfn, 0x3d, 1) == 1
    assert vm.config_read(devfn, 0x50, 2) == 0x40
    assert vm.capabilities(devfn) == [(5, 0xac)]
    for register, size in ((0x10, 16 << 20), (0x18, 1 << 20)):
        vm.config_write(devfn, register, 0xffffffff)
        vm.config_write(devfn, register + 4, 0xffffffff)
        got = vm.config_read(devfn, register + 4) << 32 | (vm.config_read(devfn, register) & ~0xf)
        assert got == (1 << 64) - size, hex(got)
    vm.quit()


@test("skl/rom-names-the-output")
def _(tmp):
    skl = Skl(tmp)
    vm = skl.vm
    address = vm.config_read(skl.devfn, 0x30)
    assert address & ~1, "no place for the ROM"
    vm.config_write(skl.devfn, 0x30, address | 1)
    rom = vm.read(address & ~1, 4096)
    assert rom[:3] == b"\x55\xaa\x08" and sum(rom) % 256 == 0
    pcir = int.from_bytes(rom[0x18:0x1a], "little")
    assert rom[pcir:pcir + 8] == b"PCIR\x86\x80\x12\x19"
    assert rom.find(b"$VBT") % 4 == 0 and b"BIOS_DATA_BLOCK " in rom
    vm.quit()


@test("skl/screendump-holds-the-guests-pixels")
def _(tmp):
    skl = Skl(tmp)
    vm = skl.vm
    ppm = os.path.join(tmp, "s.ppm")
    try:
        vm.qmp("screendump", filename=ppm)
        raise AssertionError("a picture without a mode")
    except QmpError as error:
        assert "not set a display mode" in error.desc, error
    skl.set_mode()
    pixels = bytes(b for y in range(HEIGHT) for x in range(WIDTH) for b in (x * 4, y * 5, x ^ y, 0))
    skl.draw(pixels)
    want = b"".join(bytes((pixels[i + 2], pixels[i + 1], pixels[i]))
                    for i in range(0, len(pixels), 4))
    vm.qmp("screendump", filename=ppm)
    assert open(ppm, "rb").read() == b"P6\n%d %d\n255\n" % (WIDTH, HEIGHT) + want
    plane = vm.qmp("query-display-state")[0]["plane"]
    assert (plane["width"], plane["height"], plane["format"]) == (64, 48, "XR24"), plane

    # Through the aperture, where that page is mapped there too.
    aperture = vm.bar(skl.devfn, 2)
    vm.store("writeq", skl.regs + GGTT + 5 * 8, scattered(0) | 1)
    assert vm.read(aperture + 5 * PAGE, 64) == pixels[:64]
    vm.store("writel", aperture + 5 * PAGE, 0x00ff8040)
    vm.qmp("screendump", filename=ppm)
    assert open(ppm, "rb").read()[13:16] == b"\xff\x80\x40"

    vm.store("writeq", skl.regs + GGTT + (SURFACE // PAGE) * 8, 0)
    try:
        vm.qmp("screendump", filename=ppm)
        raise AssertionError("a picture without memory")
    except QmpError as error:
        assert "d0: " in error.desc and "leads to no memory at 0x100000" in error.desc, error
    vm.quit()


@test("skl/a-message-a-blank-and-silence-without-a-listener")
def _(tmp):
    skl = Skl(tmp)
    vm = skl.vm
    vm.config_write(skl.devfn, 0xac + 4, 0xfee01000)
    vm.config_write(skl.devfn, 0xac + 12, 0x41, 2)
    vm.config_write(skl.devfn, 0xac + 2, 1, 2)
    skl.set_mode()
    skl.reg(PIPE_IER, 1)
    skl.reg(PIPE_IMR, 0xfffffffe)
    skl.reg(MASTER_IRQ, 1 << 31)
    for _ in range(3):
        end = time.monotonic() + 10
        while True:
            try:
                assert vm.command("x-take-msi") == "0xfee01000 0x41"
                break
            except AssertionError:
                assert time.monotonic() < end, "no interrupt"
                time.sleep(0.005)
        skl.reg(MASTER_IRQ, 0)
        assert vm.load("readl", skl.regs + MASTER_IRQ) == 1 << 16
        skl.reg(PIPE_IIR, 1)
        skl.reg(MASTER_IRQ, 1 << 31)
    vm.quit()


@test("skl/a-reset-is-power-on")
def _(tmp):
    skl = Skl(tmp)
    skl.set_mode()
    skl.vm.qmp("system_reset")
    skl.vm.qmp.event("RESET")
    assert "blank" in skl.vm.qmp("query-display-state")[0]
    assert skl.vm.find(0x8086, 0x1912) == skl.devfn
    skl.vm.config_write(skl.devfn, 4, 2, 2)
    regs = skl.vm.bar(skl.devfn, 0)
    assert skl.vm.load("readl", regs + PIPECONF) == 0
    assert skl.vm.load("readq", regs + GGTT + (SURFACE // PAGE) * 8) == 0
    skl.vm.quit()


@test("skl/two-of-them-and-other-kinds")
def _(tmp):
    vm = Vm(tmp, "-device", "skl-display,x-vga=on,x-output=hdmi,x-pvinfo=off,x-pipes=3,x-ggtt=8M",
            "-device", "skl-display,x-output=none,xres=4096,yres=2160", "-device", "bochs-display")
    first = vm.find(0x8086, 0x1912)
    assert vm.config_read(first, 8) == 0x03000006
    assert vm.config_read(first, 0x50, 2) == 0xc0
    assert vm.load("readl", vm.bar(first, 0) + 0x78000) == 0
    assert vm.config_read(first + 8, 0) == 0x19128086
    assert vm.config_read(first + 8, 0x30) == 0
    assert len(vm.qmp("query-display-state")) == 3
    vm.quit()


@test("skl/bad-values-are-refused")
def _(tmp):
    for value in ("xres=32", "xres=4097", "yres=2161", "x-output=vga", "x-pipes=0", "x-pipes=4",
                  "x-ggtt=3M", "x-pvinfo=maybe"):
        name, text = value.split("=")
        expect_refusal(tmp, "-accel", "qtest", "-display", "none", "-nodefaults", "-device",
                       "skl-display," + value, says=["skl-display", name, text])
    expect_refusal(tmp, "-accel", "qtest", "-display", "none", "-nodefaults", "-device",
                   "skl-display,x-output=hdmi,xres=2560,id=d0",
                   says="d0: xres and yres: 2560x800: hdmi takes no more than 1920x1200")
    expect_refusal(tmp, "-accel", "qtest", "-display", "none", "-nodefaults", "-device",
                   "skl-display,xers=640", says="did you mean 'xres'")


main()

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Any sequence of port accesses and input events on the keyboard controller, a serial port and the RTC.
 * Each step is three bytes. At the end a reset must leave every interrupt line down.
 */
#include <stdlib.h>
#include <linux/input-event-codes.h>

#include "accel/qtest.h"
#include "hw/core/addr-space.h"
#include "hw/core/device.h"
#include "hw/core/machine-lock.h"
#include "hw/i386/ps2.h"
#include "hw/i386/rtc.h"
#include "hw/i386/serial.h"
#include "ui/input.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void ignore_reset(struct board *board)
{
}

static void step(struct board *board, const uint8_t *b)
{
	static const uint16_t ports[] = {
		0x60, 0x64, 0x60, 0x64, 0x70, 0x71, 0x3f8, 0x3f9, 0x3fa, 0x3fb, 0x3fc, 0x3fd,
		0x3fe, 0x3ff,
	};
	uint16_t port = ports[b[1] % G_N_ELEMENTS(ports)];
	uint8_t byte = b[2];

	switch (b[0] % 8) {
	case 0:
	case 1:
	case 2:
		addr_space_write(board->io, port, &byte, 1);
		break;
	case 3:
	case 4:
		addr_space_read(board->io, port, &byte, 1);
		break;
	case 5:
		input_key(board->input, b[1] % KEY_OK, b[2] & 1);
		break;
	case 6:
		input_button(board->input, (uint16_t)(BTN_LEFT + b[1] % 8), b[2] & 1);
		input_sync(board->input);
		break;
	case 7:
		input_rel(board->input, b[1] % (REL_WHEEL + 1), (int8_t)b[2] * 1000);
		input_sync(board->input);
		break;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct board board = { .request_reset = ignore_reset };
	struct isa_bus isa = { 0 };
	struct i8042 *i8042;
	struct serial *serial;
	struct rtc *rtc;

	isa.accel = board.accel = accel_qtest_create(NULL);
	board.io = addr_space_create("io", true, 0x10000, board.accel);
	board.input = input_router_create();
	machine_lock();
	i8042 = i8042_create(&board, &isa);
	serial = serial_create(board.io, 0x3f8, &isa, 4, NULL);
	rtc = rtc_create(board.io, &isa);
	for (size_t i = 0; i + 2 < size; i += 3) {
		step(&board, data + i);
	}
	i8042_reset(i8042);
	serial_reset(serial);
	rtc_reset(rtc);
	for (unsigned int line = 0; line < 16; line++) {
		if (isa.holders[line] || accel_qtest_irq_level(board.accel, line)) {
			abort();
		}
	}
	rtc_destroy(rtc);
	serial_destroy(serial);
	i8042_destroy(i8042);
	addr_space_destroy(board.io);
	machine_unlock();
	input_router_destroy(board.input);
	accel_destroy(board.accel);
	return 0;
}

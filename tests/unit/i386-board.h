/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A board without CPUs for tests of its chips: port access, interrupt levels, requests. */
#ifndef TESTS_UNIT_I386_BOARD_H
#define TESTS_UNIT_I386_BOARD_H

#include <string.h>

#include "accel/qtest.h"
#include "hw/core/addr-space.h"
#include "hw/core/device.h"
#include "hw/core/machine-lock.h"
#include "hw/i386/isa.h"
#include "ui/input.h"
#include "util/fd.h"

struct test_board {
	struct board board;
	struct isa_bus isa;
	unsigned int resets, shutdowns, suspends;
};

static inline void test_reset(struct board *board)
{
	((struct test_board *)board)->resets++;
}

static inline void test_shutdown(struct board *board, bool guest_asked)
{
	((struct test_board *)board)->shutdowns++;
}

static inline void test_suspend(struct board *board)
{
	((struct test_board *)board)->suspends++;
}

/* Leaves the machine lock held. */
static inline void test_board_init(struct test_board *test)
{
	memset(test, 0, sizeof(*test));
	main_thread_init();
	test->board.accel = accel_qtest_create(NULL);
	test->board.io = addr_space_create("io", true, 0x10000, test->board.accel);
	test->board.input = input_router_create();
	test->board.request_reset = test_reset;
	test->board.request_shutdown = test_shutdown;
	test->board.request_suspend = test_suspend;
	test->isa.accel = test->board.accel;
	machine_lock();
}

static inline void test_board_finish(struct test_board *test)
{
	addr_space_destroy(test->board.io);
	machine_unlock();
	input_router_destroy(test->board.input);
	accel_destroy(test->board.accel);
}

static inline uint8_t inb(struct test_board *test, uint16_t port)
{
	uint8_t value;

	addr_space_read(test->board.io, port, &value, 1);
	return value;
}

static inline void outb(struct test_board *test, uint16_t port, uint8_t value)
{
	addr_space_write(test->board.io, port, &value, 1);
}

static inline bool irq(struct test_board *test, unsigned int line)
{
	return accel_qtest_irq_level(test->board.accel, line);
}

/* Runs the main loop without the lock until @done says so or twenty seconds are over. */
static inline bool wait_until(bool (*done)(void *opaque), void *opaque)
{
	int64_t end = clock_ns() + INT64_C(20000000000);
	bool ok = done(opaque);

	while (!ok && clock_ns() < end) {
		machine_unlock();
		g_main_context_iteration(NULL, FALSE);
		g_usleep(1000);
		machine_lock();
		ok = done(opaque);
	}
	return ok;
}

#endif

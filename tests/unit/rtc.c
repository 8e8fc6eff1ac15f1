// SPDX-License-Identifier: GPL-2.0-or-later
#include <time.h>

#include "hw/i386/rtc.h"
#include "i386-board.h"

struct fixture {
	struct test_board test;
	struct rtc *rtc;
};

static void set_up(struct fixture *f, gconstpointer data)
{
	test_board_init(&f->test);
	f->rtc = rtc_create(f->test.board.io, &f->test.isa);
}

static void tear_down(struct fixture *f, gconstpointer data)
{
	rtc_destroy(f->rtc);
	test_board_finish(&f->test);
}

static uint8_t get(struct fixture *f, uint8_t reg)
{
	outb(&f->test, 0x70, reg);
	return inb(&f->test, 0x71);
}

static void set(struct fixture *f, uint8_t reg, uint8_t value)
{
	outb(&f->test, 0x70, reg);
	outb(&f->test, 0x71, value);
}

static int bcd(uint8_t value)
{
	return (value >> 4) * 10 + (value & 15);
}

/* As a guest does: again if the second changed meanwhile. */
static time_t read_time(struct fixture *f)
{
	struct tm tm;

	do {
		tm = (struct tm){
			.tm_sec = bcd(get(f, 0)), .tm_min = bcd(get(f, 2)), .tm_hour = bcd(get(f, 4)),
			.tm_mday = bcd(get(f, 7)), .tm_mon = bcd(get(f, 8)) - 1,
			.tm_year = bcd(get(f, 0x32)) * 100 + bcd(get(f, 9)) - 1900,
		};
	} while (bcd(get(f, 0)) != tm.tm_sec);
	return timegm(&tm);
}

/* Not time(), whose clock is that of the kernel's last tick and may still be in the second before. */
static time_t host_time(void)
{
	return g_get_real_time() / G_USEC_PER_SEC;
}

static void test_now(struct fixture *f, gconstpointer data)
{
	time_t before = host_time(), now = read_time(f);

	g_assert_cmpint(now, >=, before);
	g_assert_cmpint(now, <=, host_time());
}

static void hold_and_set(struct fixture *f, uint8_t b, const uint8_t time[7])
{
	static const uint8_t regs[7] = { 0, 2, 4, 7, 8, 9, 0x32 };

	set(f, 0xb, 0x80 | b);
	for (unsigned int i = 0; i < 7; i++) {
		set(f, regs[i], time[i]);
	}
}

static void test_set(struct fixture *f, gconstpointer data)
{
	const uint8_t time[7] = { 0x58, 0x59, 0x23, 0x28, 0x02, 0x24, 0x20 };

	hold_and_set(f, 0x02, time);
	g_assert_cmphex(get(f, 0), ==, 0x58); /* held */
	set(f, 0xb, 0x02);
	g_assert_cmphex(get(f, 4), ==, 0x23);
	g_assert_cmphex(get(f, 7), ==, 0x28);
	g_assert_cmphex(get(f, 6), ==, 4); /* 28 February 2024 was a Wednesday */
}

static bool is_leap_day(void *opaque)
{
	return get(opaque, 7) == 29;
}

/* Binary numbers, two seconds before the leap day. */
static void test_leap(struct fixture *f, gconstpointer data)
{
	const uint8_t time[7] = { 58, 59, 23, 28, 2, 24, 20 };

	hold_and_set(f, 0x06, time);
	set(f, 0xb, 0x06);
	g_assert_true(wait_until(is_leap_day, f));
	g_assert_cmpint(get(f, 4), ==, 0);
	g_assert_cmpint(get(f, 8), ==, 2);
}

static void test_12_hours(struct fixture *f, gconstpointer data)
{
	const uint8_t time[7] = { 0x00, 0x30, 0x92, 0x01, 0x01, 0x25, 0x20 };

	hold_and_set(f, 0x00, time); /* half past noon */
	set(f, 0xb, 0x00);
	set(f, 0xb, 0x02);
	g_assert_cmphex(get(f, 4), ==, 0x12);
}

static bool interrupted(void *opaque)
{
	return irq(&((struct fixture *)opaque)->test, 8);
}

static void test_periodic(struct fixture *f, gconstpointer data)
{
	get(f, 0xc);
	set(f, 0xb, 0x42);
	for (int i = 0; i < 3; i++) {
		g_assert_true(wait_until(interrupted, f));
		g_assert_cmphex(get(f, 0xc) & 0xc0, ==, 0xc0);
		g_assert_false(interrupted(f));
	}
	set(f, 0xb, 0x02);
	get(f, 0xc);
	g_assert_false(interrupted(f));
}

static void test_alarm(struct fixture *f, gconstpointer data)
{
	const uint8_t time[7] = { 0x59, 0x59, 0x11, 0x01, 0x01, 0x25, 0x20 };

	hold_and_set(f, 0x02, time);
	set(f, 1, 0x00);
	set(f, 3, 0xff); /* any minute */
	set(f, 5, 0xc0); /* any hour */
	set(f, 0xb, 0x22);
	get(f, 0xc);
	g_assert_false(interrupted(f));
	g_assert_true(wait_until(interrupted, f));
	g_assert_cmphex(get(f, 0xc) & 0xa0, ==, 0xa0);
	g_assert_cmphex(get(f, 2), ==, 0);
	g_assert_cmphex(get(f, 4), ==, 0x12);
}

static void test_impossible_alarm(struct fixture *f, gconstpointer data)
{
	set(f, 1, 0x99);
	set(f, 0xb, 0x22);
	get(f, 0xc);
	g_assert_false(interrupted(f));
}

static void test_ram(struct fixture *f, gconstpointer data)
{
	set(f, 0x40, 0x5a);
	g_assert_cmphex(get(f, 0x40), ==, 0x5a);
	g_assert_cmphex(get(f, 0xc0), ==, 0x5a); /* bit 7 isn't part of the index */
	set(f, 0xd, 0);
	g_assert_cmphex(get(f, 0xd), ==, 0x80);
}

static void test_rtc_reset(struct fixture *f, gconstpointer data)
{
	set(f, 0x40, 0x5a);
	set(f, 0xb, 0x42);
	g_assert_true(wait_until(interrupted, f));
	rtc_reset(f->rtc);
	g_assert_false(interrupted(f));
	g_assert_cmphex(get(f, 0xb), ==, 0x02);
	g_assert_cmphex(get(f, 0x40), ==, 0x5a);
}

#define ADD(name, fn) g_test_add("/rtc/" name, struct fixture, NULL, set_up, fn, tear_down)

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	ADD("starts-at-the-host's-time", test_now);
	ADD("time-is-held-while-it-is-set", test_set);
	ADD("the-29th-of-february-comes-in-a-leap-year", test_leap);
	ADD("twelve-hours-are-understood", test_12_hours);
	ADD("the-periodic-interrupt-comes-again-and-again", test_periodic);
	ADD("an-alarm-with-wildcards-goes-off", test_alarm);
	ADD("an-impossible-alarm-never-goes-off", test_impossible_alarm);
	ADD("ram-holds-what-is-written", test_ram);
	ADD("reset-turns-interrupts-off-and-keeps-ram", test_rtc_reset);
	return g_test_run();
}

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Time is the host's clock plus an offset that the guest sets; nothing ticks. Flags are worked
 * out when they are read, and a timer runs only while an interrupt is enabled.
 */
#include <string.h>
#include <time.h>

#include "hw/core/timer.h"
#include "rtc.h"
#include "util/fd.h"

#define NSEC		INT64_C(1000000000)
#define RAM_SIZE	128
#define SECONDS_MAX	INT64_C(9000000000) /* the year 2255; nanoseconds fit 63 bits */

enum { /* registers; the rest is RAM */
	REG_SECOND, REG_SECOND_ALARM, REG_MINUTE, REG_MINUTE_ALARM, REG_HOUR, REG_HOUR_ALARM,
	REG_WEEKDAY, REG_DAY, REG_MONTH, REG_YEAR, REG_A, REG_B, REG_C, REG_D,
	REG_CENTURY = 0x32,
};

#define A_UIP		0x80 /* an update is near or going on */
#define B_SET		0x80 /* time is held */
#define B_PIE		0x40
#define B_AIE		0x20
#define B_UIE		0x10
#define B_BINARY	0x04
#define B_24H		0x02
#define C_IRQF		0x80
#define C_PF		0x40
#define C_AF		0x20
#define C_UF		0x10
#define D_VALID		0x80
#define UIP_NS		244000 /* UIP is up so long before the second changes */
#define ANY		0xc0 /* an alarm byte from here on matches everything */

struct rtc {
	struct mem_region region;
	struct isa_irq irq;
	struct hw_timer timer;
	uint8_t index;
	uint8_t ram[RAM_SIZE]; /* time registers only while B_SET holds them, alarms always */
	int64_t offset_ns; /* guest's time less CLOCK_REALTIME */
	int64_t checked_ns; /* guest's time up to which flags are in C */
};

static int64_t realtime_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return now.tv_sec * NSEC + now.tv_nsec;
}

static int64_t guest_ns(const struct rtc *rtc)
{
	return realtime_ns() + rtc->offset_ns;
}

/* ---- numbers as the guest chose them: BCD or binary, 12 or 24 hours ---- */

static uint8_t encode(const struct rtc *rtc, int value)
{
	return (uint8_t)(rtc->ram[REG_B] & B_BINARY ? value : (value / 10) << 4 | value % 10);
}

static int decode(const struct rtc *rtc, uint8_t byte)
{
	return rtc->ram[REG_B] & B_BINARY ? byte : (byte >> 4) * 10 + (byte & 0xf);
}

static uint8_t encode_hour(const struct rtc *rtc, int hour)
{
	if (rtc->ram[REG_B] & B_24H) {
		return encode(rtc, hour);
	}
	return (uint8_t)(encode(rtc, hour % 12 ? hour % 12 : 12) | (hour >= 12 ? 0x80 : 0));
}

static int decode_hour(const struct rtc *rtc, uint8_t byte)
{
	if (rtc->ram[REG_B] & B_24H) {
		return decode(rtc, byte);
	}
	return decode(rtc, byte & 0x7f) % 12 + (byte & 0x80 ? 12 : 0);
}

static void time_to_registers(struct rtc *rtc)
{
	time_t seconds = guest_ns(rtc) / NSEC;
	struct tm tm;

	gmtime_r(&seconds, &tm);
	rtc->ram[REG_SECOND] = encode(rtc, tm.tm_sec);
	rtc->ram[REG_MINUTE] = encode(rtc, tm.tm_min);
	rtc->ram[REG_HOUR] = encode_hour(rtc, tm.tm_hour);
	rtc->ram[REG_WEEKDAY] = encode(rtc, tm.tm_wday + 1);
	rtc->ram[REG_DAY] = encode(rtc, tm.tm_mday);
	rtc->ram[REG_MONTH] = encode(rtc, tm.tm_mon + 1);
	rtc->ram[REG_YEAR] = encode(rtc, tm.tm_year % 100);
	rtc->ram[REG_CENTURY] = encode(rtc, (tm.tm_year + 1900) / 100);
}

/* timegm puts impossible dates right, as a counter that runs on would in the end. */
static void registers_to_time(struct rtc *rtc)
{
	struct tm tm = {
		.tm_sec = decode(rtc, rtc->ram[REG_SECOND]),
		.tm_min = decode(rtc, rtc->ram[REG_MINUTE]),
		.tm_hour = decode_hour(rtc, rtc->ram[REG_HOUR]),
		.tm_mday = decode(rtc, rtc->ram[REG_DAY]),
		.tm_mon = decode(rtc, rtc->ram[REG_MONTH]) - 1,
		.tm_year = decode(rtc, rtc->ram[REG_CENTURY]) * 100 +
			decode(rtc, rtc->ram[REG_YEAR]) - 1900,
	};

	rtc->offset_ns = CLAMP((int64_t)timegm(&tm), 0, SECONDS_MAX) * NSEC - realtime_ns();
	rtc->checked_ns = guest_ns(rtc);
}

/* ---- interrupts ---- */

static bool alarm_matches(uint8_t wanted, uint8_t now)
{
	return wanted >= ANY || wanted == now;
}

/* True when one of @count values of a time register matches. */
static bool can_match(const struct rtc *rtc, uint8_t wanted, int count)
{
	for (int i = 0; i < count; i++) {
		if (alarm_matches(wanted, count == 24 ? encode_hour(rtc, i) : encode(rtc, i))) {
			return true;
		}
	}
	return false;
}

/* The first second after @after_ns at which the alarm matches, or INT64_MAX. */
static int64_t next_alarm_ns(const struct rtc *rtc, int64_t after_ns)
{
	uint8_t hour = rtc->ram[REG_HOUR_ALARM], minute = rtc->ram[REG_MINUTE_ALARM];
	uint8_t second = rtc->ram[REG_SECOND_ALARM];
	int64_t at = after_ns / NSEC + 1;

	if (!can_match(rtc, hour, 24) || !can_match(rtc, minute, 60) ||
	    !can_match(rtc, second, 60)) {
		return INT64_MAX;
	}
	for (;;) {
		if (!alarm_matches(hour, encode_hour(rtc, (int)(at / 3600 % 24)))) {
			at += 3600 - at % 3600;
		} else if (!alarm_matches(minute, encode(rtc, (int)(at / 60 % 60)))) {
			at += 60 - at % 60;
		} else if (!alarm_matches(second, encode(rtc, (int)(at % 60)))) {
			at++;
		} else {
			return at * NSEC;
		}
	}
}

/* 0: off. Rates 1 and 2 are those of 8 and 9 with the usual 32768 Hz base. */
static int64_t period_ns(const struct rtc *rtc)
{
	unsigned int rate = rtc->ram[REG_A] & 0xf;

	if ((rtc->ram[REG_A] & 0x70) != 0x20 || rate == 0) {
		return 0;
	}
	return NSEC * (INT64_C(1) << ((rate <= 2 ? rate + 7 : rate) - 1)) / 32768;
}

/* Sets the flags of what happened since the last time. */
static void collect_flags(struct rtc *rtc)
{
	int64_t now = guest_ns(rtc), period = period_ns(rtc);
	uint8_t *flags = &rtc->ram[REG_C];

	if (now < rtc->checked_ns) {
		rtc->checked_ns = now; /* the host's clock was set back */
		return;
	}
	if (!(rtc->ram[REG_B] & B_SET)) {
		if (now / NSEC != rtc->checked_ns / NSEC) {
			*flags |= C_UF;
		}
		if (!(*flags & C_AF) && next_alarm_ns(rtc, rtc->checked_ns) <= now) {
			*flags |= C_AF;
		}
	}
	if (period && now / period != rtc->checked_ns / period) {
		*flags |= C_PF;
	}
	rtc->checked_ns = now;
}

/* Raises the line for enabled flags and arms the timer for the next one that isn't up yet. */
static void update_irq(struct rtc *rtc)
{
	uint8_t enabled = rtc->ram[REG_B] & (B_PIE | B_AIE | B_UIE), *flags = &rtc->ram[REG_C];
	int64_t next = INT64_MAX, now = rtc->checked_ns, period = period_ns(rtc);

	if (*flags & enabled) {
		*flags |= C_IRQF;
	}
	isa_irq_set(&rtc->irq, *flags & C_IRQF);
	if ((enabled & ~*flags & B_PIE) && period) {
		next = (now / period + 1) * period;
	}
	if ((enabled & ~*flags & B_UIE) && !(rtc->ram[REG_B] & B_SET)) {
		next = MIN(next, (now / NSEC + 1) * NSEC);
	}
	if ((enabled & ~*flags & B_AIE) && !(rtc->ram[REG_B] & B_SET)) {
		next = MIN(next, next_alarm_ns(rtc, now));
	}
	if (next == INT64_MAX) {
		hw_timer_cancel(&rtc->timer);
	} else {
		hw_timer_arm(&rtc->timer, clock_ns() + MAX(next - guest_ns(rtc), 0));
	}
}

static void timer_fired(void *opaque)
{
	struct rtc *rtc = opaque;

	collect_flags(rtc);
	update_irq(rtc);
}

/* ---- ports ---- */

static bool is_time(unsigned int reg)
{
	return reg == REG_CENTURY || (reg <= REG_YEAR && reg != REG_SECOND_ALARM &&
				      reg != REG_MINUTE_ALARM && reg != REG_HOUR_ALARM);
}

static bool update_in_progress(const struct rtc *rtc)
{
	return !(rtc->ram[REG_B] & B_SET) && guest_ns(rtc) % NSEC >= NSEC - UIP_NS;
}

static uint64_t rtc_read(void *opaque, uint64_t offset, unsigned int size)
{
	struct rtc *rtc = opaque;
	uint8_t value;

	if (offset == 0) {
		return 0xff; /* the index can't be read */
	}
	if (is_time(rtc->index) && !(rtc->ram[REG_B] & B_SET)) {
		time_to_registers(rtc);
	}
	if (rtc->index == REG_C) {
		collect_flags(rtc);
		update_irq(rtc);
		value = rtc->ram[REG_C];
		rtc->ram[REG_C] = 0;
		update_irq(rtc);
		return value;
	}
	value = rtc->ram[rtc->index];
	if (rtc->index == REG_A) {
		value = (value & ~A_UIP) | (update_in_progress(rtc) ? A_UIP : 0);
	}
	return value;
}

static void write_b(struct rtc *rtc, uint8_t value)
{
	uint8_t before = rtc->ram[REG_B];

	if (!(before & B_SET) && (value & B_SET)) {
		time_to_registers(rtc);
		value &= (uint8_t)~B_UIE;
	}
	rtc->ram[REG_B] = value;
	if ((before & B_SET) && !(value & B_SET)) {
		registers_to_time(rtc);
	}
}

static void write_register(struct rtc *rtc, unsigned int reg, uint8_t value)
{
	if (reg == REG_C || reg == REG_D) {
		return; /* read-only */
	}
	collect_flags(rtc);
	if (reg == REG_B) {
		write_b(rtc, value);
	} else if (is_time(reg) && !(rtc->ram[REG_B] & B_SET)) {
		time_to_registers(rtc);
		rtc->ram[reg] = value;
		registers_to_time(rtc);
	} else {
		rtc->ram[reg] = reg == REG_A ? value & (uint8_t)~A_UIP : value;
	}
	update_irq(rtc);
}

static void rtc_write(void *opaque, uint64_t offset, uint64_t value, unsigned int size)
{
	struct rtc *rtc = opaque;

	if (offset == 0) {
		rtc->index = value & 0x7f; /* bit 7 would gate NMIs */
	} else {
		write_register(rtc, rtc->index, (uint8_t)value);
	}
}

static const struct mem_ops rtc_ops = { rtc_read, rtc_write, 1, 1 };

void rtc_reset(struct rtc *rtc)
{
	rtc->ram[REG_B] &= (uint8_t)~(B_PIE | B_AIE | B_UIE);
	rtc->ram[REG_C] = 0;
	rtc->index = 0;
	update_irq(rtc);
}

struct rtc *rtc_create(struct addr_space *io, struct isa_bus *bus)
{
	struct rtc *rtc = g_new0(struct rtc, 1);

	rtc->irq = (struct isa_irq){ bus, 8, false };
	rtc->ram[REG_A] = 0x26; /* 32768 Hz base, 1024 Hz periodic rate: what a BIOS sets */
	rtc->ram[REG_B] = B_24H;
	rtc->ram[REG_D] = D_VALID;
	rtc->checked_ns = guest_ns(rtc);
	hw_timer_init(&rtc->timer, timer_fired, rtc);
	mem_region_init_io(&rtc->region, "rtc", 2, &rtc_ops, rtc);
	addr_space_add(io, 0x70, &rtc->region, 0);
	return rtc;
}

void rtc_destroy(struct rtc *rtc)
{
	if (!rtc) {
		return;
	}
	hw_timer_finish(&rtc->timer);
	isa_irq_set(&rtc->irq, false);
	mem_region_finish(&rtc->region);
	g_free(rtc);
}

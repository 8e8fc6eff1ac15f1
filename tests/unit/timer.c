// SPDX-License-Identifier: GPL-2.0-or-later
#include "hw/core/machine-lock.h"
#include "hw/core/timer.h"
#include "main-loop.h"

#define MS INT64_C(1000000)

struct alarm {
	struct hw_timer timer;
	unsigned int fired;
	int64_t last_ns, again_ns; /* again_ns: arm it for so long later */
};

static void fired(void *opaque)
{
	struct alarm *alarm = opaque;

	g_assert_true(machine_lock_held());
	alarm->fired++;
	alarm->last_ns = clock_ns();
	if (alarm->again_ns) {
		hw_timer_arm(&alarm->timer, alarm->last_ns + alarm->again_ns);
	}
}

static void arm(struct alarm *alarm, int64_t deadline_ns)
{
	machine_lock();
	hw_timer_arm(&alarm->timer, deadline_ns);
	machine_unlock();
}

static void start(struct alarm *alarm)
{
	*alarm = (struct alarm){ 0 };
	hw_timer_init(&alarm->timer, fired, alarm);
}

static void stop(struct alarm *alarm)
{
	machine_lock();
	hw_timer_finish(&alarm->timer);
	machine_unlock();
}

/* It has fired @times; once more if the machine was so slow that @deadline_ns has come. */
static void not_before(const struct alarm *alarm, unsigned int times, int64_t deadline_ns)
{
	g_assert_cmpuint(alarm->fired, >=, times);
	if (alarm->fired != times) {
		g_assert_cmpint(alarm->last_ns, >=, deadline_ns);
	}
}

static void test_deadline(void)
{
	int64_t deadline = clock_ns() + 20 * MS;
	struct alarm alarm;

	start(&alarm);
	arm(&alarm, deadline);
	run_for(5);
	not_before(&alarm, 0, deadline);
	run_until(alarm.fired);
	g_assert_cmpuint(alarm.fired, ==, 1);
	g_assert_cmpint(alarm.last_ns, >=, deadline);
	/* In the past: as soon as the main loop runs; and at time 0 too. */
	arm(&alarm, clock_ns() - MS);
	g_assert_cmpuint(alarm.fired, ==, 1);
	run_until(alarm.fired > 1);
	g_assert_cmpuint(alarm.fired, ==, 2);
	arm(&alarm, 0);
	run_until(alarm.fired > 2);
	run_for(20);
	g_assert_cmpuint(alarm.fired, ==, 3);
	stop(&alarm);
}

static void test_moved(void)
{
	struct alarm alarm;
	int64_t deadline;

	start(&alarm);
	arm(&alarm, clock_ns() + 100000 * MS);
	arm(&alarm, clock_ns() + 10 * MS);
	run_until(alarm.fired);
	g_assert_cmpuint(alarm.fired, ==, 1);
	arm(&alarm, clock_ns() + 5 * MS);
	deadline = clock_ns() + 60 * MS;
	arm(&alarm, deadline);
	run_for(30);
	not_before(&alarm, 1, deadline);
	run_until(alarm.fired > 1);
	g_assert_cmpuint(alarm.fired, ==, 2);
	arm(&alarm, clock_ns() + 5 * MS);
	machine_lock();
	hw_timer_cancel(&alarm.timer);
	machine_unlock();
	run_for(30);
	g_assert_cmpuint(alarm.fired, ==, 2);
	/* The same deadline once more after it was cancelled */
	arm(&alarm, clock_ns() + 5 * MS);
	run_until(alarm.fired > 2);
	g_assert_cmpuint(alarm.fired, ==, 3);
	stop(&alarm);
	stop(&alarm);
}

static void test_again(void)
{
	struct alarm alarm;

	start(&alarm);
	alarm.again_ns = 5 * MS;
	arm(&alarm, clock_ns());
	while (alarm.fired < 10) {
		g_main_context_iteration(NULL, TRUE);
	}
	stop(&alarm);
	run_for(20);
	g_assert_cmpuint(alarm.fired, ==, 10);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	main_thread_init();
	g_test_add_func("/timer/fires-once-and-not-before-its-time", test_deadline);
	g_test_add_func("/timer/a-new-deadline-replaces-the-old-one", test_moved);
	g_test_add_func("/timer/may-be-armed-by-what-it-calls", test_again);
	return g_test_run();
}

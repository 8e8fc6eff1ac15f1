// SPDX-License-Identifier: GPL-2.0-or-later
#include <linux/input-event-codes.h>
#include <string.h>
#include <glib.h>

#include "ui/input.h"
#include "util/fd.h"

static bool locked;

static void lock(void)
{
	g_assert_false(locked);
	locked = true;
}

static void unlock(void)
{
	g_assert_true(locked);
	locked = false;
}

struct guest {
	GString *log;
};

static void log_event(void *opaque, const char *what, uint16_t code, int32_t value)
{
	struct guest *guest = opaque;

	g_assert_true(locked);
	g_string_append_printf(guest->log, "%s%u:%d ", what, code, value);
}

static void on_key(void *opaque, uint16_t code, bool down)
{
	log_event(opaque, "k", code, down);
}

static void on_button(void *opaque, uint16_t code, bool down)
{
	log_event(opaque, "b", code, down);
}

static void on_rel(void *opaque, uint16_t axis, int32_t delta)
{
	log_event(opaque, "r", axis, delta);
}

static void on_abs(void *opaque, uint16_t axis, int32_t value)
{
	log_event(opaque, "a", axis, value);
}

static const struct input_handler_ops keyboard_ops = {
	.name = "keyboard", .accepts = INPUT_KEYS, .key = on_key,
};
static const struct input_handler_ops mouse_ops = {
	.name = "mouse", .accepts = INPUT_REL | INPUT_BUTTONS, .rel = on_rel, .button = on_button,
};
static const struct input_handler_ops tablet_ops = {
	.name = "tablet", .accepts = INPUT_ABS | INPUT_BUTTONS, .abs = on_abs, .rel = on_rel,
	.button = on_button,
};

static struct input_router *router_new(void)
{
	struct input_router *router = input_router_create();

	input_router_set_lock(router, lock, unlock);
	return router;
}

static void expect(struct guest *guest, const char *want)
{
	g_assert_cmpstr(guest->log->str, ==, want);
	g_string_truncate(guest->log, 0);
}

static void test_newest_wins(void)
{
	struct input_router *router = router_new();
	struct guest a = { g_string_new("") }, b = { g_string_new("") };

	input_key(router, KEY_A, true); /* to nobody */
	input_handler_add(router, &keyboard_ops, &a);
	input_handler_add(router, &keyboard_ops, &b);
	input_key(router, KEY_A, false);
	expect(&a, "");
	expect(&b, "k30:0 ");
	input_handler_remove(router, &b);
	input_key(router, KEY_A, true);
	expect(&a, "k30:1 ");
	input_key(router, 0, true);
	input_key(router, 0xffff, true);
	expect(&a, "");
	input_router_destroy(router);
	g_string_free(a.log, TRUE);
	g_string_free(b.log, TRUE);
}

static void test_tablet_beats_mouse(void)
{
	struct input_router *router = router_new();
	struct guest tablet = { g_string_new("") }, mouse = { g_string_new("") };

	g_assert_false(input_is_absolute(router));
	input_handler_add(router, &tablet_ops, &tablet);
	input_handler_add(router, &mouse_ops, &mouse);
	g_assert_true(input_is_absolute(router));
	input_pointer(router, 0, 0, 1, 1);
	input_button(router, BTN_LEFT, true);
	input_rel(router, REL_WHEEL, -1);
	expect(&tablet, "a0:16384 a1:16384 b272:1 r8:-1 ");
	expect(&mouse, "");
	input_handler_remove(router, &tablet);
	g_assert_false(input_is_absolute(router));
	/* The first position only says where the pointer is. */
	input_pointer(router, 10, 10, 100, 100);
	expect(&mouse, "");
	input_pointer(router, 7, 15, 100, 100);
	expect(&mouse, "r0:-3 r1:5 ");
	input_router_destroy(router);
	g_string_free(tablet.log, TRUE);
	g_string_free(mouse.log, TRUE);
}

static int32_t last_x;

static void on_abs_keep(void *opaque, uint16_t axis, int32_t value)
{
	if (axis == ABS_X) {
		last_x = value;
	}
}

static const struct input_handler_ops keep_ops = {
	.name = "keep", .accepts = INPUT_ABS, .abs = on_abs_keep,
};

static void test_pixel_exact(void)
{
	static const uint32_t widths[] = { 1, 2, 3, 640, 1366, 1920, 3840, 16384 };
	struct input_router *router = router_new();

	input_handler_add(router, &keep_ops, &last_x);
	for (size_t i = 0; i < G_N_ELEMENTS(widths); i++) {
		uint32_t width = widths[i];

		for (uint32_t x = 0; x < width; x++) {
			input_pointer(router, (int32_t)x, 0, width, 1);
			/* libinput's scaling: value / (max + 1) * width, then down. */
			g_assert_cmpuint((uint64_t)last_x * width / (INPUT_ABS_MAX + 1), ==, x);
		}
	}
	input_pointer(router, -5, 0, 100, 1);
	g_assert_cmpint(last_x, ==, 163);
	input_pointer(router, 5000, 0, 100, 1);
	g_assert_cmpint(last_x, ==, 32604);
	input_abs(router, ABS_X, 1 << 20);
	g_assert_cmpint(last_x, ==, INPUT_ABS_MAX);
	input_router_destroy(router);
}

static void test_release_all(void)
{
	struct input_router *router = router_new();
	struct guest guest = { g_string_new("") };

	input_handler_add(router, &keyboard_ops, &guest);
	input_handler_add(router, &tablet_ops, &guest);
	input_key(router, KEY_LEFTSHIFT, true);
	input_key(router, KEY_A, true);
	input_key(router, KEY_A, false);
	input_button(router, BTN_RIGHT, true);
	g_string_truncate(guest.log, 0);
	input_release_all(router);
	expect(&guest, "k42:0 b273:0 ");
	input_release_all(router);
	expect(&guest, "");
	input_router_destroy(router);
	g_string_free(guest.log, TRUE);
}

static void count(void *opaque)
{
	g_assert_true(main_thread_is_current());
	++*(int *)opaque;
}

static void *set_leds(void *opaque)
{
	input_leds_set(opaque, INPUT_LED_CAPS);
	return NULL;
}

static void test_leds(void)
{
	struct input_router *router = router_new();
	int calls = 0;

	input_watch(router, count, &calls);
	g_thread_join(g_thread_new("vcpu", set_leds, router));
	g_assert_cmpint(calls, ==, 0);
	while (!calls) {
		g_main_context_iteration(NULL, TRUE);
	}
	g_assert_cmpuint(input_leds(router), ==, INPUT_LED_CAPS);
	input_leds_set(router, INPUT_LED_CAPS); /* no change, no call */
	g_assert_false(g_main_context_iteration(NULL, FALSE));
	input_leds_set(router, 0);
	/* A router that goes while a call is on its way. */
	input_router_destroy(router);
	while (g_main_context_iteration(NULL, FALSE)) {
	}
	g_assert_cmpint(calls, ==, 1);
}

static void test_names(void)
{
	g_assert_cmpuint(input_code_from_qcode("ret"), ==, KEY_ENTER);
	g_assert_cmpuint(input_code_from_qcode("meta_l"), ==, KEY_LEFTMETA);
	g_assert_cmpuint(input_code_from_qcode("f12"), ==, KEY_F12);
	g_assert_cmpuint(input_code_from_qcode("nonsense"), ==, 0);
	g_assert_cmpstr(input_qcode_from_code(KEY_BACKSPACE), ==, "backspace");
	g_assert_null(input_qcode_from_code(KEY_MAX));
	for (uint16_t code = 1; code < KEY_MAX; code++) {
		const char *qcode = input_qcode_from_code(code);

		g_assert_true(!qcode || input_code_from_qcode(qcode) == code);
	}
}

static void test_xt(void)
{
	/* On set 1's first row the evdev codes were chosen to be the same numbers. */
	for (uint32_t xt = 1; xt <= 0x53; xt++) {
		g_assert_cmpuint(input_code_from_xt(xt), ==, xt);
	}
	g_assert_cmpuint(input_code_from_xt(0xc8), ==, KEY_UP);
	g_assert_cmpuint(input_code_from_xt(0xe048), ==, KEY_UP);
	g_assert_cmpuint(input_code_from_xt(0x9d), ==, KEY_RIGHTCTRL);
	g_assert_cmpuint(input_code_from_xt(0), ==, 0);
	g_assert_cmpuint(input_code_from_xt(0xff), ==, 0);
	g_assert_cmpuint(input_code_from_xt(UINT32_MAX), ==, 0);
}

static void test_keysyms(void)
{
	bool shift;

	g_assert_cmpuint(input_code_from_keysym('a', &shift), ==, KEY_A);
	g_assert_false(shift);
	g_assert_cmpuint(input_code_from_keysym('A', &shift), ==, KEY_A);
	g_assert_true(shift);
	g_assert_cmpuint(input_code_from_keysym('?', &shift), ==, KEY_SLASH);
	g_assert_true(shift);
	g_assert_cmpuint(input_code_from_keysym(0x01000040, &shift), ==, KEY_2);
	g_assert_true(shift);
	g_assert_cmpuint(input_code_from_keysym(0xff0d, &shift), ==, KEY_ENTER);
	g_assert_cmpuint(input_code_from_keysym(0xffff, &shift), ==, KEY_DELETE);
	g_assert_cmpuint(input_code_from_keysym(0x1008ff2f, &shift), ==, KEY_SLEEP);
	g_assert_cmpuint(input_code_from_keysym(0, &shift), ==, 0);
	g_assert_cmpuint(input_code_from_keysym(UINT32_MAX, &shift), ==, 0);
	for (uint32_t c = 0x20; c < 0x7f; c++) {
		g_assert_cmpuint(input_code_from_keysym(c, &shift), !=, 0);
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	main_thread_init();
	g_test_add_func("/input/the-newest-handler-gets-the-keys", test_newest_wins);
	g_test_add_func("/input/a-tablet-beats-a-mouse", test_tablet_beats_mouse);
	g_test_add_func("/input/the-pointer-lands-on-exactly-that-pixel", test_pixel_exact);
	g_test_add_func("/input/release-all-lets-go-of-what-is-down", test_release_all);
	g_test_add_func("/input/leds-are-told-on-the-main-thread", test_leds);
	g_test_add_func("/keymap/qcodes-go-there-and-back", test_names);
	g_test_add_func("/keymap/xt-numbers-with-and-without-prefix", test_xt);
	g_test_add_func("/keymap/keysyms-say-whether-they-need-shift", test_keysyms);
	return g_test_run();
}

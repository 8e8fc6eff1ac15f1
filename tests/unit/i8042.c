// SPDX-License-Identifier: GPL-2.0-or-later
#include <linux/input-event-codes.h>

#include "hw/i386/ps2.h"
#include "i386-board.h"

#define FULL	0x01
#define MOUSE	0x20

struct fixture {
	struct test_board test;
	struct i8042 *i8042;
};

static void set_up(struct fixture *f, gconstpointer data)
{
	test_board_init(&f->test);
	f->i8042 = i8042_create(&f->test.board, &f->test.isa);
}

static void tear_down(struct fixture *f, gconstpointer data)
{
	i8042_destroy(f->i8042);
	test_board_finish(&f->test);
}

static void expect(struct fixture *f, bool mouse, uint8_t byte)
{
	g_assert_cmphex(inb(&f->test, 0x64) & (FULL | MOUSE), ==, FULL | (mouse ? MOUSE : 0));
	g_assert_cmphex(inb(&f->test, 0x60), ==, byte);
}

static void expect_nothing(struct fixture *f)
{
	g_assert_cmphex(inb(&f->test, 0x64) & FULL, ==, 0);
}

static void command(struct fixture *f, uint8_t byte)
{
	outb(&f->test, 0x64, byte);
}

static void to_mouse(struct fixture *f, uint8_t byte)
{
	command(f, 0xd4);
	outb(&f->test, 0x60, byte);
}

static void mouse_says(struct fixture *f, uint8_t ask, uint8_t answer)
{
	to_mouse(f, ask);
	expect(f, true, answer);
}

/* The router's senders take the lock themselves where system/ told it how; here there is none. */
static void key(struct fixture *f, uint16_t code, bool down)
{
	input_key(f->test.board.input, code, down);
}

static void test_self_test(struct fixture *f, gconstpointer data)
{
	command(f, 0xaa);
	expect(f, false, 0x55);
	command(f, 0xab);
	expect(f, false, 0x00);
	command(f, 0xa9);
	expect(f, false, 0x00);
	expect_nothing(f);
}

static void test_mode(struct fixture *f, gconstpointer data)
{
	command(f, 0x60);
	outb(&f->test, 0x60, 0x47);
	command(f, 0x20);
	expect(f, false, 0x47);
	command(f, 0x65);
	outb(&f->test, 0x60, 0x99);
	command(f, 0x25);
	expect(f, false, 0x99);
}

static void test_set_1(struct fixture *f, gconstpointer data)
{
	key(f, KEY_A, true);
	g_assert_true(irq(&f->test, 1));
	expect(f, false, 0x1e);
	g_assert_false(irq(&f->test, 1));
	key(f, KEY_A, false);
	expect(f, false, 0x9e);
	key(f, KEY_UP, true);
	key(f, KEY_UP, false);
	expect(f, false, 0xe0);
	expect(f, false, 0x48);
	expect(f, false, 0xe0);
	expect(f, false, 0xc8);
	key(f, KEY_F7, true);
	expect(f, false, 0x41);
	key(f, KEY_PAUSE, true);
	expect(f, false, 0xe1);
	expect(f, false, 0x1d);
	expect(f, false, 0x45);
	expect(f, false, 0xe1);
	expect(f, false, 0x9d);
	expect(f, false, 0xc5);
	expect_nothing(f);
}

static void test_set_2(struct fixture *f, gconstpointer data)
{
	command(f, 0x60);
	outb(&f->test, 0x60, 0x05); /* no translation */
	key(f, KEY_A, true);
	key(f, KEY_A, false);
	expect(f, false, 0x1c);
	expect(f, false, 0xf0);
	expect(f, false, 0x1c);
	key(f, KEY_RIGHTCTRL, true);
	expect(f, false, 0xe0);
	expect(f, false, 0x14);
	expect_nothing(f);
}

/* Every key of the main block has a code, and translation finds its way back. */
static void test_translation(void)
{
	for (unsigned int set1 = 1; set1 <= 0x58; set1++) {
		uint8_t set2 = ps2_untranslate((uint8_t)set1);

		if (set1 == 0x54 || set1 == 0x55) {
			continue; /* SysRq's own code; a hole */
		}
		g_assert_cmphex(set2, !=, 0);
		g_assert_cmphex(ps2_translate(set2), ==, set1);
	}
}

static void test_identify(struct fixture *f, gconstpointer data)
{
	outb(&f->test, 0x60, 0xf2);
	expect(f, false, 0xfa);
	expect(f, false, 0xab);
	expect(f, false, 0x41); /* 0x83, translated */
	outb(&f->test, 0x60, 0xff);
	expect(f, false, 0xfa);
	expect(f, false, 0xaa);
	outb(&f->test, 0x60, 0xee);
	expect(f, false, 0xee);
	expect_nothing(f);
}

static void test_leds(struct fixture *f, gconstpointer data)
{
	outb(&f->test, 0x60, 0xed);
	expect(f, false, 0xfa);
	outb(&f->test, 0x60, 0x06);
	expect(f, false, 0xfa);
	g_assert_cmphex(input_leds(f->test.board.input), ==, INPUT_LED_NUM | INPUT_LED_CAPS);
}

static void test_off(struct fixture *f, gconstpointer data)
{
	command(f, 0xad);
	key(f, KEY_B, true);
	expect_nothing(f);
	command(f, 0xae);
	expect(f, false, 0x30);
}

static void test_mouse_identify(struct fixture *f, gconstpointer data)
{
	to_mouse(f, 0xff);
	expect(f, true, 0xfa);
	expect(f, true, 0xaa);
	expect(f, true, 0x00);
	expect_nothing(f);
}

static void test_mouse_move(struct fixture *f, gconstpointer data)
{
	command(f, 0x60);
	outb(&f->test, 0x60, 0x47);
	input_rel(f->test.board.input, REL_X, 5);
	input_sync(f->test.board.input);
	expect_nothing(f); /* not enabled */
	mouse_says(f, 0xf4, 0xfa);
	input_rel(f->test.board.input, REL_X, 3);
	input_rel(f->test.board.input, REL_Y, 2);
	input_sync(f->test.board.input);
	g_assert_true(irq(&f->test, 12));
	expect(f, true, 0x28);
	expect(f, true, 3); /* counted from when it was enabled */
	expect(f, true, 0xfe);
	g_assert_false(irq(&f->test, 12));
	input_button(f->test.board.input, BTN_RIGHT, true);
	input_sync(f->test.board.input);
	expect(f, true, 0x0a);
	expect(f, true, 0);
	expect(f, true, 0);
	expect_nothing(f);
}

static void test_mouse_wheel(struct fixture *f, gconstpointer data)
{
	static const uint8_t knock[] = { 0xf3, 200, 0xf3, 100, 0xf3, 80 };

	for (unsigned int i = 0; i < sizeof(knock); i++) {
		mouse_says(f, knock[i], 0xfa);
	}
	mouse_says(f, 0xf2, 0xfa);
	expect(f, true, 3);
	mouse_says(f, 0xf4, 0xfa);
	input_rel(f->test.board.input, REL_WHEEL, 1);
	input_sync(f->test.board.input);
	expect(f, true, 8);
	expect(f, true, 0);
	expect(f, true, 0);
	expect(f, true, 0xff); /* away from the user is negative */
	expect_nothing(f);
}

static int32_t read_packet_x(struct fixture *f)
{
	uint8_t head = inb(&f->test, 0x60), x = inb(&f->test, 0x60);

	inb(&f->test, 0x60);
	return head & 0x10 ? x - 256 : x;
}

/* A guest that doesn't look for a while gets the whole way in the end. */
static void test_mouse_adds_up(struct fixture *f, gconstpointer data)
{
	int32_t sum = 0;

	mouse_says(f, 0xf4, 0xfa);
	for (int i = 0; i < 1000; i++) {
		input_rel(f->test.board.input, REL_X, 7);
		input_sync(f->test.board.input);
	}
	while (inb(&f->test, 0x64) & FULL) {
		sum += read_packet_x(f);
	}
	g_assert_cmpint(sum, ==, 7000);
}

static void test_requests(struct fixture *f, gconstpointer data)
{
	command(f, 0xfe);
	g_assert_cmpuint(f->test.resets, ==, 1);
	command(f, 0xff); /* pulses nothing */
	g_assert_cmpuint(f->test.resets, ==, 1);
	command(f, 0xd1);
	outb(&f->test, 0x60, 0x02);
	g_assert_cmpuint(f->test.resets, ==, 2);
}

static void test_loop(struct fixture *f, gconstpointer data)
{
	command(f, 0xd3);
	outb(&f->test, 0x60, 0x5a);
	expect(f, true, 0x5a);
	command(f, 0xd2);
	outb(&f->test, 0x60, 0xa5);
	expect(f, false, 0xa5);
}

#define ADD(name, fn) g_test_add("/i8042/" name, struct fixture, NULL, set_up, fn, tear_down)

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	ADD("self-tests-pass", test_self_test);
	ADD("mode-and-ram-are-read-back", test_mode);
	ADD("keys-come-translated-to-set-1", test_set_1);
	ADD("keys-come-in-set-2-without-translation", test_set_2);
	g_test_add_func("/i8042/translation-is-reversible", test_translation);
	ADD("the-keyboard-identifies-itself", test_identify);
	ADD("leds-reach-the-input-router", test_leds);
	ADD("a-keyboard-switched-off-waits", test_off);
	ADD("the-mouse-identifies-itself", test_mouse_identify);
	ADD("movement-and-buttons-come-in-packets", test_mouse_move);
	ADD("a-wheel-is-offered-to-who-knocks", test_mouse_wheel);
	ADD("movement-adds-up-while-nobody-reads", test_mouse_adds_up);
	ADD("reset-is-requested-by-pulse-and-output-port", test_requests);
	ADD("buffers-can-be-written-back", test_loop);
	return g_test_run();
}

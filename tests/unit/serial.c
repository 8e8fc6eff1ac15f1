// SPDX-License-Identifier: GPL-2.0-or-later
#include <sys/socket.h>
#include <unistd.h>

#include "chardev/chardev.h"
#include "hw/i386/serial.h"
#include "i386-board.h"

#define BASE	0x3f8
#define LINE	4

struct fixture {
	struct test_board test;
	struct chardev *chardev;
	struct serial *serial;
	int peer;
};

static void set_up(struct fixture *f, gconstpointer data)
{
	int fds[2];

	test_board_init(&f->test);
	g_assert_cmpint(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds),
			==, 0);
	f->peer = fds[1];
	f->chardev = chardev_create_fd("serial0", fds[0], NULL);
	g_assert_nonnull(f->chardev);
	f->serial = serial_create(f->test.board.io, BASE, &f->test.isa, LINE, f->chardev);
}

static void tear_down(struct fixture *f, gconstpointer data)
{
	serial_destroy(f->serial);
	machine_unlock();
	chardev_destroy(f->chardev);
	machine_lock();
	close(f->peer);
	test_board_finish(&f->test);
}

static bool data_ready(void *opaque)
{
	struct fixture *f = opaque;

	return inb(&f->test, BASE + 5) & 1;
}

static void test_transmit(struct fixture *f, gconstpointer data)
{
	char text[4] = { 0 };

	outb(&f->test, BASE, 'h');
	outb(&f->test, BASE, 'i');
	for (int i = 0; i < 100 && recv(f->peer, text, sizeof(text), MSG_PEEK) < 2; i++) {
		machine_unlock();
		g_main_context_iteration(NULL, FALSE);
		machine_lock();
	}
	g_assert_cmpint(read(f->peer, text, sizeof(text)), ==, 2);
	g_assert_cmpstr(text, ==, "hi");
	g_assert_cmphex(inb(&f->test, BASE + 5) & 0x60, ==, 0x60);
}

static void test_transmit_interrupt(struct fixture *f, gconstpointer data)
{
	outb(&f->test, BASE + 1, 2);
	g_assert_false(irq(&f->test, LINE)); /* OUT2 gates the line */
	outb(&f->test, BASE + 4, 8);
	g_assert_true(irq(&f->test, LINE));
	g_assert_cmphex(inb(&f->test, BASE + 2), ==, 0x02);
	g_assert_false(irq(&f->test, LINE)); /* reading the cause ends it */
	outb(&f->test, BASE, 'x');
	g_assert_true(irq(&f->test, LINE));
	outb(&f->test, BASE + 1, 0);
	g_assert_false(irq(&f->test, LINE));
}

static void test_receive(struct fixture *f, gconstpointer data)
{
	outb(&f->test, BASE + 4, 8);
	outb(&f->test, BASE + 1, 1);
	g_assert_cmpint(write(f->peer, "ab", 2), ==, 2);
	g_assert_true(wait_until(data_ready, f));
	g_assert_true(irq(&f->test, LINE));
	g_assert_cmphex(inb(&f->test, BASE + 2) & 0x0f, ==, 0x04);
	g_assert_cmpint(inb(&f->test, BASE), ==, 'a');
	g_assert_false(irq(&f->test, LINE)); /* one byte at a time without FIFOs */
	g_assert_true(wait_until(data_ready, f));
	g_assert_cmpint(inb(&f->test, BASE), ==, 'b');
}

static bool peer_is_stopped(void *opaque)
{
	struct fixture *f = opaque;

	return send(f->peer, "0123456789", 10, MSG_NOSIGNAL) < 0;
}

/* Whatever the peer sends, nothing is lost: it has to wait. */
static void test_flow(struct fixture *f, gconstpointer data)
{
	outb(&f->test, BASE + 2, 0xc1);
	g_assert_true(wait_until(peer_is_stopped, f));
	for (unsigned int i = 0; i < 2000; i++) {
		g_assert_true(wait_until(data_ready, f));
		g_assert_cmpint(inb(&f->test, BASE), ==, '0' + (int)(i % 10));
	}
	g_assert_cmphex(inb(&f->test, BASE + 5) & 2, ==, 0); /* no overrun */
}

static void test_loopback(struct fixture *f, gconstpointer data)
{
	outb(&f->test, BASE + 4, 0x1b);
	g_assert_cmphex(inb(&f->test, BASE + 6) & 0xf0, ==, 0xb0);
	outb(&f->test, BASE + 4, 0x1a);
	g_assert_cmphex(inb(&f->test, BASE + 6) & 0xf0, ==, 0x90);
	outb(&f->test, BASE, 0x5a);
	g_assert_cmphex(inb(&f->test, BASE), ==, 0x5a);
}

static void test_divisor(struct fixture *f, gconstpointer data)
{
	outb(&f->test, BASE + 3, 0x83);
	outb(&f->test, BASE, 0x34);
	outb(&f->test, BASE + 1, 0x12);
	g_assert_cmphex(inb(&f->test, BASE), ==, 0x34);
	g_assert_cmphex(inb(&f->test, BASE + 1), ==, 0x12);
	outb(&f->test, BASE + 3, 0x03);
	g_assert_cmphex(inb(&f->test, BASE + 1), ==, 0x00);
}

static void test_is_16550(struct fixture *f, gconstpointer data)
{
	g_assert_cmphex(inb(&f->test, BASE + 2) & 0xc0, ==, 0);
	outb(&f->test, BASE + 2, 1);
	g_assert_cmphex(inb(&f->test, BASE + 2) & 0xc0, ==, 0xc0);
	outb(&f->test, BASE + 7, 0xa5);
	g_assert_cmphex(inb(&f->test, BASE + 7), ==, 0xa5);
}

static void test_serial_reset(struct fixture *f, gconstpointer data)
{
	outb(&f->test, BASE + 4, 8);
	outb(&f->test, BASE + 1, 2);
	g_assert_true(irq(&f->test, LINE));
	serial_reset(f->serial);
	g_assert_false(irq(&f->test, LINE));
	g_assert_cmphex(inb(&f->test, BASE + 1), ==, 0);
}

#define ADD(name, fn) g_test_add("/serial/" name, struct fixture, NULL, set_up, fn, tear_down)

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	ADD("bytes-written-reach-the-peer", test_transmit);
	ADD("an-empty-transmitter-interrupts-once", test_transmit_interrupt);
	ADD("a-byte-from-the-peer-interrupts", test_receive);
	ADD("a-slow-guest-loses-nothing", test_flow);
	ADD("loopback-wires-outputs-to-inputs", test_loopback);
	ADD("the-divisor-hides-behind-dlab", test_divisor);
	ADD("fifos-are-reported-when-on", test_is_16550);
	ADD("reset-takes-the-interrupt-away", test_serial_reset);
	return g_test_run();
}

// SPDX-License-Identifier: GPL-2.0-or-later
/* ui/spice/link: what a viewer's first message says, and sockets that say it late or never. */
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <glib.h>
#include <spice/protocol.h>

#include "ui/spice/link.h"
#include "util/fd.h"

/* A message of a channel with @common and @caps words of capabilities, all ones but for the last one. */
static GByteArray *message(uint8_t type, uint32_t common, uint32_t caps, uint32_t last)
{
	SpiceLinkHeader header = { .magic = SPICE_MAGIC, .major_version = GUINT32_TO_LE(2),
				   .minor_version = GUINT32_TO_LE(2) };
	SpiceLinkMess mess = { .connection_id = GUINT32_TO_LE(77), .channel_type = type,
			       .channel_id = 1, .num_common_caps = GUINT32_TO_LE(common),
			       .num_channel_caps = GUINT32_TO_LE(caps),
			       .caps_offset = GUINT32_TO_LE(sizeof(mess)) };
	GByteArray *out = g_byte_array_new();

	header.size = GUINT32_TO_LE((uint32_t)(sizeof(mess) + 4 * (common + caps)));
	g_byte_array_append(out, (uint8_t *)&header, sizeof(header));
	g_byte_array_append(out, (uint8_t *)&mess, sizeof(mess));
	for (uint32_t i = 0; i < common + caps; i++) {
		uint32_t word = i + 1 < common + caps ? UINT32_MAX : GUINT32_TO_LE(last);

		g_byte_array_append(out, (uint8_t *)&word, 4);
	}
	return out;
}

#define GL (1u << SPICE_DISPLAY_CAP_GL_SCANOUT)

static void test_parse(void)
{
	static const struct {
		uint8_t type;
		uint32_t common, caps, last;
		enum spice_link_state state;
		bool takes;
	} cases[] = {
		{ SPICE_CHANNEL_DISPLAY, 1, 1, GL, SPICE_LINK_DISPLAY, true },
		{ SPICE_CHANNEL_DISPLAY, 1, 1, ~GL, SPICE_LINK_DISPLAY, false },
		{ SPICE_CHANNEL_DISPLAY, 0, 0, 0, SPICE_LINK_DISPLAY, false },
		{ SPICE_CHANNEL_DISPLAY, 1, 0, GL, SPICE_LINK_DISPLAY, false },
		{ SPICE_CHANNEL_DISPLAY, 0, 2, 0, SPICE_LINK_DISPLAY, true },
		{ SPICE_CHANNEL_MAIN, 1, 1, GL, SPICE_LINK_OTHER, false },
	};

	for (unsigned int i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(GByteArray) m = message(cases[i].type, cases[i].common, cases[i].caps,
						  cases[i].last);
		struct spice_link link = { 0 };

		for (guint len = 0; len < m->len; len++) {
			g_autofree uint8_t *part = g_memdup2(m->data, len);

			g_assert_cmpint(spice_link_parse(part, len, &link), ==,
					SPICE_LINK_INCOMPLETE);
		}
		g_assert_cmpint(spice_link_parse(m->data, m->len, &link), ==, cases[i].state);
		if (cases[i].state == SPICE_LINK_DISPLAY) {
			g_assert_cmpuint(link.connection, ==, 77);
			g_assert_cmpuint(link.channel, ==, 1);
			g_assert_cmpint(link.takes_dmabuf, ==, cases[i].takes);
		}
	}
}

/* One to three bytes of a good one changed, or cut, at random: it looks nowhere that it must not. */
static void test_damaged(void)
{
	for (unsigned int i = 0; i < 100000; i++) {
		g_autoptr(GByteArray) m = message(SPICE_CHANNEL_DISPLAY, 1, 1, GL);
		g_autofree uint8_t *copy = NULL;
		guint len = (guint)g_random_int_range(0, (gint)m->len + 1);
		struct spice_link link;

		for (int n = g_random_int_range(1, 4); n > 0; n--) {
			m->data[g_random_int_range(16, (gint)m->len)] =
				(uint8_t)g_random_int_range(0, 256);
		}
		copy = g_memdup2(m->data, len);
		spice_link_parse(copy, len, &link);
	}
	g_assert_cmpint(spice_link_parse((const uint8_t *)"RED!", 4, &(struct spice_link){ 0 }), ==,
			SPICE_LINK_OTHER);
}

static int ready_fd;

static void ready(void *opaque, int fd)
{
	ready_fd = fd;
}

static void wait_ready(void)
{
	gint64 end = g_get_monotonic_time() + 20 * G_TIME_SPAN_SECOND;

	while (ready_fd < 0) {
		g_main_context_iteration(NULL, FALSE);
		g_assert_cmpint(g_get_monotonic_time(), <, end);
	}
}

static void test_sockets(void)
{
	struct spice_links *links = spice_links_create(ready, NULL);
	g_autoptr(GByteArray) m = message(SPICE_CHANNEL_DISPLAY, 1, 1, 0);
	uint8_t read_back[200];
	int fds[2], silent[2];

	/* One that never says anything is closed with the server. */
	g_assert_cmpint(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, silent), ==, 0);
	spice_links_add(links, silent[1]);
	for (unsigned int pieces = 1; pieces <= 2; pieces++) {
		ready_fd = -1;
		g_assert_cmpint(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), ==, 0);
		spice_links_add(links, fds[1]);
		g_assert_cmpint(write(fds[0], m->data, m->len / pieces), ==, m->len / pieces);
		if (pieces == 2) {
			for (unsigned int i = 0; i < 50; i++) {
				g_main_context_iteration(NULL, FALSE);
				g_usleep(1000);
			}
			g_assert_cmpint(ready_fd, ==, -1);
			g_assert_cmpint(write(fds[0], m->data + m->len / 2, m->len - m->len / 2),
					==, m->len - m->len / 2);
		}
		wait_ready();
		g_assert_cmpint(ready_fd, ==, fds[1]);
		/* Nothing was taken from it. */
		g_assert_cmpint(read(fds[1], read_back, sizeof(read_back)), ==, m->len);
		close(fds[0]);
		close(fds[1]);
	}
	g_assert_false(spice_links_take_dmabuf(links, 77, 1));
	g_assert_true(spice_links_take_dmabuf(links, 77, 0));
	/* Half a message, and that is all. */
	ready_fd = -1;
	g_assert_cmpint(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), ==, 0);
	spice_links_add(links, fds[1]);
	g_assert_cmpint(write(fds[0], m->data, 20), ==, 20);
	wait_ready();
	close(fds[0]);
	close(fds[1]);
	spice_links_destroy(links);
	g_assert_cmpint(read(silent[0], read_back, 1), ==, 0);
	close(silent[0]);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	main_thread_init();
	g_test_add_func("/spice-link/what-the-first-message-says", test_parse);
	g_test_add_func("/spice-link/damaged-messages", test_damaged);
	g_test_add_func("/spice-link/sockets-are-handed-on-unread", test_sockets);
	return g_test_run();
}

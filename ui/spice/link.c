// SPDX-License-Identifier: GPL-2.0-or-later
#include <string.h>
#include <sys/socket.h>
#include <glib-unix.h>
#include <spice/protocol.h>

#include "ui/spice/link.h"
#include "util/fd.h"

/* Real ones have 60 bytes. */
#define MESSAGE_MAX_BYTES 1024
/* A message in pieces is looked at again so often, and so many times; then the library has it. */
#define AGAIN_MS 10
#define AGAIN_MAX 100
/* Of display channels that can't be passed a dma-buf, the last ones: a viewer has one a screen. */
#define BLIND_MAX 32
/* Connections that have said nothing yet; with more, the library has them at once. */
#define WAITING_MAX 64

struct waiting {
	struct spice_links *links;
	int fd;
	guint source; /* watch or timer */
	unsigned int looks;
};

struct spice_links {
	void (*ready)(void *opaque, int fd);
	void *opaque;
	GPtrArray *waiting; /* of struct waiting * */
	GArray *blind; /* of struct spice_link */
};

static uint32_t get_u32(const uint8_t *p)
{
	uint32_t value;

	memcpy(&value, p, sizeof(value));
	return GUINT32_FROM_LE(value);
}

enum spice_link_state spice_link_parse(const uint8_t *data, size_t len, struct spice_link *link)
{
	/* As in SpiceLinkHeader and SpiceLinkMess of <spice/protocol.h>. */
	const uint8_t *mess = data + sizeof(SpiceLinkHeader);
	uint64_t size, common, caps, offset, word = SPICE_DISPLAY_CAP_GL_SCANOUT / 32;

	if (len > 0 && memcmp(data, "REDQ", MIN(len, 4)) != 0) {
		return SPICE_LINK_OTHER;
	}
	if (len < sizeof(SpiceLinkHeader)) {
		return SPICE_LINK_INCOMPLETE;
	}
	size = get_u32(data + G_STRUCT_OFFSET(SpiceLinkHeader, size));
	if (size < sizeof(SpiceLinkMess) || size > MESSAGE_MAX_BYTES - sizeof(SpiceLinkHeader)) {
		return SPICE_LINK_OTHER;
	}
	if (len < sizeof(SpiceLinkHeader) + size) {
		return SPICE_LINK_INCOMPLETE;
	}
	if (mess[G_STRUCT_OFFSET(SpiceLinkMess, channel_type)] != SPICE_CHANNEL_DISPLAY) {
		return SPICE_LINK_OTHER;
	}
	common = get_u32(mess + G_STRUCT_OFFSET(SpiceLinkMess, num_common_caps));
	caps = get_u32(mess + G_STRUCT_OFFSET(SpiceLinkMess, num_channel_caps));
	offset = get_u32(mess + G_STRUCT_OFFSET(SpiceLinkMess, caps_offset)) + 4 * (common + word);
	link->connection = get_u32(mess + G_STRUCT_OFFSET(SpiceLinkMess, connection_id));
	link->channel = mess[G_STRUCT_OFFSET(SpiceLinkMess, channel_id)];
	link->takes_dmabuf = word < caps && offset + 4 <= size &&
			     (get_u32(mess + offset) & 1u << SPICE_DISPLAY_CAP_GL_SCANOUT % 32);
	return SPICE_LINK_DISPLAY;
}

/* ---- waiting for it ---- */

static void waiting_free(gpointer opaque)
{
	struct waiting *waiting = opaque;

	if (waiting->source) {
		g_source_remove(waiting->source);
	}
	fd_close(&waiting->fd);
	g_free(waiting);
}

static void remember(struct spice_links *links, const struct spice_link *link)
{
	for (guint i = 0; i < links->blind->len; i++) {
		struct spice_link *old = &g_array_index(links->blind, struct spice_link, i);

		if (old->connection == link->connection && old->channel == link->channel) {
			g_array_remove_index(links->blind, i);
			break;
		}
	}
	if (!link->takes_dmabuf) {
		if (links->blind->len == BLIND_MAX) {
			g_array_remove_index(links->blind, 0);
		}
		g_array_append_val(links->blind, *link);
	}
}

/* True: it is the library's now, and @waiting gone. */
static bool look(struct waiting *waiting)
{
	struct spice_links *links = waiting->links;
	uint8_t data[MESSAGE_MAX_BYTES];
	ssize_t len = recv(waiting->fd, data, sizeof(data), MSG_PEEK | MSG_DONTWAIT);
	enum spice_link_state state = SPICE_LINK_OTHER;
	struct spice_link link;
	int fd;

	if (len > 0) {
		state = spice_link_parse(data, (size_t)len, &link);
	}
	if (state == SPICE_LINK_INCOMPLETE && waiting->looks < AGAIN_MAX) {
		return false;
	}
	if (state == SPICE_LINK_DISPLAY) {
		remember(links, &link);
	}
	fd = waiting->fd;
	waiting->fd = -1;
	waiting->source = 0;
	g_ptr_array_remove_fast(links->waiting, waiting);
	links->ready(links->opaque, fd);
	return true;
}

/* The rest of a message can't be waited for by its socket, which is readable already. */
static gboolean look_again(gpointer opaque)
{
	struct waiting *waiting = opaque;

	waiting->looks++;
	return look(waiting) ? G_SOURCE_REMOVE : G_SOURCE_CONTINUE;
}

static gboolean readable(gint fd, GIOCondition condition, gpointer opaque)
{
	struct waiting *waiting = opaque;

	if (!look(waiting)) {
		waiting->source = g_timeout_add(AGAIN_MS, look_again, waiting);
	}
	return G_SOURCE_REMOVE;
}

/* ---- life ---- */

struct spice_links *spice_links_create(void (*ready)(void *opaque, int fd), void *opaque)
{
	struct spice_links *links = g_new0(struct spice_links, 1);

	links->ready = ready;
	links->opaque = opaque;
	links->waiting = g_ptr_array_new_with_free_func(waiting_free);
	links->blind = g_array_new(FALSE, FALSE, sizeof(struct spice_link));
	return links;
}

void spice_links_destroy(struct spice_links *links)
{
	if (links) {
		g_ptr_array_unref(links->waiting);
		g_array_unref(links->blind);
		g_free(links);
	}
}

void spice_links_add(struct spice_links *links, int fd)
{
	struct waiting *waiting;

	if (links->waiting->len >= WAITING_MAX) {
		links->ready(links->opaque, fd);
		return;
	}
	waiting = g_new0(struct waiting, 1);
	waiting->links = links;
	waiting->fd = fd;
	waiting->source = g_unix_fd_add(fd, G_IO_IN | G_IO_HUP | G_IO_ERR, readable, waiting);
	g_ptr_array_add(links->waiting, waiting);
}

bool spice_links_take_dmabuf(const struct spice_links *links, uint32_t connection, uint8_t channel)
{
	for (guint i = 0; links && i < links->blind->len; i++) {
		const struct spice_link *link = &g_array_index(links->blind, struct spice_link, i);

		if (link->connection == connection && link->channel == channel) {
			return false;
		}
	}
	return true;
}

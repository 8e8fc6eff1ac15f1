/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * spice_links: the first message of each connection on a unix socket, looked at before the library
 * takes it, since it says whether the viewer can be passed a dma-buf. The library disconnects one
 * that can't and is; here it gets pixels. Context: main.
 */
#ifndef UI_SPICE_LINK_H
#define UI_SPICE_LINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct spice_links;

/* What a display channel's first message says. */
struct spice_link {
	uint32_t connection;
	uint8_t channel;
	bool takes_dmabuf;
};

enum spice_link_state { SPICE_LINK_INCOMPLETE, SPICE_LINK_OTHER, SPICE_LINK_DISPLAY };

/* SPICE_LINK_OTHER: of another channel, or no such message at all, which the library says. Pure. */
enum spice_link_state spice_link_parse(const uint8_t *data, size_t len, struct spice_link *link);

/* @ready takes the fd, of which nothing was read. */
struct spice_links *spice_links_create(void (*ready)(void *opaque, int fd), void *opaque);
/* Accepts NULL. */
void spice_links_destroy(struct spice_links *links);
/* Takes @fd; ready() comes when the message is there, or not in time. */
void spice_links_add(struct spice_links *links, int fd);
/* Can the viewer with this channel be passed a dma-buf? True also for one that wasn't seen. */
bool spice_links_take_dmabuf(const struct spice_links *links, uint32_t connection,
			     uint8_t channel);

#endif

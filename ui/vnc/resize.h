/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Viewers' wishes for a screen size. A window that is dragged sends many: the guest is told of the
 * last one, once no other came for a moment, and then every wish is answered with what became of it.
 * Context: main.
 */
#ifndef UI_VNC_RESIZE_H
#define UI_VNC_RESIZE_H

#include <stdint.h>
#include <glib.h>

struct vnc_server;
struct vnc_client;

#define VNC_RESIZE_SETTLE_MS 200

struct vnc_resize {
	guint timer; /* runs only while wishes wait */
	uint32_t width_px, height_px;
};

void vnc_resize_wish(struct vnc_client *client, uint32_t width_px, uint32_t height_px,
		     unsigned int screens);
void vnc_resize_finish(struct vnc_server *server);

#endif

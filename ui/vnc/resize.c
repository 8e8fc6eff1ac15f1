// SPDX-License-Identifier: GPL-2.0-or-later
#include "ui/vnc/client.h"
#include "ui/vnc/resize.h"
#include "ui/vnc/server.h"
#include "util/trace.h"

/* More than a flood needs. */
#define MAX_WISHES 16

static void answer_all(struct vnc_server *server, enum rfb_resize_status status)
{
	GList *next;

	for (GList *l = server->clients.head; l; l = next) {
		struct vnc_client *client = l->data;

		next = l->next;
		if (client->resize_wishes == 0) {
			continue;
		}
		while (client->resize_wishes > 0) {
			client->resize_wishes--;
			vnc_announce_resize_answer(client, status);
		}
	}
}

static void advance_all(struct vnc_server *server)
{
	GList *clients = NULL;

	/* Sending may close clients. */
	for (GList *l = server->clients.head; l; l = l->next) {
		clients = g_list_prepend(clients, vnc_client_ref(l->data));
	}
	for (GList *l = clients; l; l = l->next) {
		vnc_screen_advance(l->data);
		vnc_client_unref(l->data);
	}
	g_list_free(clients);
}

static gboolean settled(gpointer opaque)
{
	struct vnc_server *server = opaque;
	struct display_mode mode = {
		.width_px = server->resize.width_px, .height_px = server->resize.height_px,
	};
	struct console *console = vnc_server_console(server);
	bool forwarded;

	server->resize.timer = 0;
	forwarded = console && console_set_mode(console, &mode);
	TRACE(vnc, resize, "%ux%u: %s", mode.width_px, mode.height_px,
	      forwarded ? "forwarded" : "can't be had");
	/* The guest may follow at once, later or never. */
	answer_all(server, forwarded ? RFB_RESIZE_FORWARDED : RFB_RESIZE_PROHIBITED);
	advance_all(server);
	return G_SOURCE_REMOVE;
}

void vnc_resize_wish(struct vnc_client *client, uint32_t width_px, uint32_t height_px,
		     unsigned int screens)
{
	struct vnc_resize *resize = &client->server->resize;

	if (width_px == 0 || height_px == 0 || screens != 1) {
		vnc_announce_resize_answer(client, RFB_RESIZE_BAD_LAYOUT);
		vnc_screen_advance(client);
		return;
	}
	if (width_px > FB_MAX_SIZE_PX || height_px > FB_MAX_SIZE_PX) {
		vnc_announce_resize_answer(client, RFB_RESIZE_NO_RESOURCES);
		vnc_screen_advance(client);
		return;
	}
	resize->width_px = width_px;
	resize->height_px = height_px;
	client->resize_wishes = MIN(client->resize_wishes + 1, MAX_WISHES);
	if (resize->timer) {
		g_source_remove(resize->timer);
	}
	resize->timer = g_timeout_add(VNC_RESIZE_SETTLE_MS, settled, client->server);
}

void vnc_resize_finish(struct vnc_server *server)
{
	if (server->resize.timer) {
		g_source_remove(server->resize.timer);
		server->resize.timer = 0;
	}
}

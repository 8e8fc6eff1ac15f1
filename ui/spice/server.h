/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * spice: the server, and what its parts share.
 *
 *   server.c    life: library, sockets, tickets; the module's entry
 *   options.c   the argument of -spice
 *   core.c      the library's timers and watches on our main loop
 *   info.c      channels that viewers have open: events and query-spice
 *   input.c     keyboard, mouse, tablet
 *   agent.c     the guest's agent
 *   display.h   a console as a QXL device of the library's
 *
 * The library has a thread of its own for each display, its worker, which calls the functions of
 * QXLInterface. Context: main, unless said otherwise.
 */
#ifndef UI_SPICE_SERVER_H
#define UI_SPICE_SERVER_H

#include <gio/gio.h>
#include <spice.h>

#include "ui/spice.h"
#include "ui/spice/options.h"

struct spice {
	struct ui_host host;
	struct spice_options options;
	SpiceServer *server;
	GSocket *listener; /* NULL: TLS only */
	guint watch;
	struct spice_links *links; /* gl=on on a unix socket; else NULL */
	char *password; /* NULL: none was set */
	gint64 expires; /* seconds since 1970; 0: never */
	GPtrArray *channels; /* of struct spice_channel *, see info.c */
	GPtrArray *displays; /* of struct spice_display *, by number of their channel */
	struct spice_input *input;
	GPtrArray *agents; /* see agent.c */
	guint look; /* GSource that shows consoles which have come, or 0 */
};

/* ---- info.c ---- */
/* For SpiceCoreInterface.channel_event. Context: any thread of the library's. */
void spice_info_channel_event(int event, SpiceChannelEventInfo *info);
/* From now on events belong to @spice; NULL: to nobody. */
void spice_info_set_server(struct spice *spice);
JsonNode *spice_info_query(struct spice *spice);
/* The channel of @type (SPICE_CHANNEL_*) and @id that a viewer has open, or NULL. */
const SpiceChannelEventInfo *spice_info_find(struct spice *spice, int type, int id);

/* ---- agent.c ---- */
/* One for each -chardev spicevmc. To be freed before the library's server. */
GPtrArray *spice_agents_create(struct spice *spice);

/* ---- server.c ---- */
/* Viewers have come or gone. */
void spice_viewers_changed(struct spice *spice);

#endif

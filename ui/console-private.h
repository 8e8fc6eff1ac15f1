/* SPDX-License-Identifier: GPL-2.0-or-later */
/* struct console, for the files that implement console.h. */
#ifndef UI_CONSOLE_PRIVATE_H
#define UI_CONSOLE_PRIVATE_H

#include "ui/console.h"
#include "ui/reader.h"

enum stage { STAGE_QUERY, STAGE_MAP, STAGE_COPY, STAGE_ENCODE, STAGE_SEND, STAGES };
#define STAGE_SAMPLES 64

struct stage_times {
	float ms[STAGE_SAMPLES];
	unsigned int count; /* ever added */
};

struct console {
	struct display_registry *registry;
	char *device;
	unsigned int head;
	const struct source_ops *ops;
	void *source;
	bool active;

	/* The mailbox. NULL: blank, or nothing came since the console became active. */
	struct frame *current;
	uint64_t seq; /* of the frame submitted last */
	uint64_t seq_paced; /* of the last frame_done() */
	uint32_t width_px, height_px, fourcc; /* of the last frame, 0 while blank */
	uint64_t modifier;
	uint32_t rotation;
	enum blank_reason blank;
	char *blank_text;

	GQueue sinks; /* of struct sink, by its link */
	guint kick; /* GSource that delivers later, or 0 */
	unsigned int hold; /* > 0: don't deliver from inside a submit */
	uint64_t buffer_seq; /* the first frame of those in a row that are of the present buffer */
	bool in_use; /* the source was told that somebody reads the mailbox's frame */
	bool capturing;

	struct reader *reader;
	pixman_region32_t reader_hint; /* submitted since the reader looked last */
	uint64_t reader_seq; /* of the frame it has looked at */
	bool reader_waits; /* it was frozen when it should have looked */
	bool reader_mixed; /* the snapshot has pixels of two pictures */
	enum blank_reason reader_blank; /* why it can't read the present frame */
	char *reader_text;

	struct cursor cursor;
	int32_t cursor_x_px, cursor_y_px;
	bool cursor_visible;

	struct stage_times stages[STAGES];
};

/* "device: no picture: text", into *error. Returns NULL. */
void *console_blank_error(const struct console *console, GError **error);

/* Accepts NULL; NULL: there is none. */
const struct gl_reader *display_gl_reader(const struct display_registry *registry);
/* registry.c */
void display_registry_add(struct display_registry *registry, struct console *console);
void display_registry_remove(struct display_registry *registry, struct console *console);

#endif

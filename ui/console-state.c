// SPDX-License-Identifier: GPL-2.0-or-later
/* What query-display-state tells: reasons, numbers, times. */
#include <stdlib.h>
#include <string.h>

#include "ui/console-private.h"
#include "util/error.h"

static const struct {
	const char *code, *text;
} reasons[] = {
	[BLANK_NONE] = { "none", "there is a picture" },
	[BLANK_NOT_STARTED] = { "not-started", "the guest has not set a display mode yet" },
	[BLANK_PLANE_OFF] = { "plane-off", "the guest has switched its display off" },
	[BLANK_BAD_PLANE] = { "bad-plane", "the display driver reports an impossible plane" },
	[BLANK_BAD_FORMAT] = { "bad-format", "the pixel format can't be shown" },
	[BLANK_NO_MAP] = { "no-map", "the guest's picture can't be read by a CPU, and there is no "
				     "GL path" },
	[BLANK_NO_BUFFER] = { "no-buffer", "the display driver gives no buffer for the plane" },
	[BLANK_NO_DISPLAY] = { "no-display", "the device has no display" },
	[BLANK_LINK_DOWN] = { "link-down", "the virtual monitor is unplugged" },
	[BLANK_ERROR] = { "error", "the display failed" },
};

const char *blank_reason_code(enum blank_reason reason)
{
	return (size_t)reason < G_N_ELEMENTS(reasons) ? reasons[reason].code : "error";
}

const char *blank_reason_text(enum blank_reason reason)
{
	return (size_t)reason < G_N_ELEMENTS(reasons) ? reasons[reason].text : "unknown reason";
}

void *console_blank_error(const struct console *console, GError **error)
{
	const char *text = console->blank_text;

	if (!text) {
		text = console->blank == BLANK_NONE ? "there has been no frame yet" :
						      blank_reason_text(console->blank);
	}
	error_set(error, "%s: no picture: %s", console->device, text);
	return NULL;
}

static const char *const stage_names[STAGES] = { "query", "map", "copy", "encode", "send" };

void console_stage_add(struct console *console, const char *stage, double ms)
{
	for (unsigned int i = 0; i < STAGES; i++) {
		if (!strcmp(stage_names[i], stage)) {
			struct stage_times *times = &console->stages[i];

			times->ms[times->count++ % STAGE_SAMPLES] = (float)ms;
			return;
		}
	}
	g_assert_not_reached();
}

static int compare_ms(const void *a, const void *b)
{
	float x = *(const float *)a, y = *(const float *)b;

	return x < y ? -1 : x > y;
}

static double median(const struct stage_times *times)
{
	unsigned int n = MIN(times->count, STAGE_SAMPLES);
	float sorted[STAGE_SAMPLES];

	if (!n) {
		return -1;
	}
	memcpy(sorted, times->ms, n * sizeof(*sorted));
	qsort(sorted, n, sizeof(*sorted), compare_ms);
	return (double)sorted[n / 2];
}

static const char *reader_name(const struct console *console)
{
	enum read_path path = reader_path(console->reader);

	return path == READ_NEVER ? NULL : path == READ_BY_GL ? "gl" : "cpu";
}

void console_get_state(struct console *console, struct console_state *state)
{
	/* A picture that only the CPU sinks can't have is a blank screen to all of those. */
	bool by_reader = console->blank == BLANK_NONE && console->reader_blank != BLANK_NONE;
	const char *text = by_reader ? console->reader_text : console->blank_text;

	*state = (struct console_state){
		.device = console->device,
		.head = console->head,
		.width_px = console->width_px,
		.height_px = console->height_px,
		.fourcc = console->fourcc,
		.modifier = console->modifier,
		.seq = console->seq,
		.rotation = console->rotation,
		.cursor_x_px = console->cursor_x_px,
		.cursor_y_px = console->cursor_y_px,
		.cursor_visible = console->cursor_visible && console->cursor.image,
		.blank = by_reader ? console->reader_blank : console->blank,
		.active = console->active,
		.sinks = console->sinks.length,
		.reader = reader_name(console),
		.query_ms = median(&console->stages[STAGE_QUERY]),
		.map_ms = median(&console->stages[STAGE_MAP]),
		.copy_ms = median(&console->stages[STAGE_COPY]),
		.encode_ms = median(&console->stages[STAGE_ENCODE]),
		.send_ms = median(&console->stages[STAGE_SEND]),
	};
	if (console->cursor.image) {
		state->cursor_width_px = console->cursor.image->info.width_px;
		state->cursor_height_px = console->cursor.image->info.height_px;
	}
	state->blank_text = text ? text : blank_reason_text(state->blank);
	if (console->ops->get_state) {
		console->ops->get_state(console->source, &state->source);
	}
}

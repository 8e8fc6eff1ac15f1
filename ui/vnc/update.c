// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A client's screen. The console presents frames; damage is collected; when the client has asked
 * for an update, nothing is being encoded and its socket is free, a worker encodes the damage out
 * of the newest frame. Only while its pixels are read is the frame held.
 *
 * A client with continuous updates asks once for all, and answers the fence at an update's end when
 * it has drawn it: it counts as asking while not too much is under way to it (pace.h).
 *
 * sink_done() is called when the client asks for more, not when it was served: a viewer that has
 * stopped doesn't make the console look at the guest.
 */
#include "ui/blank-frame.h"
#include "ui/h264.h"
#include "ui/vnc/client.h"
#include "ui/vnc/server.h"
#include "ui/vnc/snapshot.h"
#include "ui/vnc/workers.h"
#include "util/fd.h"
#include "util/trace.h"

/* Of one client's requests, as a viewer makes one at a time. */
#define MAX_WANTED_BOXES 64
/* The console's damage on the largest screen has far fewer pieces that don't touch. */
#define MAX_DAMAGE_BOXES 4096
/* What is sent at a time of a picture that stands still, so that what is new needn't wait: a
 * photograph of that size takes a quarter of a second at 300 KB/s. */
#define SLICE_PX 32768u
#define FAST_SLICE_PX (1u << 20)
/* So much less beside what is new. */
#define SLICE_BESIDE_PART 8

struct update_job {
	struct workers_job base;
	struct vnc_client *client; /* a reference */
	struct frame *frame; /* a reference, or NULL once it isn't needed any more */
	uint64_t seq;
	uint32_t *copy; /* what is encoded instead of the frame's memory, or NULL */
	struct encoder *encoder; /* the client's */
	struct encode_settings settings;
	struct encode_source source;
	pixman_region32_t region;
	pixman_region32_t exact; /* of it, what is refined */
	GByteArray *out;
	bool ok;
	int64_t start_ns, end_ns;
};

/* ---- when ---- */

static bool can_send(const struct vnc_client *client)
{
	return client->initialised && !client->closed && !client->closing && !client->screen.job &&
	       vnc_client_is_drained(client);
}

/* The next update needs no request. */
static bool goes_by_itself(const struct client_screen *screen)
{
	return screen->continuous && pace_allows(&screen->pace);
}

static bool is_waited_for(const struct client_screen *screen)
{
	return screen->asked || goes_by_itself(screen);
}

/* What the client wants to have now; the caller finishes it. */
static void get_asked(const struct client_screen *screen, pixman_region32_t *region)
{
	pixman_region32_init(region);
	if (screen->asked) {
		pixman_region32_copy(region, (pixman_region32_t *)&screen->wanted);
	}
	if (goes_by_itself(screen)) {
		const pixman_box32_t *box = &screen->continuous_box;

		pixman_region32_union_rect(region, region, box->x1, box->y1,
					   (unsigned int)(box->x2 - box->x1),
					   (unsigned int)(box->y2 - box->y1));
	}
}

/* A client may ask for ever more scraps: from some number on they count as what they lie in. */
static void limit_region(pixman_region32_t *region, int max)
{
	if (pixman_region32_n_rects(region) > max) {
		pixman_box32_t all = *pixman_region32_extents(region);

		pixman_region32_fini(region);
		pixman_region32_init_with_extents(region, &all);
	}
}

/* ---- what is lossy ---- */

/* On a screen that it can have all of: others would get lossy pixels that nobody makes exact. */
static bool uses_h264(const struct vnc_client *client)
{
	uint32_t w = client->screen.told_width_px, h = client->screen.told_height_px;

	return client->h264 && w <= H264_MAX_SIDE_PX && h <= H264_MAX_SIDE_PX &&
	       w * h <= H264_MAX_PIXELS;
}

static gboolean look_whether_still(gpointer opaque)
{
	struct vnc_client *client = opaque;
	struct client_screen *screen = &client->screen;
	bool all = video_look(&screen->video, clock_ns());

	if (all) {
		screen->still = 0;
	}
	vnc_client_ref(client);
	vnc_screen_advance(client);
	vnc_client_unref(client);
	return all ? G_SOURCE_REMOVE : G_SOURCE_CONTINUE;
}

static unsigned int slice_px(const struct vnc_client *client)
{
	return client->fast_link ? FAST_SLICE_PX : SLICE_PX;
}

/* How @region goes, to which is added what goes with it; @exact is what must be without loss. */
static void choose_video(struct vnc_client *client, struct encode_settings *settings,
			 pixman_region32_t *region, pixman_region32_t *exact)
{
	struct client_screen *screen = &client->screen;
	struct video *video = &screen->video;
	pixman_region32_t asked;

	get_asked(screen, &asked);
	if (uses_h264(client)) {
		settings->jpeg_quality = 0;
		if (video_plan(video, region, &asked, screen->told_width_px,
			       screen->told_height_px)) {
			settings->video = video->box;
			settings->video_quality = client->quality_level;
			pixman_region32_union_rect(region, region, video->box.x1, video->box.y1,
						   (unsigned int)(video->box.x2 - video->box.x1),
						   (unsigned int)(video->box.y2 - video->box.y1));
		}
	}
	video_add_slice(video, &asked, pixman_region32_not_empty(region) ?
			slice_px(client) / SLICE_BESIDE_PART : slice_px(client), exact);
	pixman_region32_subtract(exact, exact, region);
	pixman_region32_union(region, region, exact);
	/* What of it isn't will be known when it is encoded. */
	video_sent_exact(video, region);
	if (settings->video.x1 == settings->video.x2) {
		video_rest(video);
	}
	settings->h264 = video_has_box(video) ? &client->server->h264 : NULL;
	pixman_region32_fini(&asked);
}

/* ---- encoding ---- */

static void job_run(struct workers_job *base)
{
	struct update_job *job = (struct update_job *)base;

	job->start_ns = clock_ns();
	encode_limit_region(&job->region, job->source.width_px, job->source.height_px);
	if (job->settings.encoding != RFB_ENCODING_RAW || job->settings.h264) {
		job->copy = snapshot_take(&job->source, &job->region);
	}
	if (job->copy) {
		/* Others needn't wait until zlib is done. */
		g_clear_pointer(&job->frame, frame_unref);
	}
	job->ok = encode_update(job->encoder, &job->settings, &job->source, &job->region, job->out);
	job->end_ns = clock_ns();
}

/* What the client has only nearly now. */
static void note_loss(struct vnc_client *client, const struct update_job *job)
{
	struct client_screen *screen = &client->screen;
	pixman_region32_t lossy;

	if (job->settings.jpeg_quality > 0 && client->server->options.non_adaptive) {
		return;
	}
	pixman_region32_init(&lossy);
	pixman_region32_intersect_rect(&lossy, (pixman_region32_t *)encoder_lossy(job->encoder), 0, 0,
				       screen->told_width_px, screen->told_height_px);
	if (pixman_region32_not_empty(&lossy)) {
		video_sent_lossy(&screen->video, &lossy, clock_ns());
		limit_region(&screen->video.inexact, MAX_DAMAGE_BOXES);
		if (!screen->still) {
			screen->still = g_timeout_add(VIDEO_LOOK_MS, look_whether_still, client);
		}
	}
	pixman_region32_fini(&lossy);
	if (job->settings.h264 && vnc_h264_report(&client->server->h264)) {
		vnc_screen_set_h264(client, false);
	}
}

static void job_done(struct workers_job *base)
{
	struct update_job *job = (struct update_job *)base;
	struct vnc_client *client = job->client;
	struct client_screen *screen = &client->screen;
	GByteArray *out = job->out;
	bool ok = job->ok;

	screen->job = NULL;
	if (screen->console) {
		console_stage_add(screen->console, "encode",
				  (double)(job->end_ns - job->start_ns) / 1e6);
	}
	TRACE(vnc, update, "%s:%s seq %" G_GUINT64_FORMAT " %u bytes, %.2f ms",
	      client->address.host, client->address.service, job->seq, out->len,
	      (double)(job->end_ns - job->start_ns) / 1e6);
	frame_unref(job->frame);
	g_free(job->copy);
	if (job->source.cursor) {
		pixman_image_unref(job->source.cursor);
	}
	pixman_region32_fini(&job->region);
	pixman_region32_fini(&job->exact);
	if (!vnc_client_is_closed(client) && ok) {
		note_loss(client, job);
	}
	g_free(job);
	if (vnc_client_is_closed(client) || !ok) {
		g_byte_array_unref(out);
		vnc_client_close(client, "no memory to encode");
	} else {
		if (screen->continuous) {
			vnc_announce_add_mark(out, pace_send(&screen->pace, out->len, clock_ns()));
		}
		vnc_client_send_update(client, out);
		vnc_screen_advance(client);
	}
	vnc_client_unref(client);
}

/* Takes @frame and sends @region of it, which becomes clean. */
static void start_job(struct vnc_client *client, struct frame *frame, pixman_region32_t *region)
{
	struct client_screen *screen = &client->screen;
	const struct fb_plane *plane = &frame->buffer->info.plane[0];
	struct update_job *job = g_new0(struct update_job, 1);

	job->base.run = job_run;
	job->base.done = job_done;
	job->client = vnc_client_ref(client);
	job->frame = frame;
	job->seq = frame->seq;
	job->encoder = screen->encoder;
	job->settings = client->settings;
	/* noVNC up to 1.3 (Debian 12's) spoils raw pixels: it sets bytes for opacity in the wrong
	 * place of what it received. */
	job->settings.fast_link = client->fast_link && !client->server->options.non_adaptive &&
				  !client->address.websocket;
	pixman_region32_init(&job->exact);
	choose_video(client, &job->settings, region, &job->exact);
	job->settings.exact = &job->exact;
	job->source = (struct encode_source){
		.view = {
			.pixels = (const uint32_t *)((const uint8_t *)frame->buffer->hva +
						     plane->offset_bytes +
						     (size_t)frame->source.y1 * plane->stride_bytes) +
				  frame->source.x1,
			.stride_px = plane->stride_bytes / 4,
			.w = frame_width(frame), .h = frame_height(frame),
		},
		.width_px = screen->told_width_px, .height_px = screen->told_height_px,
	};
	if (vnc_cursor_is_drawn_here(client)) {
		job->source.cursor = pixman_image_ref(screen->cursor.image);
		job->source.cursor_x_px = screen->cursor.x_px;
		job->source.cursor_y_px = screen->cursor.y_px;
	}
	pixman_region32_init(&job->region);
	pixman_region32_copy(&job->region, region);
	job->out = g_byte_array_new();
	screen->job = job;
	screen->asked = false;
	pixman_region32_subtract(&screen->damage, &screen->damage, region);
	workers_submit(client->server->workers, &job->base);
}

/* ---- what to send ---- */

/* The newest picture with a reference, or NULL: present() or blank() will follow. */
static struct frame *get_frame(struct vnc_client *client)
{
	struct client_screen *screen = &client->screen;
	struct frame *frame;

	if (screen->blank_text) {
		return vnc_server_blank(client->server, screen->blank_text, screen->width_px,
					screen->height_px);
	}
	frame = screen->console ? console_cpu_frame(screen->console) : NULL;
	if (frame && (frame_width(frame) != screen->width_px ||
		      frame_height(frame) != screen->height_px)) {
		frame_unref(frame);
		frame = NULL;
	}
	return frame;
}

/* Sends damage that was asked for, of @frame (borrowed), or of the newest one when it is NULL. */
static void send_damage(struct vnc_client *client, struct frame *frame)
{
	struct client_screen *screen = &client->screen;
	pixman_region32_t asked, region;

	get_asked(screen, &asked);
	pixman_region32_init(&region);
	pixman_region32_intersect(&region, &asked, &screen->damage);
	if (pixman_region32_not_empty(&region) ||
	    video_has_slice(&screen->video, &asked)) {
		frame = frame ? frame_ref(frame) : get_frame(client);
		if (frame) {
			start_job(client, frame, &region);
		}
	}
	pixman_region32_fini(&region);
	pixman_region32_fini(&asked);
}

static gboolean look_again(gpointer opaque)
{
	struct vnc_client *client = opaque;

	client->screen.soon = 0;
	vnc_client_ref(client);
	if (can_send(client)) {
		send_damage(client, NULL);
	}
	vnc_client_unref(client);
	return G_SOURCE_REMOVE;
}

/* Lets the console look at the guest for us once more. Comes back as present(), maybe at once. */
static void settle_debt(struct vnc_client *client)
{
	struct client_screen *screen = &client->screen;
	uint64_t seq = screen->seq_owed;

	screen->seq_owed = 0;
	if (seq && screen->console) {
		sink_done(&screen->sink, seq);
	}
}

void vnc_screen_advance(struct vnc_client *client)
{
	struct client_screen *screen = &client->screen;

	if (can_send(client) && vnc_announce_is_due(client)) {
		vnc_announce(client);
	}
	if (!can_send(client) || !is_waited_for(screen)) {
		return;
	}
	if (screen->seq_owed) {
		/* There may be something newer than what we know: it comes in the next turn of the
		 * main loop, before our own source, which sends what is old otherwise. */
		settle_debt(client);
		if (can_send(client) && is_waited_for(screen) && !screen->soon) {
			screen->soon = g_idle_add_full(G_PRIORITY_DEFAULT, look_again, client,
						       NULL);
		}
	} else if (!screen->soon) {
		send_damage(client, NULL);
	}
}

void vnc_screen_damage_all(struct vnc_client *client)
{
	struct client_screen *screen = &client->screen;

	pixman_region32_fini(&screen->damage);
	pixman_region32_init_rect(&screen->damage, 0, 0, screen->told_width_px,
				  screen->told_height_px);
	video_reset(&screen->video);
}

void vnc_screen_set_h264(struct vnc_client *client, bool h264)
{
	struct client_screen *screen = &client->screen;

	client->h264 = h264;
	if (!h264) {
		/* What it has nearly, it will be sent as anything else. */
		pixman_region32_union(&screen->damage, &screen->damage, &screen->video.inexact);
		video_reset(&screen->video);
	}
}

void vnc_screen_request(struct vnc_client *client, bool incremental, const pixman_box32_t *box)
{
	struct client_screen *screen = &client->screen;
	pixman_region32_t area;

	if (screen->continuous && incremental) {
		return;
	}
	/* Not cut to the screen's size: it may come before the client could know that. */
	pixman_region32_init_with_extents(&area, (pixman_box32_t *)box);
	if (!screen->asked) {
		pixman_region32_clear(&screen->wanted);
	}
	pixman_region32_union(&screen->wanted, &screen->wanted, &area);
	limit_region(&screen->wanted, MAX_WANTED_BOXES);
	screen->asked = true;
	if (!incremental) {
		pixman_region32_intersect_rect(&area, &area, 0, 0, screen->told_width_px,
					       screen->told_height_px);
		pixman_region32_union(&screen->damage, &screen->damage, &area);
		limit_region(&screen->damage, MAX_DAMAGE_BOXES);
	}
	pixman_region32_fini(&area);
	vnc_screen_advance(client);
}

void vnc_screen_set_continuous(struct vnc_client *client, const pixman_box32_t *box)
{
	struct client_screen *screen = &client->screen;

	if (box) {
		screen->continuous = true;
		screen->continuous_box = *box;
	} else if (screen->continuous) {
		screen->continuous = false;
		/* It waits for this before it makes requests again. */
		client->due |= DUE_NO_CONTINUOUS;
	}
	vnc_screen_advance(client);
}

/* ---- what the console says ---- */

/* The picture has this size now. True: another one than before. */
static bool set_size(struct vnc_client *client, uint32_t width_px, uint32_t height_px)
{
	struct client_screen *screen = &client->screen;

	if (screen->width_px == width_px && screen->height_px == height_px) {
		return false;
	}
	screen->width_px = width_px;
	screen->height_px = height_px;
	if (client->initialised) {
		client->due |= DUE_SIZE;
	}
	vnc_screen_damage_all(client);
	return true;
}

/* There is something to see for the first time. */
static void screen_known(struct vnc_client *client)
{
	client->screen.known = true;
	if (!client->initialised) {
		vnc_session_ready(client);
		if (!vnc_client_is_closed(client)) {
			vnc_screen_damage_all(client);
		}
	}
}

static struct vnc_client *sink_client(struct sink *sink)
{
	return (struct vnc_client *)((char *)sink - G_STRUCT_OFFSET(struct vnc_client, screen.sink));
}

static void present(struct sink *sink, struct frame *frame)
{
	struct vnc_client *client = vnc_client_ref(sink_client(sink));
	struct client_screen *screen = &client->screen;
	bool was_blank = screen->blank_text != NULL;

	g_clear_pointer(&screen->blank_text, g_free);
	screen->seq_owed = frame->seq;
	if (!set_size(client, frame_width(frame), frame_height(frame)) && !was_blank) {
		pixman_region32_t damage;

		pixman_region32_init(&damage);
		pixman_region32_intersect_rect(&damage, &frame->damage, 0, 0,
					       screen->told_width_px, screen->told_height_px);
		pixman_region32_union(&screen->damage, &screen->damage, &damage);
		pixman_region32_fini(&damage);
	} else {
		vnc_screen_damage_all(client);
	}
	screen_known(client);
	if (can_send(client) && vnc_announce_is_due(client)) {
		vnc_announce(client);
	}
	if (can_send(client) && is_waited_for(screen)) {
		/* It is the newest: no need to look for another. */
		send_damage(client, frame);
		if (!screen->job) {
			settle_debt(client);
		}
	}
	vnc_client_unref(client);
}

static void show_reason(struct vnc_client *client, const char *text)
{
	struct client_screen *screen = &client->screen;

	if (g_strcmp0(screen->blank_text, text) != 0) {
		g_free(screen->blank_text);
		screen->blank_text = g_strdup(text);
		vnc_screen_damage_all(client);
	}
	screen->seq_owed = 0;
	/* The size stays, so that windows don't jump while a guest reboots. */
	if (!screen->width_px) {
		set_size(client, BLANK_WIDTH_PX, BLANK_HEIGHT_PX);
	}
	screen_known(client);
	vnc_screen_advance(client);
}

static void blank(struct sink *sink, enum blank_reason reason, const char *text)
{
	struct vnc_client *client = vnc_client_ref(sink_client(sink));

	show_reason(client, text);
	vnc_client_unref(client);
}

static void cursor_set(struct sink *sink, const struct cursor *cursor)
{
	vnc_cursor_set(sink_client(sink), cursor);
}

static void cursor_move(struct sink *sink, int32_t x_px, int32_t y_px, bool visible)
{
	vnc_cursor_move(sink_client(sink), x_px, y_px, visible);
}

static void console_gone(struct sink *sink)
{
	struct client_screen *screen = &sink_client(sink)->screen;

	screen->console = NULL;
	screen->seq_owed = 0;
}

static const struct sink_ops screen_ops = {
	.name = "vnc",
	.accepts = SINK_CPU,
	.present = present,
	.blank = blank,
	.cursor_set = cursor_set,
	.cursor_move = cursor_move,
	.console_gone = console_gone,
};

void vnc_screen_give_up_waiting(struct vnc_client *client)
{
	vnc_client_ref(client);
	show_reason(client, "waiting for the guest's first picture");
	vnc_client_unref(client);
}

/* ---- life ---- */

void vnc_screen_init(struct vnc_client *client)
{
	struct client_screen *screen = &client->screen;

	pixman_region32_init(&screen->damage);
	pixman_region32_init(&screen->wanted);
	video_init(&screen->video);
	screen->encoder = encoder_create();
	client->settings.encoding = RFB_ENCODING_RAW;
	client->compress_level = client->quality_level = -1;
	pixel_converter_init(&client->settings.converter, &pixel_format_native);
}

static void leave_console(struct vnc_client *client)
{
	struct client_screen *screen = &client->screen;

	if (screen->console) {
		console_detach(&screen->sink);
		screen->console = NULL;
		screen->seq_owed = 0;
		vnc_cursor_finish(client);
	}
}

void vnc_screen_set_console(struct vnc_client *client, struct console *console)
{
	struct client_screen *screen = &client->screen;

	if (screen->console && screen->console == console) {
		return;
	}
	leave_console(client);
	vnc_client_ref(client);
	if (console) {
		screen->console = console;
		console_attach(console, &screen->sink, &screen_ops);
		sink_set_wanted(&screen->sink, true);
	} else {
		show_reason(client, blank_reason_text(BLANK_NO_DISPLAY));
	}
	vnc_client_unref(client);
}

void vnc_screen_stop(struct vnc_client *client)
{
	leave_console(client);
	if (client->screen.soon) {
		g_source_remove(client->screen.soon);
		client->screen.soon = 0;
	}
	if (client->screen.still) {
		g_source_remove(client->screen.still);
		client->screen.still = 0;
	}
}

void vnc_screen_finish(struct vnc_client *client)
{
	struct client_screen *screen = &client->screen;

	g_assert(!screen->job && !screen->console && !screen->soon && !screen->still);
	vnc_cursor_finish(client);
	encoder_destroy(screen->encoder);
	pixman_region32_fini(&screen->damage);
	pixman_region32_fini(&screen->wanted);
	video_finish(&screen->video);
	g_free(screen->blank_text);
}

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The mailbox and its delivery. docs/frame-path.md explains why no damage gets lost.
 *
 * Every event (a frame, a blank, a sink that is ready again, a thawed reader) only changes state
 * and then calls deliver(), which brings each sink as far as it can be brought. A call-out may come
 * back in and change anything, so deliver() looks for one thing to do, does it, and starts again.
 */
#include <fcntl.h>

#include "ui/console-private.h"
#include "util/error.h"
#include "util/fd.h"
#include "util/trace.h"

/* A screenshot into which a flip came so often is given up. */
#define CAPTURE_TRIES 8

static void deliver(struct console *console);
static void unuse_if_done(struct console *console);

static struct sink *link_sink(GList *link)
{
	return link->data;
}

/* ---- later ---- */

static gboolean kick_dispatch(gpointer opaque)
{
	struct console *console = opaque;

	console->kick = 0;
	deliver(console);
	return G_SOURCE_REMOVE;
}

/* For callers that are inside a sink's code, which must not be called back from there. */
static void kick(struct console *console)
{
	if (!console->kick) {
		console->kick = g_idle_add_full(G_PRIORITY_DEFAULT, kick_dispatch, console, NULL);
	}
}

static void kick_if_newer(struct console *console)
{
	if (console->current && console->current->seq != console->reader_seq) {
		kick(console);
	}
}

static void reader_thawed(void *opaque)
{
	deliver(opaque);
}

/* ---- life ---- */

struct console *console_create(struct display_registry *registry, const char *device,
			       unsigned int head, const struct source_ops *ops, void *source)
{
	struct console *console = g_new0(struct console, 1);

	console->registry = registry;
	console->device = g_strdup(device);
	console->head = head;
	console->ops = ops;
	console->source = source;
	console->blank = BLANK_NOT_STARTED;
	g_queue_init(&console->sinks);
	pixman_region32_init(&console->reader_hint);
	console->reader = reader_create(reader_thawed, console);
	if (registry) {
		display_registry_add(registry, console);
	}
	return console;
}

static void drop_picture(struct console *console)
{
	frame_unref(console->current);
	console->current = NULL;
	console->reader_waits = console->reader_mixed = false;
	console->reader_blank = BLANK_NONE;
	g_clear_pointer(&console->reader_text, g_free);
	pixman_region32_clear(&console->reader_hint);
	reader_forget(console->reader);
	unuse_if_done(console);
}

void console_destroy(struct console *console)
{
	if (!console) {
		return;
	}
	if (console->registry) {
		display_registry_remove(console->registry, console);
	}
	while (console->sinks.head) {
		struct sink *sink = link_sink(console->sinks.head);
		const struct sink_ops *ops = sink->ops;

		console_detach(sink);
		ops->blank(sink, BLANK_NO_DISPLAY, blank_reason_text(BLANK_NO_DISPLAY));
		if (ops->console_gone) {
			ops->console_gone(sink);
		}
	}
	if (console->kick) {
		g_source_remove(console->kick);
	}
	drop_picture(console);
	reader_destroy(console->reader);
	pixman_region32_fini(&console->reader_hint);
	if (console->cursor.image) {
		fb_buffer_unref(console->cursor.image);
	}
	g_free(console->blank_text);
	g_free(console->device);
	g_free(console);
}

/* ---- pacing ---- */

/* A sink wants the frame after @seq. Each frame is told of once. */
static void pace(struct console *console, uint64_t seq, enum frame_news news)
{
	if (seq > console->seq_paced) {
		console->seq_paced = seq;
		if (console->ops->frame_done) {
			console->ops->frame_done(console->source, seq, news);
		}
	}
}

/* A sink that has not finished gets no newer frame of its own (SINK_DMABUF), and alone is no reason
 * for the reader to look again (SINK_CPU). */
static bool sink_busy(const struct sink *sink)
{
	return sink->seq_done < sink->seq_sent;
}

/* ---- use: who reads the mailbox's frame, where the guest has it ---- */

/* False: it isn't what the guest shows any more, and a newer one will come. */
static bool use(struct console *console)
{
	if (!console->in_use && console->ops->use && !console->ops->use(console->source)) {
		return false;
	}
	console->in_use = true;
	return true;
}

/* The reader reads at once; what takes its time is a sink that has the guest's own buffer. One that
 * still reads a buffer of before is too late to be waited for. */
static bool is_read(const struct console *console)
{
	for (GList *l = console->sinks.head; l; l = l->next) {
		struct sink *sink = link_sink(l);

		if (sink->wanted && sink->ops->accepts == SINK_DMABUF && sink_busy(sink) &&
		    sink->seq_sent >= console->buffer_seq) {
			return true;
		}
	}
	return false;
}

static void unuse_if_done(struct console *console)
{
	if (console->in_use && !console->hold && !console->capturing &&
	    !(console->current && is_read(console))) {
		console->in_use = false;
		if (console->ops->unuse) {
			console->ops->unuse(console->source);
		}
	}
}

/* ---- delivery ---- */

/* The same presentation with another damage. */
static struct frame *frame_with_damage(struct frame *frame, const pixman_region32_t *damage)
{
	struct frame *copy = frame_create(fb_buffer_ref(frame->buffer), &frame->source, damage,
					  frame->time_ns);

	copy->seq = frame->seq;
	if (frame->fence_fd >= 0) {
		copy->fence_fd = fcntl(frame->fence_fd, F_DUPFD_CLOEXEC, 0);
	}
	return copy;
}

/* Takes @frame. The sink may be gone when this returns. */
static void present(struct sink *sink, struct frame *frame)
{
	sink->fresh = false;
	sink->blank_due = false;
	sink->seq_sent = frame->seq;
	pixman_region32_clear(&sink->pending_damage);
	TRACE(ui, present, "seq %" G_GUINT64_FORMAT " sink %s", frame->seq, sink->ops->name);
	sink->ops->present(sink, frame);
	frame_unref(frame);
}

static bool sink_has_damage(const struct sink *sink)
{
	return sink->fresh || pixman_region32_not_empty((pixman_region32_t *)&sink->pending_damage);
}

static bool deliver_dmabuf(struct console *console, struct sink *sink)
{
	struct frame *frame = console->current;
	const pixman_region32_t *damage = sink->fresh ? NULL : &sink->pending_damage;

	if (!frame || sink_busy(sink) || !sink_has_damage(sink) || !use(console)) {
		return false;
	}
	sink->blind = !frame->damage_known;
	if (damage && frame->damage_known &&
	    pixman_region32_equal(&frame->damage, (pixman_region32_t *)damage)) {
		frame = frame_ref(frame);
	} else {
		frame = frame_with_damage(frame, damage);
	}
	present(sink, frame);
	return true;
}

static bool reader_current(const struct console *console)
{
	return reader_valid(console->reader) && !console->reader_waits && !console->reader_mixed;
}

static bool deliver_cpu(struct console *console, struct sink *sink)
{
	if (!console->current || !reader_current(console) || !sink_has_damage(sink)) {
		return false;
	}
	present(sink, reader_frame(console->reader, sink->fresh ? NULL : &sink->pending_damage));
	return true;
}

/* The reason to show a sink instead of a picture, or BLANK_NONE. */
static enum blank_reason sink_blank(const struct console *console, const struct sink *sink,
				    const char **text)
{
	bool by_reader = console->blank == BLANK_NONE && sink->ops->accepts == SINK_CPU;
	enum blank_reason reason = by_reader ? console->reader_blank : console->blank;
	const char *own = by_reader ? console->reader_text : console->blank_text;

	*text = own ? own : blank_reason_text(reason);
	return reason;
}

static bool deliver_blank(struct console *console, struct sink *sink)
{
	const char *text;
	enum blank_reason reason = sink_blank(console, sink, &text);

	if (reason == BLANK_NONE || !sink->blank_due) {
		return false;
	}
	sink->blank_due = false;
	sink->fresh = true;
	sink->ops->blank(sink, reason, text);
	return true;
}

static void blank_is_due(struct console *console, unsigned int accepts)
{
	for (GList *l = console->sinks.head; l; l = l->next) {
		if (link_sink(l)->ops->accepts & accepts) {
			link_sink(l)->blank_due = true;
			pixman_region32_clear(&link_sink(l)->pending_damage);
		}
	}
}

static bool reader_wanted(const struct console *console)
{
	for (GList *l = console->sinks.head; l; l = l->next) {
		struct sink *sink = link_sink(l);

		if (sink->wanted && sink->ops->accepts == SINK_CPU &&
		    (sink->fresh || !sink_busy(sink))) {
			return true;
		}
	}
	return false;
}

static void reader_failed(struct console *console, enum reader_result result, GError *error)
{
	enum blank_reason reason = result == READER_NO_MAP ? BLANK_NO_MAP :
				   result == READER_BAD_FORMAT ? BLANK_BAD_FORMAT : BLANK_ERROR;
	bool new = reason != console->reader_blank ||
		   g_strcmp0(console->reader_text, error->message) != 0;

	if (new) {
		console->reader_blank = reason;
		g_free(console->reader_text);
		console->reader_text = g_strdup(error->message);
		blank_is_due(console, SINK_CPU);
	}
	g_error_free(error);
}

static void spread_damage(struct console *console, const pixman_region32_t *damage,
			  unsigned int accepts)
{
	for (GList *l = console->sinks.head; l; l = l->next) {
		struct sink *sink = link_sink(l);

		if (sink->wanted && sink->ops->accepts == accepts) {
			pixman_region32_union(&sink->pending_damage, &sink->pending_damage,
					      (pixman_region32_t *)damage);
		}
	}
}

/*
 * The snapshot was brought up to a frame. Was the guest's picture the same all the while? If not,
 * what changed counts as changed, so that no damage is lost, but is shown to nobody. The next look
 * looks there again: there may be pixels that the next frame's damage knows nothing of, when the
 * guest draws the picture after the next into the buffer that was read.
 */
static bool check_whole(struct console *console, struct frame *frame, bool changed)
{
	const pixman_region32_t *damage = reader_damage(console->reader);

	if (!console->ops->still_whole || console->ops->still_whole(console->source, frame)) {
		console->reader_mixed = false;
		return true;
	}
	TRACE(ui, mixed, "seq %" G_GUINT64_FORMAT, frame->seq);
	if (changed) {
		console->reader_mixed = true;
		pixman_region32_union(&console->reader_hint, &console->reader_hint,
				      (pixman_region32_t *)damage);
	}
	return false;
}

/* Lets the reader look at the mailbox if that is due and possible. */
static void refresh_reader(struct console *console)
{
	struct frame *frame = console->current;
	enum reader_result result;
	GError *error = NULL;
	bool whole = true, was_mixed = console->reader_mixed;
	int64_t start;

	/* A look that was put off stays due even when who asked for it has gone: another sink may
	 * have been told to wait for it (console_cpu_frame). */
	if (!frame || console->reader_seq == frame->seq ||
	    !(reader_wanted(console) || console->reader_waits) || !use(console)) {
		return;
	}
	start = clock_ns();
	reader_set_gl(console->reader, display_gl_reader(console->registry));
	result = reader_update(console->reader, frame, &console->reader_hint, &error);
	if (result == READER_FROZEN) {
		console->reader_waits = true;
		return;
	}
	console->reader_waits = false;
	console->reader_seq = frame->seq;
	TRACE(ui, read, "seq %" G_GUINT64_FORMAT " result %d", frame->seq, (int)result);
	if (result == READER_CHANGED || result == READER_SAME) {
		console_stage_add(console, "copy", (double)(clock_ns() - start) / 1e6);
		console->reader_blank = BLANK_NONE;
		whole = check_whole(console, frame, result == READER_CHANGED);
	} else {
		console->reader_mixed = false;
		reader_failed(console, result, error);
	}
	if (whole) {
		pixman_region32_clear(&console->reader_hint);
	}
	if (result == READER_CHANGED) {
		spread_damage(console, reader_damage(console->reader), SINK_CPU);
	} else if (!was_mixed) { /* else the sinks have damage from before */
		pace(console, frame->seq, FRAME_SAME);
		/* In case the source submits from inside frame_done(): next turn, not now. */
		kick_if_newer(console);
	}
}

static bool deliver_one(struct console *console, unsigned int accepts)
{
	for (GList *l = console->sinks.head; l; l = l->next) {
		struct sink *sink = link_sink(l);

		if (sink->wanted && sink->ops->accepts == accepts &&
		    (deliver_blank(console, sink) ||
		     (sink->ops->accepts == SINK_CPU ? deliver_cpu(console, sink) :
						       deliver_dmabuf(console, sink)))) {
			return true;
		}
	}
	return false;
}

static void deliver(struct console *console)
{
	if (console->hold) {
		return;
	}
	/* Nothing in here may destroy the console: that is system's, from the main loop. */
	console->hold++;
	do {
		/* First who takes the frame as it is: it may be that nobody wants it read then. */
		while (deliver_one(console, SINK_DMABUF)) {
		}
		refresh_reader(console);
	} while (deliver_one(console, SINK_CPU));
	console->hold--;
	unuse_if_done(console);
}

/* ---- source side ---- */

static bool size_changed(const struct console *console, const struct frame *frame)
{
	return console->width_px != frame_width(frame) ||
	       console->height_px != frame_height(frame);
}

static void everything_is_new(struct console *console)
{
	for (GList *l = console->sinks.head; l; l = l->next) {
		link_sink(l)->fresh = true;
		pixman_region32_clear(&link_sink(l)->pending_damage);
	}
}

void console_submit(struct console *console, struct frame *frame)
{
	g_assert(main_thread_is_current());
	frame->seq = ++console->seq;
	TRACE(ui, submit, "seq %" G_GUINT64_FORMAT " %ux%u", frame->seq, frame_width(frame),
	      frame_height(frame));
	if (!console->current || size_changed(console, frame)) {
		/* There is no frame before this one that its damage could be relative to. */
		everything_is_new(console);
		pixman_region32_clear(&console->reader_hint);
		pixman_region32_union_rect(&console->reader_hint, &console->reader_hint, 0, 0,
					   frame_width(frame), frame_height(frame));
	} else {
		spread_damage(console, &frame->damage, SINK_DMABUF);
		pixman_region32_union(&console->reader_hint, &console->reader_hint,
				      &frame->damage);
	}
	if (!console->current || console->current->buffer != frame->buffer) {
		console->buffer_seq = frame->seq;
	}
	frame_unref(console->current);
	console->current = frame;
	console->width_px = frame_width(frame);
	console->height_px = frame_height(frame);
	console->fourcc = frame->buffer->info.fourcc;
	console->modifier = frame->buffer->info.modifier;
	console->rotation = frame->buffer->info.rotation;
	console->blank = BLANK_NONE;
	g_clear_pointer(&console->blank_text, g_free);
	deliver(console);
}

void console_blank(struct console *console, enum blank_reason reason, const char *text)
{
	g_assert(main_thread_is_current());
	g_assert(reason != BLANK_NONE);
	if (console->blank == reason && g_strcmp0(console->blank_text, text) == 0 &&
	    !console->current) {
		deliver(console);
		return;
	}
	TRACE(ui, blank, "%s: %s", blank_reason_code(reason), text ? text : "");
	drop_picture(console);
	console->width_px = console->height_px = console->fourcc = 0;
	console->modifier = 0;
	console->rotation = 0;
	console->blank = reason;
	g_free(console->blank_text);
	console->blank_text = g_strdup(text);
	blank_is_due(console, SINK_CPU | SINK_DMABUF);
	deliver(console);
}

/* ---- sink side ---- */

static void update_active(struct console *console)
{
	bool active = false;
	uint64_t seq = console->seq;

	for (GList *l = console->sinks.head; l; l = l->next) {
		active |= link_sink(l)->wanted;
	}
	if (active == console->active) {
		return;
	}
	console->active = active;
	TRACE(ui, active, "%s %d", console->device, active);
	/* What came before stands for nothing: an inactive source reports no changes. */
	drop_picture(console);
	console->hold++;
	console->ops->set_active(console->source, active);
	if (active && console->seq == seq) {
		/* So that no sink is told of a blank that is long over. */
		console->ops->poll(console->source);
	}
	console->hold--;
	unuse_if_done(console);
}

void console_attach(struct console *console, struct sink *sink, const struct sink_ops *ops)
{
	g_assert(main_thread_is_current());
	g_assert(ops->accepts == SINK_CPU || ops->accepts == SINK_DMABUF);
	sink->ops = ops;
	sink->console = console;
	sink->wanted = false;
	sink->fresh = true;
	sink->blank_due = true;
	sink->blind = false;
	sink->seq_sent = sink->seq_done = 0;
	pixman_region32_init(&sink->pending_damage);
	sink->link = (GList){ .data = sink };
	g_queue_push_tail_link(&console->sinks, &sink->link);
}

void console_detach(struct sink *sink)
{
	struct console *console = sink->console;

	if (!console) {
		return;
	}
	g_assert(main_thread_is_current());
	sink->wanted = false;
	sink->console = NULL;
	g_queue_unlink(&console->sinks, &sink->link);
	pixman_region32_fini(&sink->pending_damage);
	update_active(console);
	unuse_if_done(console);
}

void sink_set_wanted(struct sink *sink, bool wanted)
{
	struct console *console = sink->console;

	g_assert(main_thread_is_current());
	if (!console || sink->wanted == wanted) {
		return;
	}
	sink->wanted = wanted;
	sink->fresh = true;
	sink->blank_due = true;
	/* What it had is its own affair, also if it is given the same frame again. */
	sink->seq_sent = sink->seq_done = 0;
	pixman_region32_clear(&sink->pending_damage);
	update_active(console);
	if (!wanted) {
		unuse_if_done(console);
		return;
	}
	if (sink->ops->cursor_set) {
		sink->ops->cursor_set(sink, &console->cursor);
	}
	if (sink->ops->cursor_move) {
		sink->ops->cursor_move(sink, console->cursor_x_px, console->cursor_y_px,
				       console->cursor_visible);
	}
	kick(console);
}

void sink_done(struct sink *sink, uint64_t seq)
{
	struct console *console = sink->console;

	g_assert(main_thread_is_current());
	if (!console || seq <= sink->seq_done || seq > sink->seq_sent) {
		return;
	}
	sink->seq_done = seq;
	if (sink_busy(sink)) {
		return;
	}
	unuse_if_done(console);
	if (console->current && (console->current->seq != seq || sink_has_damage(sink))) {
		kick(console);
	}
	pace(console, seq, sink->blind ? FRAME_UNKNOWN : FRAME_CHANGED);
}

struct frame *console_cpu_frame(struct console *console)
{
	return console->current && reader_current(console) ?
	       reader_frame(console->reader, NULL) : NULL;
}

void console_expect_change(struct console *console)
{
	if (console->active && console->ops->expect_change) {
		console->ops->expect_change(console->source);
	}
}

bool console_set_mode(struct console *console, const struct display_mode *mode)
{
	return console->ops->set_mode && console->ops->set_mode(console->source, mode);
}

void console_look(struct console *console)
{
	g_assert(main_thread_is_current());
	if (!console->active) {
		console->ops->poll(console->source);
		drop_picture(console);
	}
}

pixman_image_t *console_capture(struct console *console, GError **error)
{
	pixman_image_t *image = NULL;

	g_assert(main_thread_is_current());
	reader_set_gl(console->reader, display_gl_reader(console->registry));
	console->capturing = true;
	for (unsigned int i = 0; i < CAPTURE_TRIES && !image; i++) {
		console->ops->poll(console->source);
		if (!console->current) {
			console_blank_error(console, error);
			break;
		}
		if (!use(console)) {
			continue;
		}
		image = reader_capture(console->reader, console->current, error);
		if (!image) {
			g_prefix_error(error, "%s: ", console->device);
			break;
		}
		if (console->ops->still_whole &&
		    !console->ops->still_whole(console->source, console->current)) {
			g_clear_pointer(&image, pixman_image_unref);
		}
	}
	if (!image && error && !*error) {
		error_set(error, "%s: no picture: the guest flips faster than it can be read",
			  console->device);
	}
	console->capturing = false;
	unuse_if_done(console);
	if (!console->active) {
		drop_picture(console);
	}
	return image;
}

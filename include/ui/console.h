/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * console: one guest head, between one source (a device) and any number of sinks (viewers).
 *
 *   source --console_submit--> mailbox of depth one --present--> sinks
 *
 * Newest wins: a slow sink skips frames and never blocks the guest or another sink.
 * The console is active while a sink wants frames; an inactive source does no work.
 * CPU sinks all share one *reader*, which keeps a linear XRGB8888 snapshot and works out exact
 * damage (tile compare inside the damage hint). See SINK_CPU below.
 * Context: main, machine lock not held, for everything here.
 */
#ifndef UI_CONSOLE_H
#define UI_CONSOLE_H

#include "ui/fb.h"

struct console;
struct sink;
struct display_registry;
struct gl_reader;

/* ---- why there is no picture; texts and codes of query-display-state ---- */
enum blank_reason {
	BLANK_NONE, /* there is a picture */
	BLANK_NOT_STARTED, /* the guest's driver has not set a mode yet */
	BLANK_PLANE_OFF, /* the guest switched the plane off */
	BLANK_BAD_PLANE, /* the driver reports an impossible plane */
	BLANK_BAD_FORMAT, /* a pixel format nobody here can convert */
	BLANK_NO_MAP, /* the dma-buf can't be read by a CPU and there is no GL path */
	BLANK_NO_BUFFER, /* GET_GFX_DMABUF failed */
	BLANK_NO_DISPLAY, /* the device has no display */
	BLANK_LINK_DOWN, /* the EDID link is down */
	BLANK_ERROR,
};
/* "plane-off" etc., for QMP. */
const char *blank_reason_code(enum blank_reason reason);
/* A sentence for people, without a full stop. */
const char *blank_reason_text(enum blank_reason reason);

/* ---- source side ---- */
struct display_mode {
	uint32_t width_px, height_px;
	uint32_t refresh_mhz; /* 0: 60000 */
	uint32_t width_mm, height_mm; /* 0: from 96 dpi */
};

struct source_state { /* what query-display-state shows of the source */
	const char *kind; /* "vfio-dmabuf", "vfio-region", "emulated" */
	const char *events; /* "irq", "poll", "vcpu" */
	uint64_t queries, frames, events_seen;
	bool tells_flips; /* the device counts the guest's flips; with it: */
	uint64_t flips, mixed_reads; /* mixed: reads that a flip came into */
	const char *tear; /* "allow", "latch", "copy", "wait"; NULL where that is no question */
	uint64_t copies, copy_tries; /* "copy": pictures copied whole, and copies begun for them */
	/* "wait": flips that waited for readers, those of them in vain, and how long all of them */
	uint64_t waits, wait_timeouts, wait_ns;
};

/* What was new in a frame. */
enum frame_news {
	FRAME_SAME, /* a reader compared, and not one pixel differs: back off */
	FRAME_CHANGED,
	FRAME_UNKNOWN, /* its damage is unknown, and who took it compares nothing */
};

struct source_ops {
	/* Mandatory. true: deliver a full frame as soon as possible, then every change;
	 * false: no timers, no queries. */
	void (*set_active)(void *source, bool active);
	/* Mandatory. Look now, submit or blank before returning; works while inactive too. */
	void (*poll)(void *source);
	/* Optional: the viewer wants this mode. False: can't be had. */
	bool (*set_mode)(void *source, const struct display_mode *mode);
	/*
	 * Optional: a sink wants the frame after @seq; pace polling with it. Called once a frame,
	 * for the fastest sink (a slow one skips frames, a stopped one is not waited for), maybe
	 * from inside console_submit(). Frames that a newer one replaced in the mailbox are not
	 * reported.
	 */
	void (*frame_done)(void *source, uint64_t seq, enum frame_news news);
	/*
	 * Optional: the pixels of @frame, the last one submitted, were read just now. True: they are
	 * one picture. False: the guest flipped while they were read, so some may be of the next;
	 * nobody is shown them, and the source submits a frame soon (but not from in here), no less
	 * damaged than this one.
	 */
	bool (*still_whole)(void *source, const struct frame *frame);
	/*
	 * Optional: somebody is about to read the frame submitted last, on the CPU or elsewhere; called
	 * from within console_submit() too. False: the guest has flipped since, nobody reads it, and
	 * the source submits a newer one soon (but not from in here).
	 */
	bool (*use)(void *source);
	/* Optional, the end of use(): nobody reads it, for now. A frame that replaces one in use is in
	 * use from its submission on, without another call. */
	void (*unuse)(void *source);
	/* Optional: a viewer has just sent input, so a change is likely: poll at full rate. */
	void (*expect_change)(void *source);
	/* Optional. */
	void (*get_state)(void *source, struct source_state *state);
};

/* @device: id or name of the guest's device, @head: its head number; strings copied. The console
 * is listed in @registry. Starts blank with BLANK_NOT_STARTED. */
struct console *console_create(struct display_registry *registry, const char *device,
			       unsigned int head, const struct source_ops *ops, void *source);
/* Blanks and detaches the sinks first. Accepts NULL. */
void console_destroy(struct console *console);

/* Takes the frame; the damage is relative to the frame submitted before. */
void console_submit(struct console *console, struct frame *frame);
/* @text: one sentence for people, copied; NULL: the reason's standard text. */
void console_blank(struct console *console, enum blank_reason reason, const char *text);

/* Larger is no cursor: real planes have 64 to 256 pixels. */
#define CURSOR_MAX_PX 512

struct cursor {
	/* ARGB8888 (premultiplied) or another format of fb.h, linear, turned by 0 or 180 degrees;
	 * NULL: hidden. */
	struct fb_buffer *image;
	int32_t hot_x_px, hot_y_px; /* -1: unknown */
};
void console_cursor_set(struct console *console, const struct cursor *cursor);
/* Top left corner of the image, may be negative. */
void console_cursor_move(struct console *console, int32_t x_px, int32_t y_px, bool visible);
/* Copies the pixels, since the guest may draw the next cursor over them: a new a8r8g8b8 image,
 * premultiplied, or NULL for one that can't be shown. */
pixman_image_t *cursor_copy_image(struct fb_buffer *image);

/* ---- sink side ---- */
enum {
	SINK_CPU = 1, /* wants FB_CPU, linear, XRGB8888 frames from the reader, X byte 0xff */
	SINK_DMABUF = 2, /* takes the source's frames as they are */
};

struct sink_ops {
	const char *name;
	unsigned int accepts; /* SINK_CPU or SINK_DMABUF */
	/*
	 * Mandatory. A new frame, borrowed: ref it to keep it. frame->damage is relative to the
	 * frame presented to this sink before (the whole for the first, or after a size change).
	 * SINK_CPU: while anybody holds a reference of a reader frame its pixels are frozen and newer
	 * guest frames wait in the mailbox, so hold it only while reading (encoding), and call
	 * sink_done() when finished; a viewer that is not ready collects damage and later asks
	 * console_cpu_frame().
	 */
	void (*present)(struct sink *sink, struct frame *frame);
	/* Mandatory. There is no picture now; @text says why. */
	void (*blank)(struct sink *sink, enum blank_reason reason, const char *text);
	void (*cursor_set)(struct sink *sink, const struct cursor *cursor); /* optional */
	void (*cursor_move)(struct sink *sink, int32_t x_px, int32_t y_px, bool visible);
	/* Optional: the console is going away; the sink is detached already. */
	void (*console_gone)(struct sink *sink);
};

/* Embedded in the sink's own struct. */
struct sink {
	const struct sink_ops *ops;
	/* private to console.c */
	struct console *console;
	bool wanted;
	bool fresh; /* has had no picture since it wants one, or since the size changed */
	bool blank_due; /* has not heard of the present blank */
	bool blind; /* of what it was sent last nobody knows what was new */
	uint64_t seq_sent, seq_done;
	pixman_region32_t pending_damage; /* since the frame sent last */
	GList link;
};

/* Attached with wanted = false: gets blank() or nothing until it wants frames. */
void console_attach(struct console *console, struct sink *sink, const struct sink_ops *ops);
void console_detach(struct sink *sink);
/* The console is active while any sink wants frames. Turning it on gives a full present() (or
 * blank()) within one refresh. */
void sink_set_wanted(struct sink *sink, bool wanted);
/* This sink has finished with frame @seq. */
void sink_done(struct sink *sink, uint64_t seq);
/* The reader's current frame with a new reference, or NULL while blank, while a refresh is waiting
 * for references to go, or after a read that a flip came into (present() follows). */
struct frame *console_cpu_frame(struct console *console);

/* A viewer has sent input: a source that polls and had backed off looks soon. Cheap; call it for
 * every event. */
void console_expect_change(struct console *console);
/* Sends the wish to the source; sizes are clamped to what it can do. False: not possible. */
bool console_set_mode(struct console *console, const struct display_mode *mode);

/* One picture now, whether active or not, for screendump: polls the source. New XRGB8888 image, or
 * NULL and *error with the reason for a blank screen. */
pixman_image_t *console_capture(struct console *console, GError **error);
/* Draws the cursor over such a picture, where and if there is one. */
void console_draw_cursor(struct console *console, pixman_image_t *picture);

struct console_state {
	const char *device;
	unsigned int head;
	uint32_t width_px, height_px, fourcc;
	uint64_t modifier, seq;
	uint32_t rotation; /* as fb_info has it */
	int32_t cursor_x_px, cursor_y_px;
	uint32_t cursor_width_px, cursor_height_px; /* 0 without an image */
	bool cursor_visible;
	enum blank_reason blank;
	const char *blank_text;
	bool active;
	unsigned int sinks;
	/* How the pixels for CPU sinks or a screenshot were had last: "cpu" or "gl"; NULL: they
	 * never were. */
	const char *reader;
	struct source_state source;
	/* medians of the last 64 frames, milliseconds; -1 = none yet */
	double query_ms, map_ms, copy_ms, encode_ms, send_ms;
};
void console_get_state(struct console *console, struct console_state *state);
/* While nobody watches the state is that of the last look: look now. */
void console_look(struct console *console);
/* Sinks report their stages: which is "encode" or "send". */
void console_stage_add(struct console *console, const char *stage, double ms);

/* ---- all consoles of a machine ---- */
struct display_registry *display_registry_create(void);
void display_registry_destroy(struct display_registry *registry);
/* @device NULL: the first (live) one; else by device id, then by device name. NULL and *error. */
struct console *display_find(struct display_registry *registry, const char *device,
			     unsigned int head, GError **error);
/* In order of creation; NULL ends. */
struct console *display_nth(struct display_registry *registry, unsigned int index);
/* Called when a console comes or goes. One listener per @opaque. */
void display_watch(struct display_registry *registry,
		   void (*fn)(void *opaque, struct console *console, bool added), void *opaque);
void display_unwatch(struct display_registry *registry, void *opaque);
/* From now on each console's reader asks @gl first (ui/gl-reader.h); NULL: none. Borrowed. */
void display_set_gl_reader(struct display_registry *registry, const struct gl_reader *gl);

#endif

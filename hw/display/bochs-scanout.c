// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The picture of an emulated Bochs display.
 *
 * Register writes announce themselves (an eventfd), memory writes don't: KVM's dirty log says which
 * pages were written, but only when asked. So, while somebody watches and a mode is set, the log is
 * fetched at the display's 60 Hz as long as changes keep coming; after QUIET_LOOKS without one the
 * interval doubles with each look up to IDLE_MS. A change that comes out of the blue is therefore
 * seen up to IDLE_MS late (one that follows a viewer's input isn't: expect_change); a vGPU (hw/vfio) has an interrupt for this and waits for nothing.
 * Nobody watching, a switched-off plane, or viewers that all stand still: no look at all.
 *
 * Each page written after a fetch costs the guest a fault. While a guest redraws much of the screen
 * all the time, that is dearer than comparing, so then the log is left off for a while (damage
 * unknown: the reader compares).
 *
 * The log is fetched (which protects the pages again) before the pixels are read, so a write is
 * either in the pixels read or in the next fetch, or in both.
 */
#include <drm_fourcc.h>

#include "hw/core/machine-lock.h"
#include "hw/display/bochs.h"
#include "util/error.h"
#include "util/fd.h"
#include "util/trace.h"

#define FRAME_MS    16
#define IDLE_MS	    2000
#define QUIET_LOOKS 30
/* This many looks in a row with a quarter of the screen dirty: the next ones without the log. */
#define HEAVY_LOOKS   2
#define COMPARE_LOOKS 120

static void look(struct bochs_display *bd);

/* ---- when to look ---- */

static gboolean timer_fired(gpointer opaque)
{
	struct bochs_display *bd = opaque;

	bd->timer = 0;
	look(bd);
	return G_SOURCE_REMOVE;
}

static void timer_stop(struct bochs_display *bd)
{
	if (bd->timer) {
		g_source_remove(bd->timer);
		bd->timer = 0;
	}
}

/* The next look comes @interval_ms after the last one, or now if that has passed. */
static void timer_start(struct bochs_display *bd, uint32_t interval_ms)
{
	int64_t passed_ms = (clock_ns() - bd->looked_ns) / 1000000;

	timer_stop(bd);
	bd->timer = g_timeout_add(passed_ms >= interval_ms ? 0 : interval_ms - (guint)passed_ms,
				  timer_fired, bd);
}

static void plan(struct bochs_display *bd, bool changed)
{
	if (changed) {
		bd->quiet = 0;
		bd->interval_ms = FRAME_MS;
	} else if (++bd->quiet > QUIET_LOOKS) {
		bd->interval_ms = MIN(bd->interval_ms * 2, IDLE_MS);
	}
	timer_start(bd, bd->interval_ms);
}

/* Something says that a look is worth while. */
static void hurry(void *opaque)
{
	struct bochs_display *bd = opaque;

	bd->quiet = 0;
	if (bd->watched && !bd->awaiting && (!bd->timer || bd->interval_ms != FRAME_MS)) {
		timer_start(bd, FRAME_MS);
	}
	bd->interval_ms = FRAME_MS;
}

/* The guest wrote registers. */
static void on_change(int fd, GIOCondition condition, void *opaque)
{
	struct bochs_display *bd = opaque;

	eventfd_drain(fd);
	bd->changes++;
	hurry(bd);
}

/* A viewer sent input. With the plane off only a register write can bring a picture. */
static void expect_change(void *opaque)
{
	struct bochs_display *bd = opaque;

	if (bd->plane_on) {
		hurry(bd);
	}
}

static void on_frame_done(void *opaque, uint64_t seq, bool changed)
{
	struct bochs_display *bd = opaque;

	bd->awaiting = false;
	if (!changed) {
		bd->compare = 0; /* it is over: let the log watch */
	}
	if (bd->watched) {
		plan(bd, changed);
	}
}

/* ---- what there is to see ---- */

static bool same_buffer(struct bochs_display *bd, const struct gvt_plane *plane)
{
	return bd->buffer && gvt_plane_same_buffer(&bd->plane, plane);
}

static void vram_release(void *opaque)
{
	bochs_vram_unref(opaque);
}

static struct fb_buffer *get_buffer(struct bochs_display *bd, const struct gvt_plane *plane,
				    GError **error)
{
	struct fb_info info = {
		.width_px = plane->width_px,
		.height_px = plane->height_px,
		.fourcc = plane->drm_format,
		.modifier = DRM_FORMAT_MOD_LINEAR,
		.planes = 1,
		.plane = { { .stride_bytes = plane->stride_bytes } },
		.size_bytes = MIN(plane->size_bytes, bd->vram->size_bytes - plane->offset_bytes),
	};

	if (!same_buffer(bd, plane)) {
		fb_buffer_unref(bd->buffer);
		bd->buffer = fb_buffer_create_cpu(&info,
						  (uint8_t *)bd->vram->hva + plane->offset_bytes,
						  vram_release, bd->vram, error);
		if (bd->buffer) {
			bochs_vram_ref(bd->vram);
		}
		bd->plane = *plane;
	}
	return bd->buffer ? fb_buffer_ref(bd->buffer) : NULL;
}

static enum blank_reason blank_reason(const struct gvt_plane *plane)
{
	switch ((enum gvt_off_reason)plane->off_reason) {
	case GVT_OFF_NEVER_SET:
		return BLANK_NOT_STARTED;
	case GVT_OFF_DISABLED:
	case GVT_OFF_BLANKED:
		return BLANK_PLANE_OFF;
	case GVT_OFF_FORMAT:
		return BLANK_BAD_FORMAT;
	default:
		return BLANK_BAD_PLANE;
	}
}

/* Machine lock held. What was written from here on is not known any more. */
static void log_stop(struct bochs_display *bd)
{
	mem_region_dirty_stop(&bd->vram_region);
	gvt_damage_forget(&bd->damage);
	bd->heavy = 0;
}

/* One line of tiles at a time: neighbours that are set make one rectangle. */
static void tiles_to_region(const struct gvt_damage_report *report, const uint8_t *tiles,
			    pixman_region32_t *region)
{
	for (uint32_t y = 0; y < report->tiles_y; y++) {
		uint32_t run = 0;

		for (uint32_t x = 0; x <= report->tiles_x; x++) {
			uint32_t n = y * report->tiles_x + x;

			if (x < report->tiles_x && (tiles[n / 8] >> (n % 8) & 1)) {
				run++;
			} else if (run) {
				pixman_region32_union_rect(
					region, region, (int)((x - run) * report->tile_width_px),
					(int)(y * report->tile_height_px),
					run * report->tile_width_px, report->tile_height_px);
				run = 0;
			}
		}
	}
}

static void mark_pages(struct bochs_display *bd)
{
	uint64_t words = (bd->vram->size_bytes / GVT_PAGE_SIZE + 63) / 64;

	bd->dirty_count = 0;
	for (uint64_t word = 0; word < words; word++) {
		for (uint64_t bits = bd->dirty_pages[word]; bits; bits &= bits - 1) {
			gvt_damage_page(&bd->damage, word * 64 + (uint64_t)__builtin_ctzll(bits));
			bd->dirty_count++;
		}
	}
}

/* Leaves the log off for a while if it costs more than it tells. (Its first fetch names every page,
 * which is why one heavy look means nothing.) */
static void judge_load(struct bochs_display *bd, const struct gvt_plane *plane)
{
	bd->heavy = bd->dirty_count * GVT_PAGE_SIZE * 4 > plane->size_bytes ? bd->heavy + 1 : 0;
	if (bd->heavy > HEAVY_LOOKS) {
		bd->compare = COMPARE_LOOKS;
		log_stop(bd);
	}
}

struct sight {
	struct gvt_plane plane;
	pixman_region32_t damage;
	bool damage_known;
};

/* Everything that needs the lock: the plane as it is now, and what changed since the last time. */
static void see(struct bochs_display *bd, struct sight *sight)
{
	struct gvt_damage_report report = { 0 };
	uint64_t now = (uint64_t)clock_ns();
	unsigned int events;
	bool logged = false;

	machine_lock();
	events = gvt_bochs_settle(&bd->model, now);
	gvt_bochs_plane(&bd->model, &sight->plane);
	gvt_damage_show(&bd->damage, &sight->plane);
	if (bd->compare) {
		bd->compare--;
	} else if (bd->watched && sight->plane.drm_format) {
		logged = !mem_region_dirty_fetch(&bd->vram_region, bd->dirty_pages);
	}
	if (logged) {
		mark_pages(bd);
		gvt_damage_harvest(&bd->damage, &report, bd->tiles);
		judge_load(bd, &sight->plane);
	}
	if ((events & GVT_BOCHS_PENDING) && bd->watched) {
		eventfd_kick(bd->change_fd);
	}
	machine_unlock();
	sight->damage_known = logged && !report.all;
	pixman_region32_init(&sight->damage);
	if (sight->damage_known) {
		tiles_to_region(&report, bd->tiles, &sight->damage);
	}
}

/* Looks, and submits what changed; @whole: even if nothing did. */
static void show(struct bochs_display *bd, bool whole)
{
	pixman_box32_t box;
	struct fb_buffer *buffer;
	struct sight sight;
	GError *error = NULL;

	see(bd, &sight);
	bd->looked_ns = clock_ns();
	bd->looks++;
	bd->plane_on = sight.plane.drm_format != 0;
	if (!sight.plane.drm_format) {
		/* Off: only a register write can change that. */
		bd->awaiting = false;
		timer_stop(bd);
		console_blank(bd->console, blank_reason(&sight.plane), NULL);
	} else if (!whole && sight.damage_known && same_buffer(bd, &sight.plane) &&
		   !pixman_region32_not_empty(&sight.damage)) {
		plan(bd, false);
	} else if (!(buffer = get_buffer(bd, &sight.plane, &error))) {
		timer_stop(bd);
		console_blank(bd->console, BLANK_BAD_PLANE, error->message);
		g_error_free(error);
	} else {
		box = (pixman_box32_t){ 0, 0, (int32_t)sight.plane.width_px,
					(int32_t)sight.plane.height_px };
		bd->frames++;
		bd->awaiting = bd->watched;
		timer_stop(bd);
		console_submit(bd->console,
			       frame_create(buffer, &box,
					    sight.damage_known && !whole ? &sight.damage : NULL,
					    bd->looked_ns));
	}
	pixman_region32_fini(&sight.damage);
}

static void look(struct bochs_display *bd)
{
	show(bd, false);
}

/* ---- console ---- */

static void set_active(void *opaque, bool active)
{
	struct bochs_display *bd = opaque;

	machine_lock();
	bd->watched = active;
	bd->compare = 0;
	log_stop(bd);
	machine_unlock();
	bd->awaiting = false;
	bd->quiet = 0;
	bd->interval_ms = FRAME_MS;
	timer_stop(bd);
	fd_unwatch(bd->change_watch);
	bd->change_watch = 0;
	if (active) {
		bd->change_watch = fd_watch(bd->change_fd, G_IO_IN, on_change, bd);
		show(bd, true);
	}
}

static void poll_now(void *opaque)
{
	show(opaque, true);
}

static bool set_mode(void *opaque, const struct display_mode *mode)
{
	struct bochs_display *bd = opaque;

	if (!bd->edid) {
		return false;
	}
	/* bochs-drm reads the EDID when it loads, so this is for its next time. */
	machine_lock();
	bochs_edid_update(bd, mode);
	machine_unlock();
	return true;
}

static void get_state(void *opaque, struct source_state *state)
{
	struct bochs_display *bd = opaque;

	*state = (struct source_state){
		.kind = "emulated",
		.events = "vcpu",
		.queries = bd->looks,
		.frames = bd->frames,
		.events_seen = bd->changes,
	};
}

static const struct source_ops source_ops = {
	.set_active = set_active,
	.poll = poll_now,
	.set_mode = set_mode,
	.frame_done = on_frame_done,
	.expect_change = expect_change,
	.get_state = get_state,
};

bool bochs_scanout_init(struct bochs_display *bd, GError **error)
{
	size_t bitmap_bytes = gvt_damage_bitmap_bytes(bd->vgamem_bytes);
	struct device *dev = &bd->pd.dev;

	bd->interval_ms = FRAME_MS;
	bd->change_fd = eventfd_create();
	if (bd->change_fd < 0) {
		return error_set_errno(error, -bd->change_fd, "%s: eventfd", device_label(dev));
	}
	bd->damage_tiles = g_malloc0(GVT_DAMAGE_PLANES * bitmap_bytes);
	bd->tiles = g_malloc0(bitmap_bytes);
	bd->dirty_pages = g_new0(uint64_t, (bd->vgamem_bytes / GVT_PAGE_SIZE + 63) / 64);
	gvt_damage_init(&bd->damage, bd->damage_tiles, bitmap_bytes);
	bd->console = console_create(dev->board->displays, device_label(dev), 0, &source_ops, bd);
	return true;
}

void bochs_scanout_finish(struct bochs_display *bd)
{
	console_destroy(bd->console);
	bd->console = NULL;
	timer_stop(bd);
	fd_unwatch(bd->change_watch);
	bd->change_watch = 0;
	if (bd->damage_tiles) {
		fd_close(&bd->change_fd);
	}
	fb_buffer_unref(bd->buffer);
	bd->buffer = NULL;
	g_clear_pointer(&bd->damage_tiles, g_free);
	g_clear_pointer(&bd->tiles, g_free);
	g_clear_pointer(&bd->dirty_pages, g_free);
}

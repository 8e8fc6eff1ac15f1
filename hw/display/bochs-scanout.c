// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The picture of an emulated Bochs display; scanout.h says when it is looked at.
 *
 * KVM's dirty log says which pages were written, but only when asked; while that is too dear it is
 * left off (ui/track-load.h).
 *
 * The log is fetched (which protects the pages again) before the pixels are read, so a write is
 * either in the pixels read or in the next fetch, or in both.
 */
#include <drm_fourcc.h>

#include "hw/core/machine-lock.h"
#include "hw/display/bochs.h"
#include "util/fd.h"

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

/* Machine lock held. What was written from here on is not known any more. */
static void log_stop(struct bochs_display *bd)
{
	mem_region_dirty_stop(&bd->vram_region);
	gvt_damage_forget(&bd->damage);
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
	if (!track_load_is_off(&bd->load) && bd->scanout.watched && sight->plane.drm_format) {
		logged = !mem_region_dirty_fetch(&bd->vram_region, bd->dirty_pages);
	}
	if (logged) {
		mark_pages(bd);
		gvt_damage_harvest(&bd->damage, &report, bd->tiles);
		/* The first fetch names every page, so one heavy look means nothing. */
		track_load_told(&bd->load, bd->dirty_count * GVT_PAGE_SIZE, sight->plane.size_bytes);
		if (track_load_is_off(&bd->load)) {
			log_stop(bd);
		}
	}
	if (events & GVT_BOCHS_PENDING) {
		scanout_kick(&bd->scanout);
	}
	machine_unlock();
	sight->damage_known = logged && !report.all;
	pixman_region32_init(&sight->damage);
	if (sight->damage_known) {
		tiles_to_region(&report, bd->tiles, &sight->damage);
	}
}

static void look(void *opaque, bool whole)
{
	struct bochs_display *bd = opaque;
	struct scanout *scanout = &bd->scanout;
	pixman_box32_t box;
	struct fb_buffer *buffer;
	struct sight sight;
	GError *error = NULL;

	see(bd, &sight);
	if (!sight.plane.drm_format) {
		scanout_off(scanout, &sight.plane);
	} else if (!whole && sight.damage_known && same_buffer(bd, &sight.plane) &&
		   !pixman_region32_not_empty(&sight.damage)) {
		scanout_same(scanout);
	} else if (!(buffer = get_buffer(bd, &sight.plane, &error))) {
		scanout_blank(scanout, BLANK_BAD_PLANE, error->message);
		g_error_free(error);
	} else {
		box = (pixman_box32_t){ 0, 0, (int32_t)sight.plane.width_px,
					(int32_t)sight.plane.height_px };
		scanout_submit(scanout,
			       frame_create(buffer, &box,
					    sight.damage_known && !whole ? &sight.damage : NULL,
					    scanout->looked_ns));
	}
	pixman_region32_fini(&sight.damage);
}

/* ---- console ---- */

static void watch(void *opaque, bool watched)
{
	struct bochs_display *bd = opaque;

	bd->load = (struct track_load){ 0 };
	log_stop(bd);
}

static bool pages(void *opaque, struct write_watch *watch, GArray *hvas)
{
	struct bochs_display *bd = opaque;
	uintptr_t hva = (uintptr_t)bd->vram->hva;
	uint64_t first = bd->plane.offset_bytes / GVT_PAGE_SIZE;
	uint64_t end = (bd->plane.offset_bytes + bd->plane.size_bytes - 1) / GVT_PAGE_SIZE + 1;

	if (!bd->plane.drm_format ||
	    write_watch_add(watch, bd->vram->hva, bd->vram->size_bytes) < 0) {
		return false;
	}
	end = MIN(end, bd->vram->size_bytes / GVT_PAGE_SIZE);
	for (uint64_t i = first; i < end; i++) {
		uintptr_t page = hva + i * GVT_PAGE_SIZE;

		g_array_append_val(hvas, page);
	}
	return true;
}

static void frame_done(void *opaque, enum frame_news news)
{
	struct bochs_display *bd = opaque;

	/* The next look, whenever it is, fetches the log if that is on again. */
	track_load_looked(&bd->load, news != FRAME_SAME);
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

static const struct scanout_ops scanout_ops = {
	.look = look,
	.watch = watch,
	.pages = pages,
	.frame_done = frame_done,
	.set_mode = set_mode,
};

bool bochs_scanout_init(struct bochs_display *bd, GError **error)
{
	size_t bitmap_bytes = gvt_damage_bitmap_bytes(bd->vgamem_bytes);

	bd->damage_tiles = g_malloc0(GVT_DAMAGE_PLANES * bitmap_bytes);
	bd->tiles = g_malloc0(bitmap_bytes);
	bd->dirty_pages = g_new0(uint64_t, (bd->vgamem_bytes / GVT_PAGE_SIZE + 63) / 64);
	gvt_damage_init(&bd->damage, bd->damage_tiles, bitmap_bytes);
	return scanout_init(&bd->scanout, &bd->pd.dev, &scanout_ops, bd, error);
}

void bochs_scanout_finish(struct bochs_display *bd)
{
	scanout_finish(&bd->scanout);
	fb_buffer_unref(bd->buffer);
	bd->buffer = NULL;
	g_clear_pointer(&bd->damage_tiles, g_free);
	g_clear_pointer(&bd->tiles, g_free);
	g_clear_pointer(&bd->dirty_pages, g_free);
}

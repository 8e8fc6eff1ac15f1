// SPDX-License-Identifier: GPL-2.0-or-later
/* One look: planes as the driver reports them become a frame of the console, or a reason. */
#include "vfio-display-private.h"

#include <errno.h>
#include <drm_fourcc.h>

#include "util/error.h"
#include "util/fd.h"
#include "util/trace.h"

/* What vfio_gfx.h counts the offset of a picture in. */
#define PAGE_BYTES 4096u
/* A query that fails is "no frame yet" for so long; then the viewers are told. */
#define FAILING_TELL_NS (500 * 1000 * 1000ll)

#define LOCKED_MEMORY_HINT "raise the limit on locked memory (ulimit -l, LimitMEMLOCK=)"
/* Queries that raced with a flip, in a row: no guest flips faster than we can ask. */
#define PLACE_TRIES 8u

/* ---- what viewers are told ---- */

enum look vfio_display_blank(struct vfio_display *display, enum blank_reason reason,
			     const char *text)
{
	g_clear_pointer(&display->shown, fb_buffer_unref);
	if (display->copy) {
		vfio_copy_forget(display->copy);
	}
	console_blank(display->console, reason, text);
	return LOOK_BLANK;
}

static enum look blank_error(struct vfio_display *display, enum blank_reason reason,
			     GError *error)
{
	vfio_display_blank(display, reason, error->message);
	g_error_free(error);
	return LOOK_BLANK;
}

enum look vfio_display_failed(struct vfio_display *display, enum blank_reason reason, int err,
			      const char *operation, const char *hint)
{
	int64_t now = clock_ns();

	display->damage_lost = true;
	if (!display->failing_since_ns) {
		display->failing_since_ns = now;
	}
	TRACE(vfio, look_failed, "%s: %s: %s", display->device->name, operation,
	      g_strerror(-err));
	if (now - display->failing_since_ns >= FAILING_TELL_NS || !display->active) {
		g_autofree char *text = g_strdup_printf("%s: %s: %s%s", display->device->name,
							operation, g_strerror(-err), hint);

		vfio_display_blank(display, reason, text);
	}
	return LOOK_FAILED;
}

static char *locked_memory_text(const char *name, uint64_t size_bytes)
{
	g_autofree char *mib = size_bytes ? g_strdup_printf("%" G_GUINT64_FORMAT " MiB for ",
							    (size_bytes + (1 << 20) - 1) >> 20) :
					    g_strdup("");

	return g_strdup_printf("%s: may not lock %sthe picture: " LOCKED_MEMORY_HINT, name, mib);
}

enum look vfio_display_plane_off(struct vfio_display *display)
{
	const char *name = display->device->name;
	struct vfio_gfx_status status = { .plane = { .off_reason = VFIO_GFX_OFF_DISABLED } };
	g_autofree char *text = NULL;

	if (display->edid && vfio_edid_link_is_down(display->edid)) {
		return vfio_display_blank(display, BLANK_LINK_DOWN, NULL);
	}
	if (display->gfx && vfio_gfx_read_status(display->gfx, &status) == 0) {
		display->ever_on |= status.plane.off_reason != VFIO_GFX_OFF_NEVER_SET;
	}
	switch (status.plane.off_reason) {
	case VFIO_GFX_OFF_NEVER_SET:
		return vfio_display_blank(display, BLANK_NOT_STARTED, NULL);
	case VFIO_GFX_OFF_GEOMETRY:
		text = g_strdup_printf("%s: the guest set a mode that makes no picture", name);
		return vfio_display_blank(display, BLANK_BAD_PLANE, text);
	case VFIO_GFX_OFF_BEYOND:
		text = g_strdup_printf("%s: the guest's picture lies outside of video memory",
				       name);
		return vfio_display_blank(display, BLANK_BAD_PLANE, text);
	case VFIO_GFX_OFF_UNALIGNED:
		text = g_strdup_printf("%s: the guest's picture does not begin on a page", name);
		return vfio_display_blank(display, BLANK_BAD_PLANE, text);
	case VFIO_GFX_OFF_FORMAT:
		text = g_strdup_printf("%s: the guest set a pixel format without a name", name);
		return vfio_display_blank(display, BLANK_BAD_FORMAT, text);
	case VFIO_GFX_OFF_NO_MEMORY:
		text = g_strdup_printf("%s: the host has no memory for the picture", name);
		return vfio_display_blank(display, BLANK_ERROR, text);
	case VFIO_GFX_OFF_BAD_ADDRESS:
		text = g_strdup_printf("%s: the guest's picture: the GPU's page table leads to no "
				       "guest memory", name);
		return vfio_display_blank(display, BLANK_BAD_PLANE, text);
	case VFIO_GFX_OFF_LOCKED_MEMORY:
		text = locked_memory_text(name, status.plane.size);
		return vfio_display_blank(display, BLANK_ERROR, text);
	default:
		return vfio_display_blank(display, display->ever_on ? BLANK_PLANE_OFF :
								      BLANK_NOT_STARTED, NULL);
	}
}

/* ---- looking ---- */

static bool has_cap(const struct vfio_display *display, uint32_t cap)
{
	return display->gfx && (vfio_gfx_caps(display->gfx) & cap);
}

/* A dma-buf, a new reference; NULL and *look. It isn't mapped here: who reads it does that. */
static struct fb_buffer *get_dmabuf(struct vfio_display *display, uint32_t id,
				    const struct fb_info *fb, enum look *look)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *operation = g_strdup_printf("GET_GFX_DMABUF id %u", id);
	struct fb_buffer *buffer;
	int err = 0;

	buffer = vfio_dmabuf_get(&display->dmabufs, id, fb, &err);
	if (!buffer) {
		*look = vfio_display_failed(display, BLANK_NO_BUFFER, err, operation,
			       err == -ENOMEM || err == -EPERM ? " (" LOCKED_MEMORY_HINT ")" : "");
		return NULL;
	}
	/* A region can always be read, so where there are both, the dma-buf must be readable. */
	if (display->region_too && !fb_buffer_map(buffer, NULL)) {
		fb_buffer_unref(buffer);
		display->kind = VFIO_GFX_PLANE_TYPE_REGION;
		*look = LOOK_FAILED;
		return NULL;
	}
	if (!fb_buffer_check_size(buffer, &error)) {
		g_autofree char *text = g_strdup_printf("%s: %s", display->device->name,
							error->message);

		fb_buffer_unref(buffer);
		*look = vfio_display_blank(display, BLANK_BAD_PLANE, text);
		return NULL;
	}
	return buffer;
}

static struct fb_buffer *get_buffer(struct vfio_display *display,
				    const struct vfio_device_gfx_plane_info *info,
				    const struct fb_info *fb, enum look *look)
{
	GError *error = NULL;
	struct fb_buffer *buffer;

	if (display->kind == VFIO_GFX_PLANE_TYPE_DMABUF) {
		return get_dmabuf(display, info->dmabuf_id, fb, look);
	}
	buffer = vfio_region_plane_get(&display->region, info->region_index, fb, &error);
	if (!buffer) {
		*look = blank_error(display, BLANK_BAD_PLANE, error);
	}
	return buffer;
}

/* Is the harvest about the plane that was queried after it? Two buffers of one geometry are: the
 * damage is relative to the picture before, whatever buffer that was in. */
static bool harvest_matches(const struct vfio_gfx_harvest *harvest,
			    const struct vfio_device_gfx_plane_info *info)
{
	return harvest->plane.width == info->width && harvest->plane.height == info->height &&
	       harvest->plane.stride == info->stride &&
	       harvest->plane.drm_format == info->drm_format;
}

/* When the guest made this picture; "now" where nobody knows. */
static int64_t picture_time(struct vfio_display *display)
{
	struct vfio_gfx_status status;
	int64_t now = clock_ns();
	uint64_t when;

	if (!display->irq || vfio_gfx_read_status(display->gfx, &status) < 0) {
		return now;
	}
	when = MAX(status.flip_time_ns, status.damage_time_ns);
	return when && when <= (uint64_t)now ? (int64_t)when : now;
}

/* Reports the time since *begin and starts anew. */
static void stage(struct vfio_display *display, const char *name, int64_t *begin)
{
	int64_t now = clock_ns();

	console_stage_add(display->console, name, (double)(now - *begin) / 1e6);
	*begin = now;
}

static int query_primary(struct vfio_display *display, struct vfio_device_gfx_plane_info *info)
{
	int ret = vfio_plane_query(display->device, display->kind, display->primary, info);

	/* QEMU leaves the type zero when it asks for a region, and some drivers know no other. */
	if (ret == -EINVAL && display->kind == VFIO_GFX_PLANE_TYPE_REGION &&
	    display->primary == VFIO_PLANE_PRIMARY) {
		ret = vfio_plane_query(display->device, display->kind, VFIO_PLANE_OVERLAY, info);
		if (ret == 0) {
			display->primary = VFIO_PLANE_OVERLAY;
		}
	}
	return ret;
}

/* Does @status speak of the plane that was queried, with @flips counted before? */
static bool is_about(const struct vfio_display *display, const struct vfio_gfx_status *status,
		     const struct vfio_device_gfx_plane_info *info, uint64_t flips)
{
	/* A region has no id: the union of both holds its index. */
	return display->kind == VFIO_GFX_PLANE_TYPE_DMABUF ? status->plane.id == info->dmabuf_id :
							     status->flip_count == flips;
}

/*
 * Queries the primary plane and learns where in its buffer the picture lies. The status page says
 * that of the plane it names, and a flip may come between the two: then both are asked again.
 */
static int query_placed(struct vfio_display *display, struct vfio_device_gfx_plane_info *info,
			struct vfio_plane_place *place)
{
	struct vfio_gfx_status status;
	uint64_t flips = display->flip_count;

	*place = (struct vfio_plane_place){ 0 };
	for (unsigned int i = 0; i < PLACE_TRIES; i++, flips = status.flip_count) {
		int ret = query_primary(display, info);

		display->queries++;
		if (ret < 0 || vfio_plane_is_off(info) || !has_cap(display, VFIO_GFX_CAP_SOURCE)) {
			return ret;
		}
		ret = vfio_gfx_read_status(display->gfx, &status);
		if (ret < 0) {
			return ret;
		}
		if (!is_about(display, &status, info, flips)) {
			continue;
		}
		place->rotation = status.rotation;
		if (info->drm_format_mod == DRM_FORMAT_MOD_LINEAR) {
			place->offset_bytes = (uint32_t)(status.plane.offset % PAGE_BYTES);
		} else {
			place->x_px = status.src_x;
			place->y_px = status.src_y;
		}
		return 0;
	}
	return -EAGAIN;
}

static bool same_box(const pixman_box32_t *a, const pixman_box32_t *b)
{
	return a->x1 == b->x1 && a->y1 == b->y1 && a->x2 == b->x2 && a->y2 == b->y2;
}

/* Does @harvest say all that may differ between what is shown and this? A turned picture is compared
 * whole: tiles are counted as it lies in memory. */
static bool damage_is_known(const struct vfio_display *display,
			    const struct vfio_gfx_harvest *harvest,
			    const struct vfio_device_gfx_plane_info *info,
			    const struct fb_info *fb)
{
	return harvest && harvest->known && !display->damage_lost && display->shown &&
	       harvest_matches(harvest, info) && !fb->rotation &&
	       !display->shown->info.rotation;
}

/* Takes the reference of @buffer. */
static void submit(struct vfio_display *display, struct fb_buffer *buffer,
		   const pixman_box32_t *source, const pixman_region32_t *damage, int64_t time_ns)
{
	if (buffer != display->shown) {
		display->still = 0;
	}
	fb_buffer_ref(buffer);
	fb_buffer_unref(display->shown);
	display->shown = buffer;
	display->shown_source = *source;
	display->damage_lost = false;
	console_submit(display->console, frame_create(buffer, &display->shown_source, damage,
						      time_ns));
}

/* @harvest: NULL, what changed is unknown. */
static enum look look_primary(struct vfio_display *display,
			      const struct vfio_gfx_harvest *harvest)
{
	struct vfio_device_gfx_plane_info info;
	struct vfio_plane_place place;
	enum blank_reason reason;
	enum look look = LOOK_FRAME;
	GError *error = NULL;
	struct fb_buffer *buffer;
	struct fb_info fb;
	pixman_box32_t source;
	bool known;
	int64_t begin = clock_ns();
	int ret;

	ret = query_placed(display, &info, &place);
	stage(display, "query", &begin);
	if (ret < 0) {
		return vfio_display_failed(display, BLANK_ERROR, ret, "QUERY_GFX_PLANE", "");
	}
	TRACE(vfio, plane_query, "%s: %ux%u stride %u size %u format 0x%08x layout 0x%"
	      G_GINT64_MODIFIER "x id %u offset %u at %u,%u turned %u", display->device->name,
	      info.width, info.height, info.stride, info.size, info.drm_format,
	      (uint64_t)info.drm_format_mod, info.dmabuf_id, place.offset_bytes, place.x_px,
	      place.y_px, place.rotation);
	if (vfio_plane_is_off(&info)) {
		display->failing_since_ns = 0;
		return vfio_display_plane_off(display);
	}
	display->ever_on = true;
	reason = vfio_plane_check(display->device, &info, &place, &fb, &error);
	if (reason != BLANK_NONE) {
		display->failing_since_ns = 0;
		return blank_error(display, reason, error);
	}
	buffer = get_buffer(display, &info, &fb, &look);
	if (!buffer) {
		return look;
	}
	stage(display, "map", &begin);
	display->failing_since_ns = 0;
	source = vfio_plane_source(&place, &fb);
	known = damage_is_known(display, harvest, &info, &fb);
	/* After a read that counts for nothing the reader has to look again. */
	if (known && buffer == display->shown && !display->mixed_in_a_row && same_box(&source, &display->shown_source) &&
	    !pixman_region32_not_empty((pixman_region32_t *)&harvest->tiles)) {
		fb_buffer_unref(buffer);
		return LOOK_SAME;
	}
	display->frames++;
	display->shown_id = info.dmabuf_id;
	submit(display, buffer, &source, known ? &harvest->tiles : NULL, picture_time(display));
	return LOOK_FRAME;
}

/* A region device has one picture, and may answer with it whatever type is asked for. */
static void look_cursor(struct vfio_display *display)
{
	if (display->kind == VFIO_GFX_PLANE_TYPE_DMABUF) {
		display->cursor_known = vfio_cursor_look(&display->cursor, display->kind);
	}
}

/* Looks at the cursor unless the driver says that nothing changed there. */
static void look_cursor_if_due(struct vfio_display *display, const struct vfio_gfx_status *status)
{
	if (!has_cap(display, VFIO_GFX_CAP_SOURCE) || !display->cursor_known ||
	    status->cursor_count != display->cursor_count) {
		/* First: a change from here on counts anew. */
		display->cursor_count = status->cursor_count;
		look_cursor(display);
	}
}

enum look vfio_display_look(struct vfio_display *display)
{
	struct vfio_gfx_status status = { 0 };
	struct vfio_gfx_harvest harvest;
	uint32_t kind = display->kind;
	enum look look;

	display->last_look_ns = clock_ns();
	display->compared = false;
	/* Before all else: whatever happens from here on makes the next glance differ. */
	display->picture_known = display->gfx &&
				 vfio_gfx_read_status(display->gfx, &status) == 0;
	if (display->hold) {
		vfio_hold_look_begin(display->hold, &status);
	}
	display->flip_count = status.flip_count;
	if (display->copy) {
		look = vfio_copy_begin(display->copy);
	} else if (display->irq) {
		/* The harvest first: what the guest writes from here on is in the next one. */
		vfio_spare_harvest(&display->spare, display->gfx, &harvest);
		display->damage_generation = harvest.generation;
		look = look_primary(display, &harvest);
		if (look == LOOK_BLANK) {
			display->damage_lost = true;
		}
		pixman_region32_fini(&harvest.tiles);
	} else {
		look = look_primary(display, NULL);
	}
	if (display->kind != kind) {
		look = look_primary(display, NULL);
	}
	if (look == LOOK_FAILED) {
		display->picture_known = false;
	}
	if (display->hold) {
		vfio_hold_look_end(display->hold);
	}
	look_cursor_if_due(display, &status);
	return look;
}

bool vfio_display_glance(struct vfio_display *display)
{
	struct vfio_gfx_status status;

	if (!has_cap(display, VFIO_GFX_CAP_SOURCE) ||
	    vfio_gfx_read_status(display->gfx, &status) < 0) {
		return true;
	}
	look_cursor_if_due(display, &status);
	return !display->picture_known || status.flip_count != display->flip_count ||
	       (has_cap(display, VFIO_GFX_CAP_DAMAGE) && !vfio_spare_is_on(&display->spare) &&
		status.damage_generation != display->damage_generation);
}

bool vfio_display_is_whole(struct vfio_display *display)
{
	struct vfio_gfx_status status;

	if (!display->gfx || display->copy) {
		return true;
	}
	/* The pixels were read before the page is. */
	__atomic_thread_fence(__ATOMIC_ACQUIRE);
	return vfio_gfx_read_status(display->gfx, &status) == 0 && display->picture_known &&
	       status.flip_count == display->flip_count &&
	       (status.plane.id == display->shown_id || !has_cap(display, VFIO_GFX_CAP_SOURCE) ||
		display->kind != VFIO_GFX_PLANE_TYPE_DMABUF);
}

bool vfio_display_compare(struct vfio_display *display)
{
	/* The copy of a region that can't be mapped is made by a look. */
	if (!display->shown ||
	    (display->kind != VFIO_GFX_PLANE_TYPE_DMABUF && display->region.copied)) {
		return false;
	}
	display->last_look_ns = clock_ns();
	display->compared = true;
	submit(display, fb_buffer_ref(display->shown), &display->shown_source, NULL,
	       display->last_look_ns);
	return true;
}

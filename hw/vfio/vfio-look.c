// SPDX-License-Identifier: GPL-2.0-or-later
/* One look: planes as the driver reports them become a frame of the console, or a reason. */
#include "vfio-display-private.h"

#include <errno.h>

#include "util/error.h"
#include "util/fd.h"
#include "util/trace.h"

/* A query that fails is "no frame yet" for so long; then the viewers are told. */
#define FAILING_TELL_NS (500 * 1000 * 1000ll)

/* ---- what viewers are told ---- */

enum look vfio_display_blank(struct vfio_display *display, enum blank_reason reason,
			     const char *text)
{
	g_clear_pointer(&display->shown, fb_buffer_unref);
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

/* "No frame yet": the last picture stays, and only a lasting failure is told. */
static enum look failed(struct vfio_display *display, enum blank_reason reason, int err,
			const char *operation)
{
	int64_t now = clock_ns();

	display->damage_lost = true;
	if (!display->failing_since_ns) {
		display->failing_since_ns = now;
	}
	TRACE(vfio, look_failed, "%s: %s: %s", display->device->name, operation,
	      g_strerror(-err));
	if (now - display->failing_since_ns >= FAILING_TELL_NS || !display->active) {
		g_autofree char *text = g_strdup_printf("%s: %s: %s", display->device->name,
							operation, g_strerror(-err));

		vfio_display_blank(display, reason, text);
	}
	return LOOK_FAILED;
}

/* The plane is off; where the driver says why, so do we. */
static enum look plane_off(struct vfio_display *display)
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
	default:
		return vfio_display_blank(display, display->ever_on ? BLANK_PLANE_OFF :
								      BLANK_NOT_STARTED, NULL);
	}
}

/* ---- looking ---- */

/* A dma-buf that a CPU can read, a new reference; NULL and *look. */
static struct fb_buffer *get_dmabuf(struct vfio_display *display, uint32_t id,
				    const struct fb_info *fb, enum look *look)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *operation = g_strdup_printf("GET_GFX_DMABUF id %u", id);
	struct fb_buffer *buffer;
	int err = 0;

	buffer = vfio_dmabuf_get(&display->dmabufs, id, fb, &err);
	if (!buffer) {
		*look = failed(display, BLANK_NO_BUFFER, err, operation);
		return NULL;
	}
	if (!buffer->hva && !fb_buffer_map(buffer, &error)) {
		g_autofree char *text = NULL;
		bool too_short = buffer->map_errno == ERANGE;

		fb_buffer_unref(buffer);
		if (display->region_too) {
			display->kind = VFIO_GFX_PLANE_TYPE_REGION;
			*look = LOOK_FAILED;
			return NULL;
		}
		if (too_short) {
			text = g_strdup_printf("%s: %s", display->device->name, error->message);
			*look = vfio_display_blank(display, BLANK_BAD_PLANE, text);
			return NULL;
		}
		text = g_strdup_printf("%s: %s: it can't be read by a CPU (exported read-only or "
				       "not mappable), and there is no GL path",
				       display->device->name, error->message);
		*look = vfio_display_blank(display, BLANK_NO_MAP, text);
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

/* @harvest: NULL, what changed is unknown. */
static enum look look_primary(struct vfio_display *display,
			      const struct vfio_gfx_harvest *harvest)
{
	struct vfio_device_gfx_plane_info info;
	enum blank_reason reason;
	enum look look = LOOK_FRAME;
	GError *error = NULL;
	struct fb_buffer *buffer;
	struct fb_info fb;
	pixman_box32_t source;
	bool known;
	int64_t begin = clock_ns();
	int ret;

	ret = query_primary(display, &info);
	display->queries++;
	stage(display, "query", &begin);
	if (ret < 0) {
		return failed(display, BLANK_ERROR, ret, "QUERY_GFX_PLANE");
	}
	TRACE(vfio, plane_query, "%s: %ux%u stride %u size %u format 0x%08x id %u",
	      display->device->name, info.width, info.height, info.stride, info.size,
	      info.drm_format, info.dmabuf_id);
	if (vfio_plane_is_off(&info)) {
		display->failing_since_ns = 0;
		return plane_off(display);
	}
	display->ever_on = true;
	reason = vfio_plane_check(display->device, &info, &fb, &error);
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
	known = harvest && harvest->known && !display->damage_lost && display->shown &&
		harvest_matches(harvest, &info);
	if (known && buffer == display->shown &&
	    !pixman_region32_not_empty((pixman_region32_t *)&harvest->tiles)) {
		fb_buffer_unref(buffer);
		return LOOK_SAME;
	}
	fb_buffer_unref(display->shown);
	display->shown = fb_buffer_ref(buffer);
	display->damage_lost = false;
	display->frames++;
	source = (pixman_box32_t){ 0, 0, (int32_t)fb.width_px, (int32_t)fb.height_px };
	console_submit(display->console,
		       frame_create(buffer, &source, known ? &harvest->tiles : NULL,
				    picture_time(display)));
	return LOOK_FRAME;
}

/* One look at both planes. */
enum look vfio_display_look(struct vfio_display *display)
{
	struct vfio_gfx_harvest harvest;
	uint32_t kind = display->kind;
	enum look look;

	display->last_look_ns = clock_ns();
	if (display->irq) {
		/* The harvest first: what the guest writes from here on is in the next one. */
		vfio_gfx_harvest(display->gfx, &harvest);
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
	/* A region device has one picture, and may answer with it whatever type is asked for. */
	if (display->kind == VFIO_GFX_PLANE_TYPE_DMABUF) {
		vfio_cursor_look(&display->cursor, display->kind);
	}
	return look;
}

// SPDX-License-Identifier: GPL-2.0-or-later
#include "ui/mode-wish.h"

void mode_wish_init(struct mode_wish *wish, const struct mode_wish_ops *ops, void *opaque)
{
	*wish = (struct mode_wish){ .ops = ops, .opaque = opaque };
}

static gboolean plug(gpointer opaque)
{
	struct mode_wish *wish = opaque;

	wish->plug_timer = 0;
	wish->ops->plug(wish->opaque, &wish->mode);
	return G_SOURCE_REMOVE;
}

static gboolean settled(gpointer opaque)
{
	struct mode_wish *wish = opaque;
	const struct display_mode *now = &wish->mode, *wanted = &wish->wanted;

	wish->settle_timer = 0;
	if (wish->known && now->width_px == wanted->width_px &&
	    now->height_px == wanted->height_px && now->refresh_mhz == wanted->refresh_mhz &&
	    now->width_mm == wanted->width_mm && now->height_mm == wanted->height_mm) {
		return G_SOURCE_REMOVE;
	}
	if (wish->ops->unplug(wish->opaque, wanted)) {
		mode_wish_is_now(wish, wanted);
		if (wish->plug_timer) {
			g_source_remove(wish->plug_timer);
		}
		wish->plug_timer = g_timeout_add(MODE_WISH_DOWN_MS, plug, wish);
	}
	return G_SOURCE_REMOVE;
}

void mode_wish_is_now(struct mode_wish *wish, const struct display_mode *mode)
{
	wish->mode = *mode;
	wish->known = true;
}

void mode_wish_set(struct mode_wish *wish, const struct display_mode *mode)
{
	wish->wanted = *mode;
	if (wish->settle_timer) {
		g_source_remove(wish->settle_timer);
	}
	wish->settle_timer = g_timeout_add(MODE_WISH_SETTLE_MS, settled, wish);
}

bool mode_wish_unplugged(const struct mode_wish *wish)
{
	return wish->plug_timer != 0;
}

void mode_wish_finish(struct mode_wish *wish)
{
	if (wish->settle_timer) {
		g_source_remove(wish->settle_timer);
		wish->settle_timer = 0;
	}
	if (wish->plug_timer) {
		g_source_remove(wish->plug_timer);
		plug(wish);
	}
}

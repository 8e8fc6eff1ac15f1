// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The guest's cursor plane: a viewer that can draw it gets the picture once and moves it itself; for
 * the others it is drawn into the pixels.
 */
#include "ui/vnc/bytes.h"
#include "ui/vnc/client.h"

bool vnc_cursor_is_drawn_here(const struct vnc_client *client)
{
	const struct client_cursor *cursor = &client->screen.cursor;

	return !(client->features & (FEATURE_RICH_CURSOR | FEATURE_ALPHA_CURSOR)) &&
	       cursor->image && cursor->visible;
}

/* Where the cursor is drawn into the pixels, these have to be sent again. */
static void damage_pixels(struct vnc_client *client)
{
	struct client_screen *screen = &client->screen;

	if (vnc_cursor_is_drawn_here(client)) {
		pixman_region32_union_rect(
			&screen->damage, &screen->damage, screen->cursor.x_px, screen->cursor.y_px,
			(unsigned int)pixman_image_get_width(screen->cursor.image),
			(unsigned int)pixman_image_get_height(screen->cursor.image));
		pixman_region32_intersect_rect(&screen->damage, &screen->damage, 0, 0,
					       screen->told_width_px, screen->told_height_px);
	}
}

void vnc_cursor_set(struct vnc_client *client, const struct cursor *cursor)
{
	struct client_cursor *own = &client->screen.cursor;

	if (!cursor->image && !own->image) {
		return;
	}
	damage_pixels(client);
	if (own->image) {
		pixman_image_unref(own->image);
	}
	own->image = cursor->image ? cursor_copy_image(cursor->image) : NULL;
	own->hot_x_px = MAX(cursor->hot_x_px, 0);
	own->hot_y_px = MAX(cursor->hot_y_px, 0);
	damage_pixels(client);
	client->due |= DUE_CURSOR;
	vnc_screen_advance(client);
}

void vnc_cursor_move(struct vnc_client *client, int x_px, int y_px, bool visible)
{
	struct client_cursor *own = &client->screen.cursor;

	if (own->x_px == x_px && own->y_px == y_px && own->visible == visible) {
		return;
	}
	damage_pixels(client);
	if (own->visible != visible) {
		client->due |= DUE_CURSOR;
	}
	own->x_px = CLAMP(x_px, -CURSOR_MAX_PX, FB_MAX_SIZE_PX);
	own->y_px = CLAMP(y_px, -CURSOR_MAX_PX, FB_MAX_SIZE_PX);
	own->visible = visible;
	damage_pixels(client);
	vnc_screen_advance(client);
}

void vnc_cursor_finish(struct vnc_client *client)
{
	struct client_cursor *own = &client->screen.cursor;

	damage_pixels(client);
	if (own->image) {
		pixman_image_unref(own->image);
		own->image = NULL;
		client->due |= DUE_CURSOR;
	}
	own->visible = false;
}

/* Premultiplied red, green, blue, alpha; its own format within the raw encoding. */
static void add_rgba(pixman_image_t *image, GByteArray *out)
{
	int w = pixman_image_get_width(image), h = pixman_image_get_height(image);
	uint8_t *p;

	bytes_add_u32(out, RFB_ENCODING_RAW);
	p = bytes_extend(out, (size_t)w * (size_t)h * 4);
	for (int y = 0; y < h; y++) {
		const uint32_t *row = pixman_image_get_data(image) +
				      y * pixman_image_get_stride(image) / 4;

		for (int x = 0; x < w; x++, p += 4) {
			p[0] = (uint8_t)(row[x] >> 16);
			p[1] = (uint8_t)(row[x] >> 8);
			p[2] = (uint8_t)row[x];
			p[3] = (uint8_t)(row[x] >> 24);
		}
	}
}

/* Pixels of the client's format, then a bit each: shown or not. */
static void add_pixels_and_mask(const struct pixel_converter *converter, pixman_image_t *image,
				GByteArray *out)
{
	int w = pixman_image_get_width(image), h = pixman_image_get_height(image);
	size_t mask_bytes = ((size_t)w + 7) / 8;
	uint8_t *p = bytes_extend(out, (size_t)w * (size_t)h * converter->bytes +
				       mask_bytes * (size_t)h);

	for (int y = 0; y < h; y++) {
		p = pixel_convert(converter, p, pixman_image_get_data(image) +
				  y * pixman_image_get_stride(image) / 4, (size_t)w);
	}
	memset(p, 0, mask_bytes * (size_t)h);
	for (int y = 0; y < h; y++, p += mask_bytes) {
		const uint32_t *row = pixman_image_get_data(image) +
				      y * pixman_image_get_stride(image) / 4;

		for (int x = 0; x < w; x++) {
			if (row[x] >> 24 >= 0x80) {
				p[x / 8] |= (uint8_t)(0x80 >> x % 8);
			}
		}
	}
}

void vnc_cursor_add_rect(struct vnc_client *client, GByteArray *out)
{
	struct client_cursor *own = &client->screen.cursor;
	pixman_image_t *image = own->visible ? own->image : NULL;
	unsigned int w = image ? (unsigned int)pixman_image_get_width(image) : 0;
	unsigned int h = image ? (unsigned int)pixman_image_get_height(image) : 0;
	/* A hot spot outside would be refused. */
	unsigned int x = w ? MIN((unsigned int)own->hot_x_px, w - 1) : 0;
	unsigned int y = h ? MIN((unsigned int)own->hot_y_px, h - 1) : 0;

	own->told = true;
	if (client->features & FEATURE_ALPHA_CURSOR) {
		encode_rect_header(out, x, y, w, h, RFB_ENCODING_ALPHA_CURSOR);
		if (image) {
			add_rgba(image, out);
		} else {
			bytes_add_u32(out, RFB_ENCODING_RAW);
		}
		return;
	}
	encode_rect_header(out, x, y, w, h, RFB_ENCODING_RICH_CURSOR);
	if (image) {
		add_pixels_and_mask(&client->settings.converter, image, out);
	}
}

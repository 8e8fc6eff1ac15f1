// SPDX-License-Identifier: GPL-2.0-or-later
#include <string.h>

#include "ui/spice/commands.h"
#include "util/fd.h"

/* What release_info.id of each command leads back to. */
struct resource {
	QXLCommandExt ext;
	gsize bytes; /* of pixels */
};

struct draw {
	struct resource base; /* first */
	QXLDrawable drawable;
	QXLImage image;
	uint32_t pixels[];
};

struct cursor_command {
	struct resource base; /* first */
	QXLCursorCmd command;
	QXLCursor cursor; /* its chunk's data follows */
};

void spice_commands_init(struct spice_commands *commands)
{
	g_mutex_init(&commands->lock);
	g_queue_init(&commands->draws);
}

void spice_commands_finish(struct spice_commands *commands)
{
	g_queue_clear_full(&commands->draws, g_free);
	g_free(commands->shape);
	g_free(commands->place);
	g_mutex_clear(&commands->lock);
}

/* Plain addresses: the one memory slot covers all of our memory (display.c). */
static void fill_ext(struct resource *resource, uint32_t type, void *command)
{
	resource->ext.cmd.type = type;
	resource->ext.cmd.data = (uintptr_t)command;
}

/* ---- drawing ---- */

static void fill_image(struct draw *draw, uint32_t w, uint32_t h)
{
	static uint32_t unique;
	QXLImage *image = &draw->image;

	QXL_SET_IMAGE_ID(image, QXL_IMAGE_GROUP_DEVICE, ++unique);
	image->descriptor.type = SPICE_IMAGE_TYPE_BITMAP;
	image->descriptor.width = image->bitmap.x = w;
	image->descriptor.height = image->bitmap.y = h;
	image->bitmap.format = SPICE_BITMAP_FMT_32BIT;
	image->bitmap.flags = QXL_BITMAP_DIRECT | QXL_BITMAP_TOP_DOWN;
	image->bitmap.stride = w * 4;
	image->bitmap.data = (uintptr_t)draw->pixels;
}

static void fill_drawable(struct draw *draw, const pixman_box32_t *box)
{
	QXLDrawable *drawable = &draw->drawable;

	drawable->release_info.id = (uintptr_t)draw;
	drawable->type = QXL_DRAW_COPY;
	drawable->effect = QXL_EFFECT_OPAQUE;
	drawable->clip.type = SPICE_CLIP_TYPE_NONE;
	drawable->bbox = (QXLRect){ .top = box->y1, .left = box->x1, .bottom = box->y2,
				    .right = box->x2 };
	drawable->mm_time = (uint32_t)(clock_ns() / 1000000);
	for (unsigned int i = 0; i < G_N_ELEMENTS(drawable->surfaces_dest); i++) {
		drawable->surfaces_dest[i] = -1;
	}
	drawable->u.copy.rop_descriptor = SPICE_ROPD_OP_PUT;
	drawable->u.copy.src_bitmap = (uintptr_t)&draw->image;
	drawable->u.copy.src_area = (QXLRect){ .bottom = box->y2 - box->y1,
					       .right = box->x2 - box->x1 };
}

bool spice_commands_draw(struct spice_commands *commands, struct frame *frame,
			 const pixman_box32_t *box)
{
	size_t w = (size_t)(box->x2 - box->x1), h = (size_t)(box->y2 - box->y1);
	size_t stride = frame->buffer->info.plane[0].stride_bytes;
	const uint8_t *from = (const uint8_t *)frame->buffer->hva +
			      frame->buffer->info.plane[0].offset_bytes +
			      (size_t)(frame->source.y1 + box->y1) * stride +
			      (size_t)(frame->source.x1 + box->x1) * 4;
	struct draw *draw = g_try_malloc(sizeof(*draw) + w * h * 4);

	if (!draw) {
		return false;
	}
	memset(draw, 0, sizeof(*draw));
	draw->base.bytes = w * h * 4;
	for (size_t y = 0; y < h; y++, from += stride) {
		memcpy(draw->pixels + y * w, from, w * 4);
	}
	fill_image(draw, (uint32_t)w, (uint32_t)h);
	fill_drawable(draw, box);
	fill_ext(&draw->base, QXL_CMD_DRAW, &draw->drawable);
	g_mutex_lock(&commands->lock);
	g_queue_push_tail(&commands->draws, draw);
	commands->bytes += draw->base.bytes;
	g_mutex_unlock(&commands->lock);
	return true;
}

void spice_commands_drop_draws(struct spice_commands *commands)
{
	struct resource *draw;

	g_mutex_lock(&commands->lock);
	while ((draw = g_queue_pop_head(&commands->draws))) {
		commands->bytes -= draw->bytes;
		g_free(draw);
	}
	g_mutex_unlock(&commands->lock);
}

bool spice_commands_are_fetched(struct spice_commands *commands)
{
	bool empty;

	g_mutex_lock(&commands->lock);
	empty = g_queue_is_empty(&commands->draws);
	g_mutex_unlock(&commands->lock);
	return empty;
}

gsize spice_commands_bytes(struct spice_commands *commands)
{
	gsize bytes;

	g_mutex_lock(&commands->lock);
	bytes = commands->bytes;
	g_mutex_unlock(&commands->lock);
	return bytes;
}

/* ---- the cursor ---- */

/* The protocol's place is the hot spot's. */
static QXLPoint16 cursor_place(const struct spice_cursor *cursor)
{
	return (QXLPoint16){ .x = (int16_t)CLAMP(cursor->x_px + cursor->hot_x_px, INT16_MIN,
						 INT16_MAX),
			     .y = (int16_t)CLAMP(cursor->y_px + cursor->hot_y_px, INT16_MIN,
						 INT16_MAX) };
}

static struct cursor_command *cursor_command_create(size_t data_bytes)
{
	struct cursor_command *command = g_malloc0(sizeof(*command) + data_bytes);

	command->command.release_info.id = (uintptr_t)command;
	fill_ext(&command->base, QXL_CMD_CURSOR, &command->command);
	return command;
}

static void fill_shape(QXLCursor *shape, const struct spice_cursor *cursor, size_t w, size_t h)
{
	const uint8_t *from = (const uint8_t *)pixman_image_get_data(cursor->image);
	size_t stride = (size_t)pixman_image_get_stride(cursor->image);

	shape->header.type = SPICE_CURSOR_TYPE_ALPHA;
	shape->header.width = (uint16_t)w;
	shape->header.height = (uint16_t)h;
	shape->header.hot_spot_x = (uint16_t)cursor->hot_x_px;
	shape->header.hot_spot_y = (uint16_t)cursor->hot_y_px;
	shape->data_size = shape->chunk.data_size = (uint32_t)(w * h * 4);
	for (size_t y = 0; y < h; y++) {
		memcpy(shape->chunk.data + y * w * 4, from + y * stride, w * 4);
	}
}

static void replace(struct spice_commands *commands, struct resource **slot,
		    struct cursor_command *command)
{
	g_mutex_lock(&commands->lock);
	g_free(*slot);
	*slot = &command->base;
	g_mutex_unlock(&commands->lock);
}

void spice_commands_cursor_set(struct spice_commands *commands, const struct spice_cursor *cursor)
{
	bool shown = cursor->image && cursor->visible;
	size_t w = shown ? (size_t)pixman_image_get_width(cursor->image) : 0;
	size_t h = shown ? (size_t)pixman_image_get_height(cursor->image) : 0;
	struct cursor_command *command = cursor_command_create(w * h * 4);

	command->command.type = shown ? QXL_CURSOR_SET : QXL_CURSOR_HIDE;
	if (shown) {
		command->command.u.set.position = cursor_place(cursor);
		command->command.u.set.visible = 1;
		command->command.u.set.shape = (uintptr_t)&command->cursor;
		fill_shape(&command->cursor, cursor, w, h);
	}
	replace(commands, &commands->shape, command);
}

void spice_commands_cursor_move(struct spice_commands *commands,
				const struct spice_cursor *cursor)
{
	struct cursor_command *command = cursor_command_create(0);

	command->command.type = QXL_CURSOR_MOVE;
	command->command.u.position = cursor_place(cursor);
	replace(commands, &commands->place, command);
}

/* ---- the worker's side ---- */

bool spice_commands_fetch_draw(struct spice_commands *commands, QXLCommandExt *ext, bool *empty)
{
	struct resource *draw;

	g_mutex_lock(&commands->lock);
	draw = g_queue_pop_head(&commands->draws);
	*empty = g_queue_is_empty(&commands->draws);
	g_mutex_unlock(&commands->lock);
	if (draw) {
		*ext = draw->ext;
	}
	return draw != NULL;
}

bool spice_commands_fetch_cursor(struct spice_commands *commands, QXLCommandExt *ext)
{
	struct resource **slot, *command;

	g_mutex_lock(&commands->lock);
	slot = commands->shape ? &commands->shape : &commands->place;
	command = g_steal_pointer(slot);
	g_mutex_unlock(&commands->lock);
	if (command) {
		*ext = command->ext;
	}
	return command != NULL;
}

bool spice_commands_have_cursor(struct spice_commands *commands)
{
	bool have;

	g_mutex_lock(&commands->lock);
	have = commands->shape || commands->place;
	g_mutex_unlock(&commands->lock);
	return have;
}

void spice_commands_release(struct spice_commands *commands, QXLReleaseInfoExt release)
{
	struct resource *resource = (struct resource *)(uintptr_t)release.info->id;

	g_mutex_lock(&commands->lock);
	commands->bytes -= resource->bytes;
	g_mutex_unlock(&commands->lock);
	g_free(resource);
}

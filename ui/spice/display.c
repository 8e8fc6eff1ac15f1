// SPDX-License-Identifier: GPL-2.0-or-later
#include "ui/spice/display.h"
#include "ui/spice/server.h"
#include "util/fd.h"
#include "util/trace.h"

/* Addresses in commands are ours as they are: slot and generation are the upper 16 bits, and both 0
 * for every address of a process. */
#define SLOT_BITS 8

static struct spice_display *qxl_display(QXLInstance *qxl)
{
	return (struct spice_display *)((char *)qxl - G_STRUCT_OFFSET(struct spice_display, qxl));
}

/* ---- from the worker to the main thread ---- */

static void display_unref(struct spice_display *display)
{
	if (g_atomic_int_dec_and_test(&display->refs)) {
		g_free(display);
	}
}

static void handle_events(void *opaque)
{
	struct spice_display *display = opaque;
	guint events = g_atomic_int_and(&display->events, 0);

	if (display->spice) {
		if (events & SPICE_DISPLAY_SCANOUT_DRAWN) {
			spice_scanout_drawn(display);
		}
		if (events & SPICE_DISPLAY_SURFACE_GONE) {
			spice_pixels_surface_gone(display);
		}
		if (events & (SPICE_DISPLAY_FETCHED | SPICE_DISPLAY_RELEASED)) {
			spice_pixels_advance(display);
		}
	}
	display_unref(display);
}

void spice_display_tell(struct spice_display *display, guint event)
{
	if (!g_atomic_int_or(&display->events, event)) {
		g_atomic_int_inc(&display->refs);
		main_call(handle_events, display);
	}
}

/* ---- what the library calls; Context: the worker, unless said otherwise ---- */

static void attached_worker(QXLInstance *qxl)
{
}

static void set_compression_level(QXLInstance *qxl, int level)
{
}

static void set_mm_time(QXLInstance *qxl, uint32_t mm_time)
{
}

static void get_init_info(QXLInstance *qxl, QXLDevInitInfo *info)
{
	*info = (QXLDevInitInfo){
		.num_memslots_groups = 1,
		.num_memslots = 1,
		.memslot_gen_bits = SLOT_BITS,
		.memslot_id_bits = SLOT_BITS,
		.qxl_ram_size = 16 << 20, /* nobody looks */
		.n_surfaces = 1,
	};
}

static int get_command(QXLInstance *qxl, struct QXLCommandExt *ext)
{
	struct spice_display *display = qxl_display(qxl);
	bool empty;

	if (!spice_commands_fetch_draw(&display->commands, ext, &empty)) {
		return 0;
	}
	if (empty) {
		spice_display_tell(display, SPICE_DISPLAY_FETCHED);
	}
	return 1;
}

static int req_cmd_notification(QXLInstance *qxl)
{
	return spice_commands_are_fetched(&qxl_display(qxl)->commands);
}

static void release_resource(QXLInstance *qxl, struct QXLReleaseInfoExt release)
{
	struct spice_display *display = qxl_display(qxl);

	spice_commands_release(&display->commands, release);
	/* Pairs with is_starved(): it sets this and then looks at the bytes once more. */
	if (g_atomic_int_compare_and_exchange(&display->pixels.starved, 1, 0)) {
		spice_display_tell(display, SPICE_DISPLAY_RELEASED);
	}
}

static int get_cursor_command(QXLInstance *qxl, struct QXLCommandExt *ext)
{
	return spice_commands_fetch_cursor(&qxl_display(qxl)->commands, ext);
}

static int req_cursor_notification(QXLInstance *qxl)
{
	return !spice_commands_have_cursor(&qxl_display(qxl)->commands);
}

static void notify_update(QXLInstance *qxl, uint32_t update_id)
{
}

static int flush_resources(QXLInstance *qxl)
{
	return 0;
}

static void async_complete(QXLInstance *qxl, uint64_t cookie)
{
	if (cookie > SPICE_DISPLAY_EVENTS) {
		g_free((void *)(uintptr_t)cookie);
	} else {
		spice_display_tell(qxl_display(qxl), (guint)cookie);
	}
}

static void update_area_complete(QXLInstance *qxl, uint32_t surface, struct QXLRect *rects,
				 uint32_t count)
{
}

static void set_client_capabilities(QXLInstance *qxl, uint8_t present,
				    uint8_t caps[SPICE_CAPABILITIES_SIZE])
{
}

/* A viewer's wish for the sizes of its screens; NULL: would it be heard? Context: main. */
static int client_monitors_config(QXLInstance *qxl, VDAgentMonitorsConfig *config)
{
	struct spice_display *display = qxl_display(qxl);
	struct display_mode mode = { 0 };

	if (!config || !display->console || (uint32_t)qxl->id >= config->num_of_monitors) {
		return 1;
	}
	mode.width_px = config->monitors[qxl->id].width;
	mode.height_px = config->monitors[qxl->id].height;
	/* 0: that screen has no window. */
	if (mode.width_px && mode.height_px && mode.width_px <= FB_MAX_SIZE_PX &&
	    mode.height_px <= FB_MAX_SIZE_PX) {
		TRACE(spice, resize, "%d: %ux%u", qxl->id, mode.width_px, mode.height_px);
		console_set_mode(display->console, &mode);
	}
	return 1;
}

static const QXLInterface qxl_interface = {
	.base = {
		.type = SPICE_INTERFACE_QXL,
		.description = "console",
		.major_version = SPICE_INTERFACE_QXL_MAJOR,
		.minor_version = SPICE_INTERFACE_QXL_MINOR,
	},
	.attached_worker = attached_worker,
	.set_compression_level = set_compression_level,
	.set_mm_time = set_mm_time,
	.get_init_info = get_init_info,
	.get_command = get_command,
	.req_cmd_notification = req_cmd_notification,
	.release_resource = release_resource,
	.get_cursor_command = get_cursor_command,
	.req_cursor_notification = req_cursor_notification,
	.notify_update = notify_update,
	.flush_resources = flush_resources,
	.async_complete = async_complete,
	.update_area_complete = update_area_complete,
	.set_client_capabilities = set_client_capabilities,
	.client_monitors_config = client_monitors_config,
};

/* ---- the viewer ---- */

static void choose_sinks(struct spice_display *display)
{
	bool pixels = display->viewer && !display->passing;

	/* In this order, so that the console goes on being looked at. */
	if (pixels) {
		spice_pixels_set_wanted(display, true);
	}
	spice_scanout_set_wanted(display, display->local);
	if (!pixels) {
		spice_pixels_set_wanted(display, false);
	}
}

void spice_display_set_viewer(struct spice_display *display, bool viewer, bool local)
{
	if (display->viewer == viewer && display->local == local) {
		return;
	}
	display->viewer = viewer;
	display->local = local;
	/* Nothing is copied for a local one before a frame comes that can't be passed. */
	display->passing = local && display->console;
	choose_sinks(display);
}

void spice_display_set_passing(struct spice_display *display, bool passing)
{
	if (display->passing != passing) {
		display->passing = passing;
		choose_sinks(display);
	}
}

void spice_display_set_size(struct spice_display *display, uint32_t width_px, uint32_t height_px)
{
	QXLMonitorsConfig *config = g_malloc0(sizeof(*config) + sizeof(config->heads[0]));

	config->count = config->max_allowed = 1;
	config->heads[0].width = width_px;
	config->heads[0].height = height_px;
	spice_qxl_monitors_config_async(&display->qxl, (uintptr_t)config, 0, (uintptr_t)config);
}

/* ---- life ---- */

struct spice_display *spice_display_create(struct spice *spice, struct console *console, int id)
{
	struct spice_display *display = g_new0(struct spice_display, 1);
	QXLDevMemSlot slot = { .virt_end = UINTPTR_MAX, .qxl_ram_size = UINT32_MAX };

	display->refs = 1;
	display->spice = spice;
	display->console = console;
	spice_commands_init(&display->commands);
	spice_pixels_init(display);
	/* The scanout's first: it decides whether the pixels' has anything to do. */
	spice_scanout_attach(display);
	spice_pixels_attach(display);
	display->qxl.base.sif = &qxl_interface.base;
	display->qxl.id = id;
	spice_server_add_interface(spice->server, &display->qxl.base);
	spice_qxl_add_memslot(&display->qxl, &slot);
	return display;
}

void spice_display_stop(struct spice_display *display)
{
	if (display->console) {
		console_detach(&display->scanout.sink);
		console_detach(&display->pixels.sink);
		display->console = NULL;
	}
}

void spice_display_destroy(struct spice_display *display)
{
	struct spice_scanout *scanout = &display->scanout;

	spice_display_stop(display);
	display->spice = NULL;
	g_clear_pointer(&scanout->next, frame_unref);
	g_clear_pointer(&scanout->buffer, fb_buffer_unref);
	spice_pixels_finish(display);
	spice_pointer_finish(display);
	spice_commands_finish(&display->commands);
	display_unref(display);
}

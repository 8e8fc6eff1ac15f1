// SPDX-License-Identifier: GPL-2.0-or-later
/* -display egl-headless: the GL reader of all consoles, and what people are told when GL fails. */
#include "ui/console.h"
#include "ui/egl.h"
#include "ui/egl/readback.h"
#include "ui/gl-reader.h"
#include "util/error.h"
#include "util/trace.h"

struct egl_headless {
	struct gl_reader reader;
	struct display_registry *displays;
	struct egl_context *egl;
	struct readback *readback;
	bool off; /* nothing works any more */
	bool refused; /* a buffer was, and people were told */
};

static const void *begin(void *opaque, struct frame *frame, const pixman_region32_t *where,
			 size_t *stride_bytes, GError **error)
{
	struct egl_headless *headless = opaque;
	GError *cause = NULL;
	const void *pixels;

	if (headless->off) {
		error_set(error, "GL: off after a failure");
		return NULL;
	}
	pixels = readback_begin(headless->readback, frame, where, stride_bytes, &headless->off,
				&cause);
	if (pixels) {
		return pixels;
	}
	TRACE(ui, gl_failed, "%s", cause->message);
	/* The guest decides how many buffers there are; one line tells what is the matter. */
	if (headless->off) {
		warn_report(EGL_OBJECT ": %s; pictures are read by the CPU from now on",
			    cause->message);
	} else if (!headless->refused) {
		headless->refused = true;
		warn_report(EGL_OBJECT ": %s; such pictures are read by the CPU", cause->message);
	}
	g_propagate_error(error, cause);
	return NULL;
}

static void end(void *opaque)
{
	readback_end(((struct egl_headless *)opaque)->readback);
}

static const struct gl_reader_ops reader_ops = { .begin = begin, .end = end };

static void destroy(struct egl_headless *headless)
{
	if (headless) {
		display_set_gl_reader(headless->displays, NULL);
		readback_destroy(headless->readback);
		egl_context_destroy(headless->egl);
		g_free(headless);
	}
}

static struct egl_headless *create(const char *rendernode, bool reads_all,
				   struct display_registry *displays, GError **error)
{
	struct egl_headless *headless = g_new0(struct egl_headless, 1);

	headless->reader = (struct gl_reader){ &reader_ops, headless, reads_all };
	headless->displays = displays;
	headless->egl = egl_context_create(rendernode, error);
	headless->readback = headless->egl ? readback_create(headless->egl, error) : NULL;
	if (!headless->readback) {
		g_prefix_error(error, EGL_OBJECT ": ");
		destroy(headless);
		return NULL;
	}
	display_set_gl_reader(displays, &headless->reader);
	return headless;
}

static const struct egl_headless_ops ops = { .create = create, .destroy = destroy };

extern const struct ui_module oriel_ui_module;
__attribute__((visibility("default"))) const struct ui_module oriel_ui_module = {
	.version = UI_MODULE_VERSION,
	.name = "egl",
	.ops = &ops,
};

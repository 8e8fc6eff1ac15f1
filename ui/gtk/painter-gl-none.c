// SPDX-License-Identifier: GPL-2.0-or-later
/* Built without OpenGL. */
#include "ui/gtk/painter.h"
#include "util/error.h"

struct painter *painter_gl_create(struct view *view, GError **error)
{
	error_set(error, "built without OpenGL (package libepoxy-dev)");
	return NULL;
}

void gui_gl_destroy(struct gl_shared *gl)
{
}

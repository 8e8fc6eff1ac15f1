/* SPDX-License-Identifier: GPL-2.0-or-later */
/* egl-headless: GL reads dma-bufs for CPU viewers, module ui-egl.so (ui-module.h). Context: main. */
#ifndef UI_EGL_H
#define UI_EGL_H

#include "ui/ui-module.h"

struct egl_headless;

struct egl_headless_ops {
	/*
	 * One GL context on @rendernode (a primary node will do; NULL: the first render node that
	 * works) becomes the GL reader of all consoles in @displays. @reads_all as in
	 * ui/gl-reader.h. NULL and *error: there is no GL here.
	 */
	struct egl_headless *(*create)(const char *rendernode, bool reads_all,
				       struct display_registry *displays, GError **error);
	/* Accepts NULL. */
	void (*destroy)(struct egl_headless *headless);
};

#define EGL_OBJECT "-display egl-headless"
#define EGL_PACKAGE "libepoxy0, libgbm1"
#define EGL_BUILD_PACKAGE "libepoxy-dev, libgbm-dev"

#endif

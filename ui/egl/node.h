/* SPDX-License-Identifier: GPL-2.0-or-later */
/* DRM device nodes that GL is asked to run on. Context: main. */
#ifndef UI_EGL_NODE_H
#define UI_EGL_NODE_H

#include <stdbool.h>
#include <glib.h>

/* An fd of the caller's, or -1 and *error. Leaves a primary node's mastership to others. */
int egl_node_open(const char *path, GError **error);
/* The paths of all render nodes, in order; NULL ends. g_strfreev(). */
char **egl_node_list(void);
/*
 * Can what @dmabuf_fd stands for be mapped through the node at @path? Mesa's software renderer reads
 * every import that way, and crashes where it can't. False and *error.
 */
bool egl_node_maps(const char *path, int dmabuf_fd, GError **error);

#endif

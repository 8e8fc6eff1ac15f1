/* SPDX-License-Identifier: GPL-2.0-or-later */
/* JPEG pictures in memory, by libjpeg-turbo. Context: any, one thread at a time. */
#ifndef UI_VNC_JPEG_H
#define UI_VNC_JPEG_H

#include <stdbool.h>
#include <glib.h>

#include "ui/vnc/palette.h"

struct jpeg_writer;

/* NULL: no memory. */
struct jpeg_writer *jpeg_writer_create(void);
void jpeg_writer_destroy(struct jpeg_writer *writer);
/* Appends @view as a JPEG file of @quality 1..100. False: no memory; nothing is appended. */
bool jpeg_write(struct jpeg_writer *writer, const struct pixel_view *view, int quality,
		GByteArray *out);

#endif

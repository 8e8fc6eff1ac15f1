/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Pictures to files. Context: main (the encoder blocks while it writes). */
#ifndef UI_SCREENDUMP_H
#define UI_SCREENDUMP_H

#include "ui/console.h"

enum picture_format { PICTURE_PPM, PICTURE_PNG };

/* Writes @image (XRGB8888); the file appears only when it is complete (temporary name, rename;
 * written in place when the target exists and is no regular file). */
bool picture_write(pixman_image_t *image, enum picture_format format, const char *path,
		   GError **error);

#endif

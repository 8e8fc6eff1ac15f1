// SPDX-License-Identifier: GPL-2.0-or-later
/* Built without VTE. */
#include "ui/gtk/gui.h"

struct page *terminal_create(struct gui *gui, struct chardev *vc)
{
	return NULL;
}

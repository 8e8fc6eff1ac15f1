// SPDX-License-Identifier: GPL-2.0-or-later
#include "ui/vte/terminal.h"

extern const struct ui_module oriel_ui_module;
__attribute__((visibility("default"))) const struct ui_module oriel_ui_module = {
	.version = UI_MODULE_VERSION,
	.name = "vte",
	.ops = &vte_terminal_ops,
};

// SPDX-License-Identifier: GPL-2.0-or-later
#include "ui/h264/encoder.h"
#include "ui/ui-module.h"

extern const struct ui_module oriel_ui_module;
__attribute__((visibility("default"))) const struct ui_module oriel_ui_module = {
	.version = UI_MODULE_VERSION,
	.name = "h264",
	.ops = &h264_x264_ops,
};

// SPDX-License-Identifier: GPL-2.0-or-later
#include <string.h>

#include "ui/gtk/geometry.h"
#include "ui/gtk/options.h"
#include "util/error.h"
#include "util/opts.h"

#define OBJECT "-display gtk"

static const char *const known[] = {
	"full-screen", "gl", "grab-on-hover", "keep-aspect-ratio", "scale", "show-cursor",
	"show-menubar", "show-tabs", "window-close", "zoom-to-fit", NULL,
};

static bool parse_gl(struct gui_options *options, struct opts *opts, GError **error)
{
	const char *gl = opts_get(opts, "gl");

	/* "core": the GL that isn't ES, by the name of its profile. */
	if (!gl || !strcmp(gl, "off")) {
		options->gl = GUI_GL_OFF;
	} else if (!strcmp(gl, "on") || !strcmp(gl, "core")) {
		options->gl = GUI_GL_ON;
	} else if (!strcmp(gl, "es")) {
		options->gl = GUI_GL_ES;
	} else {
		return error_set(error, OBJECT ": gl=%s: expected on, off, core or es", gl);
	}
	return true;
}

static bool parse_scale(struct gui_options *options, struct opts *opts, GError **error)
{
	const char *text = opts_get(opts, "scale");
	char *end;

	if (!text) {
		return true;
	}
	options->scale = g_ascii_strtod(text, &end);
	/* Also false for what isn't a number. */
	if (end == text || *end || !(options->scale >= ZOOM_MIN && options->scale <= ZOOM_MAX)) {
		return error_set(error, OBJECT ": scale=%s: expected %g to %g", text, ZOOM_MIN,
				 ZOOM_MAX);
	}
	return true;
}

static bool parse(struct gui_options *options, struct opts *opts, GError **error)
{
	options->zoom_given = opts_get(opts, "zoom-to-fit") != NULL;
	return parse_gl(options, opts, error) && parse_scale(options, opts, error) &&
	       opts_get_bool(opts, "full-screen", &options->full_screen, error) &&
	       opts_get_bool(opts, "grab-on-hover", &options->grab_on_hover, error) &&
	       opts_get_bool(opts, "keep-aspect-ratio", &options->keep_aspect_ratio, error) &&
	       opts_get_bool(opts, "show-cursor", &options->show_cursor, error) &&
	       opts_get_bool(opts, "show-menubar", &options->show_menubar, error) &&
	       opts_get_bool(opts, "show-tabs", &options->show_tabs, error) &&
	       opts_get_bool(opts, "window-close", &options->window_close, error) &&
	       opts_get_bool(opts, "zoom-to-fit", &options->zoom_to_fit, error) &&
	       opts_check_used(opts, known, error);
}

bool gui_options_parse(struct gui_options *options, const char *spec, GError **error)
{
	struct opts *opts = opts_parse(OBJECT, spec, "type", error);
	bool ok;

	if (!opts) {
		return false;
	}
	*options = (struct gui_options){
		.show_menubar = true,
		.window_close = true,
		.keep_aspect_ratio = true,
	};
	opts_get(opts, "type");
	ok = parse(options, opts, error);
	opts_destroy(opts);
	return ok;
}

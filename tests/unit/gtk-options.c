// SPDX-License-Identifier: GPL-2.0-or-later
#include <string.h>
#include <glib.h>

#include "ui/gtk/options.h"

static void test_defaults(void)
{
	struct gui_options options;

	g_assert_true(gui_options_parse(&options, "gtk", NULL));
	g_assert_cmpint(options.gl, ==, GUI_GL_OFF);
	g_assert_true(options.show_menubar && options.window_close && options.keep_aspect_ratio);
	g_assert_false(options.full_screen || options.show_cursor || options.show_tabs ||
		       options.grab_on_hover || options.zoom_given);
	g_assert_cmpfloat(options.scale, ==, 0);
}

static void test_all(void)
{
	struct gui_options options;

	g_assert_true(gui_options_parse(&options, "gtk,gl=es,full-screen=on,zoom-to-fit=off,"
					"show-cursor=on,show-tabs=on,show-menubar=off,"
					"window-close=off,grab-on-hover=on,keep-aspect-ratio=off,"
					"scale=1.25", NULL));
	g_assert_cmpint(options.gl, ==, GUI_GL_ES);
	g_assert_false(options.show_menubar || options.window_close || options.keep_aspect_ratio);
	g_assert_true(options.full_screen && options.show_cursor && options.show_tabs &&
		      options.grab_on_hover && options.zoom_given);
	g_assert_false(options.zoom_to_fit);
	g_assert_cmpfloat(options.scale, ==, 1.25);
	g_assert_true(gui_options_parse(&options, "gtk,gl=on", NULL));
	g_assert_cmpint(options.gl, ==, GUI_GL_ON);
}

static void test_refused(void)
{
	static const struct {
		const char *spec, *says;
	} cases[] = {
		{ "gtk,gl=maybe", "gl=maybe" },
		{ "gtk,scale=0", "scale=0" }, { "gtk,scale=9", "scale=9" },
		{ "gtk,scale=nan", "scale=nan" }, { "gtk,scale=1x", "scale=1x" },
		{ "gtk,full-screen=perhaps", "full-screen" },
		{ "gtk,show-tab=on", "did you mean 'show-tabs'" },
		{ "gtk,colour=on", "unknown option 'colour'" },
	};
	struct gui_options options;

	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(GError) error = NULL;

		g_assert_false(gui_options_parse(&options, cases[i].spec, &error));
		g_assert_true(g_str_has_prefix(error->message, "-display gtk"));
		g_assert_nonnull(strstr(error->message, cases[i].says));
		g_assert_null(strchr(error->message, '\n'));
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/gtk-options/defaults-are-qemus", test_defaults);
	g_test_add_func("/gtk-options/each-is-taken", test_all);
	g_test_add_func("/gtk-options/bad-ones-are-refused-by-name", test_refused);
	return g_test_run();
}

// SPDX-License-Identifier: GPL-2.0-or-later
#include <locale.h>
#include <string.h>

#include "chardev/vc.h"
#include "ui/console.h"
#include "ui/gtk/echo.h"
#include "ui/gtk/gui.h"
#include "ui/gtk/painter.h"
#include "ui/gtk/view.h"
#include "ui/input.h"
#include "ui/screendump.h"
#include "ui/vte.h"
#include "util/error.h"
#include "util/trace.h"

/* ---- tabs ---- */

struct page *gui_page(struct gui *gui)
{
	gint index = gtk_notebook_get_current_page(GTK_NOTEBOOK(gui->notebook));

	return index >= 0 && (guint)index < gui->pages->len ? gui->pages->pdata[index] : NULL;
}

struct view *gui_view(struct gui *gui)
{
	struct page *page = gui_page(gui);

	return page ? page->ops->view(page) : NULL;
}

void gui_show_page(struct gui *gui, guint index)
{
	gtk_notebook_set_current_page(GTK_NOTEBOOK(gui->notebook), (gint)index);
}

static void on_page_switched(GtkNotebook *notebook, GtkWidget *child, guint index, gpointer opaque)
{
	struct gui *gui = opaque;
	struct page *page = gui_page(gui);

	gui_ungrab(gui);
	gui_keys_release(gui);
	if (page) {
		gtk_widget_grab_focus(page->focus);
		page->ops->fit(page);
	}
	gui_menu_update(gui);
}

static void add_page(struct gui *gui, struct page *page, guint index)
{
	g_ptr_array_insert(gui->pages, (gint)index, page);
	gtk_notebook_insert_page(GTK_NOTEBOOK(gui->notebook), page->widget,
				 gtk_label_new(page->label), (gint)index);
	gui_menu_set_pages(gui);
}

static void remove_page(struct gui *gui, guint index)
{
	struct page *page = g_ptr_array_steal_index(gui->pages, index);

	gtk_notebook_remove_page(GTK_NOTEBOOK(gui->notebook), (gint)index);
	page->ops->destroy(page);
}

/* Those of screens come first. */
static guint count_views(struct gui *gui)
{
	guint count = 0;

	for (guint i = 0; i < gui->pages->len; i++) {
		struct page *page = gui->pages->pdata[i];

		count += page->ops->view(page) != NULL;
	}
	return count;
}

static bool is_shown(struct gui *gui, struct console *console)
{
	for (guint i = 0; i < gui->pages->len; i++) {
		struct page *page = gui->pages->pdata[i];
		struct view *view = page->ops->view(page);

		if (view && view->console == console) {
			return true;
		}
	}
	return false;
}

/* Tabs for consoles that have come, none for those that have gone. */
static void look(struct gui *gui)
{
	struct console *console;

	for (guint i = gui->pages->len; i-- > 0;) {
		struct page *page = gui->pages->pdata[i];
		struct view *view = page->ops->view(page);

		if (view && !view->console) {
			remove_page(gui, i);
			gui_menu_set_pages(gui);
		}
	}
	for (unsigned int i = 0; (console = display_nth(gui->host.displays, i)); i++) {
		if (!is_shown(gui, console)) {
			add_page(gui, &view_create(gui, console)->page, count_views(gui));
		}
	}
}

static gboolean look_later(gpointer opaque)
{
	struct gui *gui = opaque;

	gui->look = 0;
	look(gui);
	return G_SOURCE_REMOVE;
}

static GPtrArray *find_text_consoles(struct gui *gui)
{
	GPtrArray *found = g_ptr_array_new();
	struct chardev *chardev;

	for (unsigned int i = 0; (chardev = gui->host.chardev(gui->host.opaque, i)); i++) {
		struct chardev *vc = vc_of(chardev);

		if (vc) {
			g_ptr_array_add(found, vc);
		}
	}
	return found;
}

/* The module is loaded for the first. Without it there are no tabs for them, which is said once. */
static bool load_terminals(struct gui *gui, GPtrArray *consoles)
{
	g_autoptr(GString) object = g_string_new(GTK_OBJECT ": no tab for ");
	g_autoptr(GError) error = NULL;

	for (guint i = 0; i < consoles->len; i++) {
		g_string_append_printf(object, "%s%s", i ? ", " : "", chardev_id(consoles->pdata[i]));
	}
	gui->vte_ops = ui_module_load("vte", object->str, VTE_PACKAGE, VTE_BUILD_PACKAGE, &error);
	if (!gui->vte_ops) {
		warn_report("%s", error->message);
	}
	return gui->vte_ops != NULL;
}

/* Of text consoles no more will come. */
static void add_terminals(struct gui *gui)
{
	g_autoptr(GPtrArray) consoles = find_text_consoles(gui);

	if (consoles->len && load_terminals(gui, consoles)) {
		for (guint i = 0; i < consoles->len; i++) {
			add_page(gui, terminal_page_create(gui, consoles->pdata[i]), gui->pages->len);
		}
	}
}

static void displays_changed(void *opaque, struct console *console, bool added)
{
	struct gui *gui = opaque;

	/* A new one's source doesn't know it yet; one that goes tells its sinks first. */
	if (!gui->look) {
		gui->look = g_idle_add_full(G_PRIORITY_DEFAULT, look_later, gui, NULL);
	}
}

/* ---- what people are told ---- */

void gui_update_title(struct gui *gui)
{
	g_autoptr(GString) title = NULL;

	gui->title_waits = gui->title_sent;
	if (gui->title_waits) {
		return; /* a display that stands still isn't sent one after another */
	}
	title = g_string_new("Oriel");
	if (gui->host.name) {
		g_string_append_printf(title, " (%s)", gui->host.name);
	}
	if (!gui->host.running(gui->host.opaque)) {
		g_string_append(title, " [Paused]");
	}
	if (gui->grab == GRAB_WANTED || gui->grab == GRAB_CLICK) {
		g_string_append(title, " - Press Ctrl+Alt+G to release grab");
	}
	gtk_window_set_title(GTK_WINDOW(gui->window), title->str);
	gui->title_sent = echo_ask(gui->echo);
}

static void title_has_come(void *opaque)
{
	struct gui *gui = opaque;

	gui->title_sent = false;
	if (gui->title_waits) {
		gui_update_title(gui);
	}
}

static void state_changed(void *opaque)
{
	gui_update_title(opaque);
	gui_menu_update(opaque);
}

void gui_report(struct gui *gui, const char *message)
{
	GtkWidget *dialog = gtk_message_dialog_new(GTK_WINDOW(gui->window),
						   GTK_DIALOG_DESTROY_WITH_PARENT,
						   GTK_MESSAGE_ERROR, GTK_BUTTONS_CLOSE, "%s",
						   message);

	g_signal_connect(dialog, "response", G_CALLBACK(gtk_widget_destroy), NULL);
	gtk_widget_show(dialog);
}

void gui_warn_copied(struct gui *gui, const char *cause)
{
	if (!gui->warned) {
		gui->warned = true;
		warn_report(GTK_OBJECT ": gl=%s: %s; pictures are copied",
			    gui->options.gl == GUI_GL_ES ? "es" : "on", cause);
	}
}

/* ---- screenshots ---- */

static bool save(struct view *view, const char *path, GError **error)
{
	pixman_image_t *image;
	bool ok;

	if (!view || !view->console) {
		return error_set(error, "screenshot: this tab has no screen");
	}
	image = console_capture(view->console, error);
	ok = image && picture_write(image, PICTURE_PNG, path, error);
	if (image) {
		pixman_image_unref(image);
	}
	return ok;
}

static void on_save_response(GtkDialog *dialog, gint response, gpointer opaque)
{
	struct gui *gui = opaque;
	g_autofree char *path = NULL;
	g_autoptr(GError) error = NULL;

	if (response == GTK_RESPONSE_ACCEPT) {
		path = gtk_file_chooser_get_filename(GTK_FILE_CHOOSER(dialog));
	}
	gtk_widget_destroy(GTK_WIDGET(dialog));
	if (path && !save(gui_view(gui), path, &error)) {
		gui_report(gui, error->message);
	}
}

void gui_save_screenshot(struct gui *gui)
{
	GtkWidget *dialog;
	g_autofree char *name = g_strdup_printf("%s.png", gui->host.name ? gui->host.name :
								     "screenshot");

	gui_ungrab(gui);
	dialog = gtk_file_chooser_dialog_new("Save screenshot", GTK_WINDOW(gui->window),
					     GTK_FILE_CHOOSER_ACTION_SAVE, "_Cancel",
					     GTK_RESPONSE_CANCEL, "_Save", GTK_RESPONSE_ACCEPT,
					     NULL);
	g_strdelimit(name, "/", '-');
	gtk_window_set_destroy_with_parent(GTK_WINDOW(dialog), TRUE);
	gtk_file_chooser_set_do_overwrite_confirmation(GTK_FILE_CHOOSER(dialog), TRUE);
	gtk_file_chooser_set_current_name(GTK_FILE_CHOOSER(dialog), name);
	gtk_dialog_set_default_response(GTK_DIALOG(dialog), GTK_RESPONSE_ACCEPT);
	g_signal_connect(dialog, "response", G_CALLBACK(on_save_response), gui);
	gtk_widget_show(dialog);
}

/* ---- the window ---- */

void gui_show_bars(struct gui *gui)
{
	struct page *page = gui_page(gui);

	gtk_widget_set_visible(gui->bar, gui->options.show_menubar && !gui->full_screen);
	gtk_notebook_set_show_tabs(GTK_NOTEBOOK(gui->notebook),
				   gui->options.show_tabs && !gui->full_screen);
	if (page) {
		page->ops->fit(page);
	}
}

void gui_fit_area(struct gui *gui, GtkWidget *area, int width, int height)
{
	GtkWidget *child = gtk_bin_get_child(GTK_BIN(gui->window));
	int all_width, all_height, own_height;

	/* What is around the area is what is wanted beyond it. */
	gtk_widget_set_size_request(area, width, height);
	gtk_widget_get_preferred_width(child, &all_width, NULL);
	gtk_widget_get_preferred_height(child, &all_height, NULL);
	gtk_widget_get_preferred_height(area, &own_height, NULL);
	all_width = MAX(all_width, width);
	all_height += height - own_height;
	TRACE(gtk, window, "area %dx%d, window %dx%d", width, height, all_width, all_height);
	gtk_window_resize(GTK_WINDOW(gui->window), all_width, all_height);
}

void gui_set_full_screen(struct gui *gui, bool on)
{
	if (on) {
		gtk_window_fullscreen(GTK_WINDOW(gui->window));
	} else {
		gtk_window_unfullscreen(GTK_WINDOW(gui->window));
	}
}

static gboolean on_window_state(GtkWidget *window, GdkEventWindowState *event, gpointer opaque)
{
	struct gui *gui = opaque;
	bool full_screen = event->new_window_state & GDK_WINDOW_STATE_FULLSCREEN;

	gui->iconified = event->new_window_state & GDK_WINDOW_STATE_ICONIFIED;
	if (gui->full_screen != full_screen) {
		gui->full_screen = full_screen;
		gui_show_bars(gui);
	}
	for (guint i = 0; i < gui->pages->len; i++) {
		struct page *page = gui->pages->pdata[i];

		if (page->ops->view(page)) {
			view_update_wanted(page->ops->view(page));
		}
	}
	gui_menu_update(gui);
	return GDK_EVENT_PROPAGATE;
}

static gboolean on_key_event(GtkWidget *window, GdkEventKey *event, gpointer opaque)
{
	return gui_key(opaque, event);
}

/* Keys that go up while another window has the keyboard aren't heard of. */
static gboolean on_focus_out(GtkWidget *window, GdkEvent *event, gpointer opaque)
{
	struct gui *gui = opaque;

	gui_keys_release(gui);
	if (gui_view(gui)) {
		view_pointer_release(gui_view(gui));
	}
	return GDK_EVENT_PROPAGATE;
}

/* Somebody else has taken what was grabbed. */
static gboolean on_grab_broken(GtkWidget *window, GdkEventGrabBroken *event, gpointer opaque)
{
	gui_ungrab(opaque);
	return GDK_EVENT_PROPAGATE;
}

static gboolean on_delete(GtkWidget *window, GdkEvent *event, gpointer opaque)
{
	struct gui *gui = opaque;

	if (gui->options.window_close) {
		gui->host.request(gui->host.opaque, UI_QUIT, NULL);
	}
	return GDK_EVENT_STOP;
}

static void create_window(struct gui *gui)
{
	GtkWidget *all = gtk_box_new(GTK_ORIENTATION_VERTICAL, 0);

	gui->window = gtk_window_new(GTK_WINDOW_TOPLEVEL);
	gui->notebook = gtk_notebook_new();
	gui->bar = gui_menu_create(gui);
	gtk_notebook_set_show_border(GTK_NOTEBOOK(gui->notebook), FALSE);
	gtk_notebook_set_scrollable(GTK_NOTEBOOK(gui->notebook), TRUE);
	/* A tab that is clicked doesn't keep the keyboard. */
	gtk_widget_set_can_focus(gui->notebook, FALSE);
	gtk_box_pack_start(GTK_BOX(all), gui->bar, FALSE, TRUE, 0);
	gtk_box_pack_start(GTK_BOX(all), gui->notebook, TRUE, TRUE, 0);
	gtk_container_add(GTK_CONTAINER(gui->window), all);
	gtk_window_set_deletable(GTK_WINDOW(gui->window), gui->options.window_close);
	gtk_window_set_default_size(GTK_WINDOW(gui->window), 640, 480);
	g_signal_connect(gui->window, "delete-event", G_CALLBACK(on_delete), gui);
	g_signal_connect(gui->window, "key-press-event", G_CALLBACK(on_key_event), gui);
	g_signal_connect(gui->window, "key-release-event", G_CALLBACK(on_key_event), gui);
	g_signal_connect(gui->window, "focus-out-event", G_CALLBACK(on_focus_out), gui);
	g_signal_connect(gui->window, "grab-broken-event", G_CALLBACK(on_grab_broken), gui);
	g_signal_connect(gui->window, "window-state-event", G_CALLBACK(on_window_state), gui);
	g_signal_connect_after(gui->notebook, "switch-page", G_CALLBACK(on_page_switched), gui);
	gtk_widget_show(all);
	gtk_widget_show(gui->notebook);
}

/* The guest has got a tablet, or lost it. */
static void router_changed(void *opaque)
{
	struct gui *gui = opaque;
	struct view *view = gui_view(gui);

	if (gui->grab == GRAB_CLICK && input_is_absolute(gui->host.input)) {
		gui_ungrab(gui);
	}
	if (view) {
		view_cursor_update(view);
	}
}

/* ---- life ---- */

static void destroy(struct gui *gui)
{
	if (!gui) {
		return;
	}
	gui->closing = true;
	gui_ungrab(gui);
	gui_keys_release(gui);
	gui->host.watch_state(gui->host.opaque, NULL, gui);
	display_unwatch(gui->host.displays, gui);
	input_unwatch(gui->host.input, gui);
	if (gui->look) {
		g_source_remove(gui->look);
	}
	g_signal_handlers_disconnect_by_data(gui->notebook, gui);
	g_signal_handlers_disconnect_by_data(gui->window, gui);
	while (gui->pages->len) {
		remove_page(gui, gui->pages->len - 1);
	}
	gui_menu_destroy(gui);
	echo_destroy(gui->echo);
	gtk_widget_destroy(gui->window);
	gui_gl_destroy(gui->gl);
	/* The window goes before whatever comes next takes its time. */
	gdk_display_flush(gdk_display_get_default());
	g_ptr_array_unref(gui->pages);
	g_free(gui);
}

static bool open_display(GError **error)
{
	const char *x = g_getenv("DISPLAY"), *wayland = g_getenv("WAYLAND_DISPLAY");

	/* Of the locale, what people read; numbers stay as machines write them. */
	gtk_disable_setlocale();
	setlocale(LC_MESSAGES, "");
	setlocale(LC_CTYPE, "");
	if (gtk_init_check(NULL, NULL)) {
		return true;
	}
	if (!x && !wayland) {
		return error_set(error, GTK_OBJECT ": neither DISPLAY nor WAYLAND_DISPLAY is set");
	}
	return error_set(error, GTK_OBJECT ": can't open the display %s%s%s", x ? x : wayland,
			 x && wayland ? " or " : "", x && wayland ? wayland : "");
}

static struct gui *create(const char *spec, const struct ui_host *host, GError **error)
{
	struct gui_options options;
	struct gui *gui;

	if (!gui_options_parse(&options, spec, error) || !open_display(error)) {
		return NULL;
	}
	gui = g_new0(struct gui, 1);
	gui->host = *host;
	gui->options = options;
	gui->pages = g_ptr_array_new();
	create_window(gui);
	display_watch(gui->host.displays, displays_changed, gui);
	input_watch(gui->host.input, router_changed, gui);
	gui->host.watch_state(gui->host.opaque, state_changed, gui);
	look(gui);
	add_terminals(gui);
	gui_show_bars(gui);
	gui_update_title(gui);
	if (options.full_screen) {
		gui_set_full_screen(gui, true);
	}
	gtk_widget_show(gui->window);
	gui->echo = echo_create(gui->window, title_has_come, gui);
	if (gui_page(gui)) {
		gtk_widget_grab_focus(gui_page(gui)->focus);
	}
	return gui;
}

static const struct gtk_ops ops = {
	.create = create,
	.destroy = destroy,
};

extern const struct ui_module oriel_ui_module;
__attribute__((visibility("default"))) const struct ui_module oriel_ui_module = {
	.version = UI_MODULE_VERSION,
	.name = "gtk",
	.ops = &ops,
};

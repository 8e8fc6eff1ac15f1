// SPDX-License-Identifier: GPL-2.0-or-later
#include <gdk/gdkkeysyms.h>

#include "ui/gtk/gui.h"
#include "ui/gtk/view.h"

#define HOT (GDK_CONTROL_MASK | GDK_MOD1_MASK)
/* A terminal's own, which looks for them itself: elsewhere they are the guest's. */
#define TEXT_KEYS (GDK_CONTROL_MASK | GDK_SHIFT_MASK)
#define PAGE_KEYS 9

struct gui_menu {
	GtkWidget *bar, *view_menu;
	GtkAccelGroup *keys;
	GtkWidget *pause, *full_screen, *zoom_to_fit, *grab_on_hover, *grab, *tabs, *show_bar;
	GtkWidget *screenshot, *copy, *paste;
	GPtrArray *pages; /* of GtkWidget *: an item a tab */
	bool updating; /* a check mark moves because the state did */
};

/* ---- what the items do ---- */

static void request(struct gui *gui, enum ui_request what)
{
	g_autoptr(GError) error = NULL;

	if (!gui->host.request(gui->host.opaque, what, &error)) {
		gui_report(gui, error->message);
	}
	gui_menu_update(gui);
}

static void on_pause(struct gui *gui)
{
	request(gui, gui->host.running(gui->host.opaque) ? UI_STOP : UI_CONT);
}

static void on_reset(struct gui *gui)
{
	request(gui, UI_RESET);
}

static void on_power_down(struct gui *gui)
{
	request(gui, UI_POWERDOWN);
}

static void on_quit(struct gui *gui)
{
	request(gui, UI_QUIT);
}

static void on_full_screen(struct gui *gui)
{
	gui_set_full_screen(gui, !gui->full_screen);
}

static void zoom(struct gui *gui, int direction)
{
	struct page *page = gui_page(gui);

	if (page) {
		page->ops->zoom(page, direction);
	}
}

static void on_zoom_in(struct gui *gui)
{
	zoom(gui, 1);
}

static void on_zoom_out(struct gui *gui)
{
	zoom(gui, -1);
}

static void on_zoom_reset(struct gui *gui)
{
	zoom(gui, 0);
}

static void on_copy(struct gui *gui)
{
	struct page *page = gui_page(gui);

	if (page && page->ops->copy) {
		page->ops->copy(page);
	}
}

static void on_paste(struct gui *gui)
{
	struct page *page = gui_page(gui);

	if (page && page->ops->paste) {
		page->ops->paste(page);
	}
}

static void on_zoom_to_fit(struct gui *gui)
{
	struct view *view = gui_view(gui);

	if (view) {
		view_set_fit(view, !view->shape.fit);
	}
}

static void on_grab_on_hover(struct gui *gui)
{
	gui->options.grab_on_hover = !gui->options.grab_on_hover;
	if (gui->grab == GRAB_HOVER) {
		gui_ungrab(gui);
	}
}

static void on_grab(struct gui *gui)
{
	if (gui->grab == GRAB_WANTED || gui->grab == GRAB_CLICK) {
		gui_ungrab(gui);
	} else {
		gui_grab(gui, GRAB_WANTED);
	}
}

static void on_tabs(struct gui *gui)
{
	gui->options.show_tabs = !gui->options.show_tabs;
	gui_show_bars(gui);
}

static void on_show_bar(struct gui *gui)
{
	gui->options.show_menubar = !gui->options.show_menubar;
	gui_show_bars(gui);
}

/* ---- items ---- */

struct action {
	struct gui *gui;
	void (*run)(struct gui *gui);
};

static void action_free(gpointer action, GClosure *closure)
{
	g_free(action);
}

static void on_activate(GtkMenuItem *item, gpointer opaque)
{
	struct action *action = opaque;

	if (!action->gui->menu->updating) {
		action->run(action->gui);
		gui_menu_update(action->gui);
	}
}

static gboolean on_key(GtkMenuItem *item)
{
	if (gtk_widget_is_sensitive(GTK_WIDGET(item))) {
		gtk_menu_item_activate(item);
	}
	return TRUE;
}

/* An accelerator of the item's own would work only while the menu bar is shown. */
static void bind_key(struct gui *gui, GtkWidget *item, guint key)
{
	gtk_accel_group_connect(gui->menu->keys, key, HOT, 0,
				g_cclosure_new_object_swap(G_CALLBACK(on_key), G_OBJECT(item)));
}

static void show_key(GtkWidget *item, guint key, GdkModifierType modifiers)
{
	gtk_accel_label_set_accel(GTK_ACCEL_LABEL(gtk_bin_get_child(GTK_BIN(item))), key, modifiers);
}

static void bind_and_show_key(struct gui *gui, GtkWidget *item, guint key)
{
	bind_key(gui, item, key);
	show_key(item, key, HOT);
}

static GtkWidget *append(struct gui *gui, GtkWidget *menu, GtkWidget *item, guint key,
			 void (*run)(struct gui *gui))
{
	struct action *action = g_new0(struct action, 1);

	action->gui = gui;
	action->run = run;
	g_signal_connect_data(item, "activate", G_CALLBACK(on_activate), action, action_free, 0);
	if (key) {
		bind_and_show_key(gui, item, key);
	}
	gtk_menu_shell_append(GTK_MENU_SHELL(menu), item);
	return item;
}

static GtkWidget *add(struct gui *gui, GtkWidget *menu, const char *label, guint key,
		      void (*run)(struct gui *gui))
{
	return append(gui, menu, gtk_menu_item_new_with_mnemonic(label), key, run);
}

static GtkWidget *add_check(struct gui *gui, GtkWidget *menu, const char *label, guint key,
			    void (*run)(struct gui *gui))
{
	return append(gui, menu, gtk_check_menu_item_new_with_mnemonic(label), key, run);
}

static void add_line(GtkWidget *menu)
{
	gtk_menu_shell_append(GTK_MENU_SHELL(menu), gtk_separator_menu_item_new());
}

static GtkWidget *add_menu(struct gui_menu *menu, const char *label)
{
	GtkWidget *item = gtk_menu_item_new_with_mnemonic(label), *sub = gtk_menu_new();

	gtk_menu_set_accel_group(GTK_MENU(sub), menu->keys);
	gtk_menu_item_set_submenu(GTK_MENU_ITEM(item), sub);
	gtk_menu_shell_append(GTK_MENU_SHELL(menu->bar), item);
	return sub;
}

static void fill_machine(struct gui *gui, GtkWidget *menu)
{
	gui->menu->pause = add_check(gui, menu, "_Pause", 0, on_pause);
	add_line(menu);
	add(gui, menu, "_Reset", 0, on_reset);
	add(gui, menu, "Power _Down", 0, on_power_down);
	add_line(menu);
	gui->menu->screenshot = add(gui, menu, "_Screenshot...", GDK_KEY_s, gui_save_screenshot);
	add_line(menu);
	add(gui, menu, "_Quit", GDK_KEY_q, on_quit);
}

static void fill_view(struct gui *gui, GtkWidget *menu)
{
	struct gui_menu *own = gui->menu;
	GtkWidget *in, *out;

	own->full_screen = add_check(gui, menu, "_Fullscreen", GDK_KEY_f, on_full_screen);
	add_line(menu);
	in = add(gui, menu, "Zoom _In", GDK_KEY_plus, on_zoom_in);
	/* The same key without Shift, and the one of the keypad. */
	bind_key(gui, in, GDK_KEY_equal);
	bind_key(gui, in, GDK_KEY_KP_Add);
	out = add(gui, menu, "Zoom _Out", GDK_KEY_minus, on_zoom_out);
	bind_key(gui, out, GDK_KEY_KP_Subtract);
	add(gui, menu, "Best _Fit", GDK_KEY_0, on_zoom_reset);
	own->zoom_to_fit = add_check(gui, menu, "Zoom To _Fit", 0, on_zoom_to_fit);
	add_line(menu);
	own->copy = add(gui, menu, "_Copy", 0, on_copy);
	show_key(own->copy, GDK_KEY_c, TEXT_KEYS);
	own->paste = add(gui, menu, "_Paste", 0, on_paste);
	show_key(own->paste, GDK_KEY_v, TEXT_KEYS);
	add_line(menu);
	own->grab_on_hover = add_check(gui, menu, "Grab On _Hover", 0, on_grab_on_hover);
	own->grab = add_check(gui, menu, "_Grab Input", GDK_KEY_g, on_grab);
	add_line(menu);
	own->tabs = add_check(gui, menu, "Show _Tabs", 0, on_tabs);
	own->show_bar = add_check(gui, menu, "Show _Menubar", GDK_KEY_m, on_show_bar);
	add_line(menu);
}

GtkWidget *gui_menu_create(struct gui *gui)
{
	struct gui_menu *menu = g_new0(struct gui_menu, 1);

	gui->menu = menu;
	menu->bar = gtk_menu_bar_new();
	menu->keys = gtk_accel_group_new();
	menu->pages = g_ptr_array_new();
	gtk_window_add_accel_group(GTK_WINDOW(gui->window), menu->keys);
	fill_machine(gui, add_menu(menu, "_Machine"));
	menu->view_menu = add_menu(menu, "_View");
	fill_view(gui, menu->view_menu);
	gtk_widget_show_all(menu->bar);
	return menu->bar;
}

void gui_menu_destroy(struct gui *gui)
{
	if (gui->menu) {
		gtk_menu_shell_deactivate(GTK_MENU_SHELL(gui->menu->bar));
		g_object_unref(gui->menu->keys);
		g_ptr_array_unref(gui->menu->pages);
		g_clear_pointer(&gui->menu, g_free);
	}
}

/* ---- state ---- */

static void on_page(GtkWidget *item, gpointer opaque)
{
	struct gui *gui = opaque;
	guint index;

	if (!gui->menu->updating && g_ptr_array_find(gui->menu->pages, item, &index)) {
		gui_show_page(gui, index);
	}
}

void gui_menu_set_pages(struct gui *gui)
{
	struct gui_menu *menu = gui->menu;

	g_ptr_array_foreach(menu->pages, (GFunc)(void (*)(void))gtk_widget_destroy, NULL);
	g_ptr_array_set_size(menu->pages, 0);
	for (guint i = 0; i < gui->pages->len; i++) {
		struct page *page = gui->pages->pdata[i];
		GtkWidget *item = gtk_check_menu_item_new_with_label(page->label);

		gtk_check_menu_item_set_draw_as_radio(GTK_CHECK_MENU_ITEM(item), TRUE);
		g_signal_connect(item, "activate", G_CALLBACK(on_page), gui);
		if (i < PAGE_KEYS) {
			bind_and_show_key(gui, item, GDK_KEY_1 + i);
		}
		gtk_menu_shell_append(GTK_MENU_SHELL(menu->view_menu), item);
		gtk_widget_show(item);
		g_ptr_array_add(menu->pages, item);
	}
	gui_menu_update(gui);
}

static void set_check(GtkWidget *item, bool on)
{
	gtk_check_menu_item_set_active(GTK_CHECK_MENU_ITEM(item), on);
}

void gui_menu_update(struct gui *gui)
{
	struct gui_menu *menu = gui->menu;
	struct view *view = gui_view(gui);
	struct page *page = gui_page(gui);

	if (!menu || menu->updating) {
		return;
	}
	menu->updating = true;
	set_check(menu->pause, !gui->host.running(gui->host.opaque));
	set_check(menu->full_screen, gui->full_screen);
	set_check(menu->zoom_to_fit, view && view->shape.fit);
	set_check(menu->grab_on_hover, gui->options.grab_on_hover);
	set_check(menu->grab, gui->grab == GRAB_WANTED || gui->grab == GRAB_CLICK);
	set_check(menu->tabs, gui->options.show_tabs);
	set_check(menu->show_bar, gui->options.show_menubar);
	gtk_widget_set_sensitive(menu->screenshot, view != NULL);
	gtk_widget_set_sensitive(menu->zoom_to_fit, view != NULL);
	gtk_widget_set_sensitive(menu->grab, view != NULL);
	gtk_widget_set_sensitive(menu->copy, page && page->ops->copy);
	gtk_widget_set_sensitive(menu->paste, page && page->ops->paste);
	for (guint i = 0; i < menu->pages->len; i++) {
		set_check(menu->pages->pdata[i], gui->pages->pdata[i] == page);
	}
	menu->updating = false;
}

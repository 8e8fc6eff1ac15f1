// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A text console as a tab: VTE draws what a guest or the monitor writes, and makes input of keys.
 *
 * Who writes isn't trusted, and may write without end. Of what VTE is told nothing leaves the tab: neither
 * titles, nor sizes of the window, bells, links or pictures. It is fed a piece at each turn of the window's
 * frame clock, smaller ones while that is late; what is more waits in the chardev, which is bounded.
 */
#include <gdk/gdkkeysyms.h>
#include <vte/vte.h>

#include "chardev/vc.h"
#include "ui/gtk/geometry.h"
#include "ui/gtk/gui.h"
#include "util/error.h"
#include "util/trace.h"

/* Bytes a turn. */
#define FEED_MIN 4096
#define FEED_MAX 65536
/* Between two turns, in microseconds: more than that is late. */
#define LATE_US 40000
#define SCROLLBACK_LINES 10000
/* VTE takes no larger font scale. */
#define FONT_SCALE_MAX 4.0

struct terminal {
	struct page page; /* first */
	struct gui *gui;
	struct chardev *vc;
	VteTerminal *vte;
	guint tick; /* called by the frame clock while there is output, or 0 */
	size_t feed_bytes;
	gint64 fed_us; /* the clock's time of the turn before; 0: none */
	bool fitted; /* the window has been as large as was asked for */
	bool overrun; /* input was lost, and somebody told */
};

static struct terminal *self(struct page *page)
{
	return (struct terminal *)page;
}

/* ---- output ---- */

static void set_pace(struct terminal *terminal, gint64 now_us)
{
	if (terminal->fed_us && now_us - terminal->fed_us > LATE_US) {
		terminal->feed_bytes = MAX(terminal->feed_bytes / 2, FEED_MIN);
	} else {
		terminal->feed_bytes = MIN(terminal->feed_bytes * 2, FEED_MAX);
	}
	terminal->fed_us = now_us;
}

static gboolean on_tick(GtkWidget *window, GdkFrameClock *clock, gpointer opaque)
{
	struct terminal *terminal = opaque;
	char data[FEED_MAX];
	size_t len;

	set_pace(terminal, gdk_frame_clock_get_frame_time(clock));
	len = vc_read(terminal->vc, data, terminal->feed_bytes);
	if (len) {
		TRACE(gtk, terminal, "%s: %zu bytes", terminal->page.label, len);
		vte_terminal_feed(terminal->vte, data, (gssize)len);
	}
	if (len == terminal->feed_bytes) {
		return G_SOURCE_CONTINUE;
	}
	terminal->tick = 0;
	terminal->fed_us = 0;
	return G_SOURCE_REMOVE;
}

/* The clock is the window's, so that tabs in the back get theirs too. */
static void wake(void *opaque)
{
	struct terminal *terminal = opaque;

	if (!terminal->tick) {
		terminal->tick = gtk_widget_add_tick_callback(terminal->gui->window, on_tick, terminal,
							      NULL);
	}
}

static const struct vc_ops vc_ops = {
	.wake = wake,
};

/* ---- input ---- */

static void on_commit(VteTerminal *vte, const char *text, guint len, gpointer opaque)
{
	struct terminal *terminal = opaque;

	if (vc_input(terminal->vc, text, len) < len && !terminal->overrun) {
		terminal->overrun = true;
		warn_report(GTK_OBJECT ": %s: its input isn't read: what is typed or pasted beyond %u "
			    "bytes is lost", terminal->page.label, VC_INPUT_MAX);
	}
}

static void copy(struct page *page)
{
	vte_terminal_copy_clipboard_format(self(page)->vte, VTE_FORMAT_TEXT);
}

static void paste(struct page *page)
{
	vte_terminal_paste_clipboard(self(page)->vte);
}

static gboolean on_key_press(GtkWidget *widget, GdkEventKey *event, gpointer opaque)
{
	struct terminal *terminal = opaque;
	GdkModifierType modifiers = event->state & gtk_accelerator_get_default_mod_mask();
	guint key = gdk_keyval_to_lower(event->keyval);

	if (modifiers != (GDK_CONTROL_MASK | GDK_SHIFT_MASK) || (key != GDK_KEY_c && key != GDK_KEY_v)) {
		return GDK_EVENT_PROPAGATE;
	}
	if (key == GDK_KEY_c) {
		copy(&terminal->page);
	} else {
		paste(&terminal->page);
	}
	return GDK_EVENT_STOP;
}

/* ---- size ---- */

/* The window is the screens'. Where there are none, or where a size was asked for, it is this one's once. */
static void fit(struct page *page)
{
	struct terminal *terminal = self(page);
	const struct vc_size *size = vc_size(terminal->vc);
	struct page *first = terminal->gui->pages->pdata[0];
	GtkRequisition natural;

	if (terminal->fitted || terminal->gui->full_screen ||
	    (!size->cols && !size->width_px && first->ops->view(first))) {
		return;
	}
	if (size->cols) {
		vte_terminal_set_size(terminal->vte, size->cols, size->rows);
	}
	gtk_widget_get_preferred_size(page->widget, NULL, &natural);
	if (size->width_px) {
		int scale = gtk_widget_get_scale_factor(page->widget);

		natural.width = (int)size->width_px / scale;
		natural.height = (int)size->height_px / scale;
	}
	gui_fit_area(terminal->gui, page->widget, natural.width, natural.height);
	gtk_widget_set_size_request(page->widget, -1, -1);
	/* Before the window is there, bars may still come. */
	terminal->fitted = gtk_widget_get_mapped(terminal->gui->window);
}

static void zoom(struct page *page, int direction)
{
	VteTerminal *vte = self(page)->vte;
	double scale = direction ? view_zoom_step(vte_terminal_get_font_scale(vte), direction) : 1;

	vte_terminal_set_font_scale(vte, MIN(scale, FONT_SCALE_MAX));
}

/* ---- life ---- */

static struct view *no_view(struct page *page)
{
	return NULL;
}

static void destroy(struct page *page)
{
	struct terminal *terminal = self(page);

	vc_attach(terminal->vc, NULL, NULL);
	if (terminal->tick) {
		gtk_widget_remove_tick_callback(terminal->gui->window, terminal->tick);
	}
	g_signal_handlers_disconnect_by_data(terminal->vte, terminal);
	gtk_widget_destroy(page->widget);
	g_object_unref(page->widget);
	g_free(page->label);
	g_free(terminal);
}

static const struct page_ops page_ops = {
	.destroy = destroy,
	.view = no_view,
	.fit = fit,
	.zoom = zoom,
	.copy = copy,
	.paste = paste,
};

static VteTerminal *create_vte(struct terminal *terminal)
{
	VteTerminal *vte = VTE_TERMINAL(vte_terminal_new());

	vte_terminal_set_allow_hyperlink(vte, FALSE);
	vte_terminal_set_enable_sixel(vte, FALSE);
	vte_terminal_set_audible_bell(vte, FALSE);
	vte_terminal_set_scrollback_lines(vte, SCROLLBACK_LINES);
	vte_terminal_set_scroll_on_output(vte, FALSE);
	vte_terminal_set_scroll_on_keystroke(vte, TRUE);
	vte_terminal_set_mouse_autohide(vte, TRUE);
	vte_terminal_set_backspace_binding(vte, VTE_ERASE_ASCII_DELETE);
	g_signal_connect(vte, "commit", G_CALLBACK(on_commit), terminal);
	g_signal_connect(vte, "key-press-event", G_CALLBACK(on_key_press), terminal);
	return vte;
}

struct page *terminal_create(struct gui *gui, struct chardev *vc)
{
	struct terminal *terminal = g_new0(struct terminal, 1);
	GtkWidget *box = g_object_ref_sink(gtk_box_new(GTK_ORIENTATION_HORIZONTAL, 0)), *bar;

	terminal->page.ops = &page_ops;
	terminal->page.label = g_strdup(chardev_id(vc));
	terminal->page.widget = box;
	terminal->gui = gui;
	terminal->vc = vc;
	terminal->feed_bytes = FEED_MIN;
	terminal->vte = create_vte(terminal);
	terminal->page.focus = GTK_WIDGET(terminal->vte);
	bar = gtk_scrollbar_new(GTK_ORIENTATION_VERTICAL,
				gtk_scrollable_get_vadjustment(GTK_SCROLLABLE(terminal->vte)));
	gtk_box_pack_start(GTK_BOX(box), terminal->page.focus, TRUE, TRUE, 0);
	gtk_box_pack_start(GTK_BOX(box), bar, FALSE, FALSE, 0);
	gtk_widget_show_all(box);
	vc_attach(vc, &vc_ops, terminal);
	return &terminal->page;
}

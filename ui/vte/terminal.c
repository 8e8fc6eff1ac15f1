// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * VTE draws what a guest or the monitor writes, and makes input of keys.
 *
 * Who writes isn't trusted, and may write without end. Of what VTE is told nothing leaves the widget:
 * neither titles, nor sizes of the window, bells, links or pictures. It is fed a piece at each turn of
 * the window's frame clock, smaller ones while that is late, and not before the window says so; what is
 * more waits in the chardev, which is bounded.
 */
#include <gdk/gdkkeysyms.h>
#include <vte/vte.h>

#include "chardev/vc.h"
#include "ui/vte/terminal.h"
#include "util/error.h"
#include "util/trace.h"

/* Bytes a turn. */
#define FEED_MIN 4096
#define FEED_MAX 65536
/* Between two turns, in microseconds: more than that is late. */
#define LATE_US 40000
#define SCROLLBACK_LINES 10000

struct vte {
	struct terminal base; /* first */
	struct chardev *vc;
	const struct terminal_host *host;
	VteTerminal *vte;
	bool waits; /* for resume() */
	guint tick; /* called by the frame clock while there is output, or 0 */
	size_t feed_bytes;
	gint64 fed_us; /* the clock's time of the turn before; 0: none */
	bool overrun; /* input was lost, and somebody told */
};

static struct vte *self(struct terminal *base)
{
	return (struct vte *)base;
}

/* ---- output ---- */

static void set_pace(struct vte *terminal, gint64 now_us)
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
	struct vte *terminal = opaque;
	char data[FEED_MAX];
	size_t len;

	set_pace(terminal, gdk_frame_clock_get_frame_time(clock));
	len = vc_read(terminal->vc, data, terminal->feed_bytes);
	if (len) {
		TRACE(gtk, terminal, "%s: %zu bytes", chardev_id(terminal->vc), len);
		vte_terminal_feed(terminal->vte, data, (gssize)len);
		terminal->waits = terminal->host->fed(terminal->host->opaque);
	}
	if (len == terminal->feed_bytes && !terminal->waits) {
		return G_SOURCE_CONTINUE;
	}
	terminal->tick = 0;
	terminal->fed_us = 0;
	return G_SOURCE_REMOVE;
}

/* The clock is the window's, so that tabs in the back get theirs too. */
static void wake(void *opaque)
{
	struct vte *terminal = opaque;

	if (!terminal->tick && !terminal->waits) {
		terminal->tick = gtk_widget_add_tick_callback(terminal->host->window, on_tick, terminal,
							      NULL);
	}
}

static void resume(struct terminal *base)
{
	self(base)->waits = false;
	wake(base);
}

static const struct vc_ops vc_ops = {
	.wake = wake,
};

/* ---- input ---- */

static void on_commit(VteTerminal *vte, const char *text, guint len, gpointer opaque)
{
	struct vte *terminal = opaque;

	if (vc_input(terminal->vc, text, len) < len && !terminal->overrun) {
		terminal->overrun = true;
		warn_report("%s: %s: its input isn't read: what is typed or pasted beyond %u bytes is "
			    "lost", terminal->host->object, chardev_id(terminal->vc), VC_INPUT_MAX);
	}
}

static void copy(struct terminal *base)
{
	vte_terminal_copy_clipboard_format(self(base)->vte, VTE_FORMAT_TEXT);
}

static void paste(struct terminal *base)
{
	vte_terminal_paste_clipboard(self(base)->vte);
}

static gboolean on_key_press(GtkWidget *widget, GdkEventKey *event, gpointer opaque)
{
	struct vte *terminal = opaque;
	GdkModifierType modifiers = event->state & gtk_accelerator_get_default_mod_mask();
	guint key = gdk_keyval_to_lower(event->keyval);

	if (modifiers != (GDK_CONTROL_MASK | GDK_SHIFT_MASK) || (key != GDK_KEY_c && key != GDK_KEY_v)) {
		return GDK_EVENT_PROPAGATE;
	}
	if (key == GDK_KEY_c) {
		copy(&terminal->base);
	} else {
		paste(&terminal->base);
	}
	return GDK_EVENT_STOP;
}

/* ---- size ---- */

static void set_size(struct terminal *base, unsigned int cols, unsigned int rows)
{
	vte_terminal_set_size(self(base)->vte, cols, rows);
}

static double font_scale(struct terminal *base)
{
	return vte_terminal_get_font_scale(self(base)->vte);
}

static void set_font_scale(struct terminal *base, double scale)
{
	vte_terminal_set_font_scale(self(base)->vte, scale);
}

/* ---- life ---- */

static VteTerminal *create_vte(struct vte *terminal)
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

static struct terminal *create(struct chardev *vc, const struct terminal_host *host)
{
	struct vte *terminal = g_new0(struct vte, 1);
	GtkWidget *box = g_object_ref_sink(gtk_box_new(GTK_ORIENTATION_HORIZONTAL, 0)), *bar;

	terminal->vc = vc;
	terminal->host = host;
	terminal->feed_bytes = FEED_MIN;
	terminal->vte = create_vte(terminal);
	terminal->base.widget = box;
	terminal->base.focus = GTK_WIDGET(terminal->vte);
	bar = gtk_scrollbar_new(GTK_ORIENTATION_VERTICAL,
				gtk_scrollable_get_vadjustment(GTK_SCROLLABLE(terminal->vte)));
	gtk_box_pack_start(GTK_BOX(box), terminal->base.focus, TRUE, TRUE, 0);
	gtk_box_pack_start(GTK_BOX(box), bar, FALSE, FALSE, 0);
	vc_attach(vc, &vc_ops, terminal);
	return &terminal->base;
}

static void destroy(struct terminal *base)
{
	struct vte *terminal = self(base);

	vc_attach(terminal->vc, NULL, NULL);
	if (terminal->tick) {
		gtk_widget_remove_tick_callback(terminal->host->window, terminal->tick);
	}
	g_signal_handlers_disconnect_by_data(terminal->vte, terminal);
	gtk_widget_destroy(base->widget);
	g_object_unref(base->widget);
	g_free(terminal);
}

const struct vte_ops vte_terminal_ops = {
	.create = create,
	.destroy = destroy,
	.resume = resume,
	.set_size = set_size,
	.font_scale = font_scale,
	.set_font_scale = set_font_scale,
	.copy = copy,
	.paste = paste,
};

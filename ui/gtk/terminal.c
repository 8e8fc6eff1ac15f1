// SPDX-License-Identifier: GPL-2.0-or-later
/* A text console as a tab. */
#include "chardev/vc.h"
#include "ui/gtk/echo.h"
#include "ui/gtk/geometry.h"
#include "ui/gtk/gui.h"
#include "ui/vte.h"

/* A terminal takes no larger scale. */
#define FONT_SCALE_MAX 4.0

struct terminal_page {
	struct page page; /* first */
	struct gui *gui;
	const struct vc_size *size; /* that was asked for */
	struct terminal_host host;
	struct terminal *terminal;
	struct echo *echo; /* after output; NULL: not realized, or no display that answers */
	bool fitted; /* the window has been as large as that */
};

static struct terminal_page *self(struct page *page)
{
	return (struct terminal_page *)page;
}

/* ---- a display that stands still is given no more output to draw ---- */

static void on_echo(void *opaque)
{
	struct terminal_page *own = opaque;

	own->gui->vte_ops->resume(own->terminal);
}

static bool on_fed(void *opaque)
{
	struct terminal_page *own = opaque;

	return echo_ask(own->echo);
}

static void on_realize(GtkWidget *widget, gpointer opaque)
{
	struct terminal_page *own = opaque;

	own->echo = echo_create(widget, on_echo, own);
}

static void on_unrealize(GtkWidget *widget, gpointer opaque)
{
	struct terminal_page *own = opaque;

	if (echo_destroy(g_steal_pointer(&own->echo))) {
		own->gui->vte_ops->resume(own->terminal);
	}
}

/* ---- what the window does with a page ---- */

static void copy(struct page *page)
{
	self(page)->gui->vte_ops->copy(self(page)->terminal);
}

static void paste(struct page *page)
{
	self(page)->gui->vte_ops->paste(self(page)->terminal);
}

static void zoom(struct page *page, int direction)
{
	const struct vte_ops *ops = self(page)->gui->vte_ops;
	struct terminal *terminal = self(page)->terminal;
	double scale = direction ? view_zoom_step(ops->font_scale(terminal), direction) : 1;

	ops->set_font_scale(terminal, MIN(scale, FONT_SCALE_MAX));
}

/* The window is the screens'. Where there are none, or where a size was asked for, it is this one's
 * once. */
static void fit(struct page *page)
{
	struct terminal_page *own = self(page);
	struct page *first = own->gui->pages->pdata[0];
	GtkRequisition natural;

	if (own->fitted || own->gui->full_screen ||
	    (!own->size->cols && !own->size->width_px && first->ops->view(first))) {
		return;
	}
	if (own->size->cols) {
		own->gui->vte_ops->set_size(own->terminal, own->size->cols, own->size->rows);
	}
	gtk_widget_get_preferred_size(page->widget, NULL, &natural);
	if (own->size->width_px) {
		int scale = gtk_widget_get_scale_factor(page->widget);

		natural.width = (int)own->size->width_px / scale;
		natural.height = (int)own->size->height_px / scale;
	}
	gui_fit_area(own->gui, page->widget, natural.width, natural.height);
	gtk_widget_set_size_request(page->widget, -1, -1);
	/* Before the window is there, bars may still come. */
	own->fitted = gtk_widget_get_mapped(own->gui->window);
}

static struct view *no_view(struct page *page)
{
	return NULL;
}

static void destroy(struct page *page)
{
	struct terminal_page *own = self(page);

	g_signal_handlers_disconnect_by_data(page->widget, own);
	echo_destroy(own->echo);
	own->gui->vte_ops->destroy(own->terminal);
	g_free(page->label);
	g_free(page);
}

static const struct page_ops page_ops = {
	.destroy = destroy,
	.view = no_view,
	.fit = fit,
	.zoom = zoom,
	.copy = copy,
	.paste = paste,
};

struct page *terminal_page_create(struct gui *gui, struct chardev *vc)
{
	struct terminal_page *own = g_new0(struct terminal_page, 1);

	own->gui = gui;
	own->size = vc_size(vc);
	own->host = (struct terminal_host){
		.object = GTK_OBJECT, .window = gui->window, .fed = on_fed, .opaque = own,
	};
	own->terminal = gui->vte_ops->create(vc, &own->host);
	own->page.ops = &page_ops;
	own->page.label = g_strdup(chardev_id(vc));
	own->page.widget = own->terminal->widget;
	own->page.focus = own->terminal->focus;
	g_signal_connect_after(own->page.widget, "realize", G_CALLBACK(on_realize), own);
	g_signal_connect(own->page.widget, "unrealize", G_CALLBACK(on_unrealize), own);
	gtk_widget_show_all(own->page.widget);
	return &own->page;
}

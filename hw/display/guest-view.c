// SPDX-License-Identifier: GPL-2.0-or-later
#include <string.h>
#include <sys/mman.h>

#include "hw/display/guest-view.h"

/* Pages that lie one after the other in one memfd. */
struct run {
	int fd;
	uint64_t fd_offset;
	size_t pages;
};

/* NULL: a page without a memfd. */
static GArray *find_runs(struct addr_space *mem, const uint64_t *gpas, size_t count)
{
	GArray *runs = g_array_new(FALSE, FALSE, sizeof(struct run));

	for (size_t i = 0; i < count; i++) {
		struct run *last = runs->len ? &g_array_index(runs, struct run, runs->len - 1) :
					       NULL;
		uint64_t offset = 0;
		int fd = addr_space_ram_fd(mem, gpas[i], GUEST_VIEW_PAGE, &offset);

		if (fd < 0) {
			g_array_free(runs, TRUE);
			return NULL;
		}
		if (last && last->fd == fd &&
		    last->fd_offset + last->pages * GUEST_VIEW_PAGE == offset) {
			last->pages++;
		} else {
			struct run run = { fd, offset, 1 };

			g_array_append_val(runs, run);
		}
	}
	return runs;
}

static bool map_runs(struct guest_view *view, const GArray *runs)
{
	uint8_t *at = view->hva;

	for (unsigned int i = 0; i < runs->len; i++) {
		const struct run *run = &g_array_index(runs, struct run, i);
		size_t bytes = run->pages * GUEST_VIEW_PAGE;

		if (mmap(at, bytes, PROT_READ, MAP_SHARED | MAP_FIXED, run->fd,
			 (off_t)run->fd_offset) == MAP_FAILED) {
			return false;
		}
		at += bytes;
	}
	view->mappings = runs->len;
	return true;
}

static bool reserve(struct guest_view *view, int protection)
{
	view->hva = mmap(NULL, view->size_bytes, protection,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	return view->hva != MAP_FAILED;
}

static bool map_view(struct guest_view *view, struct addr_space *mem, const uint64_t *gpas,
		     size_t count, unsigned int max_mappings)
{
	g_autoptr(GArray) runs = find_runs(mem, gpas, count);

	if (!runs || runs->len > max_mappings || !reserve(view, PROT_NONE)) {
		return false;
	}
	if (!map_runs(view, runs)) {
		munmap(view->hva, view->size_bytes);
		return false;
	}
	return true;
}

static bool copy_view(struct guest_view *view, struct addr_space *mem, const uint64_t *gpas,
		      size_t count)
{
	g_autofree const void **from = g_new(const void *, count);

	for (size_t i = 0; i < count; i++) {
		from[i] = addr_space_ram(mem, gpas[i], GUEST_VIEW_PAGE, false);
		if (!from[i]) {
			return false;
		}
	}
	if (!reserve(view, PROT_READ | PROT_WRITE)) {
		return false;
	}
	view->mappings = 1;
	view->copied_from = g_steal_pointer(&from);
	return true;
}

struct guest_view *guest_view_create(struct addr_space *mem, const uint64_t *gpas, size_t count,
				     unsigned int max_mappings)
{
	struct guest_view *view = g_new0(struct guest_view, 1);

	view->size_bytes = (uint64_t)count * GUEST_VIEW_PAGE;
	if (!count || (!map_view(view, mem, gpas, count, max_mappings) &&
		       !copy_view(view, mem, gpas, count))) {
		g_free(view);
		return NULL;
	}
	return view;
}

void guest_view_destroy(struct guest_view *view)
{
	if (view) {
		munmap(view->hva, view->size_bytes);
		g_free(view->copied_from);
		g_free(view);
	}
}

void guest_view_refresh(struct guest_view *view)
{
	uint8_t *at = view->hva;

	for (uint64_t done = 0; view->copied_from && done < view->size_bytes;
	     done += GUEST_VIEW_PAGE) {
		memcpy(at + done, view->copied_from[done / GUEST_VIEW_PAGE], GUEST_VIEW_PAGE);
	}
}

// SPDX-License-Identifier: GPL-2.0-or-later
/* Files that came with a command (SCM_RIGHTS), by the names that their senders gave them. */
#include <string.h>

#include "chardev/chardev.h"
#include "monitor-int.h"
#include "util/fd.h"

/* A client that names more of them has lost count. */
#define MAX_FDS 64

struct named_fd {
	char *name;
	int fd;
};

void named_fd_free(gpointer pointer)
{
	struct named_fd *named = pointer;

	fd_close(&named->fd);
	g_free(named->name);
	g_free(named);
}

static struct named_fd *find(struct monitor *monitor, const char *name)
{
	for (unsigned int i = 0; i < monitor->fds->len; i++) {
		struct named_fd *named = monitor->fds->pdata[i];

		if (!strcmp(named->name, name)) {
			return named;
		}
	}
	return NULL;
}

JsonNode *monitor_cmd_getfd(void *opaque, JsonObject *args, GError **error)
{
	struct monitor *monitor = opaque;
	const char *name = json_object_get_string_member(args, "fdname");
	int fd = monitor->speaker ? chardev_take_fd(monitor->speaker) : -1;
	struct named_fd *named = find(monitor, name);

	if (fd < 0) {
		error_set(error, "getfd: no file came with the command (SCM_RIGHTS)");
	} else if (g_ascii_isdigit(name[0])) {
		error_set(error, "getfd: fdname '%s': a name doesn't begin with a digit", name);
		fd_close(&fd);
	} else if (!named && monitor->fds->len >= MAX_FDS) {
		error_set(error, "getfd: there are %d files already", MAX_FDS);
		fd_close(&fd);
	} else {
		if (!named) {
			named = g_new0(struct named_fd, 1);
			named->name = g_strdup(name);
			named->fd = -1;
			g_ptr_array_add(monitor->fds, named);
		}
		fd_close(&named->fd);
		named->fd = fd;
	}
	return NULL;
}

int monitor_take_fd(struct monitor *monitor, const char *name, GError **error)
{
	struct named_fd *named = find(monitor, name);
	int fd;

	if (!named) {
		error_set(error, "file '%s': not found", name);
		return -1;
	}
	fd = named->fd;
	named->fd = -1;
	g_ptr_array_remove(monitor->fds, named);
	return fd;
}

JsonNode *monitor_cmd_closefd(void *opaque, JsonObject *args, GError **error)
{
	int fd = monitor_take_fd(opaque, json_object_get_string_member(args, "fdname"), error);

	if (fd < 0) {
		g_prefix_error(error, "closefd: ");
	}
	fd_close(&fd);
	return NULL;
}

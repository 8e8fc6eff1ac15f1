// SPDX-License-Identifier: GPL-2.0-or-later
/* -netdev tap: a network interface of the host; -netdev dgram: a datagram socket of the caller. */
#include "net/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include <glib-unix.h>

#include "util/error.h"
#include "util/fd.h"
#include "util/opts.h"

struct tap {
	int fd;
	char name[IFNAMSIZ];
};

/* An fd that whoever started us left open. */
static int inherited_fd(struct opts *opts, const char *key, GError **error)
{
	uint64_t fd = 0;

	if (!opts_get_u64(opts, key, &fd, error)) {
		return -1;
	}
	if (fd > INT_MAX || fcntl((int)fd, F_GETFD) < 0) {
		error_set_errno(error, EBADF, "%s: %s=%" G_GUINT64_FORMAT, opts->object, key, fd);
		return -1;
	}
	g_unix_set_fd_nonblocking((int)fd, TRUE, NULL);
	fcntl((int)fd, F_SETFD, FD_CLOEXEC);
	return (int)fd;
}

static bool open_interface(struct tap *tap, const char *name, const char *object, GError **error)
{
	struct ifreq request = { .ifr_flags = IFF_TAP | IFF_NO_PI };

	if (name && strlen(name) >= IFNAMSIZ) {
		return error_set(error, "%s: ifname=%s: longer than %d characters", object, name,
				 IFNAMSIZ - 1);
	}
	g_strlcpy(request.ifr_name, name ? name : "tap%d", IFNAMSIZ);
	tap->fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC | O_NONBLOCK);
	if (tap->fd < 0) {
		return error_set_errno(error, errno, "%s: open '/dev/net/tun'", object);
	}
	if (ioctl(tap->fd, TUNSETIFF, &request) < 0) {
		return error_set_errno(error, errno, "%s: interface '%s'", object,
				       request.ifr_name);
	}
	g_strlcpy(tap->name, request.ifr_name, sizeof(tap->name));
	return true;
}

/* The script brings the interface up; its one argument is the interface's name. */
static bool run_script(const struct tap *tap, const char *script, const char *object,
		       GError **error)
{
	const char *argv[] = { script, tap->name, NULL };
	g_autoptr(GError) cause = NULL;
	int status;

	if (!script || !*script || g_str_equal(script, "no")) {
		return true;
	}
	if (!g_spawn_sync(NULL, (char **)argv, NULL, G_SPAWN_DEFAULT, NULL, NULL, NULL, NULL,
			  &status, &cause) ||
	    !g_spawn_check_wait_status(status, &cause)) {
		return error_set(error, "%s: script '%s %s': %s", object, script, tap->name,
				 cause->message);
	}
	return true;
}

static bool refuse(struct opts *opts, const char *key, const char *why, GError **error)
{
	bool on = false;

	return opts_get_bool(opts, key, &on, error) &&
	       (!on || error_set(error, "%s: %s=on: %s", opts->object, key, why));
}

struct net_backend *net_tap_create(struct opts *opts, GError **error)
{
	const char *script = opts_get(opts, "script"), *name = opts_get(opts, "ifname");
	struct tap tap = { .fd = -1 };
	bool ok;

	/* The interface stays when we go (or goes by itself), so there is nothing to run then. */
	opts_get(opts, "downscript");
	if (!refuse(opts, "vhost", "the kernel's vhost-net is not used here", error)) {
		return NULL;
	}
	if (opts_get(opts, "fd")) {
		tap.fd = inherited_fd(opts, "fd", error);
		ok = tap.fd >= 0;
	} else {
		ok = open_interface(&tap, name, opts->object, error) &&
		     run_script(&tap, script, opts->object, error);
	}
	if (!ok) {
		fd_close(&tap.fd);
		return NULL;
	}
	return net_fd_create(tap.fd);
}

struct net_backend *net_dgram_create(struct opts *opts, GError **error)
{
	const char *kind = opts_get(opts, "local.type");
	int fd, type = 0;
	socklen_t len = sizeof(type);

	if (!kind || !g_str_equal(kind, "fd") || !opts_get(opts, "local.str")) {
		error_set(error, "%s: dgram takes local.type=fd,local.str=NUMBER", opts->object);
		return NULL;
	}
	fd = inherited_fd(opts, "local.str", error);
	if (fd < 0) {
		return NULL;
	}
	if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &len) < 0 || type != SOCK_DGRAM) {
		error_set(error, "%s: local.str=%d: not a datagram socket", opts->object, fd);
		return NULL;
	}
	return net_fd_create(fd);
}

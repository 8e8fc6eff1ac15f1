// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "system/daemon.h"
#include "util/error.h"
#include "util/fd.h"

/* In the process that was started: waits for the daemon's word. It inherits nothing to clean up. */
static void wait_for_daemon(int fd)
{
	char byte;
	ssize_t got;

	do {
		got = read(fd, &byte, 1);
	} while (got < 0 && errno == EINTR);
	_exit(got == 1 ? EXIT_SUCCESS : EXIT_FAILURE);
}

bool daemon_fork(struct daemon *daemon, GError **error)
{
	int fds[2];
	pid_t pid;

	if (pipe2(fds, O_CLOEXEC) < 0) {
		return error_set_errno(error, errno, "-daemonize: pipe");
	}
	pid = fork();
	if (pid < 0) {
		return error_set_errno(error, errno, "-daemonize: fork");
	}
	if (pid > 0) {
		close(fds[1]);
		wait_for_daemon(fds[0]);
	}
	close(fds[0]);
	daemon->ready_fd = fds[1];
	/* A second fork: a process that leads no session never gets a controlling terminal. */
	setsid();
	pid = fork();
	if (pid < 0) {
		return error_set_errno(error, errno, "-daemonize: fork");
	}
	if (pid > 0) {
		_exit(EXIT_SUCCESS);
	}
	umask(027);
	return true;
}

bool daemon_pidfile_create(struct daemon *daemon, const char *path, GError **error)
{
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	/* Stays open, and so locked, until the process ends. */
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
	char text[32];
	int len = snprintf(text, sizeof(text), "%d\n", getpid());

	if (fd < 0) {
		return error_set_errno(error, errno, "-pidfile %s: open", path);
	}
	if (fcntl(fd, F_SETLK, &lock) < 0) {
		close(fd);
		return error_set(error, "-pidfile %s: another process holds it", path);
	}
	if (ftruncate(fd, 0) < 0 || write(fd, text, (size_t)len) != len) {
		error_set_errno(error, errno, "-pidfile %s: write", path);
		close(fd);
		return false;
	}
	/* The directory may change under us (daemon_ready). */
	daemon->pidfile = g_canonicalize_filename(path, NULL);
	return true;
}

bool daemon_ready(struct daemon *daemon, GError **error)
{
	int null;

	if (daemon->ready_fd < 0) {
		return true;
	}
	null = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (null < 0) {
		return error_set_errno(error, errno, "-daemonize: /dev/null");
	}
	if (chdir("/") < 0) {
		close(null);
		return error_set_errno(error, errno, "-daemonize: chdir");
	}
	for (int fd = 0; fd < 3; fd++) {
		dup2(null, fd);
	}
	if (null > 2) {
		close(null);
	}
	/* The starting process reads the byte only after our standard streams are gone. */
	if (write(daemon->ready_fd, "", 1) != 1) {
		error_set_errno(error, errno, "-daemonize: the starting process");
		return false;
	}
	fd_close(&daemon->ready_fd);
	return true;
}

void daemon_finish(struct daemon *daemon)
{
	if (daemon->pidfile) {
		unlink(daemon->pidfile);
		g_clear_pointer(&daemon->pidfile, g_free);
	}
	/* Closed without a byte, the starting process fails; but only when we exit, after the
	 * message is printed. */
}

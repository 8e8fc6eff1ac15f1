// SPDX-License-Identifier: GPL-2.0-or-later
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>

#include "system/daemon.h"
#include "system/machine.h"
#include "util/error.h"
#include "util/fd.h"

/* SIGPIPE: a peer that leaves shows as EPIPE. The others are read from a signalfd by
 * machine_run, so they must be blocked before the first thread starts. */
static void block_signals(void)
{
	sigset_t signals;

	signal(SIGPIPE, SIG_IGN);
	sigemptyset(&signals);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGHUP);
	pthread_sigmask(SIG_BLOCK, &signals, NULL);
}

static bool run(const struct config *config, GError **error)
{
	struct daemon daemon = DAEMON_INIT;
	struct machine *machine = NULL;
	bool ok = false;

	if (config->daemonize && !daemon_fork(&daemon, error)) {
		return false;
	}
	main_thread_init();
	block_signals();
	if (config->process_name) {
		prctl(PR_SET_NAME, config->process_name);
	}
	if (!config->pidfile || daemon_pidfile_create(&daemon, config->pidfile, error)) {
		machine = machine_create(config, error);
	}
	if (machine && daemon_ready(&daemon, error)) {
		machine_run(machine);
		ok = true;
	}
	machine_destroy(machine);
	daemon_finish(&daemon);
	return ok;
}

int main(int argc, char **argv)
{
	struct config *config = config_create();
	g_autofree char *program = g_path_get_basename(argv[0]);
	GError *error = NULL;
	int status = EXIT_FAILURE;

	g_set_prgname(program);
	switch (options_parse(config, argc, argv, &error)) {
	case OPTIONS_DONE:
		status = EXIT_SUCCESS;
		break;
	case OPTIONS_RUN:
		status = run(config, &error) ? EXIT_SUCCESS : EXIT_FAILURE;
		break;
	case OPTIONS_ERROR:
		break;
	}
	if (error) {
		error_report_free(error);
	}
	config_destroy(config);
	return status;
}

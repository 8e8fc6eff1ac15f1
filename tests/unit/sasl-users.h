/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A data base of the test's own for SASL: user "ada", password "lovelace", PLAIN and SCRAM-SHA-256. */
#ifndef TESTS_UNIT_SASL_USERS_H
#define TESTS_UNIT_SASL_USERS_H

#include <glib/gstdio.h>
#include <sasl/sasl.h>

/* Before the library is first used, since it reads its configuration once. Returns the folder. */
static inline char *sasl_users_create(void)
{
	char *folder = g_dir_make_tmp("sasl-XXXXXX", NULL);
	g_autofree char *path = g_build_filename(folder, "qemu.conf", NULL);
	g_autofree char *text = g_strdup_printf(
		"pwcheck_method: auxprop\nauxprop_plugin: sasldb\n"
		"mech_list: plain scram-sha-256\nsasldb_path: %s/sasldb\nlog_level: 0\n", folder);
	sasl_conn_t *connection;

	g_assert_true(g_file_set_contents(path, text, -1, NULL));
	g_setenv("SASL_CONF_PATH", folder, TRUE);
	g_assert_cmpint(sasl_server_init(NULL, "qemu"), ==, SASL_OK);
	g_assert_cmpint(sasl_server_new("vnc", NULL, NULL, NULL, NULL, NULL, 0, &connection), ==,
			SASL_OK);
	g_assert_cmpint(sasl_setpass(connection, "ada", "lovelace", 8, NULL, 0, SASL_SET_CREATE), ==,
			SASL_OK);
	sasl_dispose(&connection);
	sasl_server_done();
	return folder;
}

/* Takes @folder. */
static inline void sasl_users_destroy(char *folder)
{
	GDir *dir = g_dir_open(folder, 0, NULL);
	const char *name;

	while ((name = g_dir_read_name(dir))) {
		g_autofree char *path = g_build_filename(folder, name, NULL);

		g_unlink(path);
	}
	g_dir_close(dir);
	g_rmdir(folder);
	g_free(folder);
}

#endif

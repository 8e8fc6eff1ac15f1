// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A VNC server before the test pattern (pattern.h).
 *
 *   vnc-pattern VNC-SPEC WIDTHxHEIGHT [-trace PATTERN] [-object SPEC]...
 *
 * Commands beside the pattern's: "password TEXT"; "vnc" prints what query-vnc says.
 */
#include <stdio.h>
#include <string.h>

#include "crypto/objects.h"
#include "tests/e2e/pattern.h"
#include "ui/vnc.h"
#include "util/error.h"
#include "util/fd.h"
#include "util/opts.h"
#include "util/trace.h"

static struct {
	struct crypto_objects *objects;
	struct vnc_server *server;
} test;

static void print_vnc(void)
{
	JsonNode *vnc = vnc_server_query(test.server);
	g_autofree char *text = json_to_string(vnc, FALSE);

	printf("vnc %s\n", text);
	json_node_unref(vnc);
}

static bool run_command(const char *line, GError **error)
{
	char text[256];

	if (!strcmp(line, "vnc")) {
		print_vnc();
		return true;
	}
	if (sscanf(line, "password %255[^\n]", text) == 1) {
		vnc_server_set_password(test.server, text, "keep", error);
		return true;
	}
	return false;
}

static void on_event(void *opaque, const char *name, JsonObject *data)
{
	JsonNode *node = json_node_new(JSON_NODE_OBJECT);
	g_autofree char *text = NULL;

	json_node_take_object(node, data);
	text = json_to_string(node, FALSE);
	printf("event %s %s\n", name, text);
	json_node_unref(node);
}

static bool add_object(const char *spec, GError **error)
{
	struct opts *opts = opts_parse("-object", spec, "qom-type", error);
	bool ok = opts && crypto_objects_add(test.objects, opts, error);

	opts_destroy(opts);
	return ok;
}

int main(int argc, char **argv)
{
	struct vnc_host host = { .name = "pattern", .event = on_event };
	g_autoptr(GError) error = NULL;

	main_thread_init();
	if (argc < 3 || !pattern_create(argv[2], &host.displays, &host.input)) {
		fprintf(stderr, "usage: vnc-pattern VNC-SPEC WIDTHxHEIGHT [-trace PATTERN] "
			"[-object SPEC]...\n");
		return 2;
	}
	test.objects = host.objects = crypto_objects_create();
	for (int i = 3; i + 1 < argc; i += 2) {
		if (!strcmp(argv[i], "-trace")) {
			trace_enable(argv[i + 1], NULL);
		} else if (!add_object(argv[i + 1], &error)) {
			fprintf(stderr, "%s\n", error->message);
			return 1;
		}
	}
	test.server = vnc_server_create(argv[1], &host, &error);
	if (!test.server) {
		fprintf(stderr, "%s\n", error->message);
		return 1;
	}
	pattern_run(run_command);
	vnc_server_destroy(test.server);
	crypto_objects_destroy(test.objects);
	pattern_destroy();
	return 0;
}

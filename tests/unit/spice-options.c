// SPDX-License-Identifier: GPL-2.0-or-later
/* The argument of -spice. */
#include <glib/gstdio.h>
#include <spice.h>
#include <string.h>

#include "ui/spice/options.h"

static void parse(struct spice_options *options, const char *spec)
{
	g_autoptr(GError) error = NULL;
	bool ok = spice_options_parse(options, spec, &error);

	g_assert_no_error(error);
	g_assert_true(ok);
}

static void refuse(const char *spec, const char *part)
{
	struct spice_options options;
	g_autoptr(GError) error = NULL;

	if (spice_options_parse(&options, spec, &error)) {
		g_error("%s: was accepted", spec);
	}
	if (!strstr(error->message, part) || !g_str_has_prefix(error->message, "-spice: ")) {
		g_error("%s: '%s' doesn't say '%s'", spec, error->message, part);
	}
}

static void test_bare_words(void)
{
	struct spice_options options;

	parse(&options, "disable-ticketing,gl=on,unix,addr=/run/a b");
	g_assert_cmpstr(options.address.unix_path, ==, "/run/a b");
	g_assert_true(options.listen);
	g_assert_true(options.gl);
	g_assert_false(options.ticketing);
	spice_options_finish(&options);
	parse(&options, "disable-ticketing,port=5910");
	g_assert_cmpint(options.address.port, ==, 5910);
	g_assert_null(options.address.host);
	g_assert_false(options.gl);
	spice_options_finish(&options);
}

static void test_defaults(void)
{
	struct spice_options options;

	parse(&options, "port=1");
	g_assert_true(options.ticketing);
	g_assert_true(options.agent_mouse && options.copy_paste && options.file_transfer);
	g_assert_false(options.seamless_migration);
	g_assert_cmpint(options.image_compression, ==, SPICE_IMAGE_COMPRESSION_AUTO_GLZ);
	g_assert_cmpint(options.jpeg, ==, SPICE_WAN_COMPRESSION_AUTO);
	g_assert_cmpint(options.zlib_glz, ==, SPICE_WAN_COMPRESSION_AUTO);
	g_assert_cmpint(options.streaming_video, ==, SPICE_STREAM_VIDEO_OFF);
	g_assert_cmpint(options.max_refresh_rate, ==, 0);
	g_assert_cmpint(options.tls_port, ==, 0);
	spice_options_finish(&options);
}

static void test_values(void)
{
	struct spice_options options;

	parse(&options, "port=5900,addr=::1,ipv6=on,image-compression=quic,"
	      "jpeg-wan-compression=never,zlib-glz-wan-compression=always,streaming-video=filter,"
	      "video-codecs=spice:mjpeg,max-refresh-rate=30,agent-mouse=off,"
	      "disable-copy-paste=on,disable-agent-file-xfer,seamless-migration=on,"
	      "playback-compression=off,display=gpu,head=1,password=se,,cret,"
	      "plaintext-channel=inputs,plaintext-channel=default,rendernode=/dev/dri/renderD128");
	g_assert_cmpstr(options.address.host, ==, "::1");
	g_assert_true(options.address.ipv6 && !options.address.ipv4);
	g_assert_cmpint(options.image_compression, ==, SPICE_IMAGE_COMPRESSION_QUIC);
	g_assert_cmpint(options.jpeg, ==, SPICE_WAN_COMPRESSION_NEVER);
	g_assert_cmpint(options.zlib_glz, ==, SPICE_WAN_COMPRESSION_ALWAYS);
	g_assert_cmpint(options.streaming_video, ==, SPICE_STREAM_VIDEO_FILTER);
	g_assert_cmpstr(options.video_codecs, ==, "spice:mjpeg");
	g_assert_cmpint(options.max_refresh_rate, ==, 30);
	g_assert_false(options.agent_mouse || options.copy_paste || options.file_transfer ||
		       options.playback_compression);
	g_assert_true(options.seamless_migration);
	g_assert_cmpstr(options.display, ==, "gpu");
	g_assert_cmpint(options.head, ==, 1);
	g_assert_cmpstr(options.password, ==, "se,cret");
	g_assert_cmpint(options.rules->len, ==, 2);
	g_assert_cmpstr(g_array_index(options.rules, struct spice_channel_rule, 0).name, ==,
			"inputs");
	g_assert_null(g_array_index(options.rules, struct spice_channel_rule, 1).name);
	spice_options_finish(&options);
}

static void test_tls(void)
{
	g_autofree char *folder = g_dir_make_tmp("spice-XXXXXX", NULL);
	static const char *const names[] = { "server-key.pem", "server-cert.pem", "ca-cert.pem" };
	g_autofree char *spec = g_strdup_printf("tls-port=5901,x509-dir=%s,x509-key-password=k,"
						"tls-channel=main,tls-channel=default", folder);
	struct spice_options options;

	refuse(spec, "server-key.pem: No such file");
	for (unsigned int i = 0; i < G_N_ELEMENTS(names); i++) {
		g_autofree char *path = g_build_filename(folder, names[i], NULL);

		g_assert_true(g_file_set_contents(path, "", 0, NULL));
	}
	parse(&options, spec);
	g_assert_false(options.listen);
	g_assert_cmpint(options.tls_port, ==, 5901);
	g_assert_true(g_str_has_suffix(options.cacert_file, "/ca-cert.pem"));
	g_assert_cmpstr(options.key_password, ==, "k");
	g_assert_cmpint(options.rules->len, ==, 2);
	spice_options_finish(&options);
	for (unsigned int i = 0; i < G_N_ELEMENTS(names); i++) {
		g_autofree char *path = g_build_filename(folder, names[i], NULL);

		g_unlink(path);
	}
	g_rmdir(folder);
}

static void test_refused(void)
{
	refuse("", "needs port=N");
	refuse("disable-ticketing", "needs port=N");
	refuse("tls-port=0", "needs port=N");
	refuse("prot=5900", "did you mean 'port'");
	refuse("port=65536", "not a TCP port");
	refuse("port=http", "port");
	refuse("unix,port=1", "needs addr=PATH");
	refuse("unix,addr=/x,port=5900", "has no port");
	refuse("unix,addr=/x,tls-port=5900", "has no port");
	refuse("port=5900,tls-port=5900", "the same");
	refuse("port=5900,tls-ciphers=x", "needs tls-port");
	refuse("port=5900,tls-channel=main", "needs tls-port");
	refuse("port=5900,tls-channel=mian", "not one of main");
	refuse("port=5900,x509-dir=/x", "needs tls-port");
	refuse("port=5900,image-compression=best", "not one of off, auto_glz");
	refuse("port=5900,jpeg-wan-compression=on", "not one of auto, never, always");
	refuse("port=5900,streaming-video=on", "not one of off, all, filter");
	refuse("port=5900,max-refresh-rate=0", "not 1..1000");
	refuse("port=5900,head=1", "needs display=");
	refuse("port=5900,sasl=on", "sasl");
	refuse("port=5900,password=a,password-secret=b", "one or the other");
	refuse("port=5900,password=a,disable-ticketing", "makes no sense");
	refuse("port=5900,gl=maybe", "gl=maybe");
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/spice-options/bare-words-mean-on", test_bare_words);
	g_test_add_func("/spice-options/defaults-are-qemus", test_defaults);
	g_test_add_func("/spice-options/each-value-arrives", test_values);
	g_test_add_func("/spice-options/tls-needs-its-files", test_tls);
	g_test_add_func("/spice-options/what-makes-no-sense-is-refused", test_refused);
	return g_test_run();
}

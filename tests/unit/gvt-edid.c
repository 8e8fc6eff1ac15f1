// SPDX-License-Identifier: GPL-2.0-or-later
#include <glib.h>
#include <glib/gstdio.h>
#include <string.h>

#include "kernel/gvt/core/gvt_edid.h"

static size_t build(uint32_t w, uint32_t h, uint32_t mhz, uint8_t *buf, size_t size)
{
	struct gvt_edid_params p = {.width_px = w, .height_px = h, .refresh_mhz = mhz};

	return gvt_edid_build(&p, buf, size);
}

static void assert_mode(uint32_t w, uint32_t h, uint32_t mhz, size_t expected_size)
{
	uint8_t edid[GVT_EDID_MAX];
	struct gvt_edid_mode mode;
	size_t n = build(w, h, mhz, edid, sizeof(edid));

	g_assert_cmpuint(n, ==, expected_size);
	g_assert_cmpint(gvt_edid_check(edid, n), ==, GVT_EDID_OK);
	g_assert_true(gvt_edid_preferred(edid, n, &mode));
	g_assert_cmpuint(mode.width_px, ==, w);
	g_assert_cmpuint(mode.height_px, ==, h);
	/* To within half a step of the pixel clock, 5 kHz of at least 10 MHz. */
	g_assert_cmpuint(ABS((int)mode.refresh_mhz - (int)mhz) * 2000ull, <=, mhz);
}

static void test_exact(void)
{
	assert_mode(1920, 1080, 60000, 128);
	assert_mode(1366, 768, 59940, 128);
	assert_mode(2560, 1440, 120000, 128);
	assert_mode(3440, 1440, 60000, 128);
	assert_mode(641, 479, 75000, 128);
	assert_mode(4095, 2160, 60000, 128);
}

static void test_large(void)
{
	uint8_t edid[GVT_EDID_MAX];

	assert_mode(4096, 2160, 60000, 256);
	assert_mode(3840, 2160, 120000, 256);
	assert_mode(7680, 4320, 60000, 256);
	assert_mode(16384, 16384, 480000, 256);
	assert_mode(16384, 64, 10000, 256);
	g_assert_cmpuint(build(5120, 2880, 60000, edid, 128), ==, 0);
}

static void test_every_size(void)
{
	for (uint32_t w = GVT_EDID_DIM_MIN; w <= GVT_EDID_DIM_MAX; w += 61) {
		for (uint32_t h = GVT_EDID_DIM_MIN; h <= GVT_EDID_DIM_MAX; h += 487) {
			uint8_t edid[GVT_EDID_MAX];
			struct gvt_edid_mode mode;
			size_t n = build(w, h, 60000, edid, sizeof(edid));

			g_assert_cmpuint(n, >=, 128);
			g_assert_cmpint(gvt_edid_check(edid, n), ==, GVT_EDID_OK);
			g_assert_true(gvt_edid_preferred(edid, n, &mode));
			g_assert_cmpuint(mode.width_px, ==, w);
			g_assert_cmpuint(mode.height_px, ==, h);
		}
	}
}

static void test_refused(void)
{
	uint8_t edid[GVT_EDID_MAX];
	struct gvt_edid_params p = {.width_px = 800, .height_px = 600, .vendor = "abc"};

	g_assert_cmpuint(build(0, 600, 0, edid, sizeof(edid)), ==, 0);
	g_assert_cmpuint(build(800, 16385, 0, edid, sizeof(edid)), ==, 0);
	g_assert_cmpuint(build(0xffffffff, 600, 0, edid, sizeof(edid)), ==, 0);
	g_assert_cmpuint(build(800, 600, 9999, edid, sizeof(edid)), ==, 0);
	g_assert_cmpuint(build(800, 600, 480001, edid, sizeof(edid)), ==, 0);
	g_assert_cmpuint(build(800, 600, 0, edid, 127), ==, 0);
	g_assert_cmpuint(gvt_edid_build(&p, edid, sizeof(edid)), ==, 0);
	p.vendor = "AB";
	g_assert_cmpuint(gvt_edid_build(&p, edid, sizeof(edid)), ==, 0);
	p.vendor = "ABC";
	g_assert_cmpuint(gvt_edid_build(&p, edid, sizeof(edid)), ==, 128);
}

static void test_names(void)
{
	uint8_t edid[GVT_EDID_MAX];
	struct gvt_edid_params p = {.width_px = 1024,
				    .height_px = 768,
				    .name = "a name\ntoo long by far",
				    .serial = 4294967295u};

	g_assert_cmpuint(gvt_edid_build(&p, edid, sizeof(edid)), ==, 128);
	g_assert_cmpmem(edid + 0x5a + 5, 13, "a name?too lo", 13);
	g_assert_cmpmem(edid + 0x6c + 5, 13, "4294967295\n  ", 13);
}

static void test_check(void)
{
	uint8_t good[GVT_EDID_MAX], edid[GVT_EDID_MAX];
	size_t n = build(5120, 2880, 60000, good, sizeof(good));

	g_assert_cmpuint(n, ==, 256);
	g_assert_cmpint(gvt_edid_check(good, 0), ==, GVT_EDID_BAD_SIZE);
	g_assert_cmpint(gvt_edid_check(good, 128), ==, GVT_EDID_BAD_SIZE);
	g_assert_cmpint(gvt_edid_check(good, 255), ==, GVT_EDID_BAD_SIZE);
	for (size_t i = 0; i < n; i++) {
		memcpy(edid, good, n);
		edid[i] ^= 0x11;
		g_assert_cmpint(gvt_edid_check(edid, n), !=, GVT_EDID_OK);
	}
	g_assert_cmpstr(gvt_edid_result_text(GVT_EDID_BAD_CHECKSUM), ==, "bad checksum");
}

/* An outside judge, where it is installed. */
static void test_edid_decode(void)
{
	static const uint32_t modes[][3] = {{1920, 1080, 60000}, {1366, 768, 59940},
					    {3840, 2160, 60000}, {5120, 2880, 60000},
					    {64, 64, 10000},	 {16384, 16384, 480000}};
	g_autofree char *tool = g_find_program_in_path("edid-decode");
	g_autofree char *path = NULL;
	int fd;

	if (!tool) {
		g_test_skip("edid-decode is not installed");
		return;
	}
	fd = g_file_open_tmp("edid-XXXXXX", &path, NULL);
	g_assert_cmpint(fd, >=, 0);
	g_close(fd, NULL);
	for (size_t i = 0; i < G_N_ELEMENTS(modes); i++) {
		uint8_t edid[GVT_EDID_MAX];
		size_t n = build(modes[i][0], modes[i][1], modes[i][2], edid, sizeof(edid));
		g_autofree char *out = NULL;
		char *args[] = {tool, (char *)"-c", path, NULL};

		g_assert_true(g_file_set_contents(path, (const char *)edid, (gssize)n, NULL));
		g_assert_true(g_spawn_sync(NULL, args, NULL, G_SPAWN_DEFAULT, NULL, NULL, &out,
					   NULL, NULL, NULL));
		if (!strstr(out, "EDID conformity: PASS")) {
			g_test_message("%s", out);
			g_test_fail();
		}
	}
	g_unlink(path);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/gvt/edid/preferred-mode-is-the-one-asked-for", test_exact);
	g_test_add_func("/gvt/edid/large-modes-use-displayid", test_large);
	g_test_add_func("/gvt/edid/every-size-can-be-said", test_every_size);
	g_test_add_func("/gvt/edid/impossible-numbers-are-refused", test_refused);
	g_test_add_func("/gvt/edid/names-are-cut-and-cleaned", test_names);
	g_test_add_func("/gvt/edid/any-flipped-byte-is-found", test_check);
	g_test_add_func("/gvt/edid/edid-decode-passes-it", test_edid_decode);
	return g_test_run();
}

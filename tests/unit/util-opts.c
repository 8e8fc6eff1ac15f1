// SPDX-License-Identifier: GPL-2.0-or-later
#include "util/opts.h"

static struct opts *parse(const char *text, const char *implied)
{
	g_autoptr(GError) error = NULL;
	struct opts *opts = opts_parse("-device x", text, implied, &error);

	g_assert_no_error(error);
	return opts;
}

static void test_commas(void)
{
	struct opts *opts = parse("file=a,,b=c,,,id=d", NULL);

	g_assert_cmpstr(opts_get(opts, "file"), ==, "a,b=c,");
	g_assert_cmpstr(opts_get(opts, "id"), ==, "d");
	opts_destroy(opts);
}

static void test_implied(void)
{
	struct opts *opts = parse("vfio-pci,nox-no-mmap,multifunction,addr=", "driver");

	g_assert_cmpstr(opts_get(opts, "driver"), ==, "vfio-pci");
	g_assert_cmpstr(opts_get(opts, "x-no-mmap"), ==, "off");
	g_assert_cmpstr(opts_get(opts, "multifunction"), ==, "on");
	g_assert_cmpstr(opts_get(opts, "addr"), ==, "");
	opts_destroy(opts);
}

static void test_last_wins(void)
{
	struct opts *opts = parse("a=1,a=2", NULL);

	g_assert_cmpstr(opts_get(opts, "a"), ==, "2");
	g_assert_cmpuint(opts->items->len, ==, 2);
	opts_destroy(opts);
}

static void test_syntax_errors(void)
{
	static const char *const bad[] = { "=1", "a=1,,=2,=3", "a=1,b,=3" };

	for (unsigned int i = 0; i < G_N_ELEMENTS(bad); i++) {
		g_autoptr(GError) error = NULL;

		g_assert_null(opts_parse("-x", bad[i], NULL, &error));
		g_assert_nonnull(error);
	}
}

static void test_unused(void)
{
	static const char *const known[] = { "sysfsdev", "display", NULL };
	struct opts *opts = parse("displya=on", NULL);
	g_autoptr(GError) error = NULL;

	g_assert_false(opts_check_used(opts, known, &error));
	g_assert_cmpstr(error->message, ==,
			"-device x: unknown option 'displya' (did you mean 'display'?)");
	g_clear_error(&error);
	opts_get(opts, "displya");
	g_assert_true(opts_check_used(opts, known, &error));
	opts_destroy(opts);
}

static void test_sizes(void)
{
	static const struct {
		const char *text;
		uint64_t unit, bytes;
	} good[] = {
		{ "512", 1 << 20, 512ull << 20 }, { "1G", 1 << 20, 1ull << 30 },
		{ "1.5g", 1, 3ull << 29 }, { "64k", 1, 65536 }, { "4096B", 1 << 20, 4096 },
		{ "0x10", 1, 16 }, { "16777215T", 1, 16777215ull << 40 }, { "0", 1, 0 },
		{ "18446744073709551615", 1, UINT64_MAX }, { "0.5M", 1, 524288 },
	};
	static const char *const bad[] = {
		"", "-1", "1Q", "1GB", "G", "1..5G", "99999999999999999999", "17179869184G",
		" 1", "+1", "1 G", "1.", "16777216T"
	};
	g_autoptr(GError) error = NULL;
	uint64_t bytes;

	for (unsigned int i = 0; i < G_N_ELEMENTS(good); i++) {
		g_assert_true(parse_size("-m", "size", good[i].text, good[i].unit, &bytes, &error));
		g_assert_cmpuint(bytes, ==, good[i].bytes);
	}
	for (unsigned int i = 0; i < G_N_ELEMENTS(bad); i++) {
		g_assert_false(parse_size("-m", "size", bad[i], 1, &bytes, &error));
		g_assert_nonnull(error);
		g_clear_error(&error);
	}
}

static void test_numbers(void)
{
	static const char *const bad[] = { "", "x", "-1", "1x", "0x", "18446744073709551616" };
	g_autoptr(GError) error = NULL;
	uint64_t number;
	bool flag = false;

	g_assert_true(parse_u64("a", "b", "0xff", &number, &error));
	g_assert_cmpuint(number, ==, 255);
	g_assert_true(parse_u64("a", "b", "010", &number, &error));
	g_assert_cmpuint(number, ==, 10);
	for (unsigned int i = 0; i < G_N_ELEMENTS(bad); i++) {
		g_assert_false(parse_u64("a", "b", bad[i], &number, &error));
		g_clear_error(&error);
	}
	g_assert_true(parse_bool("a", "b", "on", &flag, &error));
	g_assert_true(flag);
	g_assert_false(parse_bool("a", "b", "perhaps", &flag, &error));
	g_assert_cmpstr(error->message, ==, "a: b=perhaps: expected 'on' or 'off'");
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/opts/doubled-comma-is-a-comma", test_commas);
	g_test_add_func("/opts/first-name-belongs-to-the-implied-key", test_implied);
	g_test_add_func("/opts/last-of-equal-keys-wins", test_last_wins);
	g_test_add_func("/opts/missing-names-are-errors", test_syntax_errors);
	g_test_add_func("/opts/unread-key-is-named-with-the-nearest", test_unused);
	g_test_add_func("/opts/sizes-with-suffixes", test_sizes);
	g_test_add_func("/opts/numbers-and-switches", test_numbers);
	return g_test_run();
}

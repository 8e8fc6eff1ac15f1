// SPDX-License-Identifier: GPL-2.0-or-later
/* Option strings and the numbers in them: any text parses or gives an error, and what parses can be
 * written again and means the same. */
#include <string.h>

#include "util/opts.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void append_doubled(GString *text, const char *value)
{
	for (; *value; value++) {
		g_string_append_c(text, *value);
		if (*value == ',') {
			g_string_append_c(text, ',');
		}
	}
}

static void check_round_trip(struct opts *opts)
{
	g_autoptr(GString) text = g_string_new(NULL);
	struct opts *again;

	for (unsigned int i = 0; i < opts->items->len; i++) {
		struct opt *opt = opts->items->pdata[i];

		/* A name that came without '=' may hold what a written one can't. */
		if (strpbrk(opt->key, ",=") || !*opt->key) {
			return;
		}
		g_string_append_printf(text, "%s%s=", i ? "," : "", opt->key);
		append_doubled(text, opt->value);
	}
	again = opts_parse("fuzz", text->str, NULL, NULL);
	g_assert_nonnull(again);
	g_assert_cmpuint(again->items->len, ==, opts->items->len);
	for (unsigned int i = 0; i < opts->items->len; i++) {
		struct opt *a = opts->items->pdata[i], *b = again->items->pdata[i];

		g_assert_cmpstr(a->key, ==, b->key);
		g_assert_cmpstr(a->value, ==, b->value);
	}
	opts_destroy(again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const implied[] = { NULL, "driver" };
	g_autofree char *text = g_strndup(size ? (const char *)data : "", size);

	for (unsigned int i = 0; i < G_N_ELEMENTS(implied); i++) {
		g_autoptr(GError) error = NULL;
		struct opts *opts = opts_parse("fuzz", text, implied[i], &error);

		g_assert_true(!opts == !!error);
		if (opts) {
			for (unsigned int j = 0; j < opts->items->len; j++) {
				struct opt *opt = opts->items->pdata[j];
				uint64_t number;
				bool flag;

				parse_size("fuzz", opt->key, opt->value, 1 << 20, &number, NULL);
				parse_u64("fuzz", opt->key, opt->value, &number, NULL);
				parse_bool("fuzz", opt->key, opt->value, &flag, NULL);
			}
			opts_check_used(opts, NULL, NULL);
			check_round_trip(opts);
			opts_destroy(opts);
		}
	}
	return 0;
}

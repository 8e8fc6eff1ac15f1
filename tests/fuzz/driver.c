// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * main() for a fuzz target that is built without libFuzzer: runs it over every file given (or in
 *the folders given) and over inputs from a fixed seed, so that each run is the same. Speaks TAP.
 *
 *	fuzz-NAME [--inputs N] [FILE|FOLDER]...
 */
#include <glib.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define INPUT_MAX 4096

static unsigned int replay(const char *path)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GDir) dir = NULL;
	g_autofree char *data = NULL;
	unsigned int n = 0;
	const char *name;
	size_t size;

	if (g_file_test(path, G_FILE_TEST_IS_DIR)) {
		dir = g_dir_open(path, 0, NULL);
		while (dir && (name = g_dir_read_name(dir))) {
			g_autofree char *inside = g_build_filename(path, name, NULL);

			n += replay(inside);
		}
		return n;
	}
	if (!g_file_get_contents(path, &data, &size, &error)) {
		fprintf(stderr, "%s\n", error->message);
		return 0;
	}
	LLVMFuzzerTestOneInput((const uint8_t *)data, size);
	return 1;
}

int main(int argc, char **argv)
{
	g_autoptr(GRand) rand = g_rand_new_with_seed(1);
	unsigned int inputs = 2000, files = 0;
	uint8_t data[INPUT_MAX];

	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--inputs") == 0 && i + 1 < argc) {
			inputs = (unsigned int)g_ascii_strtoull(argv[++i], NULL, 10);
		} else if (argv[i][0] != '-') {
			files += replay(argv[i]);
		}
	}
	for (unsigned int n = 0; n < inputs; n++) {
		size_t size = (size_t)g_rand_int_range(rand, 0, INPUT_MAX + 1);
		/* Mostly small numbers: most formats have more meaning there. */
		guint32 top = g_rand_boolean(rand) ? 256 : 16;

		for (size_t i = 0; i < size; i++) {
			data[i] = (uint8_t)g_rand_int_range(rand, 0, (gint32)top);
		}
		/* Out of a block of its own size, so that a read behind its end is seen. */
		g_autofree uint8_t *exact = g_memdup2(data, size);
		LLVMFuzzerTestOneInput(exact, size);
	}
	printf("1..1\nok 1 survives %u files and %u inputs\n", files, inputs);
	return 0;
}

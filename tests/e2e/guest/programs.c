// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * All test programs in one file, told apart by the name it is called by. A static program is mostly
 * its C library, and what an initramfs holds is read at every boot of a guest.
 *
 * scripts/guest-image compiles each NAME.c with its main() called NAME_main().
 */
#include <stdio.h>
#include <string.h>

#define PROGRAMS(X) X(barpattern) X(evlog) X(fbsum) X(kmscursor) X(kmsflip) X(kmspattern)

#define DECLARE(name) int name##_main(int argc, char **argv);
PROGRAMS(DECLARE)

#define ENTRY(name) { #name, name##_main },
static const struct {
	const char *name;
	int (*main)(int argc, char **argv);
} programs[] = { PROGRAMS(ENTRY) };

int main(int argc, char **argv)
{
	const char *slash = strrchr(argv[0], '/'), *name = slash ? slash + 1 : argv[0];

	for (size_t i = 0; i < sizeof(programs) / sizeof(programs[0]); i++) {
		if (!strcmp(programs[i].name, name)) {
			return programs[i].main(argc, argv);
		}
	}
	fprintf(stderr, "%s: no program of that name in here\n", name);
	return 127;
}

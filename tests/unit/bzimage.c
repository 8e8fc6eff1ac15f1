// SPDX-License-Identifier: GPL-2.0-or-later
#include <string.h>
#include <unistd.h>

#include "hw/core/addr-space.h"
#include "hw/core/machine-lock.h"
#include "hw/i386/kernel-image.h"
#include "hw/i386/linux-loader.h"

#define SETUP_SECTS	3
#define KERNEL_OFFSET	((SETUP_SECTS + 1) * 512)
#define KERNEL_SIZE	4096
#define FILE_SIZE	(KERNEL_OFFSET + KERNEL_SIZE)
#define MiB		(1u << 20)

static void put(uint8_t *at, uint64_t value, size_t size)
{
	memcpy(at, &value, size);
}

/* A kernel that says the right things about itself. */
static void make_kernel(uint8_t file[FILE_SIZE])
{
	memset(file, 0, FILE_SIZE);
	file[0x1f1] = SETUP_SECTS;
	put(file + 0x1f4, KERNEL_SIZE / 16, 4);
	put(file + 0x1fe, 0xaa55, 2);
	put(file + 0x200, 0x66eb, 2); /* jump; the header ends at 0x268 */
	memcpy(file + 0x202, "HdrS", 4);
	put(file + 0x206, 0x20f, 2);
	file[0x211] = 1;
	put(file + 0x22c, 0x7fffffff, 4);
	put(file + 0x236, 1, 2);
	put(file + 0x238, 2047, 4);
	put(file + 0x258, 16 * MiB, 8);
	put(file + 0x260, 2 * MiB, 4);
	memset(file + KERNEL_OFFSET, 'k', KERNEL_SIZE);
}

static bool parse(const uint8_t *file, size_t size, struct kernel_image *image, GError **error)
{
	return bzimage_parse(image, "k", file, MIN(size, KERNEL_HEAD_SIZE), size, error);
}

static void test_good(void)
{
	uint8_t file[FILE_SIZE];
	struct kernel_image image;

	make_kernel(file);
	g_assert_true(parse(file, FILE_SIZE, &image, NULL));
	g_assert_cmpuint(image.segments[0].offset, ==, KERNEL_OFFSET);
	g_assert_cmpuint(image.segments[0].size, ==, KERNEL_SIZE);
	g_assert_cmpuint(image.load_gpa, ==, 16 * MiB);
	g_assert_cmpuint(image.header_size, ==, 0x268);
}

static void expect_error(const uint8_t *file, size_t size, const char *message)
{
	g_autoptr(GError) error = NULL;
	struct kernel_image image;

	g_assert_false(parse(file, size, &image, &error));
	g_assert_cmpstr(error->message, ==, message);
}

static void test_truncated(void)
{
	uint8_t file[FILE_SIZE];

	make_kernel(file);
	for (size_t size = 0; size < FILE_SIZE - 15; size++) {
		g_autoptr(GError) error = NULL;
		struct kernel_image image;

		g_assert_false(parse(file, size, &image, &error));
	}
	expect_error(file, 100, "kernel 'k': not a Linux kernel (bzImage)");
	expect_error(file, FILE_SIZE - 100, "kernel 'k': truncated: 6044 of 6144 bytes");
}

static void test_not_a_kernel(void)
{
	uint8_t file[FILE_SIZE];

	memset(file, 0x7f, FILE_SIZE);
	expect_error(file, FILE_SIZE, "kernel 'k': not a Linux kernel (bzImage)");
	make_kernel(file);
	put(file + 0x236, 0, 2);
	expect_error(file, FILE_SIZE, "kernel 'k': not a 64-bit kernel (boot protocol 2.15)");
	make_kernel(file);
	put(file + 0x206, 0x204, 2);
	expect_error(file, FILE_SIZE, "kernel 'k': not a 64-bit kernel (boot protocol 2.4)");
}

static void test_damaged(void)
{
	uint8_t file[FILE_SIZE];

	make_kernel(file);
	put(file + 0x258, UINT64_MAX - 4095, 8);
	expect_error(file, FILE_SIZE, "kernel 'k': damaged: load address 0xfffffffffffff000, "
		     "needs 0x200000 bytes");
	make_kernel(file);
	put(file + 0x260, UINT32_MAX, 4);
	put(file + 0x258, 0xfffff000, 8);
	expect_error(file, FILE_SIZE, "kernel 'k': damaged: load address 0xfffff000, "
		     "needs 0xffffffff bytes");
	make_kernel(file);
	file[0x201] = 0x10;
	expect_error(file, FILE_SIZE, "kernel 'k': damaged: header of 530 bytes");
}

/* ---- the loader, on files ---- */

struct fixture {
	char *dir, *kernel, *initrd;
};

static void set_up(struct fixture *f, gconstpointer data)
{
	uint8_t file[FILE_SIZE];

	f->dir = g_dir_make_tmp("bzimage-XXXXXX", NULL);
	f->kernel = g_build_filename(f->dir, "kernel", NULL);
	f->initrd = g_build_filename(f->dir, "initrd", NULL);
	make_kernel(file);
	g_assert_true(g_file_set_contents(f->kernel, (char *)file, FILE_SIZE, NULL));
	g_assert_true(g_file_set_contents(f->initrd, "initrd!", 7, NULL));
}

static void tear_down(struct fixture *f, gconstpointer data)
{
	unlink(f->kernel);
	unlink(f->initrd);
	rmdir(f->dir);
	g_free(f->kernel);
	g_free(f->initrd);
	g_free(f->dir);
}

static void test_load(struct fixture *f, gconstpointer data)
{
	struct linux_loader *loader = linux_loader_create(f->kernel, f->initrd, "a=b", 32 * MiB,
							  NULL);
	struct addr_space *mem = addr_space_create("mem", false, UINT64_C(1) << 40, NULL);
	struct vcpu_boot_state boot;
	struct mem_region ram;
	const uint8_t *params;
	uint32_t initrd_gpa;

	g_assert_nonnull(loader);
	machine_lock();
	g_assert_true(mem_region_init_ram(&ram, "ram", 32 * MiB, NULL));
	addr_space_add(mem, 0, &ram, 0);
	g_assert_true(linux_loader_load(loader, mem, 32 * MiB, 4096, 0xe0000, &boot, NULL));
	g_assert_cmphex(boot.rip, ==, 16 * MiB + 0x200);
	params = addr_space_ram(mem, boot.rsi, 4096, false);
	g_assert_cmpint(((uint8_t *)addr_space_ram(mem, 16 * MiB, 1, false))[0], ==, 'k');
	memcpy(&initrd_gpa, params + 0x218, 4);
	g_assert_cmphex(initrd_gpa, ==, 32 * MiB - 4096);
	g_assert_cmpmem(addr_space_ram(mem, initrd_gpa, 7, false), 7, "initrd!", 7);
	g_assert_cmpuint(params[0x1e8], ==, 5); /* e820 entries, the one above 4 GiB too */
	g_assert_cmpint(params[0x210], ==, 0xff);
	/* the file shrinks while we run, and the guest reboots */
	g_assert_cmpint(truncate(f->initrd, 3), ==, 0);
	{
		g_autoptr(GError) error = NULL;

		g_assert_false(linux_loader_load(loader, mem, 32 * MiB, 0, 0, &boot, &error));
		g_assert_true(g_str_has_suffix(error->message, "became shorter"));
	}
	mem_region_finish(&ram);
	addr_space_destroy(mem);
	machine_unlock();
	linux_loader_destroy(loader);
}

static uint64_t take(const uint8_t *at, unsigned int size)
{
	uint64_t value = 0;

	memcpy(&value, at, size);
	return value;
}

/* A device took memory from the top after the loader was made: kernel and initrd keep off. */
static void test_reserved(struct fixture *f, gconstpointer data)
{
	struct linux_loader *loader = linux_loader_create(f->kernel, f->initrd, NULL, 32 * MiB,
							  NULL);
	struct addr_space *mem = addr_space_create("mem", false, UINT64_C(1) << 40, NULL);
	g_autoptr(GError) error = NULL;
	struct vcpu_boot_state boot;
	struct mem_region ram;
	const uint8_t *params, *entry;

	machine_lock();
	g_assert_true(mem_region_init_ram(&ram, "ram", 32 * MiB, NULL));
	addr_space_add(mem, 0, &ram, 0);
	g_assert_true(linux_loader_load(loader, mem, 32 * MiB - 8192, 0, 0xe0000, &boot, NULL));
	params = addr_space_ram(mem, boot.rsi, 4096, false);
	g_assert_cmphex(take(params + 0x218, 4), ==, 32 * MiB - 8192 - 4096);
	g_assert_cmpuint(params[0x1e8], ==, 5);
	entry = params + 0x2d0 + 3 * 20;
	g_assert_cmphex(take(entry, 8), ==, MiB);
	g_assert_cmphex(take(entry + 8, 8), ==, 31 * MiB - 8192);
	g_assert_cmphex(take(entry + 16, 4), ==, 1); /* RAM */
	entry += 20;
	g_assert_cmphex(take(entry, 8), ==, 32 * MiB - 8192);
	g_assert_cmphex(take(entry + 8, 8), ==, 8192);
	g_assert_cmphex(take(entry + 16, 4), ==, 2); /* reserved */
	/* so much that the kernel has no room any more */
	g_assert_false(linux_loader_load(loader, mem, 17 * MiB, 0, 0, &boot, &error));
	g_assert_true(g_str_has_suffix(error->message, "needs 18 MiB of memory, -m gives 17 MiB"));
	mem_region_finish(&ram);
	addr_space_destroy(mem);
	machine_unlock();
	linux_loader_destroy(loader);
}

static void expect_refusal(struct fixture *f, const char *kernel, const char *initrd,
			   const char *append, uint64_t low, const char *suffix)
{
	g_autoptr(GError) error = NULL;

	g_assert_null(linux_loader_create(kernel, initrd, append, low, &error));
	if (!g_str_has_suffix(error->message, suffix)) {
		g_error("'%s' doesn't end in '%s'", error->message, suffix);
	}
}

static void test_refusals(struct fixture *f, gconstpointer data)
{
	g_autofree char *missing = g_build_filename(f->dir, "missing", NULL);
	g_autofree char *long_line = g_strnfill(2048, 'x');

	expect_refusal(f, missing, NULL, NULL, 32 * MiB, "No such file or directory");
	expect_refusal(f, f->dir, NULL, NULL, 32 * MiB, "not a regular file");
	expect_refusal(f, f->kernel, missing, NULL, 32 * MiB, "No such file or directory");
	expect_refusal(f, f->kernel, NULL, NULL, 17 * MiB,
		       "needs 18 MiB of memory, -m gives 17 MiB");
	expect_refusal(f, f->kernel, f->initrd, NULL, 18 * MiB,
		       "1 MiB don't fit into memory beside the kernel, which takes 18 of 18 MiB");
	expect_refusal(f, f->kernel, NULL, long_line, 32 * MiB,
		       "-append: 2048 bytes, the kernel takes 2047");
	g_assert_cmpint(truncate(f->initrd, 0), ==, 0);
	expect_refusal(f, f->kernel, f->initrd, NULL, 32 * MiB, "empty");
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/bzimage/a-good-header-is-understood", test_good);
	g_test_add_func("/bzimage/a-truncated-file-is-refused-at-any-length", test_truncated);
	g_test_add_func("/bzimage/what-is-no-64-bit-kernel-is-refused", test_not_a_kernel);
	g_test_add_func("/bzimage/impossible-addresses-and-sizes-are-refused", test_damaged);
	g_test_add("/linux-loader/kernel-initrd-and-parameters-are-placed", struct fixture, NULL,
		   set_up, test_load, tear_down);
	g_test_add("/linux-loader/what-devices-reserved-is-left-alone", struct fixture, NULL,
		   set_up, test_reserved, tear_down);
	g_test_add("/linux-loader/refusals-name-file-and-cause", struct fixture, NULL, set_up,
		   test_refusals, tear_down);
	return g_test_run();
}

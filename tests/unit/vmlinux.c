// SPDX-License-Identifier: GPL-2.0-or-later
/* A kernel as an ELF file: what is accepted, and how a PVH guest finds its memory, initrd and command line. */
#include <elf.h>
#include <string.h>
#include <unistd.h>

#include "hw/core/addr-space.h"
#include "hw/core/machine-lock.h"
#include "hw/i386/kernel-image.h"
#include "hw/i386/linux-loader.h"

#define MiB		(1u << 20)
#define CODE_OFFSET	1024
#define CODE_SIZE	4096
#define NOTES_OFFSET	(CODE_OFFSET + CODE_SIZE)

struct file {
	Elf64_Ehdr elf;
	Elf64_Phdr headers[3];
	uint8_t padding[CODE_OFFSET - sizeof(Elf64_Ehdr) - 3 * sizeof(Elf64_Phdr)];
	uint8_t code[CODE_SIZE];
	struct {
		Elf64_Nhdr other;
		char other_name[8], other_value[4];
		Elf64_Nhdr note;
		char name[4];
		uint32_t entry;
	} notes;
};

static struct file *make_kernel(void)
{
	struct file *file = g_new0(struct file, 1);

	file->elf = (Elf64_Ehdr){
		.e_ident = { ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64, ELFDATA2LSB },
		.e_type = ET_EXEC,
		.e_machine = EM_X86_64,
		.e_phoff = sizeof(Elf64_Ehdr),
		.e_phentsize = sizeof(Elf64_Phdr),
		.e_phnum = 3,
	};
	file->headers[0] = (Elf64_Phdr){
		.p_type = PT_LOAD, .p_offset = CODE_OFFSET, .p_paddr = 16 * MiB, .p_filesz = CODE_SIZE,
		.p_memsz = CODE_SIZE,
	};
	file->headers[1] = (Elf64_Phdr){
		.p_type = PT_LOAD, .p_offset = CODE_OFFSET, .p_paddr = 17 * MiB, .p_filesz = 16,
		.p_memsz = MiB,
	};
	file->headers[2] = (Elf64_Phdr){
		.p_type = PT_NOTE, .p_offset = NOTES_OFFSET, .p_filesz = sizeof(file->notes),
	};
	memset(file->code, 'k', CODE_SIZE);
	file->notes.other = (Elf64_Nhdr){ .n_namesz = 6, .n_descsz = 3, .n_type = 18 };
	memcpy(file->notes.other_name, "Linux", 6);
	file->notes.note = (Elf64_Nhdr){ .n_namesz = 4, .n_descsz = 4, .n_type = 18 };
	memcpy(file->notes.name, "Xen", 4);
	file->notes.entry = 16 * MiB + 64;
	return file;
}

static bool parse(const struct file *file, uint64_t size, struct kernel_image *image, GError **error)
{
	return vmlinux_parse(image, "k", (const uint8_t *)file, MIN(size, KERNEL_HEAD_SIZE), size,
			     error) &&
	       vmlinux_parse_notes(image, "k", (const uint8_t *)file + image->notes_offset, error);
}

static void test_good(void)
{
	g_autofree struct file *file = make_kernel();
	struct kernel_image image;

	g_assert_true(vmlinux_recognize((const uint8_t *)file, 4));
	g_assert_true(parse(file, sizeof(*file), &image, NULL));
	g_assert_true(image.pvh);
	g_assert_cmphex(image.pvh_gpa, ==, 16 * MiB + 64);
	g_assert_cmpuint(image.segment_count, ==, 2);
	g_assert_cmphex(image.load_gpa, ==, 16 * MiB);
	g_assert_cmphex(image.init_size, ==, 2 * MiB);
}

static void refuse(const struct file *file, uint64_t size, const char *message)
{
	g_autoptr(GError) error = NULL;
	struct kernel_image image;

	g_assert_false(parse(file, size, &image, &error));
	g_assert_cmpstr(error->message, ==, message);
}

static void test_refusals(void)
{
	g_autofree struct file *good = make_kernel(), *file = make_kernel();

	for (uint64_t size = 0; size < NOTES_OFFSET + sizeof(file->notes); size++) {
		struct kernel_image image;

		g_assert_false(parse(good, size, &image, NULL));
	}
	file->elf.e_type = ET_DYN;
	refuse(file, sizeof(*file), "kernel 'k': an ELF file, but no 64-bit x86 kernel");
	*file = *good;
	file->elf.e_phnum = 30;
	refuse(file, sizeof(*file),
	       "kernel 'k': damaged: its program headers are beyond the first 1024 bytes");
	*file = *good;
	file->elf.e_phoff = UINT64_MAX;
	refuse(file, sizeof(*file),
	       "kernel 'k': damaged: its program headers are beyond the first 1024 bytes");
	*file = *good;
	file->headers[1].p_offset = UINT64_MAX;
	{
		g_autofree char *message = g_strdup_printf("kernel 'k': truncated: %zu bytes, a segment "
							   "of 16 begins at 18446744073709551615",
							   sizeof(*file));

		refuse(file, sizeof(*file), message);
	}
	*file = *good;
	file->headers[0].p_paddr = 4096;
	refuse(file, sizeof(*file), "kernel 'k': damaged: a segment of 0x1000 bytes at 0x1000");
	*file = *good;
	file->headers[1].p_memsz = UINT64_MAX;
	refuse(file, sizeof(*file),
	       "kernel 'k': damaged: a segment of 0xffffffffffffffff bytes at 0x1100000");
	*file = *good;
	file->headers[1].p_memsz = 8;
	refuse(file, sizeof(*file), "kernel 'k': damaged: a segment of 0x8 bytes at 0x1100000");
	*file = *good;
	file->headers[2].p_type = PT_NULL;
	refuse(file, sizeof(*file), "kernel 'k': an ELF file with nothing to load, or without notes");
	*file = *good;
	file->notes.note.n_type = 17;
	refuse(file, sizeof(*file), "kernel 'k': an ELF file without an entry for PVH guests");
	*file = *good;
	file->notes.other.n_descsz = UINT32_MAX;
	refuse(file, sizeof(*file), "kernel 'k': an ELF file without an entry for PVH guests");
	*file = *good;
	file->notes.entry = 18 * MiB;
	refuse(file, sizeof(*file), "kernel 'k': an ELF file without an entry for PVH guests");
}

static uint64_t take(const uint8_t *at, unsigned int size)
{
	uint64_t value = 0;

	memcpy(&value, at, size);
	return value;
}

static void test_loading(void)
{
	g_autofree struct file *file = make_kernel();
	g_autofree char *dir = g_dir_make_tmp("vmlinux-XXXXXX", NULL);
	g_autofree char *kernel = g_build_filename(dir, "kernel", NULL);
	g_autofree char *initrd = g_build_filename(dir, "initrd", NULL);
	struct addr_space *mem = addr_space_create("mem", false, UINT64_C(1) << 40, NULL);
	struct linux_loader *loader;
	struct vcpu_boot_state boot;
	struct mem_region ram;
	const uint8_t *info, *module, *entry;

	g_assert_true(g_file_set_contents(kernel, (const char *)file, sizeof(*file), NULL));
	g_assert_true(g_file_set_contents(initrd, "initrd!", 7, NULL));
	loader = linux_loader_create(kernel, initrd, "quiet", 32 * MiB, NULL);
	g_assert_nonnull(loader);
	machine_lock();
	g_assert_true(mem_region_init_ram(&ram, "ram", 32 * MiB, NULL));
	addr_space_add(mem, 0, &ram, 0);
	/* a guest that ran before has left something where zeroes belong */
	memset(addr_space_ram(mem, 17 * MiB, MiB, true), 0xff, MiB);
	g_assert_true(linux_loader_load(loader, mem, 32 * MiB, 4096, 0xe0000, &boot, NULL));
	g_assert_true(boot.bits32);
	g_assert_cmphex(boot.rip, ==, 16 * MiB + 64);
	g_assert_cmpint(*(uint8_t *)addr_space_ram(mem, 16 * MiB + CODE_SIZE - 1, 1, false), ==, 'k');
	g_assert_cmpint(*(uint8_t *)addr_space_ram(mem, 17 * MiB + 15, 1, false), ==, 'k');
	for (unsigned int i = 16; i < MiB; i += 4095) {
		g_assert_cmpint(*(uint8_t *)addr_space_ram(mem, 17 * MiB + i, 1, false), ==, 0);
	}
	info = addr_space_ram(mem, boot.rbx, 4096, false);
	g_assert_cmphex(take(info, 4), ==, 0x336ec578);
	g_assert_cmpuint(take(info + 4, 4), ==, 1);
	g_assert_cmpuint(take(info + 12, 4), ==, 1);
	module = addr_space_ram(mem, take(info + 16, 8), 32, false);
	g_assert_cmpmem(addr_space_ram(mem, take(module, 8), 7, false), take(module + 8, 8), "initrd!", 7);
	g_assert_cmpstr(addr_space_ram(mem, take(info + 24, 8), 6, false), ==, "quiet");
	g_assert_cmphex(take(info + 32, 8), ==, 0xe0000);
	g_assert_cmpuint(take(info + 48, 4), ==, 5); /* the piece above 4 GiB too */
	entry = addr_space_ram(mem, take(info + 40, 8), 5 * 24, false);
	g_assert_cmphex(take(entry + 3 * 24, 8), ==, MiB);
	g_assert_cmphex(take(entry + 3 * 24 + 8, 8), ==, 31 * MiB);
	g_assert_cmphex(take(entry + 3 * 24 + 16, 4), ==, 1);
	g_assert_cmphex(take(entry + 4 * 24, 8), ==, UINT64_C(1) << 32);
	mem_region_finish(&ram);
	addr_space_destroy(mem);
	machine_unlock();
	linux_loader_destroy(loader);
	unlink(kernel);
	unlink(initrd);
	rmdir(dir);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/vmlinux/a-good-one", test_good);
	g_test_add_func("/vmlinux/refusals", test_refusals);
	g_test_add_func("/vmlinux/loading", test_loading);
	return g_test_run();
}

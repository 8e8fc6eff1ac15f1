// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "kernel-image.h"
#include "hw/core/addr-space.h"
#include "linux-loader.h"
#include "util/error.h"
#include "util/fd.h"
#include "util/range.h"

/* Where things go, all below the 640 KiB line. */
#define GDT_GPA			0x1000
#define PAGE_TABLES_GPA		0x2000 /* one PML4, one PDPT, four directories */
#define STACK_GPA		0x9000 /* grows down; the kernel soon has its own */
#define BOOT_PARAMS_GPA		0x10000
#define BOOT_PARAMS_SIZE	4096
#define CMDLINE_GPA		0x20000
#define CMDLINE_MAX		0x10000
#define ENTRY_64		0x200 /* from the load address */

/* boot_params beyond the kernel's header */
enum {
	BP_ACPI_RSDP = 0x070, BP_EXT_RAMDISK_IMAGE = 0x0c0, BP_EXT_RAMDISK_SIZE = 0x0c4,
	BP_EXT_CMDLINE = 0x0c8, BP_E820_ENTRIES = 0x1e8, BP_HEADER = 0x1f1,
	BP_VID_MODE = 0x1fa, BP_TYPE_OF_LOADER = 0x210, BP_LOADFLAGS = 0x211,
	BP_RAMDISK_IMAGE = 0x218, BP_RAMDISK_SIZE = 0x21c, BP_CMDLINE = 0x228,
	BP_E820_TABLE = 0x2d0,
};
/* What a PVH guest gets in the same place (Xen: xen/include/public/arch-x86/hvm/start_info.h), and where
 * in it we put what it points to. */
enum {
	PVH_VERSION = 0x04, PVH_MODULES = 0x0c, PVH_MODULES_AT = 0x10, PVH_CMDLINE = 0x18,
	PVH_RSDP = 0x20, PVH_MEMORY_AT = 0x28, PVH_MEMORY_ENTRIES = 0x30,
	PVH_MODULE = 0x40, PVH_MEMORY = 0x60,
};
#define PVH_MAGIC		0x336ec578
#define LOADER_UNDEFINED	0xff
#define E820_RAM		1
#define E820_RESERVED		2

#define PAGE_PRESENT_WRITE	0x3
#define PAGE_2M			0x80

struct linux_loader {
	char *kernel_path, *initrd_path, *cmdline;
	int kernel_fd, initrd_fd; /* initrd_fd -1: none */
	uint64_t initrd_size, initrd_gpa, low_bytes;
	struct kernel_image image;
};

/* ---- files ---- */

static bool read_into(int fd, const char *kind, const char *path, uint64_t offset, uint8_t *hva,
		      uint64_t size, GError **error)
{
	while (size) {
		ssize_t got = pread(fd, hva, MIN(size, 1 << 30), (off_t)offset);

		if (got < 0 && errno == EINTR) {
			continue;
		}
		if (got < 0) {
			return error_set_errno(error, errno, "%s '%s': read", kind, path);
		}
		if (got == 0) {
			return error_set(error, "%s '%s': became shorter", kind, path);
		}
		hva += got;
		offset += (uint64_t)got;
		size -= (uint64_t)got;
	}
	return true;
}


/* Opens a regular file; -1 and *error otherwise. */
static int open_file(const char *kind, const char *path, uint64_t *size, GError **error)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0) {
		error_set_errno(error, errno, "%s '%s'", kind, path);
		fd_close(&fd);
		return -1;
	}
	if (!S_ISREG(st.st_mode)) {
		error_set(error, "%s '%s': not a regular file", kind, path);
		fd_close(&fd);
		return -1;
	}
	*size = (uint64_t)st.st_size;
	return fd;
}

/* ---- checks when the machine is made ---- */

static bool read_notes(struct linux_loader *loader, GError **error)
{
	struct kernel_image *image = &loader->image;
	g_autofree uint8_t *notes = g_malloc(image->notes_size);

	return read_into(loader->kernel_fd, "kernel", loader->kernel_path, image->notes_offset, notes,
			 image->notes_size, error) &&
	       vmlinux_parse_notes(image, loader->kernel_path, notes, error);
}

static bool open_kernel(struct linux_loader *loader, GError **error)
{
	uint8_t head[KERNEL_HEAD_SIZE];
	uint64_t size;
	ssize_t len;

	loader->kernel_fd = open_file("kernel", loader->kernel_path, &size, error);
	if (loader->kernel_fd < 0) {
		return false;
	}
	len = pread(loader->kernel_fd, head, sizeof(head), 0);
	if (len < 0) {
		return error_set_errno(error, errno, "kernel '%s': read", loader->kernel_path);
	}
	return vmlinux_recognize(head, (size_t)len)
		? vmlinux_parse(&loader->image, loader->kernel_path, head, (size_t)len, size, error) &&
		  read_notes(loader, error)
		: bzimage_parse(&loader->image, loader->kernel_path, head, (size_t)len, size, error);
}

static bool open_initrd(struct linux_loader *loader, GError **error)
{
	if (!loader->initrd_path) {
		return true;
	}
	loader->initrd_fd = open_file("initrd", loader->initrd_path, &loader->initrd_size, error);
	if (loader->initrd_fd < 0) {
		return false;
	}
	if (!loader->initrd_size) {
		return error_set(error, "initrd '%s': empty", loader->initrd_path);
	}
	return true;
}

/* Finds room for kernel and initrd below @low_end. The initrd goes as high as it may, so that it is out
 * of the kernel's way. */
static bool place(struct linux_loader *loader, uint64_t low_end, GError **error)
{
	uint64_t kernel_end = loader->image.load_gpa + loader->image.init_size;
	uint64_t end = MIN(low_end, loader->image.initrd_max + 1);

	if (kernel_end > low_end) {
		return error_set(error, "kernel '%s': needs %" PRIu64 " MiB of memory, -m gives %"
				 PRIu64 " MiB", loader->kernel_path,
				 round_up(kernel_end, 1 << 20) >> 20, low_end >> 20);
	}
	if (!loader->initrd_size) {
		return true;
	}
	if (loader->initrd_size > end || ((end - loader->initrd_size) & ~UINT64_C(4095)) <
	    kernel_end) {
		return error_set(error, "initrd '%s': %" PRIu64 " MiB don't fit into memory beside"
				 " the kernel, which takes %" PRIu64 " of %" PRIu64 " MiB",
				 loader->initrd_path, round_up(loader->initrd_size, 1 << 20) >> 20,
				 round_up(kernel_end, 1 << 20) >> 20, end >> 20);
	}
	loader->initrd_gpa = (end - loader->initrd_size) & ~UINT64_C(4095);
	return true;
}

static bool check_cmdline(struct linux_loader *loader, GError **error)
{
	size_t len = strlen(loader->cmdline), max = MIN(loader->image.cmdline_max, CMDLINE_MAX - 1);

	if (len > max) {
		return error_set(error, "-append: %zu bytes, the kernel takes %zu", len, max);
	}
	return true;
}

struct linux_loader *linux_loader_create(const char *kernel, const char *initrd,
					 const char *append, uint64_t low_bytes, GError **error)
{
	struct linux_loader *loader = g_new0(struct linux_loader, 1);

	loader->kernel_path = g_strdup(kernel);
	loader->initrd_path = g_strdup(initrd);
	loader->cmdline = g_strdup(append ? append : "");
	loader->low_bytes = low_bytes;
	loader->kernel_fd = loader->initrd_fd = -1;
	if (!open_kernel(loader, error) || !open_initrd(loader, error) ||
	    !place(loader, low_bytes, error) || !check_cmdline(loader, error)) {
		linux_loader_destroy(loader);
		return NULL;
	}
	return loader;
}

void linux_loader_destroy(struct linux_loader *loader)
{
	if (!loader) {
		return;
	}
	fd_close(&loader->kernel_fd);
	fd_close(&loader->initrd_fd);
	g_free(loader->kernel_path);
	g_free(loader->initrd_path);
	g_free(loader->cmdline);
	g_free(loader);
}

/* ---- at each reset ---- */

static void put(uint8_t *at, uint64_t value, size_t size)
{
	memcpy(at, &value, size);
}

static void put_e820(uint8_t *params, uint64_t base, uint64_t size, uint32_t type)
{
	uint8_t *entry = params + BP_E820_TABLE + 20 * params[BP_E820_ENTRIES];

	put(entry, base, 8);
	put(entry + 8, size, 8);
	put(entry + 16, type, 4);
	params[BP_E820_ENTRIES]++;
}

/* Tells @take of each piece of the guest's memory, in order. */
static void tell_memory(const struct linux_loader *loader, uint64_t low_end, uint64_t high_bytes,
			void (*take)(uint8_t *where, uint64_t base, uint64_t size, uint32_t type),
			uint8_t *where)
{
	take(where, 0, LOADER_LOW_END, E820_RAM);
	take(where, LOADER_LOW_END, 0xa0000 - LOADER_LOW_END, E820_RESERVED);
	take(where, LOADER_ACPI_GPA, 0x100000 - LOADER_ACPI_GPA, E820_RESERVED);
	take(where, 0x100000, low_end - 0x100000, E820_RAM);
	if (low_end < loader->low_bytes) {
		take(where, low_end, loader->low_bytes - low_end, E820_RESERVED);
	}
	if (high_bytes) {
		take(where, UINT64_C(1) << 32, high_bytes, E820_RAM);
	}
}

static void fill_boot_params(const struct linux_loader *loader, uint8_t *params, uint64_t low_end,
			     uint64_t high_bytes, uint64_t rsdp_gpa)
{
	memset(params, 0, BOOT_PARAMS_SIZE);
	memcpy(params + BP_HEADER, loader->image.header + BP_HEADER,
	       loader->image.header_size - BP_HEADER);
	params[BP_TYPE_OF_LOADER] = LOADER_UNDEFINED;
	put(params + BP_VID_MODE, 0xffff, 2); /* normal */
	put(params + BP_CMDLINE, CMDLINE_GPA, 4);
	put(params + BP_EXT_CMDLINE, 0, 4);
	put(params + BP_RAMDISK_IMAGE, (uint32_t)loader->initrd_gpa, 4);
	put(params + BP_RAMDISK_SIZE, (uint32_t)loader->initrd_size, 4);
	put(params + BP_EXT_RAMDISK_IMAGE, loader->initrd_gpa >> 32, 4);
	put(params + BP_EXT_RAMDISK_SIZE, loader->initrd_size >> 32, 4);
	put(params + BP_ACPI_RSDP, rsdp_gpa, 8);
	tell_memory(loader, low_end, high_bytes, put_e820, params);
}

static void put_pvh_memory(uint8_t *info, uint64_t base, uint64_t size, uint32_t type)
{
	uint32_t count;

	memcpy(&count, info + PVH_MEMORY_ENTRIES, sizeof(count));
	put(info + PVH_MEMORY + 24 * count, base, 8);
	put(info + PVH_MEMORY + 24 * count + 8, size, 8);
	put(info + PVH_MEMORY + 24 * count + 16, type, 4);
	put(info + PVH_MEMORY_ENTRIES, count + 1, 4);
}

static void fill_start_info(const struct linux_loader *loader, uint8_t *info, uint64_t low_end,
			    uint64_t high_bytes, uint64_t rsdp_gpa)
{
	memset(info, 0, BOOT_PARAMS_SIZE);
	put(info, PVH_MAGIC, 4);
	put(info + PVH_VERSION, 1, 4);
	if (loader->initrd_size) {
		put(info + PVH_MODULES, 1, 4);
		put(info + PVH_MODULES_AT, BOOT_PARAMS_GPA + PVH_MODULE, 8);
		put(info + PVH_MODULE, loader->initrd_gpa, 8);
		put(info + PVH_MODULE + 8, loader->initrd_size, 8);
	}
	put(info + PVH_CMDLINE, CMDLINE_GPA, 8);
	put(info + PVH_RSDP, rsdp_gpa, 8);
	put(info + PVH_MEMORY_AT, BOOT_PARAMS_GPA + PVH_MEMORY, 8);
	tell_memory(loader, low_end, high_bytes, put_pvh_memory, info);
}

/* Identity map of the low 4 GiB in pages of 2 MiB. */
static void fill_page_tables(uint8_t *tables)
{
	const uint64_t pdpt = PAGE_TABLES_GPA + 0x1000, directories = PAGE_TABLES_GPA + 0x2000;

	memset(tables, 0, 6 * 4096);
	put(tables, pdpt | PAGE_PRESENT_WRITE, 8);
	for (unsigned int i = 0; i < 4; i++) {
		put(tables + 0x1000 + 8 * i, (directories + 0x1000 * i) | PAGE_PRESENT_WRITE, 8);
	}
	for (uint64_t i = 0; i < 4 * 512; i++) {
		put(tables + 0x2000 + 8 * i, i << 21 | PAGE_PRESENT_WRITE | PAGE_2M, 8);
	}
}

/* Flat code at 0x10 and data at 0x18, as the boot protocol wants them. */
static void fill_gdt(uint8_t *gdt, bool bits32)
{
	const uint64_t entries[4] = {
		0, 0, bits32 ? 0x00cf9b000000ffff : 0x00af9b000000ffff, 0x00cf93000000ffff,
	};

	memcpy(gdt, entries, sizeof(entries));
}

static bool load_segments(const struct linux_loader *loader, uint8_t *kernel, GError **error)
{
	const struct kernel_image *image = &loader->image;

	for (unsigned int i = 0; i < image->segment_count; i++) {
		const struct kernel_segment *segment = &image->segments[i];
		uint8_t *at = kernel + (segment->gpa - image->load_gpa);

		if (!read_into(loader->kernel_fd, "kernel", loader->kernel_path, segment->offset, at,
			       segment->size, error)) {
			return false;
		}
		memset(at + segment->size, 0, segment->memory_size - segment->size);
	}
	return true;
}

bool linux_loader_load(struct linux_loader *loader, struct addr_space *mem, uint64_t low_end,
		       uint64_t high_bytes, uint64_t rsdp_gpa, struct vcpu_boot_state *boot,
		       GError **error)
{
	const struct kernel_image *image = &loader->image;
	uint8_t *kernel = addr_space_ram(mem, image->load_gpa, image->init_size, true);
	uint8_t *low = addr_space_ram(mem, 0, LOADER_LOW_END, true);
	uint8_t *initrd;

	if (!place(loader, low_end, error)) {
		return false;
	}
	if (!kernel || !low) {
		return error_set(error, "kernel '%s': no memory at 0x%" PRIx64,
				 loader->kernel_path, image->load_gpa);
	}
	if (!load_segments(loader, kernel, error)) {
		return false;
	}
	if (loader->initrd_size) {
		initrd = addr_space_ram(mem, loader->initrd_gpa, loader->initrd_size, true);
		if (!initrd) {
			return error_set(error, "initrd '%s': no memory at 0x%" PRIx64,
					 loader->initrd_path, loader->initrd_gpa);
		}
		if (!read_into(loader->initrd_fd, "initrd", loader->initrd_path, 0, initrd,
			       loader->initrd_size, error)) {
			return false;
		}
	}
	fill_gdt(low + GDT_GPA, image->pvh);
	memcpy(low + CMDLINE_GPA, loader->cmdline, strlen(loader->cmdline) + 1);
	*boot = (struct vcpu_boot_state){
		.rsp = STACK_GPA,
		.gdt_gpa = GDT_GPA,
		.gdt_limit = 4 * 8 - 1,
	};
	if (image->pvh) {
		fill_start_info(loader, low + BOOT_PARAMS_GPA, low_end, high_bytes, rsdp_gpa);
		boot->bits32 = true;
		boot->rip = image->pvh_gpa;
		boot->rbx = BOOT_PARAMS_GPA;
	} else {
		fill_page_tables(low + PAGE_TABLES_GPA);
		fill_boot_params(loader, low + BOOT_PARAMS_GPA, low_end, high_bytes, rsdp_gpa);
		boot->rip = image->load_gpa + ENTRY_64;
		boot->rsi = BOOT_PARAMS_GPA;
		boot->cr3 = PAGE_TABLES_GPA;
	}
	return true;
}

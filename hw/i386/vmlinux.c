// SPDX-License-Identifier: GPL-2.0-or-later
#include <elf.h>
#include <inttypes.h>
#include <string.h>

#include "kernel-image.h"
#include "util/error.h"
#include "util/range.h"

/* What Linux takes on x86; an ELF file doesn't tell. */
#define CMDLINE_MAX	2047
/* The note that has the address of the PVH entry (Xen: xen/include/public/elfnote.h). */
#define NOTE_OWNER	"Xen"
#define NOTE_PHYS32_ENTRY 18

bool vmlinux_recognize(const uint8_t *head, size_t len)
{
	return len >= SELFMAG && !memcmp(head, ELFMAG, SELFMAG);
}

static bool check_header(const char *path, const Elf64_Ehdr *elf, size_t len, GError **error)
{
	if (elf->e_ident[EI_CLASS] != ELFCLASS64 || elf->e_ident[EI_DATA] != ELFDATA2LSB ||
	    elf->e_machine != EM_X86_64 || elf->e_type != ET_EXEC) {
		return error_set(error, "kernel '%s': an ELF file, but no 64-bit x86 kernel", path);
	}
	if (elf->e_phentsize != sizeof(Elf64_Phdr) || elf->e_phoff > len ||
	    elf->e_phnum > (len - elf->e_phoff) / sizeof(Elf64_Phdr)) {
		return error_set(error, "kernel '%s': damaged: its program headers are beyond the "
				 "first %zu bytes", path, len);
	}
	return true;
}

static bool add_segment(struct kernel_image *image, const char *path, const Elf64_Phdr *header,
			uint64_t file_size, GError **error)
{
	if (header->p_offset > file_size || header->p_filesz > file_size - header->p_offset) {
		return error_set(error, "kernel '%s': truncated: %" PRIu64 " bytes, a segment of %"
				 PRIu64 " begins at %" PRIu64, path, file_size, header->p_filesz,
				 header->p_offset);
	}
	if (header->p_type == PT_NOTE) {
		image->notes_offset = header->p_offset;
		image->notes_size = MIN(header->p_filesz, VMLINUX_NOTES_MAX);
		return true;
	}
	if (header->p_type != PT_LOAD || !header->p_memsz) {
		return true;
	}
	if (header->p_paddr < 0x100000 || header->p_paddr >= KERNEL_LOAD_MAX ||
	    header->p_memsz > KERNEL_LOAD_MAX - header->p_paddr ||
	    header->p_filesz > header->p_memsz || image->segment_count == KERNEL_SEGMENTS_MAX) {
		return error_set(error, "kernel '%s': damaged: a segment of 0x%" PRIx64 " bytes at 0x%"
				 PRIx64, path, header->p_memsz, header->p_paddr);
	}
	image->segments[image->segment_count++] = (struct kernel_segment){
		.offset = header->p_offset,
		.size = header->p_filesz,
		.gpa = header->p_paddr,
		.memory_size = header->p_memsz,
	};
	return true;
}

bool vmlinux_parse(struct kernel_image *image, const char *path, const uint8_t *head, size_t len,
		   uint64_t file_size, GError **error)
{
	uint64_t start = KERNEL_LOAD_MAX, end = 0;
	Elf64_Ehdr elf = { 0 };

	memset(image, 0, sizeof(*image));
	if (len) {
		memcpy(&elf, head, MIN(len, sizeof(elf)));
	}
	if (!check_header(path, &elf, len, error)) {
		return false;
	}
	for (size_t i = 0; i < elf.e_phnum; i++) {
		Elf64_Phdr header;

		memcpy(&header, head + elf.e_phoff + i * sizeof(header), sizeof(header));
		if (!add_segment(image, path, &header, file_size, error)) {
			return false;
		}
	}
	for (unsigned int i = 0; i < image->segment_count; i++) {
		start = MIN(start, image->segments[i].gpa);
		end = MAX(end, image->segments[i].gpa + image->segments[i].memory_size);
	}
	if (!image->segment_count || !image->notes_size) {
		return error_set(error, "kernel '%s': an ELF file with nothing to load, or without "
				 "notes", path);
	}
	image->load_gpa = start;
	image->init_size = end - start;
	image->initrd_max = KERNEL_LOAD_MAX - 1;
	image->cmdline_max = CMDLINE_MAX;
	return true;
}

bool vmlinux_parse_notes(struct kernel_image *image, const char *path, const uint8_t *notes,
			 GError **error)
{
	uint64_t left = image->notes_size, entry = 0;

	while (left >= sizeof(Elf64_Nhdr)) {
		uint64_t name_size, value_size;
		Elf64_Nhdr note;

		memcpy(&note, notes, sizeof(note));
		notes += sizeof(note);
		left -= sizeof(note);
		name_size = round_up(note.n_namesz, 4);
		value_size = round_up(note.n_descsz, 4);
		if (name_size > left || value_size > left - name_size) {
			break;
		}
		if (note.n_type == NOTE_PHYS32_ENTRY && note.n_namesz == sizeof(NOTE_OWNER) &&
		    !memcmp(notes, NOTE_OWNER, sizeof(NOTE_OWNER)) && note.n_descsz >= 4) {
			memcpy(&entry, notes + name_size, MIN(note.n_descsz, sizeof(entry)));
		}
		notes += name_size + value_size;
		left -= name_size + value_size;
	}
	if (entry < image->load_gpa || entry - image->load_gpa >= image->init_size) {
		return error_set(error, "kernel '%s': an ELF file without an entry for PVH guests",
				 path);
	}
	image->pvh = true;
	image->pvh_gpa = entry;
	return true;
}

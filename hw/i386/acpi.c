// SPDX-License-Identifier: GPL-2.0-or-later
#include <string.h>
#include <glib.h>

#include "acpi.h"
#include "chipset.h"
#include "dsdt.hex" /* dsdt_aml_code, made by iasl */
#include "util/range.h"

#define FACS_OFFSET	64 /* behind the RSDP, aligned */
#define FACS_VECTOR	12 /* the guest's "firmware waking vector" in it */
#define LAPIC_GPA	0xfee00000u
#define IOAPIC_GPA	0xfec00000u
#define RESET_PORT	0xcf9
#define RESET_VALUE	0x06

/* Tables are written one behind the other. */
struct writer {
	uint8_t *start;
	size_t used, size;
	uint32_t gpa; /* of start */
	bool overflow;
};

static void put_bytes(struct writer *w, const void *data, size_t len)
{
	if (w->overflow || !range_fits(w->used, len, w->size)) {
		w->overflow = true;
		return;
	}
	memcpy(w->start + w->used, data, len);
	w->used += len;
}

static void put8(struct writer *w, uint8_t value)
{
	put_bytes(w, &value, 1);
}

static void put16(struct writer *w, uint16_t value)
{
	put_bytes(w, &value, 2);
}

static void put32(struct writer *w, uint32_t value)
{
	put_bytes(w, &value, 4);
}

static void put64(struct writer *w, uint64_t value)
{
	put_bytes(w, &value, 8);
}

static void put_zeros(struct writer *w, size_t count)
{
	while (count--) {
		put8(w, 0);
	}
}

static void align(struct writer *w, size_t alignment)
{
	put_zeros(w, round_up(w->used, alignment) - w->used);
}

static uint8_t checksum(const uint8_t *bytes, size_t len)
{
	uint8_t sum = 0;

	for (size_t i = 0; i < len; i++) {
		sum += bytes[i];
	}
	return (uint8_t)-sum;
}

/* Returns where the table starts; end_table fills in length and checksum. */
static size_t begin_table(struct writer *w, const char *signature, uint8_t revision)
{
	size_t start;

	align(w, 16);
	start = w->used;
	put_bytes(w, signature, 4);
	put32(w, 0);
	put8(w, revision);
	put8(w, 0);
	put_bytes(w, "ORIEL ", 6);
	put_bytes(w, "ORIELPC ", 8);
	put32(w, 1);
	put_bytes(w, "ORIE", 4);
	put32(w, 1);
	return start;
}

static uint32_t end_table(struct writer *w, size_t start)
{
	uint32_t length = (uint32_t)(w->used - start);

	if (w->overflow) {
		return 0;
	}
	memcpy(w->start + start + 4, &length, 4);
	w->start[start + 9] = checksum(w->start + start, length);
	return w->gpa + (uint32_t)start;
}

/* Generic address: @space 0 memory, 1 I/O port. */
static void put_address(struct writer *w, uint8_t space, uint8_t bits, uint64_t address)
{
	put8(w, space);
	put8(w, bits);
	put8(w, 0);
	put8(w, bits == 8 ? 1 : bits == 16 ? 2 : 3); /* access size */
	put64(w, address);
}

static void put_no_address(struct writer *w)
{
	put_zeros(w, 12);
}

/* ---- SSDT: numbers for the DSDT ---- */

static void put_name(struct writer *w, const char *name, uint64_t value)
{
	put8(w, 0x08); /* NameOp */
	put_bytes(w, name, 4);
	put8(w, 0x0e); /* QWordPrefix */
	put64(w, value);
}

static uint32_t put_ssdt(struct writer *w, const struct acpi_config *config)
{
	size_t table = begin_table(w, "SSDT", 2);
	bool window = config->mem64_end > config->mem64_base;

	put_name(w, "W64B", window ? config->mem64_base : 0);
	put_name(w, "W64E", window ? config->mem64_end - 1 : 0);
	put_name(w, "COMS", config->serial_ports);
	put_name(w, "KBDP", config->i8042);
	return end_table(w, table);
}

/* ---- MADT: interrupt controllers ---- */

static void put_override(struct writer *w, uint8_t irq, uint32_t gsi, uint16_t flags)
{
	put8(w, 2);
	put8(w, 10);
	put8(w, 0); /* ISA */
	put8(w, irq);
	put32(w, gsi);
	put16(w, flags);
}

static uint32_t put_madt(struct writer *w, const struct acpi_config *config)
{
	size_t table = begin_table(w, "APIC", 4);

	put32(w, LAPIC_GPA);
	put32(w, 1); /* there are PICs too */
	for (unsigned int i = 0; i < config->cpus; i++) {
		put8(w, 0); /* local APIC */
		put8(w, 8);
		put8(w, (uint8_t)i);
		put8(w, (uint8_t)i);
		put32(w, 1); /* enabled */
	}
	put8(w, 1); /* I/O APIC */
	put8(w, 12);
	put8(w, 0);
	put8(w, 0);
	put32(w, IOAPIC_GPA);
	put32(w, 0);
	put_override(w, 0, 2, 0); /* the timer is on pin 2 */
	put_override(w, PM_SCI, PM_SCI, 0xd); /* level, active high */
	put8(w, 4); /* NMI on LINT1 of every CPU */
	put8(w, 6);
	put8(w, 0xff);
	put16(w, 0);
	put8(w, 1);
	return end_table(w, table);
}

/* ---- FADT: fixed hardware ---- */

#define BOOT_LEGACY_DEVICES	0x0001
#define BOOT_8042		0x0002
#define BOOT_NO_VGA		0x0004
#define FADT_WBINVD		(1u << 0)
#define FADT_C1			(1u << 2)
#define FADT_NO_SLEEP_BUTTON	(1u << 5)
#define FADT_NO_RTC_WAKE	(1u << 6)
#define FADT_RESET_REGISTER	(1u << 10)

static uint32_t put_fadt(struct writer *w, const struct acpi_config *config, uint32_t facs,
			 uint32_t dsdt)
{
	size_t table = begin_table(w, "FACP", 6);

	put32(w, facs);
	put32(w, dsdt);
	put8(w, 0);
	put8(w, 1); /* preferred profile: desktop */
	put16(w, PM_SCI);
	put32(w, 0); /* no SMI command port: always in ACPI mode */
	put_zeros(w, 4);
	put32(w, PM_BASE); /* PM1a event */
	put32(w, 0);
	put32(w, PM_BASE + 4); /* PM1a control */
	put32(w, 0);
	put32(w, 0); /* PM2 */
	put32(w, PM_BASE + PM_TIMER);
	put32(w, 0); /* general purpose events */
	put32(w, 0);
	put8(w, 4); /* lengths of those blocks */
	put8(w, 2);
	put8(w, 0);
	put8(w, 4);
	put_zeros(w, 4);
	put16(w, 0xfff); /* C2 and C3 latencies: not there */
	put16(w, 0xfff);
	put_zeros(w, 4 + 4); /* flush size and stride; duty, alarms */
	put8(w, 0x32); /* century register */
	put16(w, BOOT_LEGACY_DEVICES | BOOT_NO_VGA | (config->i8042 ? BOOT_8042 : 0));
	put8(w, 0);
	put32(w, FADT_WBINVD | FADT_C1 | FADT_NO_SLEEP_BUTTON | FADT_NO_RTC_WAKE |
		 FADT_RESET_REGISTER);
	put_address(w, 1, 8, RESET_PORT);
	put8(w, RESET_VALUE);
	put16(w, 0);
	put8(w, 3); /* minor version */
	put64(w, 0); /* the 64-bit forms: the 32-bit ones say it */
	put64(w, dsdt);
	put_address(w, 1, 32, PM_BASE);
	put_no_address(w);
	put_address(w, 1, 16, PM_BASE + 4);
	put_no_address(w);
	put_no_address(w);
	put_address(w, 1, 32, PM_BASE + PM_TIMER);
	for (unsigned int i = 0; i < 4; i++) {
		put_no_address(w); /* GPE blocks, sleep control and status */
	}
	put64(w, 0); /* hypervisor vendor */
	return end_table(w, table);
}

/* ---- the roots ---- */

static uint32_t put_xsdt(struct writer *w, const uint32_t *tables, unsigned int count)
{
	size_t table = begin_table(w, "XSDT", 1);

	for (unsigned int i = 0; i < count; i++) {
		put64(w, tables[i]);
	}
	return end_table(w, table);
}

static uint32_t put_rsdt(struct writer *w, const uint32_t *tables, unsigned int count)
{
	size_t table = begin_table(w, "RSDT", 1);

	for (unsigned int i = 0; i < count; i++) {
		put32(w, tables[i]);
	}
	return end_table(w, table);
}

static uint32_t put_facs(struct writer *w)
{
	uint32_t gpa;

	align(w, 64);
	gpa = w->gpa + (uint32_t)w->used;
	put_bytes(w, "FACS", 4);
	put32(w, 64);
	put_zeros(w, 24);
	put8(w, 2);
	put_zeros(w, 31);
	return gpa;
}

#define RSDP_SIZE 36

static void fill_rsdp(uint8_t *rsdp, uint32_t rsdt, uint64_t xsdt)
{
	uint32_t length = RSDP_SIZE;

	memcpy(rsdp, "RSD PTR ", 8);
	memcpy(rsdp + 9, "ORIEL ", 6);
	rsdp[15] = 2; /* revision */
	memcpy(rsdp + 16, &rsdt, 4);
	memcpy(rsdp + 20, &length, 4);
	memcpy(rsdp + 24, &xsdt, 8);
	rsdp[8] = checksum(rsdp, 20);
	rsdp[32] = checksum(rsdp, RSDP_SIZE);
}

uint64_t acpi_build(const struct acpi_config *config, uint32_t gpa, void *buffer, size_t size)
{
	struct writer w = { .start = buffer, .size = size, .gpa = gpa };
	uint32_t tables[3], dsdt, facs, rsdt, xsdt;

	put_zeros(&w, RSDP_SIZE);
	facs = put_facs(&w);
	g_assert(facs == gpa + FACS_OFFSET);
	align(&w, 16);
	dsdt = gpa + (uint32_t)w.used;
	put_bytes(&w, dsdt_aml_code, sizeof(dsdt_aml_code));
	tables[0] = put_fadt(&w, config, facs, dsdt);
	tables[1] = put_madt(&w, config);
	tables[2] = put_ssdt(&w, config);
	rsdt = put_rsdt(&w, tables, G_N_ELEMENTS(tables));
	xsdt = put_xsdt(&w, tables, G_N_ELEMENTS(tables));
	if (w.overflow) {
		return 0;
	}
	fill_rsdp(buffer, rsdt, xsdt);
	return gpa;
}

uint32_t acpi_waking_vector(const void *buffer)
{
	uint32_t vector;

	memcpy(&vector, (const uint8_t *)buffer + FACS_OFFSET + FACS_VECTOR, sizeof(vector));
	return vector < 0x100000 ? vector : 0;
}

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Damage as a real guest makes it: a virtual CPU that writes into the mapped BAR through nested
 * page tables, where only the MMU notifiers can make its next write fault. No VMM: the guest is a
 * dozen bytes of code.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/kvm.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "vgpu.h"

#define MIB	 (1u << 20)
#define CODE_GPA 0x1000u
#define VRAM_GPA 0x10000000u
#define WIDTH	 1024u
#define HEIGHT	 768u

/*
 * Real mode with a data segment that begins in the BAR:
 *	store:	mov [di], ax		89 05
 *		hlt			f4
 *		jmp store		eb fb
 */
static const uint8_t code[] = {0x89, 0x05, 0xf4, 0xeb, 0xfb};

struct fixture {
	struct vgpu v;
	struct region bar, gfx;
	uint32_t *vram;
	int kvm, vm, cpu, irq;
	uint8_t *ram;
	struct kvm_run *run;
	int run_size;
	struct vfio_gfx_damage damage;
	uint8_t bitmap[8192];
};

static void slot_add(struct fixture *f, uint32_t slot, uint64_t gpa, void *at, uint64_t size)
{
	struct kvm_userspace_memory_region region = {.slot = slot,
						     .guest_phys_addr = gpa,
						     .memory_size = size,
						     .userspace_addr = (uintptr_t)at};

	g_assert_cmpint(ioctl(f->vm, KVM_SET_USER_MEMORY_REGION, &region), ==, 0);
}

static void set_up(struct fixture *f, gconstpointer data)
{
	f->kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);
	if (f->kvm < 0) {
		return;
	}
	vgpu_create(&f->v, "bochs-16");
	vgpu_open(&f->v);
	g_assert_true(vgpu_region(&f->v, VFIO_PCI_BAR0_REGION_INDEX, &f->bar));
	g_assert_cmpint(
		vgpu_find_region(&f->v, VFIO_GFX_REGION_TYPE, VFIO_GFX_REGION_SUBTYPE, &f->gfx), >=,
		0);
	f->vram = vgpu_map(&f->v, &f->bar, f->bar.size, PROT_READ | PROT_WRITE);
	f->irq = eventfd(0, EFD_CLOEXEC);
	guest_mode(&f->v, WIDTH, HEIGHT);

	f->vm = ioctl(f->kvm, KVM_CREATE_VM, 0);
	g_assert_cmpint(f->vm, >=, 0);
	f->ram = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	memcpy(f->ram, code, sizeof(code));
	slot_add(f, 0, CODE_GPA, f->ram, 4096);
	slot_add(f, 1, VRAM_GPA, f->vram, f->bar.size);
	f->cpu = ioctl(f->vm, KVM_CREATE_VCPU, 0);
	g_assert_cmpint(f->cpu, >=, 0);
	f->run_size = ioctl(f->kvm, KVM_GET_VCPU_MMAP_SIZE, 0);
	f->run = mmap(NULL, (size_t)f->run_size, PROT_READ | PROT_WRITE, MAP_SHARED, f->cpu, 0);
	g_assert_true(f->run != MAP_FAILED);
}

static void tear_down(struct fixture *f, gconstpointer data)
{
	if (f->kvm < 0) {
		return;
	}
	munmap(f->run, (size_t)f->run_size);
	close(f->cpu);
	close(f->vm);
	close(f->kvm);
	close(f->irq);
	munmap(f->ram, 4096);
	munmap(f->vram, f->bar.size);
	vgpu_remove(&f->v);
}

/* The guest writes 16 bits at @offset of video memory. */
static void guest_store(struct fixture *f, uint32_t offset, uint16_t value)
{
	struct kvm_regs regs = {.rip = 0, .rflags = 2, .rdi = offset % 4096, .rax = value};
	struct kvm_sregs sregs;

	g_assert_cmpint(ioctl(f->cpu, KVM_GET_SREGS, &sregs), ==, 0);
	sregs.cs.base = CODE_GPA;
	sregs.cs.selector = CODE_GPA >> 4;
	sregs.ds.base = VRAM_GPA + offset / 4096 * 4096;
	g_assert_cmpint(ioctl(f->cpu, KVM_SET_SREGS, &sregs), ==, 0);
	g_assert_cmpint(ioctl(f->cpu, KVM_SET_REGS, &regs), ==, 0);
	g_assert_cmpint(ioctl(f->cpu, KVM_RUN, 0), ==, 0);
	g_assert_cmpuint(f->run->exit_reason, ==, KVM_EXIT_HLT);
}

static unsigned int harvest(struct fixture *f)
{
	uint8_t buf[sizeof(f->damage) + sizeof(f->bitmap)];
	ssize_t got = pread(f->v.device, buf, sizeof(buf), (off_t)(f->gfx.offset + 2 * 4096));
	unsigned int set = 0;

	g_assert_cmpint(got, >=, sizeof(f->damage));
	memcpy(&f->damage, buf, sizeof(f->damage));
	g_assert_true(f->damage.flags & VFIO_GFX_DAMAGE_HARVESTED);
	memcpy(f->bitmap, buf + f->damage.size, f->damage.bitmap_size);
	for (unsigned int i = 0; i < f->damage.tiles_x * f->damage.tiles_y; i++) {
		set += f->bitmap[i / 8] >> (i % 8) & 1;
	}
	return set;
}

static bool row(const struct fixture *f, uint32_t y)
{
	uint32_t n = y / f->damage.tile_height * f->damage.tiles_x;

	return f->bitmap[n / 8] >> (n % 8) & 1;
}

static bool skipped(const struct fixture *f)
{
	if (f->kvm < 0) {
		g_test_skip("no /dev/kvm");
	}
	return f->kvm < 0;
}

static void track(struct fixture *f, bool on)
{
	vgpu_write(&f->v, (unsigned int)(f->gfx.offset >> 40), 4096, on, 4);
}

static void test_store(struct fixture *f, gconstpointer data)
{
	if (skipped(f)) {
		return;
	}
	guest_store(f, 5 * 4096 + 8, 0x1234);
	g_assert_cmphex(f->vram[5 * 1024 + 2], ==, 0x1234);
	g_assert_cmphex(vgpu_read(&f->v, VFIO_PCI_BAR0_REGION_INDEX, 5 * 4096 + 8, 2), ==, 0x1234);
}

static void test_damage(struct fixture *f, gconstpointer data)
{
	if (skipped(f)) {
		return;
	}
	/* Pages that the guest has in its tables as writable before anybody asks. */
	for (uint32_t y = 0; y < HEIGHT; y += 10) {
		guest_store(f, y * 4096, 1);
	}
	track(f, true);
	harvest(f);
	g_assert_cmpuint(harvest(f), ==, 0);
	for (uint32_t round = 0; round < 50; round++) {
		uint32_t y = round * 37 % HEIGHT;

		guest_store(f, y * 4096 + 100, (uint16_t)round);
		guest_store(f, y * 4096 + 200, (uint16_t)round);
		g_assert_cmpuint(harvest(f), ==, 16);
		g_assert_true(row(f, y));
		/* Again the same page, whose entry the harvest took away. */
		guest_store(f, y * 4096 + 100, (uint16_t)round);
		g_assert_cmpuint(harvest(f), ==, 16);
	}
	track(f, false);
	guest_store(f, 0, 7);
	g_assert_cmphex(f->vram[0] & 0xffff, ==, 7);
}

static void test_irq(struct fixture *f, gconstpointer data)
{
	if (skipped(f)) {
		return;
	}
	guest_store(f, 0, 1);
	track(f, true);
	harvest(f);
	g_assert_cmpint(vgpu_set_irq(&f->v, vgpu_status(&f->v).irq_index, f->irq), ==, 0);
	g_assert_false(fired(f->irq, 50));
	for (uint16_t i = 0; i < 10; i++) {
		guest_store(f, 4096 * 50u, i);
		g_assert_true(fired(f->irq, 1000));
		guest_store(f, 4096 * 51u, i);
		g_assert_false(fired(f->irq, 50));
		g_assert_cmpuint(harvest(f), ==, 16);
	}
}

/* Flips and mode sets while the guest has everything mapped: no page is lost or mixed up. */
static void test_flips(struct fixture *f, gconstpointer data)
{
	if (skipped(f)) {
		return;
	}
	track(f, true);
	for (uint32_t i = 0; i < 200; i++) {
		uint32_t place = i % 4 * 3 * MIB;

		guest_store(f, place + i * 4, (uint16_t)(i + 1));
		guest_flip(&f->v, WIDTH, place);
		harvest(f);
		g_assert_cmpuint(f->damage.plane.offset, ==, place);
		g_assert_true(row(f, 0));
		g_assert_cmphex(f->vram[place / 4 + i] & 0xffff, ==, i + 1);
	}
}

#define ADD(name, func) g_test_add(name, struct fixture, NULL, set_up, func, tear_down)

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	ADD("/module/kvm/a-guest's-store-lands-in-video-memory", test_store);
	ADD("/module/kvm/each-harvest-makes-the-next-store-fault", test_damage);
	ADD("/module/kvm/a-guest's-store-fires-the-interrupt", test_irq);
	ADD("/module/kvm/stores-follow-flips", test_flips);
	return g_test_run();
}

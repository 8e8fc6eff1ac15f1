// SPDX-License-Identifier: GPL-2.0-or-later
/* The emulated Gen9 display as a PCI device: configuration space, BARs, interrupts, its monitor. */
#include "accel/qtest.h"
#include "skl-rig.h"

/* ---- bus ---- */

static void test_config(void)
{
	const struct gvt_skl_config config = {
		.output = GVT_SKL_DP, .pvinfo = true, .pipes = 1, .ggtt_bytes = 2 << 20,
	};
	struct gvt_pci image;
	struct rig rig;

	gvt_skl_pci_init(&config, &image);
	rig_start(&rig, &skl_display_class, NULL, NULL, NULL);
	rig_config_set(&rig, 4, 0, 2);
	for (uint32_t i = 0; i < PCI_CONFIG_SIZE; i += 4) {
		uint32_t mask = i == 4 ? 0xffff0000 : ~0u;

		g_assert_cmphex(rig_config(&rig, i, 4) & mask, ==,
				pci_get32(image.data + i) & mask);
	}
	/* What the guest may change is what the core says; hw/pci has one field of MSI more. */
	for (uint32_t i = 0x10; i < PCI_CONFIG_SIZE; i += 4) {
		uint32_t mask = i == 0xac ? ~0x00700000u : ~0u;

		rig_config_set(&rig, i, ~0u, 4);
		g_assert_cmphex(rig_config(&rig, i, 4) & mask, ==,
				pci_get32(image.data + i) | pci_get32(image.writable + i));
	}
	rig_reset(&rig);
	g_assert_cmphex(rig_config(&rig, 0xfc, 4), ==, 0);
	g_assert_cmphex(rig_config(&rig, 0x50, 2), ==, 0x40);
	rig_stop(&rig);

	rig_start(&rig, &skl_display_class, "x-ggtt", "8M", NULL);
	g_assert_cmphex(rig_config(&rig, 0x50, 2), ==, 0xc0);
	rig_stop(&rig);
	rig_start(&rig, &skl_display_class, "x-vga", "on", NULL);
	g_assert_cmphex(rig_config(&rig, 8, 4), ==, 0x03000006);
	rig_stop(&rig);
}

static void test_rom(void)
{
	const struct gvt_skl_config config = {
		.output = GVT_SKL_HDMI, .pvinfo = true, .pipes = 1, .ggtt_bytes = 2 << 20,
	};
	uint8_t want[GVT_SKL_ROM_SIZE], got[GVT_SKL_ROM_SIZE];
	struct rig rig;

	gvt_skl_rom(&config, want);
	start(&rig, "x-output", "hdmi");
	rig_config_set(&rig, 0x30, ROM | 1, 4);
	addr_space_read(rig.board.mem, ROM, got, sizeof(got));
	g_assert_cmpmem(got, sizeof(got), want, sizeof(want));
	rig_stop(&rig);

	start(&rig, "x-output", "none");
	rig_config_set(&rig, 0x30, ROM | 1, 4);
	g_assert_cmphex(rig_config(&rig, 0x30, 4), ==, 0);
	rig_stop(&rig);
}

static void test_bars(void)
{
	struct rig rig;

	start(&rig, NULL, NULL);
	/* Below the page table registers, above it nothing. */
	g_assert_cmphex(read32(&rig, REGS + 0x78000), ==, 0x76544776);
	g_assert_cmphex(read32(&rig, GGTT - 4), ==, 0);
	g_assert_cmphex(read32(&rig, GGTT + front.address / PAGE * 8), ==, page_gpa(&front, 0) | 1);
	g_assert_cmphex(read32(&rig, GGTT + (2 << 20)), ==, 0);
	write32(&rig, GGTT + (2 << 20), 1);
	g_assert_cmphex(read32(&rig, REGS + GVT_SKL_BAR0_SIZE), ==, 0xffffffff);
	/* Both halves move together. */
	rig_config_set(&rig, 0x10, 0xb0000000, 4);
	g_assert_cmphex(read32(&rig, 0xb0078000), ==, 0x76544776);
	g_assert_cmphex(read32(&rig, 0xb0800000 + front.address / PAGE * 8), ==,
			page_gpa(&front, 0) | 1);
	g_assert_cmphex(read32(&rig, GGTT), ==, 0xffffffff);
	rig_config_set(&rig, 4, 0, 2);
	g_assert_cmphex(read32(&rig, 0xb0800000), ==, 0xffffffff);
	rig_config_set(&rig, 4, 2, 2);
	/* A reset empties it. */
	rig_reset(&rig);
	rig_config_set(&rig, 4, 2, 2);
	rig_config_set(&rig, 0x10, REGS, 4);
	g_assert_cmphex(read32(&rig, GGTT + front.address / PAGE * 8), ==, 0);
	rig_stop(&rig);
}

static void test_aperture(void)
{
	struct rig rig;

	start(&rig, NULL, NULL);
	set_pte(&rig, 0x3000, 0x200001);
	set_pte(&rig, 0x4000, 0x180001);
	set_pte(&rig, 0x5000, APERTURE | 0x5001); /* itself */
	write32(&rig, 0x200ffc, 0x11223344);
	write32(&rig, 0x180000, 0x55667788);
	g_assert_cmphex(read32(&rig, APERTURE + 0x3ffc), ==, 0x11223344);
	g_assert_cmphex(read32(&rig, APERTURE + 0x3ffe), ==, 0x77881122); /* across pages */
	write32(&rig, APERTURE + 0x3ffe, 0xaabbccdd);
	g_assert_cmphex(read32(&rig, 0x200ffc), ==, 0xccdd3344);
	g_assert_cmphex(read32(&rig, 0x180000), ==, 0x5566aabb);
	/* Nothing there */
	g_assert_cmphex(read32(&rig, APERTURE), ==, 0);
	write32(&rig, APERTURE, 1);
	g_assert_cmphex(read32(&rig, APERTURE + 0x5000), ==, 0);
	write32(&rig, APERTURE + 0x5000, 1);
	/* The last page of RAM ends with it. */
	set_pte(&rig, GVT_SKL_APERTURE_SIZE - PAGE, (RIG_RAM_BYTES - PAGE) | 1);
	write32(&rig, RIG_RAM_BYTES - 4, 0x99887766);
	g_assert_cmphex(read32(&rig, APERTURE + GVT_SKL_APERTURE_SIZE - 4), ==, 0x99887766);
	rig_stop(&rig);
}

/* ---- interrupts ---- */

static unsigned int messages(struct rig *rig)
{
	struct accel_qtest_msi msi;
	unsigned int n = 0;

	while (accel_qtest_msi_take(rig->board.accel, &msi)) {
		g_assert_cmphex(msi.addr, ==, 0xfee00000);
		g_assert_cmphex(msi.data, ==, 0x4041);
		n++;
	}
	return n;
}

static void want_blanks(struct rig *rig, bool on)
{
	reg(rig, PIPE_IER, 1);
	reg(rig, PIPE_IMR, on ? ~1u : ~0u);
	reg(rig, MASTER_IRQ, 1u << 31);
}

/* As the guest's handler does it. */
static void handle_irq(struct rig *rig)
{
	reg(rig, MASTER_IRQ, 0);
	g_assert_cmphex(read32(rig, REGS + MASTER_IRQ), ==, 1u << 16);
	reg(rig, PIPE_IIR, 1);
	reg(rig, MASTER_IRQ, 1u << 31);
}

static void test_intx(void)
{
	struct rig rig;

	start(&rig, NULL, NULL);
	set_mode(&rig);
	run_for(60);
	g_assert_false(rig.intx);
	want_blanks(&rig, true);
	run_until(rig.intx);
	g_assert_true(rig.intx);
	handle_irq(&rig);
	g_assert_false(rig.intx);
	run_until(rig.intx);
	g_assert_true(rig.intx);
	g_assert_cmpuint(messages(&rig), ==, 0);
	/* A message instead */
	rig_config_set(&rig, 0xac + 4, 0xfee00000, 4);
	rig_config_set(&rig, 0xac + 12, 0x4041, 2);
	rig_config_set(&rig, 0xac + 2, 1, 2);
	g_assert_false(rig.intx);
	rig_config_set(&rig, 0xac + 2, 0, 2);
	g_assert_true(rig.intx);
	rig_reset(&rig);
	g_assert_false(rig.intx);
	rig_stop(&rig);
}

static void test_msi(void)
{
	unsigned int sent = 0;
	int64_t start_ns;
	struct rig rig;

	start(&rig, NULL, NULL);
	rig_config_set(&rig, 0xac + 4, 0xfee00000, 4);
	rig_config_set(&rig, 0xac + 12, 0x4041, 2);
	rig_config_set(&rig, 0xac + 2, 1, 2);
	set_mode(&rig);
	want_blanks(&rig, true);
	start_ns = clock_ns();
	while (sent < 30) {
		unsigned int now;

		g_main_context_iteration(NULL, TRUE);
		now = messages(&rig);
		g_assert_cmpuint(now, <=, 1);
		sent += now;
		if (now) {
			handle_irq(&rig);
		}
	}
	/* 30 blanks at 60 Hz, whoever was late */
	g_assert_cmpint(clock_ns() - start_ns, >=, 29 * INT64_C(16666667));
	g_assert_cmpint(clock_ns() - start_ns, <, 2 * 30 * INT64_C(16666667));
	g_assert_false(rig.intx);
	/* Nobody wants to know: nothing is sent, and the main loop has nothing to do. */
	want_blanks(&rig, false);
	run_for(100);
	g_assert_cmpuint(messages(&rig), <=, 1);
	g_assert_cmpint(((struct skl_display *)rig.dev)->timer.deadline_ns, ==, INT64_MAX);
	rig_stop(&rig);
}

/* ---- monitor ---- */

static struct gvt_edid_mode preferred(const struct gvt_skl *model)
{
	struct gvt_edid_mode mode;

	g_assert_cmpint(gvt_edid_check(model->edid, model->edid_size), ==, GVT_EDID_OK);
	g_assert_true(gvt_edid_preferred(model->edid, model->edid_size, &mode));
	return mode;
}

static void check_monitor(struct rig *rig, uint32_t width, uint32_t height)
{
	const struct gvt_skl *model = &((struct skl_display *)rig->dev)->model;
	struct gvt_edid_mode mode;

	g_assert_true(model->plugged);
	mode = preferred(model);
	g_assert_cmpuint(mode.width_px, ==, width);
	g_assert_cmpuint(mode.height_px, ==, height);
}

static void test_monitor(void)
{
	const struct gvt_skl *model;
	int64_t wished_ns, gone_ns;
	bool late = false;
	struct rig rig;

	start(&rig, NULL, NULL);
	model = &((struct skl_display *)rig.dev)->model;
	check_monitor(&rig, 1280, 800);
	/* Only the wish that a viewer settles on counts. */
	for (uint32_t i = 0; i < 10; i++) {
		g_assert_true(console_set_mode(rig.console, &(struct display_mode){
			.width_px = 1000 + 10 * i, .height_px = 600 }));
		wished_ns = clock_ns();
		run_for(20);
		/* On a slow machine it may have settled on one of the others. */
		late |= clock_ns() - wished_ns >= MODE_WISH_SETTLE_MS * INT64_C(1000000);
		if (!late) {
			check_monitor(&rig, 1280, 800);
		}
	}
	while (model->plugged && preferred(model).width_px != 1090) {
		g_main_context_iteration(NULL, TRUE);
	}
	gone_ns = clock_ns();
	run_until(model->plugged && preferred(model).width_px == 1090);
	check_monitor(&rig, 1090, 600);
	if (!late) {
		g_assert_cmpint(clock_ns() - gone_ns, >=, MODE_WISH_DOWN_MS / 2 * INT64_C(1000000));
	}
	/* More than there can be */
	g_assert_true(console_set_mode(rig.console, &(struct display_mode){
		.width_px = 16384, .height_px = 16 }));
	run_until(!model->plugged);
	run_until(model->plugged);
	check_monitor(&rig, 4096, 64);
	/* A machine's reset leaves the monitor alone. */
	rig_reset(&rig);
	check_monitor(&rig, 4096, 64);
	rig_stop(&rig);

	start(&rig, "xres", "1920");
	check_monitor(&rig, 1920, 800);
	rig_stop(&rig);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	main_thread_init();
	g_test_add_func("/skl/configuration-space-is-the-core's", test_config);
	g_test_add_func("/skl/rom-is-the-core's", test_rom);
	g_test_add_func("/skl/page-table-lies-above-the-registers", test_bars);
	g_test_add_func("/skl/aperture-goes-by-the-page-table", test_aperture);
	g_test_add_func("/skl/pin-follows-the-level-without-msi", test_intx);
	g_test_add_func("/skl/one-message-a-blank", test_msi);
	g_test_add_func("/skl/wishes-reach-the-guest-as-a-new-monitor", test_monitor);
	return g_test_run();
}

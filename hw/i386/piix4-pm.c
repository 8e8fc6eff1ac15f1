// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Power management: the fixed hardware of ACPI (ACPI specification, chapter 4). Without firmware there
 * is no legacy mode: SCI_EN is always one.
 */
#include "chipset.h"
#include "hw/core/timer.h"
#include "util/fd.h"
#include "util/trace.h"

#define CFG_PMBASE	0x40 /* address of the block, bit 0 one */
#define CFG_PMREGMISC	0x80
#define PMREGMISC_ENABLE 0x01

#define PM1_STATUS	0x00
#define PM1_ENABLE	0x02
#define PM1_CONTROL	0x04

#define TIMER_STS	0x0001
#define GLOBAL_STS	0x0020
#define BUTTON_STS	0x0100
#define RTC_STS		0x0400
#define WAKE_STS	0x8000
#define EVENTS		(TIMER_STS | GLOBAL_STS | BUTTON_STS | RTC_STS)
#define SCI_ENABLED	0x0001
#define SLEEP_TYPE(control) ((control) >> 10 & 7)
#define SLEEP_NOW	0x2000
#define SLEEP_TYPE_OFF	0 /* also \_S5 in dsdt.asl */
#define SLEEP_TYPE_RAM	1 /* \_S3 */

#define TIMER_HZ	3579545
#define TIMER_MASK	0xffffff
#define TIMER_HALF	0x800000 /* TIMER_STS: when this bit changes */

struct piix4_pm {
	struct pci_device pci;
	struct mem_region ports;
	struct isa_irq sci;
	struct hw_timer timer; /* armed only while the timer's event is enabled */
	uint16_t status, enable, control;
	uint64_t checked_ticks; /* up to where TIMER_STS is in status */
};

static struct piix4_pm *pm_of(void *dev)
{
	return dev;
}

/* floor(ns * 3579545 / 1e9) without overflow for 500 years. */
static uint64_t ticks_now(void)
{
	return (uint64_t)((unsigned __int128)clock_ns() * TIMER_HZ / 1000000000u);
}

static void collect_timer(struct piix4_pm *pm)
{
	uint64_t now = ticks_now();

	if (now / TIMER_HALF != pm->checked_ticks / TIMER_HALF) {
		pm->status |= TIMER_STS;
	}
	pm->checked_ticks = now;
}

static void update_sci(struct piix4_pm *pm)
{
	isa_irq_set(&pm->sci, pm->status & pm->enable & EVENTS);
	if ((pm->enable & ~pm->status & TIMER_STS)) {
		uint64_t next = (pm->checked_ticks / TIMER_HALF + 1) * TIMER_HALF;

		hw_timer_arm(&pm->timer, (int64_t)((unsigned __int128)next * 1000000000u /
						   TIMER_HZ) + 1);
	} else {
		hw_timer_cancel(&pm->timer);
	}
}

static void timer_fired(void *opaque)
{
	struct piix4_pm *pm = opaque;

	collect_timer(pm);
	update_sci(pm);
}

static uint64_t pm_read(void *opaque, uint64_t offset, unsigned int size)
{
	struct piix4_pm *pm = opaque;

	switch (offset) {
	case PM_TIMER:
		return ticks_now() & TIMER_MASK;
	case PM1_STATUS:
		collect_timer(pm);
		update_sci(pm);
		return size == 4 ? pm->status | (uint32_t)pm->enable << 16 : pm->status;
	case PM1_ENABLE:
		return pm->enable;
	case PM1_CONTROL:
		return pm->control;
	default:
		return 0;
	}
}

static void write_control(struct piix4_pm *pm, uint16_t value)
{
	pm->control = (value & (uint16_t)~SLEEP_NOW) | SCI_ENABLED;
	if (!(value & SLEEP_NOW)) {
		return;
	}
	if (SLEEP_TYPE(value) == SLEEP_TYPE_OFF) {
		pm->pci.dev.board->request_shutdown(pm->pci.dev.board, true);
	} else if (SLEEP_TYPE(value) == SLEEP_TYPE_RAM) {
		pm->pci.dev.board->request_suspend(pm->pci.dev.board);
	} else {
		TRACE_GUEST_ERROR(i386, "sleep state %u isn't offered", SLEEP_TYPE(value));
	}
}

static void pm_write(void *opaque, uint64_t offset, uint64_t value, unsigned int size)
{
	struct piix4_pm *pm = opaque;

	collect_timer(pm);
	switch (offset) {
	case PM1_STATUS:
		pm->status &= (uint16_t)~value;
		if (size == 4) {
			pm->enable = (uint16_t)(value >> 16) & EVENTS;
		}
		break;
	case PM1_ENABLE:
		pm->enable = (uint16_t)value & EVENTS;
		break;
	case PM1_CONTROL:
		write_control(pm, (uint16_t)value);
		break;
	}
	update_sci(pm);
}

static const struct mem_ops pm_ops = { pm_read, pm_write, 2, 4 };

void piix4_pm_power_button(struct device *dev)
{
	struct piix4_pm *pm = pm_of(dev);

	pm->status |= BUTTON_STS;
	update_sci(pm);
}

void piix4_pm_woke(struct device *dev, bool by_button)
{
	struct piix4_pm *pm = pm_of(dev);

	pm->status |= WAKE_STS | (by_button ? BUTTON_STS : 0);
	update_sci(pm);
}

/* ---- the PCI function ---- */

/* The block answers where the guest put it, while both enable bits are set. */
static void place_ports(struct piix4_pm *pm)
{
	uint16_t base = pci_get16(pm->pci.config + CFG_PMBASE) & 0xffc0;

	addr_space_remove(&pm->ports);
	if (base && (pm->pci.config[CFG_PMREGMISC] & PMREGMISC_ENABLE)) {
		addr_space_add(pm->pci.dev.board->io, base, &pm->ports, 0);
	}
}

static void pm_config_write(struct pci_device *pd, uint32_t offset, uint32_t value,
			    unsigned int size)
{
	struct piix4_pm *pm = pm_of(pd);
	uint16_t base = pci_get16(pd->config + CFG_PMBASE);
	uint8_t misc = pd->config[CFG_PMREGMISC];

	pci_default_config_write(pd, offset, value, size);
	if (base != pci_get16(pd->config + CFG_PMBASE) || misc != pd->config[CFG_PMREGMISC]) {
		place_ports(pm);
	}
}

static const struct pci_ops pm_pci_ops = { .config_write = pm_config_write };

void piix4_pm_set_bus(struct device *dev, struct isa_bus *bus)
{
	pm_of(dev)->sci = (struct isa_irq){ bus, PM_SCI, false };
}

static bool pm_realize(struct device *dev, GError **error)
{
	static const struct pci_ids ids = {
		.vendor = 0x8086, .device = 0x7113, .class_code = 0x068000, .revision = 3,
	};
	struct piix4_pm *pm = pm_of(dev);

	pm->pci.devfn = PCI_DEVFN(1, 3);
	if (!pci_plug(&pm->pci, &pm_pci_ops, &ids, error)) {
		return false;
	}
	pci_set16(pm->pci.write_mask + CFG_PMBASE, 0xffc0);
	pm->pci.write_mask[CFG_PMREGMISC] = PMREGMISC_ENABLE;
	hw_timer_init(&pm->timer, timer_fired, pm);
	mem_region_init_io(&pm->ports, "acpi-pm", PM_SIZE, &pm_ops, pm);
	return true;
}

static void pm_reset(struct device *dev)
{
	struct piix4_pm *pm = pm_of(dev);

	pci_reset(&pm->pci);
	pci_set16(pm->pci.config + CFG_PMBASE, PM_BASE | 1);
	pm->pci.config[CFG_PMREGMISC] = PMREGMISC_ENABLE;
	place_ports(pm);
	pm->status = pm->enable = 0;
	pm->control = SCI_ENABLED;
	pm->checked_ticks = ticks_now();
	update_sci(pm);
}

static void pm_unrealize(struct device *dev)
{
	struct piix4_pm *pm = pm_of(dev);

	isa_irq_set(&pm->sci, false);
	hw_timer_finish(&pm->timer);
	mem_region_finish(&pm->ports);
	pci_unplug(&pm->pci);
}

const struct device_class piix4_pm_class = {
	.name = "PIIX4_PM",
	.bus = "PCI",
	.category = "Bridge",
	.description = "ACPI power management",
	.instance_size = sizeof(struct piix4_pm),
	.realize = pm_realize,
	.reset = pm_reset,
	.unrealize = pm_unrealize,
};

// SPDX-License-Identifier: GPL-2.0-or-later
/* Bridges that hold little but their identity. */
#include "chipset.h"

#define VENDOR_INTEL	0x8086

/* ---- host bridge ---- */

#define PAM_FIRST	0x59 /* what is readable in 0xc0000..0xfffff; RAM everywhere here */
#define PAM_LAST	0x5f
#define SMRAM		0x72

static bool i440fx_realize(struct device *dev, GError **error)
{
	static const struct pci_ids ids = {
		.vendor = VENDOR_INTEL, .device = 0x1237, .class_code = 0x060000, .revision = 2,
	};
	struct pci_device *pd = (struct pci_device *)dev;

	pd->devfn = PCI_DEVFN(0, 0);
	if (!pci_plug(pd, NULL, &ids, error)) {
		return false;
	}
	for (unsigned int i = PAM_FIRST; i <= PAM_LAST; i++) {
		pd->write_mask[i] = 0xff;
	}
	pd->write_mask[SMRAM] = 0x7f;
	return true;
}

static void i440fx_reset(struct device *dev)
{
	struct pci_device *pd = (struct pci_device *)dev;

	pci_reset(pd);
	for (unsigned int i = PAM_FIRST; i <= PAM_LAST; i++) {
		pd->config[i] = 0x33;
	}
	pd->config[SMRAM] = 0x02;
}

static void bridge_unrealize(struct device *dev)
{
	pci_unplug((struct pci_device *)dev);
}

const struct device_class i440fx_class = {
	.name = "i440FX",
	.bus = "PCI",
	.category = "Bridge",
	.description = "Host bridge",
	.instance_size = sizeof(struct pci_device),
	.realize = i440fx_realize,
	.reset = i440fx_reset,
	.unrealize = bridge_unrealize,
};

/* ---- ISA bridge ---- */

#define PIRQ_ROUTE	0x60 /* four bytes: bit 7 off, bits 0..3 ISA line */
#define PIRQ_OFF	0x80

static void piix3_config_write(struct pci_device *pd, uint32_t offset, uint32_t value,
			       unsigned int size)
{
	pci_default_config_write(pd, offset, value, size);
	if (offset >= PIRQ_ROUTE && offset < PIRQ_ROUTE + 4) {
		pci_bus_route_changed(pd->bus);
	}
}

static const struct pci_ops piix3_ops = { .config_write = piix3_config_write };

static bool piix3_realize(struct device *dev, GError **error)
{
	static const struct pci_ids ids = {
		.vendor = VENDOR_INTEL, .device = 0x7000, .class_code = 0x060100,
	};
	/* Registers that guests' quirks read and write: XBCS, latency, DMA and power controls. */
	static const uint8_t writable[] = { 0x4c, 0x4e, 0x4f, 0x69, 0x6a, 0x82 };
	struct pci_device *pd = (struct pci_device *)dev;

	pd->devfn = PCI_DEVFN(1, 0);
	if (!pci_plug(pd, &piix3_ops, &ids, error)) {
		return false;
	}
	for (unsigned int i = 0; i < G_N_ELEMENTS(writable); i++) {
		pd->write_mask[writable[i]] = 0xff;
	}
	for (unsigned int i = 0; i < 4; i++) {
		pd->write_mask[PIRQ_ROUTE + i] = 0x8f;
		pd->config[PIRQ_ROUTE + i] = PIRQ_OFF;
	}
	return true;
}

static void piix3_reset(struct device *dev)
{
	struct pci_device *pd = (struct pci_device *)dev;

	pci_reset(pd);
	pd->config[0x4c] = 0x4d;
	pd->config[0x4e] = 0x03;
	pd->config[0x4f] = 0x00;
	pd->config[0x69] = 0x02;
	pd->config[0x6a] = 0x00;
	pd->config[0x82] = 0x00;
	for (unsigned int i = 0; i < 4; i++) {
		pd->config[PIRQ_ROUTE + i] = PIRQ_OFF;
	}
}

unsigned int piix3_pirq_line(const struct device *piix3, unsigned int pirq)
{
	uint8_t route = ((const struct pci_device *)piix3)->config[PIRQ_ROUTE + pirq];

	return route & PIRQ_OFF ? UINT32_MAX : route & 0xf;
}

void piix3_set_default_lines(struct device *piix3)
{
	struct pci_device *pd = (struct pci_device *)piix3;

	for (unsigned int i = 0; i < 4; i++) {
		pd->config[PIRQ_ROUTE + i] = i & 1 ? 11 : 10;
	}
	pci_bus_route_changed(pd->bus);
}

const struct device_class piix3_class = {
	.name = "PIIX3",
	.bus = "PCI",
	.category = "Bridge",
	.description = "ISA bridge",
	.instance_size = sizeof(struct pci_device),
	.realize = piix3_realize,
	.reset = piix3_reset,
	.unrealize = bridge_unrealize,
};

// SPDX-License-Identifier: GPL-2.0-or-later
/* Message signalled interrupts: the capability in config space (PCI 3.0, 6.8.1). */
#include "hw/pci/internal.h"

#include "accel/accel.h"
#include "util/error.h"
#include "util/range.h"

/* Layout with a 64-bit address and without per-vector masking. */
enum {
	MSI_CONTROL = 2,
	MSI_ADDRESS = 4,
	MSI_ADDRESS_HIGH = 8,
	MSI_DATA = 12,
	MSI_SIZE = 14,
};

#define CONTROL_ENABLE		0x0001
#define CONTROL_ENABLED_SHIFT	4 /* log2 of the vectors the guest uses, 3 bits */
#define CONTROL_ENABLED_MASK	0x0070
#define CONTROL_CAPABLE_SHIFT	1
#define CONTROL_64BIT		0x0080
#define MSI_VECTORS_MAX		32

struct msi_state {
	uint8_t offset;
	unsigned int vectors; /* a power of two */
	const struct msi_hooks *hooks;
	unsigned int hooked; /* vectors 0 .. hooked - 1 are on */
};

bool pci_msi_init(struct pci_device *pd, uint8_t offset, unsigned int vectors,
		  const struct msi_hooks *hooks, GError **error)
{
	unsigned int log2_vectors;
	uint8_t *cap, *mask;

	if (vectors < 1 || vectors > MSI_VECTORS_MAX || (vectors & (vectors - 1))) {
		return error_set(error, "%s: MSI: %u vectors: not a power of two up to %u",
				 device_label(&pd->dev), vectors, MSI_VECTORS_MAX);
	}
	offset = pci_capability_place(pd, offset, CAP_MSI, MSI_SIZE, error);
	if (!offset) {
		return false;
	}
	log2_vectors = (unsigned int)__builtin_ctz(vectors);
	cap = pd->config + offset;
	mask = pd->write_mask + offset;
	pci_set16(cap + MSI_CONTROL, (uint16_t)(CONTROL_64BIT |
						log2_vectors << CONTROL_CAPABLE_SHIFT));
	pci_set16(mask + MSI_CONTROL, CONTROL_ENABLE | CONTROL_ENABLED_MASK);
	pci_set32(mask + MSI_ADDRESS, 0xfffffffc);
	pci_set32(mask + MSI_ADDRESS_HIGH, 0xffffffff);
	pci_set16(mask + MSI_DATA, 0xffff);

	pd->msi = g_new0(struct msi_state, 1);
	pd->msi->offset = offset;
	pd->msi->vectors = vectors;
	pd->msi->hooks = hooks;
	return true;
}

bool pci_msi_enabled(const struct pci_device *pd)
{
	return pd->msi &&
	       (pci_get16(pd->config + pd->msi->offset + MSI_CONTROL) & CONTROL_ENABLE);
}

/* How many vectors the guest enabled; it may ask for more than there are. */
static unsigned int vectors_enabled(const struct pci_device *pd)
{
	uint16_t control = pci_get16(pd->config + pd->msi->offset + MSI_CONTROL);
	unsigned int log2_asked = (control & CONTROL_ENABLED_MASK) >> CONTROL_ENABLED_SHIFT;

	return control & CONTROL_ENABLE ? MIN(1u << log2_asked, pd->msi->vectors) : 0;
}

static void message(const struct pci_device *pd, unsigned int vector, uint64_t *addr,
		    uint32_t *data)
{
	const uint8_t *cap = pd->config + pd->msi->offset;
	uint32_t low_bits = vectors_enabled(pd) - 1;

	*addr = pci_get32(cap + MSI_ADDRESS) | (uint64_t)pci_get32(cap + MSI_ADDRESS_HIGH) << 32;
	*data = (pci_get16(cap + MSI_DATA) & ~low_bits) | (vector & low_bits);
}

static void hooks_update(struct pci_device *pd)
{
	struct msi_state *msi = pd->msi;
	unsigned int now = vectors_enabled(pd);

	if (!msi->hooks) {
		return;
	}
	while (msi->hooked > now) {
		msi->hooks->vector_off(pd, --msi->hooked);
	}
	for (unsigned int vector = 0; vector < now; vector++) {
		uint64_t addr;
		uint32_t data;

		message(pd, vector, &addr, &data);
		/* Where it fails the device sends by pci_msi_notify. */
		msi->hooks->vector_on(pd, vector, addr, data);
	}
	msi->hooked = now;
}

void pci_msi_config_written(struct pci_device *pd, uint32_t offset, unsigned int size)
{
	if (pd->msi && ranges_overlap(offset, size, pd->msi->offset + MSI_CONTROL,
				      MSI_SIZE - MSI_CONTROL)) {
		hooks_update(pd);
	}
}

void pci_msi_notify(struct pci_device *pd, unsigned int vector)
{
	uint64_t addr;
	uint32_t data;

	if (!pd->msi || vector >= vectors_enabled(pd)) {
		return;
	}
	message(pd, vector, &addr, &data);
	accel_msi_send(pd->dev.board->accel, addr, data);
}

void pci_msi_reset(struct pci_device *pd)
{
	if (!pd->msi) {
		return;
	}
	for (unsigned int i = MSI_CONTROL; i < MSI_SIZE; i++) {
		unsigned int at = pd->msi->offset + i;

		pd->config[at] &= (uint8_t)~pd->write_mask[at];
	}
	hooks_update(pd);
}

void pci_msi_free(struct pci_device *pd)
{
	if (pd->msi) {
		pci_msi_reset(pd);
		g_clear_pointer(&pd->msi, g_free);
	}
}

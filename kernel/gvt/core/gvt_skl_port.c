// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The monitor on port B: hot plug (4.10), its DisplayPort side channel AUX (4.9), and the I2C master
 * GMBUS for HDMI (4.8). All transactions are done when the write that starts them returns. The
 * link always trains: there is no wire that could be bad.
 */
#include "gvt_skl_int.h"

/* The guest takes more than 50 points a second, ten for a long pulse, for a storm. */
#define HPD_GAP_NS 250000000ull
/* From when a monitor goes, how long the next waits for the guest to have seen that. */
#define PLUG_WAIT_NS 3000000000ull

#define PORT_B 1u

#define I2C_EDID    0x50u
#define I2C_SEGMENT 0x30u

static bool on_dp(const struct gvt_skl *s)
{
	return s->config.output != GVT_SKL_HDMI;
}

/* ---- DDI ---- */

/* Bit 7: idle, that is off. Bit 0: something was attached when the firmware looked; only of port A,
 * and nothing was. */
uint32_t skl_ddi_read(struct gvt_skl *s, uint32_t offset, uint64_t now)
{
	uint32_t value = skl_get(s, offset) & ~SKL_BIT(7);

	return value | ((value & SKL_ENABLE) ? 0 : SKL_BIT(7));
}

/* A monitor on HDMI whose EDID has no HDMI block, as ours hasn't, is DVI to i915: 165 MHz at most
 * (4.7). */
void gvt_skl_max_mode(const struct gvt_skl_config *config, uint32_t *width_px, uint32_t *height_px)
{
	bool dvi = config->output == GVT_SKL_HDMI;

	*width_px = dvi ? 1920 : GVT_SKL_MAX_WIDTH;
	*height_px = dvi ? 1200 : GVT_SKL_MAX_HEIGHT;
}

/* ---- hot plug ---- */

/* The guest looks for the monitor. Who waits for it to find none is to set the timer anew. */
static bool look_for_monitor(struct gvt_skl *s)
{
	if (!s->plugged && s->gone_looks < 2) {
		s->gone_looks++;
		s->owed |= s->plug_waits ? GVT_SKL_LEVEL : 0;
	}
	return s->plugged;
}

uint32_t skl_sde_isr_read(struct gvt_skl *s, uint32_t offset, uint64_t now)
{
	return look_for_monitor(s) ? SKL_SDE_PORT_B : 0;
}

/* Status bits (1:0 of each byte) are cleared by ones, the rest is stored. */
unsigned int skl_hotplug_write(struct gvt_skl *s, uint32_t offset, uint32_t value, uint64_t now)
{
	uint32_t status = skl_get(s, offset) & SKL_HOTPLUG_STATUS;

	*skl_reg(s, offset) = (value & ~SKL_HOTPLUG_STATUS) | (status & ~value);
	return 0;
}

/* Who hasn't asked for pulses finds the monitor, or none, when it first looks. */
static bool deaf(const struct gvt_skl *s)
{
	return skl_get(s, SKL_SDE_IRQ + SKL_IMR) & SKL_SDE_PORT_B;
}

/*
 * A monitor that is exchanged within less time than the guest takes to look is no event for a desktop
 * that acts on monitors that come and go. The guest's kernel looks at once, and the desktop has it look
 * again when it has heard of that, which on a busy machine is a second later. So the new one waits for a
 * second look, or until nothing is shown any more; not for ever, since not every guest does either.
 */
static bool gone_for_all(const struct gvt_skl *s)
{
	return !s->hpd_due && (s->gone_looks > 1 || (s->gone_looks == 1 && !gvt_skl_shown_pipe(s)));
}

static bool plug_is_due(const struct gvt_skl *s, uint64_t now)
{
	return deaf(s) || now >= s->plug_by_ns || (gone_for_all(s) && now >= s->hpd_next_ns);
}

void skl_port_catch_up(struct gvt_skl *s, uint64_t now)
{
	if (s->plug_waits && plug_is_due(s, now)) {
		s->plug_waits = false;
		s->plugged = true;
		s->hpd_due = true;
	}
	if (!s->hpd_due || now < s->hpd_next_ns) {
		return;
	}
	s->hpd_due = false;
	if (deaf(s)) {
		return;
	}
	s->hpd_next_ns = now + HPD_GAP_NS;
	*skl_reg(s, SKL_PORT_HOTPLUG) |= 2; /* a long pulse */
	skl_irq_raise(s, SKL_SDE_IRQ, SKL_SDE_PORT_B);
}

uint64_t skl_port_deadline(const struct gvt_skl *s)
{
	uint64_t pulse = s->hpd_due ? s->hpd_next_ns : GVT_SKL_NEVER;
	uint64_t plug = GVT_SKL_NEVER;

	if (s->plug_waits) {
		plug = gone_for_all(s) ? s->hpd_next_ns : s->plug_by_ns;
	}
	return pulse < plug ? pulse : plug;
}

unsigned int gvt_skl_set_monitor(struct gvt_skl *s, const uint8_t *edid, size_t size,
				 uint64_t now_ns)
{
	if (size > GVT_SKL_EDID_MAX) {
		size = GVT_SKL_EDID_MAX;
	}
	s->edid_size = (uint32_t)size;
	if (size > 0) {
		memcpy(s->edid, edid, size);
	}
	if (size > 0 && !s->plugged && !deaf(s)) {
		s->plug_waits = true;
		return gvt_skl_advance(s, now_ns);
	}
	if (s->plugged) {
		s->plug_by_ns = now_ns + PLUG_WAIT_NS;
	}
	/* A monitor that was never plugged in needn't be unplugged. */
	s->hpd_due = s->plugged || size > 0 || s->hpd_due;
	s->gone_looks = s->plugged ? 0 : s->gone_looks;
	s->plug_waits = false;
	s->plugged = size > 0;
	return gvt_skl_advance(s, now_ns);
}

/* ---- the EDID on whichever bus ---- */

static uint8_t edid_byte(const struct gvt_skl *s, uint8_t segment, uint8_t offset)
{
	uint32_t at = segment * 256u + offset;

	return at < s->edid_size ? s->edid[at] : 0;
}

/* ---- DisplayPort AUX ---- */

#define AUX_BUSY     SKL_BIT(31)
#define AUX_SIZE(n)  ((uint32_t)(n) << 20)
#define AUX_SIZE_ALL AUX_SIZE(31)
#define AUX_MAX	     20u /* bytes in the five data registers */

#define AUX_ACK	     0x00u
#define AUX_I2C_NACK 0x40u

/* What the sink can do and how it is (DisplayPort 1.2): four lanes of 5.4 GHz, all of them fine. */
static uint8_t dpcd_read(const struct gvt_skl *s, uint32_t address)
{
	static const uint8_t caps[] = {0x12, 0x14, 0xc4, 0x01, 0x01, 0x00, 0x01, 0x00};
	static const uint8_t status[] = {0x01, 0x00, 0x77, 0x77, 0x01, 0x01, 0x00, 0x00};

	if (address < sizeof(caps)) {
		return caps[address];
	}
	if (address >= 0x200 && address < 0x200 + sizeof(status)) {
		return status[address - 0x200];
	}
	return address < sizeof(s->dpcd) ? s->dpcd[address] : 0;
}

/* Link configuration and power are the source's to set. */
static void dpcd_write(struct gvt_skl *s, uint32_t address, uint8_t value)
{
	if ((address >= 0x100 && address < 0x200) || (address >= 0x600 && address < 0x700)) {
		s->dpcd[address] = value;
	}
}

/* One request with @n payload bytes at @data; the reply goes to @reply, its length is returned. */
static unsigned int aux_i2c(struct gvt_skl *s, unsigned int request, uint32_t address,
			    const uint8_t *data, unsigned int n, unsigned int want, uint8_t *reply)
{
	bool read = request & 1;
	unsigned int i;

	reply[0] = AUX_ACK;
	if (address == I2C_SEGMENT && !read) {
		s->i2c_segment = n > 0 ? data[n - 1] : s->i2c_segment;
		return 1;
	}
	if (address != I2C_EDID) {
		reply[0] = AUX_I2C_NACK;
		return 1;
	}
	if (!read) {
		s->aux_i2c_offset = n > 0 ? data[n - 1] : s->aux_i2c_offset;
	}
	for (i = 0; read && i < want; i++) {
		reply[1 + i] = edid_byte(s, s->i2c_segment, s->aux_i2c_offset++);
	}
	if (!(request & 4)) {
		s->i2c_segment = 0; /* a stop condition */
	}
	return 1 + i;
}

static unsigned int aux_request(struct gvt_skl *s, const uint8_t *message, unsigned int size,
				uint8_t *reply)
{
	unsigned int request = message[0] >> 4;
	uint32_t address = (message[0] & 0xfu) << 16 | (uint32_t)message[1] << 8 | message[2];
	/* Without a length it is an address alone: nothing is moved. */
	unsigned int want = size > 3 ? (message[3] & 0xfu) + 1 : 0;
	unsigned int n = size > 4 ? size - 4 : 0;
	unsigned int i;

	if (n > want) {
		n = want;
	}
	reply[0] = AUX_ACK;
	switch (request) {
	case 8:
		for (i = 0; i < n; i++) {
			dpcd_write(s, address + i, message[4 + i]);
		}
		return 1;
	case 9:
		for (i = 0; i < want; i++) {
			reply[1 + i] = dpcd_read(s, address + i);
		}
		return 1 + want;
	default:
		return aux_i2c(s, request, address, message + 4, n, want, reply);
	}
}

/* Data registers hold bytes from the highest to the lowest of each word. */
static void aux_load(const struct gvt_skl *s, uint32_t data, uint8_t *bytes)
{
	unsigned int i;

	for (i = 0; i < AUX_MAX; i++) {
		bytes[i] = (uint8_t)(skl_get(s, data + i / 4 * 4) >> (24 - 8 * (i % 4)));
	}
}

/* Nothing of the request stays behind the @n bytes of a reply. */
static void aux_store(struct gvt_skl *s, uint32_t data, const uint8_t *bytes, unsigned int n)
{
	unsigned int i;

	memset(skl_reg(s, data), 0, AUX_MAX);
	for (i = 0; i < n; i++) {
		uint32_t *word = skl_reg(s, data + i / 4 * 4);
		unsigned int shift = 24 - 8 * (i % 4);

		*word = (*word & ~(0xffu << shift)) | (uint32_t)bytes[i] << shift;
	}
}

unsigned int skl_aux_write(struct gvt_skl *s, uint32_t offset, uint32_t value, uint64_t now)
{
	uint32_t was = skl_get(s, offset) & SKL_AUX_STATUS & ~value;
	unsigned int port = (offset - SKL_AUX_CTL) / SKL_PORT_STRIDE;
	unsigned int size = (value & AUX_SIZE_ALL) >> 20;
	uint32_t data = offset + (SKL_AUX_DATA - SKL_AUX_CTL);
	uint8_t message[AUX_MAX], reply[1 + 16];
	unsigned int length;

	value &= ~SKL_AUX_STATUS;
	if (!(value & AUX_BUSY)) {
		*skl_reg(s, offset) = value | was;
		return 0;
	}
	value &= ~AUX_BUSY;
	/* Who looked whether there is a monitor, and found one, isn't told otherwise in the middle of
	 * what it asks next: i915 calls that an error. */
	if (port != PORT_B || (!s->plugged && s->gone_looks > 0) || !on_dp(s) || size < 3 ||
	    size > AUX_MAX) {
		*skl_reg(s, offset) = value | was | SKL_AUX_DONE | SKL_AUX_TIMEOUT;
		return 0;
	}
	aux_load(s, data, message);
	length = aux_request(s, message, size, reply);
	aux_store(s, data, reply, length);
	*skl_reg(s, offset) = (value & ~AUX_SIZE_ALL) | was | SKL_AUX_DONE | AUX_SIZE(length);
	return 0;
}

/* ---- GMBUS ---- */

#define GMBUS_PIN_B 5u

#define GMBUS1_CLEAR SKL_BIT(31)
#define GMBUS1_READY SKL_BIT(30)
#define GMBUS1_STOP  SKL_BIT(27)
#define GMBUS1_INDEX SKL_BIT(26)

#define GMBUS2_WAIT   SKL_BIT(14)
#define GMBUS2_READY  SKL_BIT(11)
#define GMBUS2_NAK    SKL_BIT(10)
#define GMBUS2_ACTIVE SKL_BIT(9)

unsigned int skl_gmbus1_write(struct gvt_skl *s, uint32_t offset, uint32_t value, uint64_t now)
{
	uint32_t *status = skl_reg(s, SKL_GMBUS2);
	uint32_t address = (value >> 1) & 0x7f;
	bool there = !on_dp(s) && (skl_get(s, SKL_GMBUS0) & 7) == GMBUS_PIN_B &&
		     look_for_monitor(s);

	*skl_reg(s, SKL_GMBUS1) = value;
	if (value & GMBUS1_CLEAR) {
		*status &= ~(GMBUS2_NAK | GMBUS2_ACTIVE | GMBUS2_WAIT | GMBUS2_READY);
		return 0;
	}
	if (!(value & GMBUS1_READY)) {
		return 0;
	}
	if (value & GMBUS1_STOP && !(value & 0x1ff0000u)) {
		*status = (*status & ~GMBUS2_ACTIVE) | GMBUS2_WAIT;
		s->gmbus_left = 0;
		return 0;
	}
	if (!there || address != I2C_EDID) {
		*status = (*status & ~(GMBUS2_ACTIVE | GMBUS2_READY | GMBUS2_WAIT)) |
			  GMBUS2_NAK;
		return 0;
	}
	if (value & GMBUS1_INDEX) {
		s->gmbus_offset = (uint8_t)(value >> 8);
	}
	*status = (*status & ~(GMBUS2_NAK | GMBUS2_WAIT)) | GMBUS2_READY | GMBUS2_ACTIVE;
	if (value & 1) {
		s->gmbus_left = (value >> 16) & 0x1ff;
	} else {
		s->gmbus_offset = (uint8_t)skl_get(s, SKL_GMBUS3);
		*status |= GMBUS2_WAIT;
	}
	if (value & GMBUS1_STOP) {
		*status &= ~GMBUS2_ACTIVE;
	}
	return 0;
}

/* The next four bytes of a read, the first of them lowest. */
uint32_t skl_gmbus3_read(struct gvt_skl *s, uint32_t offset, uint64_t now)
{
	uint32_t value = 0;
	unsigned int i;

	if (s->gmbus_left == 0) {
		return skl_get(s, SKL_GMBUS3);
	}
	for (i = 0; i < 4 && s->gmbus_left > 0; i++, s->gmbus_left--) {
		value |= (uint32_t)edid_byte(s, 0, s->gmbus_offset++) << (8 * i);
	}
	if (s->gmbus_left == 0) {
		*skl_reg(s, SKL_GMBUS2) |= GMBUS2_WAIT;
	}
	return value;
}

/* Sections of the guest's driver may have been in the middle of something. */
void skl_port_reset(struct gvt_skl *s)
{
	memset(s->dpcd, 0, sizeof(s->dpcd));
	s->i2c_segment = 0;
	s->aux_i2c_offset = 0;
	s->gmbus_offset = 0;
	s->gmbus_left = 0;
	s->hpd_due = false;
	s->plug_waits = false;
	s->plug_by_ns = 0;
	s->gone_looks = 2; /* if there is none: there was none before */
	s->plugged = s->edid_size > 0;
}

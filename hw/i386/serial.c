// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Bytes the guest sends leave at once, so the transmitter is always empty; bytes for the guest
 * wait in the FIFO, and their sender waits while it is full. The line's speed is not modelled.
 */
#include <string.h>

#include "chardev/chardev.h"
#include "hw/core/machine-lock.h"
#include "hw/core/timer.h"
#include "serial.h"

#define FIFO_SIZE	16

enum { /* register offsets */
	REG_DATA, /* RBR, THR; with DLAB the divisor's low byte */
	REG_IER, /* with DLAB the divisor's high byte */
	REG_IIR, /* FCR when written */
	REG_LCR,
	REG_MCR,
	REG_LSR,
	REG_MSR,
	REG_SCR,
};

#define IER_RX		0x01
#define IER_TX		0x02
#define IER_LINE	0x04
#define IER_MODEM	0x08
#define IIR_NONE	0x01
#define IIR_MODEM	0x00
#define IIR_TX		0x02
#define IIR_RX		0x04
#define IIR_LINE	0x06
#define IIR_TIMEOUT	0x0c
#define IIR_FIFOS	0xc0
#define FCR_ENABLE	0x01
#define FCR_CLEAR_RX	0x02
#define LCR_DLAB	0x80
#define MCR_OUT2	0x08 /* on a PC, the gate of the interrupt line */
#define MCR_LOOP	0x10
#define LSR_DATA	0x01
#define LSR_OVERRUN	0x02
#define LSR_BREAK	0x10
#define LSR_TX_EMPTY	0x60
#define MSR_CTS		0x10
#define MSR_DSR		0x20
#define MSR_DCD		0x80

struct serial {
	struct mem_region region;
	struct isa_irq irq;
	struct chardev *chardev;
	struct hw_timer accept; /* tells the back end that there is room, from the main loop */
	uint8_t ier, lcr, mcr, scr, fcr, msr_delta, line_errors;
	uint16_t divisor;
	bool tx_pending; /* "transmitter empty" waits to be told */
	uint8_t fifo[FIFO_SIZE];
	unsigned int fifo_first, fifo_count;
};

static unsigned int fifo_room(const struct serial *serial)
{
	return (serial->fcr & FCR_ENABLE ? FIFO_SIZE : 1) - serial->fifo_count;
}

static unsigned int rx_trigger(const struct serial *serial)
{
	static const uint8_t levels[4] = { 1, 4, 8, 14 };

	return serial->fcr & FCR_ENABLE ? levels[serial->fcr >> 6] : 1;
}

/* The most urgent cause, as IIR shows it. */
static uint8_t pending(const struct serial *serial)
{
	if ((serial->ier & IER_LINE) && serial->line_errors) {
		return IIR_LINE;
	}
	if ((serial->ier & IER_RX) && serial->fifo_count) {
		/* Fewer than asked for: the sender paused long ago as the guest sees it. */
		return serial->fifo_count >= rx_trigger(serial) ? IIR_RX : IIR_TIMEOUT;
	}
	if ((serial->ier & IER_TX) && serial->tx_pending) {
		return IIR_TX;
	}
	if ((serial->ier & IER_MODEM) && serial->msr_delta) {
		return IIR_MODEM;
	}
	return IIR_NONE;
}

static void update_irq(struct serial *serial)
{
	isa_irq_set(&serial->irq, pending(serial) != IIR_NONE && (serial->mcr & MCR_OUT2) &&
				  !(serial->mcr & MCR_LOOP));
}

static void fifo_put(struct serial *serial, uint8_t byte)
{
	if (!fifo_room(serial)) {
		serial->line_errors |= LSR_OVERRUN;
		return;
	}
	serial->fifo[(serial->fifo_first + serial->fifo_count++) % FIFO_SIZE] = byte;
}

/* The back end may answer with data at once, which takes the machine lock. */
static void accept_input(void *opaque)
{
	struct serial *serial = opaque;

	machine_unlock();
	chardev_accept_input(serial->chardev);
	machine_lock();
}

static void have_room(struct serial *serial)
{
	if (serial->chardev) {
		hw_timer_arm(&serial->accept, 0);
	}
}

static uint8_t fifo_take(struct serial *serial)
{
	uint8_t byte = serial->fifo[serial->fifo_first];

	if (!serial->fifo_count) {
		return 0;
	}
	serial->fifo_first = (serial->fifo_first + 1) % FIFO_SIZE;
	if (--serial->fifo_count == 0) {
		have_room(serial);
	}
	return byte;
}

/* In loopback the modem outputs are wired to the inputs: DTR-DSR, RTS-CTS, OUT1-RI, OUT2-DCD. */
static uint8_t modem_lines(const struct serial *serial)
{
	uint8_t mcr = serial->mcr;

	if (mcr & MCR_LOOP) {
		return (uint8_t)((mcr & 1) << 5 | (mcr & 2) << 3 | (mcr & 4) << 4 |
				 (mcr & 8) << 4);
	}
	return MSR_CTS | MSR_DSR | (serial->chardev ? MSR_DCD : 0);
}

static uint64_t serial_read(void *opaque, uint64_t offset, unsigned int size)
{
	struct serial *serial = opaque;
	uint8_t value = 0xff;

	switch (offset) {
	case REG_DATA:
		value = serial->lcr & LCR_DLAB ? (uint8_t)serial->divisor : fifo_take(serial);
		break;
	case REG_IER:
		value = serial->lcr & LCR_DLAB ? (uint8_t)(serial->divisor >> 8) : serial->ier;
		break;
	case REG_IIR:
		value = pending(serial) | (serial->fcr & FCR_ENABLE ? IIR_FIFOS : 0);
		if ((value & 0x0f) == IIR_TX) {
			serial->tx_pending = false;
		}
		break;
	case REG_LCR:
		value = serial->lcr;
		break;
	case REG_MCR:
		value = serial->mcr;
		break;
	case REG_LSR:
		value = LSR_TX_EMPTY | serial->line_errors | (serial->fifo_count ? LSR_DATA : 0);
		serial->line_errors = 0;
		break;
	case REG_MSR:
		value = modem_lines(serial) | serial->msr_delta;
		serial->msr_delta = 0;
		break;
	case REG_SCR:
		value = serial->scr;
		break;
	}
	update_irq(serial);
	return value;
}

static void transmit(struct serial *serial, uint8_t byte)
{
	if (serial->mcr & MCR_LOOP) {
		fifo_put(serial, byte);
	} else if (serial->chardev) {
		chardev_write(serial->chardev, &byte, 1);
	}
	serial->tx_pending = true;
}

static void write_fcr(struct serial *serial, uint8_t value)
{
	if ((value ^ serial->fcr) & FCR_ENABLE) {
		value |= FCR_CLEAR_RX;
	}
	if (value & FCR_CLEAR_RX) {
		serial->fifo_count = serial->fifo_first = 0;
		have_room(serial);
	}
	serial->fcr = value & (FCR_ENABLE | 0xc0);
}

static void serial_write(void *opaque, uint64_t offset, uint64_t value, unsigned int size)
{
	struct serial *serial = opaque;
	uint8_t byte = (uint8_t)value;

	switch (offset) {
	case REG_DATA:
		if (serial->lcr & LCR_DLAB) {
			serial->divisor = (serial->divisor & 0xff00) | byte;
		} else {
			transmit(serial, byte);
		}
		break;
	case REG_IER:
		if (serial->lcr & LCR_DLAB) {
			serial->divisor = (uint16_t)((serial->divisor & 0xff) | byte << 8);
			break;
		}
		if (byte & ~serial->ier & IER_TX) {
			serial->tx_pending = true;
		}
		serial->ier = byte & 0x0f;
		break;
	case REG_IIR:
		write_fcr(serial, byte);
		break;
	case REG_LCR:
		serial->lcr = byte;
		break;
	case REG_MCR:
		if (serial->mcr & ~byte & MCR_LOOP) {
			have_room(serial);
		}
		serial->mcr = byte & 0x1f;
		break;
	case REG_SCR:
		serial->scr = byte;
		break;
	}
	update_irq(serial);
}

static const struct mem_ops serial_ops = { serial_read, serial_write, 1, 1 };

/* ---- the back end's side; main thread, machine lock not held ---- */

static size_t can_receive(void *opaque)
{
	struct serial *serial = opaque;
	size_t room;

	machine_lock();
	room = serial->mcr & MCR_LOOP ? 0 : fifo_room(serial);
	machine_unlock();
	return room;
}

static void receive(void *opaque, const uint8_t *data, size_t len)
{
	struct serial *serial = opaque;

	machine_lock();
	for (size_t i = 0; i < len; i++) {
		fifo_put(serial, data[i]);
	}
	update_irq(serial);
	machine_unlock();
}

static void line_event(void *opaque, enum chardev_event event)
{
	struct serial *serial = opaque;

	if (event == CHARDEV_BREAK) {
		machine_lock();
		serial->line_errors |= LSR_BREAK;
		fifo_put(serial, 0);
		update_irq(serial);
		machine_unlock();
	}
}

static const struct chardev_ops line_ops = { can_receive, receive, line_event };

void serial_reset(struct serial *serial)
{
	serial->ier = serial->lcr = serial->mcr = serial->scr = serial->fcr = 0;
	serial->msr_delta = serial->line_errors = 0;
	serial->divisor = 12; /* 9600 baud */
	serial->tx_pending = false;
	serial->fifo_count = serial->fifo_first = 0;
	update_irq(serial);
	have_room(serial);
}

struct serial *serial_create(struct addr_space *io, uint16_t base, struct isa_bus *bus,
			     unsigned int irq, struct chardev *chardev)
{
	struct serial *serial = g_new0(struct serial, 1);

	serial->irq = (struct isa_irq){ bus, irq, false };
	hw_timer_init(&serial->accept, accept_input, serial);
	mem_region_init_io(&serial->region, "serial", 8, &serial_ops, serial);
	addr_space_add(io, base, &serial->region, 0);
	serial_reset(serial);
	serial->chardev = chardev;
	if (chardev) {
		/* May call back at once, and the callbacks take the lock. */
		machine_unlock();
		chardev_attach(chardev, &line_ops, serial);
		machine_lock();
	}
	return serial;
}

void serial_destroy(struct serial *serial)
{
	if (!serial) {
		return;
	}
	if (serial->chardev) {
		machine_unlock();
		chardev_attach(serial->chardev, NULL, NULL);
		machine_lock();
	}
	hw_timer_finish(&serial->accept);
	isa_irq_set(&serial->irq, false);
	mem_region_finish(&serial->region);
	g_free(serial);
}

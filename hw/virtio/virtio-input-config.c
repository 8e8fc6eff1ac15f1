// SPDX-License-Identifier: GPL-2.0-or-later
#include "hw/virtio/virtio-input-config.h"

#include <linux/input.h>
#include <linux/virtio_input.h>
#include <string.h>
#include <glib.h>

#include "ui/input.h"

/* The ids that other virtual machines give these devices, so that guest rules for them fit. */
#define VENDOR	0x0627
#define VERSION	1

static void answer_text(struct virtio_input_config *config, const char *text)
{
	size_t len = text ? MIN(strlen(text), sizeof(config->u.string)) : 0;

	memcpy(config->u.string, text ? text : "", len);
	config->size = (uint8_t)len;
}

static void set_bit(struct virtio_input_config *config, uint16_t bit)
{
	if (bit / 8u < sizeof(config->u.bitmap)) {
		config->u.bitmap[bit / 8] |= (uint8_t)(1u << (bit % 8));
		config->size = MAX(config->size, (uint8_t)(bit / 8 + 1));
	}
}

static void set_bits(struct virtio_input_config *config, const uint16_t *bits, uint16_t end)
{
	while (bits && *bits != end) {
		set_bit(config, *bits++);
	}
}

static void answer_events(const struct input_model *model, struct virtio_input_config *config)
{
	switch (config->subsel) {
	case EV_KEY:
		set_bits(config, model->keys, 0);
		for (uint16_t key = model->key_first; key && key <= model->key_last; key++) {
			set_bit(config, key);
		}
		break;
	case EV_REL:
		set_bits(config, model->axes_rel, UINT16_MAX);
		break;
	case EV_ABS:
		set_bits(config, model->axes_abs, UINT16_MAX);
		break;
	case EV_LED:
		set_bits(config, model->leds, UINT16_MAX);
		break;
	case EV_REP:
		/* No codes, only the fact. */
		config->size = model->repeats;
		break;
	}
}

static void answer_axis(const struct input_model *model, struct virtio_input_config *config)
{
	for (const uint16_t *axis = model->axes_abs; axis && *axis != UINT16_MAX; axis++) {
		if (*axis == config->subsel) {
			config->u.abs.max = INPUT_ABS_MAX;
			config->size = sizeof(config->u.abs);
		}
	}
}

void input_model_answer(const struct input_model *model, const char *serial,
			struct virtio_input_config *config)
{
	memset(&config->u, 0, sizeof(config->u));
	config->size = 0;
	switch (config->select) {
	case VIRTIO_INPUT_CFG_ID_NAME:
		answer_text(config, model->name);
		break;
	case VIRTIO_INPUT_CFG_ID_SERIAL:
		answer_text(config, serial);
		break;
	case VIRTIO_INPUT_CFG_ID_DEVIDS:
		config->u.ids.bustype = BUS_VIRTUAL;
		config->u.ids.vendor = VENDOR;
		config->u.ids.product = model->product;
		config->u.ids.version = VERSION;
		config->size = sizeof(config->u.ids);
		break;
	case VIRTIO_INPUT_CFG_EV_BITS:
		answer_events(model, config);
		break;
	case VIRTIO_INPUT_CFG_ABS_INFO:
		answer_axis(model, config);
		break;
	}
}

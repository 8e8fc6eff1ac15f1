/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What an input device says of itself: a table of answers to the driver's questions. */
#ifndef HW_VIRTIO_VIRTIO_INPUT_CONFIG_H
#define HW_VIRTIO_VIRTIO_INPUT_CONFIG_H

#include <stdint.h>

struct virtio_input_config;

struct input_model {
	const char *name; /* as the guest's /proc/bus/input/devices shows it */
	uint16_t product;
	const uint16_t *keys; /* KEY_* and BTN_*, ended by 0; or NULL */
	uint16_t key_first, key_last; /* a range besides these; 0: none */
	const uint16_t *axes_rel; /* REL_*, ended by UINT16_MAX; or NULL */
	const uint16_t *axes_abs; /* ABS_*, 0..INPUT_ABS_MAX, ended by UINT16_MAX; or NULL */
	const uint16_t *leds; /* LED_*, ended by UINT16_MAX; or NULL */
	uint8_t repeats; /* the guest shall repeat keys that are held */
};

/* Fills size and u for config->select and subsel (virtio 1.1, 5.8.2); size 0: no answer. */
void input_model_answer(const struct input_model *model, const char *serial,
			struct virtio_input_config *config);

#endif

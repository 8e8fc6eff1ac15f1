/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The few KMS requests that the test programs inside the guest need, straight on the kernel's
 * interface: a static program without libdrm runs in the smallest initramfs.
 *
 * All functions print "program: operation: cause" and exit(1) on failure, as fits a test program.
 */
#ifndef ORIEL_E2E_GUEST_KMS_H
#define ORIEL_E2E_GUEST_KMS_H

#include <stdbool.h>
#include <stdint.h>
#include <libdrm/drm.h>
#include <libdrm/drm_mode.h>

#include "surface.h"

/* A dumb buffer that is registered as a framebuffer. */
struct kms_buffer {
	struct surface surface;
	uint32_t fb_id;
};

struct kms {
	int fd;
	uint32_t crtc_id;
	uint32_t connector_id;
	struct drm_mode_modeinfo mode;
	/* What of a buffer is shown: from here on, turned so. */
	uint32_t pan_x, pan_y;
	unsigned int rotation; /* counter-clockwise: 0, 90, 180, 270 */
};

/* Opens the first card, or the one that $KMS_CARD names. */
int kms_open_card(void);

/*
 * Opens the first card, and finds its first connector and CRTC and a mode.
 * @width_px, @height_px: the wanted mode; 0 asks for the preferred (else the first) one.
 */
void kms_open(struct kms *kms, uint32_t width_px, uint32_t height_px);

/* Prints one line "mode WxH@HZ [preferred]" for each mode of the first connector. */
void kms_list_modes(void);

/* Makes an XRGB8888 buffer of the mode's size; black. */
void kms_buffer_create(struct kms *kms, struct kms_buffer *buffer);

/*
 * Makes a buffer for any format and layout; black. It is as large as kms->mode asks for, turned by
 * kms->rotation, and larger by kms->pan_x and kms->pan_y.
 */
void kms_buffer_create_as(struct kms *kms, struct kms_buffer *buffer, uint32_t fourcc,
			  uint64_t modifier);

/* Says how the primary plane turns its buffer (kms->rotation). The screen is off then. */
void kms_set_rotation(struct kms *kms, unsigned int degrees);

/* Sets the mode with @buffer on the screen, from kms->pan_x, kms->pan_y on. */
void kms_set_mode(struct kms *kms, const struct kms_buffer *buffer);

/* Switches the screen off. */
void kms_disable(struct kms *kms);

/* Shows @buffer from the next vblank on and waits for that. */
void kms_flip(struct kms *kms, const struct kms_buffer *buffer);

/* The same in two steps. There is one event for each flip. */
void kms_flip_start(struct kms *kms, const struct kms_buffer *buffer);
void kms_flip_wait(struct kms *kms, struct drm_event_vblank *event);

/* The memory of a dumb buffer, for reading and writing. */
void *kms_map_dumb(int fd, uint32_t handle, size_t size_bytes);

/* Sends a request (an ioctl of DRM); @operation names it in a message. */
void kms_request(int fd, unsigned long code, void *argument, const char *operation);

/* What is on the screen now, whoever drew it, mapped for reading. Needs CAP_SYS_ADMIN. */
struct kms_screen {
	uint32_t width_px;
	uint32_t height_px;
	uint32_t stride_bytes;
	const uint8_t *first_pixel;
};

void kms_screen_map(int fd, struct kms_screen *screen);

/*
 * CRC-32 (that of zlib) of the pixels as R, G, B bytes, line by line without padding: what
 * `crc32` of a P6 picture's data is outside.
 * @pixels: XRGB8888
 */
uint32_t kms_crc(const void *pixels, uint32_t width_px, uint32_t height_px, uint32_t stride_bytes);

/* The same of what is shown of @surface with kms->pan_x, kms->pan_y and kms->rotation. */
uint32_t kms_crc_shown(const struct kms *kms, const struct surface *surface);

#endif

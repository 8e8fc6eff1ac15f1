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

/* A dumb XRGB8888 buffer that is registered as a framebuffer. */
struct kms_buffer {
	uint32_t width_px;
	uint32_t height_px;
	uint32_t stride_bytes;
	uint32_t fb_id;
	uint32_t *pixels;
};

struct kms {
	int fd;
	uint32_t crtc_id;
	uint32_t connector_id;
	struct drm_mode_modeinfo mode;
};

/* Opens the first card. */
int kms_open_card(void);

/*
 * Opens the first card, and finds its first connector and CRTC and a mode.
 * @width_px, @height_px: the wanted mode; 0 asks for the preferred (else the first) one.
 */
void kms_open(struct kms *kms, uint32_t width_px, uint32_t height_px);

/* Prints one line "mode WxH@HZ [preferred]" for each mode of the first connector. */
void kms_list_modes(void);

/* Makes a buffer of the mode's size; black. */
void kms_buffer_create(struct kms *kms, struct kms_buffer *buffer);

/* Sets the mode with @buffer on the screen. */
void kms_set_mode(struct kms *kms, const struct kms_buffer *buffer);

/* Switches the screen off. */
void kms_disable(struct kms *kms);

/* Shows @buffer from the next vblank on and waits for that. */
void kms_flip(struct kms *kms, const struct kms_buffer *buffer);

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

#endif

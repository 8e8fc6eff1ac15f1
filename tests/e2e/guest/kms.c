// SPDX-License-Identifier: GPL-2.0-or-later
#include "kms.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#define MAX_MODES 256

struct connector {
	uint32_t id;
	uint32_t mode_count;
	struct drm_mode_modeinfo modes[MAX_MODES];
};

static void fail(const char *operation)
{
	fprintf(stderr, "%s: %s: %s\n", program_invocation_short_name, operation, strerror(errno));
	exit(1);
}

static void request(int fd, unsigned long code, void *argument, const char *operation)
{
	int ret;

	do {
		ret = ioctl(fd, code, argument);
	} while (ret < 0 && (errno == EINTR || errno == EAGAIN));
	if (ret < 0) {
		fail(operation);
	}
}

int kms_open_card(void)
{
	int fd = open("/dev/dri/card0", O_RDWR | O_CLOEXEC);

	if (fd < 0) {
		fail("/dev/dri/card0");
	}
	return fd;
}

/* The first CRTC and the first connector, which is all that the devices under test have. */
static void find_head(int fd, uint32_t *crtc_id, uint32_t *connector_id)
{
	uint32_t crtcs[16], connectors[16];
	struct drm_mode_card_res resources = { 0 };

	request(fd, DRM_IOCTL_MODE_GETRESOURCES, &resources, "GETRESOURCES");
	if (resources.count_crtcs < 1 || resources.count_crtcs > 16 ||
	    resources.count_connectors < 1 || resources.count_connectors > 16) {
		errno = ENODEV;
		fail("GETRESOURCES");
	}
	resources.crtc_id_ptr = (uintptr_t)crtcs;
	resources.connector_id_ptr = (uintptr_t)connectors;
	resources.count_fbs = 0;
	resources.count_encoders = 0;
	request(fd, DRM_IOCTL_MODE_GETRESOURCES, &resources, "GETRESOURCES");
	*crtc_id = crtcs[0];
	*connector_id = connectors[0];
}

static void read_connector(int fd, uint32_t id, struct connector *connector)
{
	struct drm_mode_get_connector get = { .connector_id = id };

	/* With count_modes 0 the kernel probes the connector anew; the second call reads. */
	request(fd, DRM_IOCTL_MODE_GETCONNECTOR, &get, "GETCONNECTOR");
	if (get.count_modes > MAX_MODES) {
		get.count_modes = MAX_MODES;
	}
	get.modes_ptr = (uintptr_t)connector->modes;
	get.count_props = 0;
	get.count_encoders = 0;
	request(fd, DRM_IOCTL_MODE_GETCONNECTOR, &get, "GETCONNECTOR");
	connector->id = id;
	connector->mode_count = get.count_modes < MAX_MODES ? get.count_modes : MAX_MODES;
}

void kms_open(struct kms *kms, uint32_t width_px, uint32_t height_px)
{
	static struct connector connector;
	const struct drm_mode_modeinfo *found = NULL;

	kms->fd = kms_open_card();
	find_head(kms->fd, &kms->crtc_id, &kms->connector_id);
	read_connector(kms->fd, kms->connector_id, &connector);
	for (uint32_t i = 0; i < connector.mode_count; i++) {
		const struct drm_mode_modeinfo *mode = &connector.modes[i];
		bool wanted = width_px ? mode->hdisplay == width_px && mode->vdisplay == height_px :
					 mode->type & DRM_MODE_TYPE_PREFERRED;

		if (wanted || (!found && !width_px)) {
			found = mode;
		}
		if (wanted) {
			break;
		}
	}
	if (!found) {
		errno = ENOENT;
		fail("mode");
	}
	kms->mode = *found;
}

void kms_list_modes(void)
{
	static struct connector connector;
	uint32_t crtc_id, connector_id;
	int fd = kms_open_card();

	find_head(fd, &crtc_id, &connector_id);
	read_connector(fd, connector_id, &connector);
	for (uint32_t i = 0; i < connector.mode_count; i++) {
		const struct drm_mode_modeinfo *mode = &connector.modes[i];

		printf("mode %ux%u@%u%s\n", mode->hdisplay, mode->vdisplay, mode->vrefresh,
		       mode->type & DRM_MODE_TYPE_PREFERRED ? " preferred" : "");
	}
	close(fd);
}

static void *map_dumb(int fd, uint32_t handle, size_t size_bytes, int protection)
{
	struct drm_mode_map_dumb map = { .handle = handle };
	void *address;

	request(fd, DRM_IOCTL_MODE_MAP_DUMB, &map, "MAP_DUMB");
	address = mmap(NULL, size_bytes, protection, MAP_SHARED, fd, map.offset);
	if (address == MAP_FAILED) {
		fail("mmap");
	}
	return address;
}

void kms_buffer_create(struct kms *kms, struct kms_buffer *buffer)
{
	struct drm_mode_create_dumb create = {
		.width = kms->mode.hdisplay,
		.height = kms->mode.vdisplay,
		.bpp = 32,
	};
	struct drm_mode_fb_cmd fb = {
		.width = create.width,
		.height = create.height,
		.bpp = 32,
		.depth = 24,
	};

	request(kms->fd, DRM_IOCTL_MODE_CREATE_DUMB, &create, "CREATE_DUMB");
	fb.handle = create.handle;
	fb.pitch = create.pitch;
	request(kms->fd, DRM_IOCTL_MODE_ADDFB, &fb, "ADDFB");
	buffer->width_px = create.width;
	buffer->height_px = create.height;
	buffer->stride_bytes = create.pitch;
	buffer->fb_id = fb.fb_id;
	buffer->pixels = map_dumb(kms->fd, create.handle, create.size, PROT_READ | PROT_WRITE);
	memset(buffer->pixels, 0, create.size);
}

void kms_set_mode(struct kms *kms, const struct kms_buffer *buffer)
{
	struct drm_mode_crtc crtc = {
		.crtc_id = kms->crtc_id,
		.fb_id = buffer->fb_id,
		.set_connectors_ptr = (uintptr_t)&kms->connector_id,
		.count_connectors = 1,
		.mode = kms->mode,
		.mode_valid = 1,
	};

	request(kms->fd, DRM_IOCTL_MODE_SETCRTC, &crtc, "SETCRTC");
}

void kms_disable(struct kms *kms)
{
	struct drm_mode_crtc crtc = { .crtc_id = kms->crtc_id };

	request(kms->fd, DRM_IOCTL_MODE_SETCRTC, &crtc, "SETCRTC");
}

void kms_flip(struct kms *kms, const struct kms_buffer *buffer)
{
	struct drm_mode_crtc_page_flip flip = {
		.crtc_id = kms->crtc_id,
		.fb_id = buffer->fb_id,
		.flags = DRM_MODE_PAGE_FLIP_EVENT,
	};
	char event[1024];

	request(kms->fd, DRM_IOCTL_MODE_PAGE_FLIP, &flip, "PAGE_FLIP");
	if (read(kms->fd, event, sizeof(event)) < (ssize_t)sizeof(struct drm_event_vblank)) {
		fail("flip event");
	}
}

void kms_screen_map(int fd, struct kms_screen *screen)
{
	struct drm_mode_crtc crtc = { 0 };
	struct drm_mode_fb_cmd fb = { 0 };
	uint32_t connector_id;
	uint8_t *buffer;

	find_head(fd, &crtc.crtc_id, &connector_id);
	request(fd, DRM_IOCTL_MODE_GETCRTC, &crtc, "GETCRTC");
	if (!crtc.fb_id || !crtc.mode_valid) {
		errno = ENOENT;
		fail("screen is off");
	}
	fb.fb_id = crtc.fb_id;
	request(fd, DRM_IOCTL_MODE_GETFB, &fb, "GETFB");
	if (fb.bpp != 32 || !fb.handle) {
		errno = EINVAL;
		fail("GETFB");
	}
	buffer = map_dumb(fd, fb.handle, (size_t)fb.pitch * fb.height, PROT_READ);
	screen->width_px = crtc.mode.hdisplay;
	screen->height_px = crtc.mode.vdisplay;
	screen->stride_bytes = fb.pitch;
	screen->first_pixel = buffer + (size_t)crtc.y * fb.pitch + (size_t)crtc.x * 4;
}

uint32_t kms_crc(const void *pixels, uint32_t width_px, uint32_t height_px, uint32_t stride_bytes)
{
	static uint32_t table[256];
	uint32_t crc = 0xffffffff;

	if (!table[1]) {
		for (uint32_t i = 0; i < 256; i++) {
			uint32_t value = i;

			for (int bit = 0; bit < 8; bit++) {
				value = value & 1 ? value >> 1 ^ 0xedb88320 : value >> 1;
			}
			table[i] = value;
		}
	}
	for (uint32_t y = 0; y < height_px; y++) {
		const uint32_t *line =
			(const uint32_t *)((const uint8_t *)pixels + (size_t)y * stride_bytes);

		for (uint32_t x = 0; x < width_px; x++) {
			uint32_t pixel = line[x];

			crc = crc >> 8 ^ table[(crc ^ pixel >> 16) & 0xff];
			crc = crc >> 8 ^ table[(crc ^ pixel >> 8) & 0xff];
			crc = crc >> 8 ^ table[(crc ^ pixel) & 0xff];
		}
	}
	return ~crc;
}

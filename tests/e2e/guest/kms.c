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

void kms_request(int fd, unsigned long code, void *argument, const char *operation)
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
	const char *path = getenv("KMS_CARD") ?: "/dev/dri/card0";
	int fd = open(path, O_RDWR | O_CLOEXEC);

	if (fd < 0) {
		fail(path);
	}
	return fd;
}

/* The first CRTC and the first connector, which is all that the devices under test have. */
static void find_head(int fd, uint32_t *crtc_id, uint32_t *connector_id)
{
	uint32_t crtcs[16], connectors[16];
	struct drm_mode_card_res resources = { 0 };

	kms_request(fd, DRM_IOCTL_MODE_GETRESOURCES, &resources, "GETRESOURCES");
	if (resources.count_crtcs < 1 || resources.count_crtcs > 16 ||
	    resources.count_connectors < 1 || resources.count_connectors > 16) {
		errno = ENODEV;
		fail("GETRESOURCES");
	}
	resources.crtc_id_ptr = (uintptr_t)crtcs;
	resources.connector_id_ptr = (uintptr_t)connectors;
	resources.count_fbs = 0;
	resources.count_encoders = 0;
	kms_request(fd, DRM_IOCTL_MODE_GETRESOURCES, &resources, "GETRESOURCES");
	*crtc_id = crtcs[0];
	*connector_id = connectors[0];
}

static void read_connector(int fd, uint32_t id, struct connector *connector)
{
	struct drm_mode_get_connector get = { .connector_id = id };

	/* With count_modes 0 the kernel probes the connector anew; the second call reads. */
	kms_request(fd, DRM_IOCTL_MODE_GETCONNECTOR, &get, "GETCONNECTOR");
	if (get.count_modes > MAX_MODES) {
		get.count_modes = MAX_MODES;
	}
	get.modes_ptr = (uintptr_t)connector->modes;
	get.count_props = 0;
	get.count_encoders = 0;
	kms_request(fd, DRM_IOCTL_MODE_GETCONNECTOR, &get, "GETCONNECTOR");
	connector->id = id;
	connector->mode_count = get.count_modes < MAX_MODES ? get.count_modes : MAX_MODES;
}

void kms_open(struct kms *kms, uint32_t width_px, uint32_t height_px)
{
	static struct connector connector;
	const struct drm_mode_modeinfo *found = NULL;

	memset(kms, 0, sizeof(*kms));
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

	kms_request(fd, DRM_IOCTL_MODE_MAP_DUMB, &map, "MAP_DUMB");
	address = mmap(NULL, size_bytes, protection, MAP_SHARED, fd, map.offset);
	if (address == MAP_FAILED) {
		fail("mmap");
	}
	return address;
}

void *kms_map_dumb(int fd, uint32_t handle, size_t size_bytes)
{
	return map_dumb(fd, handle, size_bytes, PROT_READ | PROT_WRITE);
}

void kms_buffer_create(struct kms *kms, struct kms_buffer *buffer)
{
	kms_buffer_create_as(kms, buffer, DRM_FORMAT_XRGB8888, DRM_FORMAT_MOD_LINEAR);
}

static void add_framebuffer(struct kms *kms, struct kms_buffer *buffer, uint32_t handle)
{
	const struct surface *surface = &buffer->surface;
	struct drm_mode_fb_cmd2 fb = {
		.width = surface->width_px,
		.height = surface->height_px,
		.pixel_format = surface->fourcc,
		.handles = { handle },
		.pitches = { surface->stride_bytes },
	};

	/* Not every driver knows modifiers, but each knows what a framebuffer without one is. */
	if (surface->modifier != DRM_FORMAT_MOD_LINEAR) {
		fb.flags = DRM_MODE_FB_MODIFIERS;
		fb.modifier[0] = surface->modifier;
	}
	kms_request(kms->fd, DRM_IOCTL_MODE_ADDFB2, &fb, "ADDFB2");
	buffer->fb_id = fb.fb_id;
}

void kms_buffer_create_as(struct kms *kms, struct kms_buffer *buffer, uint32_t fourcc,
			  uint64_t modifier)
{
	bool sideways = kms->rotation == 90 || kms->rotation == 270;
	struct surface *surface = &buffer->surface;
	struct drm_mode_create_dumb create = { 0 };

	surface->width_px = (sideways ? kms->mode.vdisplay : kms->mode.hdisplay) + kms->pan_x;
	surface->height_px = (sideways ? kms->mode.hdisplay : kms->mode.vdisplay) + kms->pan_y;
	surface->fourcc = fourcc;
	surface->modifier = modifier;
	create.bpp = surface_cpp(surface) * 8;
	/* Whole tiles: the kernel knows nothing of a layout when it makes the memory. */
	create.width = surface_align(surface->width_px, surface_tile_width_px(surface));
	create.height = surface_align(surface->height_px, surface_tile_height_px(surface));
	kms_request(kms->fd, DRM_IOCTL_MODE_CREATE_DUMB, &create, "CREATE_DUMB");
	surface->stride_bytes = create.pitch;
	surface->memory = kms_map_dumb(kms->fd, create.handle, create.size);
	memset(surface->memory, 0, create.size);
	add_framebuffer(kms, buffer, create.handle);
}

/* The first primary plane, and its property that turns the buffer. */
static bool find_rotation(int fd, uint32_t *plane_id, uint32_t *property_id)
{
	struct drm_set_client_cap universal = { DRM_CLIENT_CAP_UNIVERSAL_PLANES, 1 };
	uint32_t planes[32], properties[64];
	uint64_t values[64];
	struct drm_mode_get_plane_res resources = {
		.plane_id_ptr = (uintptr_t)planes,
		.count_planes = 32,
	};

	kms_request(fd, DRM_IOCTL_SET_CLIENT_CAP, &universal, "universal planes");
	kms_request(fd, DRM_IOCTL_MODE_GETPLANERESOURCES, &resources, "GETPLANERESOURCES");
	for (uint32_t i = 0; i < resources.count_planes && i < 32; i++) {
		struct drm_mode_obj_get_properties get = {
			.props_ptr = (uintptr_t)properties,
			.prop_values_ptr = (uintptr_t)values,
			.count_props = 64,
			.obj_id = planes[i],
			.obj_type = DRM_MODE_OBJECT_PLANE,
		};
		uint32_t rotation_id = 0;
		bool primary = false;

		kms_request(fd, DRM_IOCTL_MODE_OBJ_GETPROPERTIES, &get, "OBJ_GETPROPERTIES");
		for (uint32_t j = 0; j < get.count_props && j < 64; j++) {
			struct drm_mode_get_property property = { .prop_id = properties[j] };

			kms_request(fd, DRM_IOCTL_MODE_GETPROPERTY, &property, "GETPROPERTY");
			if (!strcmp(property.name, "type")) {
				primary = values[j] == 1; /* DRM_PLANE_TYPE_PRIMARY */
			} else if (!strcmp(property.name, "rotation")) {
				rotation_id = property.prop_id;
			}
		}
		if (primary && rotation_id) {
			*plane_id = planes[i];
			*property_id = rotation_id;
			return true;
		}
	}
	return false;
}

void kms_set_rotation(struct kms *kms, unsigned int degrees)
{
	struct drm_mode_obj_set_property set = {
		.value = 1u << degrees / 90,
		.obj_type = DRM_MODE_OBJECT_PLANE,
	};

	if (!find_rotation(kms->fd, &set.obj_id, &set.prop_id)) {
		errno = ENOTSUP;
		fail("rotation");
	}
	/* What is on the screen now may be of a layout that can't be turned so. */
	kms_disable(kms);
	kms_request(kms->fd, DRM_IOCTL_MODE_OBJ_SETPROPERTY, &set, "rotation");
	kms->rotation = degrees;
}

void kms_set_mode(struct kms *kms, const struct kms_buffer *buffer)
{
	struct drm_mode_crtc crtc = {
		.crtc_id = kms->crtc_id,
		.fb_id = buffer->fb_id,
		.x = kms->pan_x,
		.y = kms->pan_y,
		.set_connectors_ptr = (uintptr_t)&kms->connector_id,
		.count_connectors = 1,
		.mode = kms->mode,
		.mode_valid = 1,
	};

	kms_request(kms->fd, DRM_IOCTL_MODE_SETCRTC, &crtc, "SETCRTC");
}

void kms_disable(struct kms *kms)
{
	struct drm_mode_crtc crtc = { .crtc_id = kms->crtc_id };

	kms_request(kms->fd, DRM_IOCTL_MODE_SETCRTC, &crtc, "SETCRTC");
}

void kms_flip_start(struct kms *kms, const struct kms_buffer *buffer)
{
	struct drm_mode_crtc_page_flip flip = {
		.crtc_id = kms->crtc_id,
		.fb_id = buffer->fb_id,
		.flags = DRM_MODE_PAGE_FLIP_EVENT,
	};

	kms_request(kms->fd, DRM_IOCTL_MODE_PAGE_FLIP, &flip, "PAGE_FLIP");
}

void kms_flip_wait(struct kms *kms, struct drm_event_vblank *event)
{
	ssize_t size = read(kms->fd, event, sizeof(*event));

	if (size != sizeof(*event) || event->base.type != DRM_EVENT_FLIP_COMPLETE) {
		fail("flip event");
	}
}

void kms_flip(struct kms *kms, const struct kms_buffer *buffer)
{
	struct drm_event_vblank event;

	kms_flip_start(kms, buffer);
	kms_flip_wait(kms, &event);
}

void kms_screen_map(int fd, struct kms_screen *screen)
{
	struct drm_mode_crtc crtc = { 0 };
	struct drm_mode_fb_cmd fb = { 0 };
	uint32_t connector_id;
	uint8_t *buffer;

	find_head(fd, &crtc.crtc_id, &connector_id);
	kms_request(fd, DRM_IOCTL_MODE_GETCRTC, &crtc, "GETCRTC");
	if (!crtc.fb_id || !crtc.mode_valid) {
		errno = ENOENT;
		fail("screen is off");
	}
	fb.fb_id = crtc.fb_id;
	kms_request(fd, DRM_IOCTL_MODE_GETFB, &fb, "GETFB");
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

static uint32_t crc_add(uint32_t crc, uint32_t xrgb)
{
	static uint32_t table[256];

	if (!table[1]) {
		for (uint32_t i = 0; i < 256; i++) {
			uint32_t value = i;

			for (int bit = 0; bit < 8; bit++) {
				value = value & 1 ? value >> 1 ^ 0xedb88320 : value >> 1;
			}
			table[i] = value;
		}
	}
	crc = crc >> 8 ^ table[(crc ^ xrgb >> 16) & 0xff];
	crc = crc >> 8 ^ table[(crc ^ xrgb >> 8) & 0xff];
	return crc >> 8 ^ table[(crc ^ xrgb) & 0xff];
}

uint32_t kms_crc(const void *pixels, uint32_t width_px, uint32_t height_px, uint32_t stride_bytes)
{
	uint32_t crc = 0xffffffff;

	for (uint32_t y = 0; y < height_px; y++) {
		const uint32_t *line =
			(const uint32_t *)((const uint8_t *)pixels + (size_t)y * stride_bytes);

		for (uint32_t x = 0; x < width_px; x++) {
			crc = crc_add(crc, line[x]);
		}
	}
	return ~crc;
}

/* What is shown at (x, y), with the buffer turned counter-clockwise. */
static uint32_t shown_pixel(const struct kms *kms, const struct surface *surface, uint32_t x,
			    uint32_t y)
{
	uint32_t width = kms->mode.hdisplay, height = kms->mode.vdisplay;
	uint32_t left = kms->pan_x, top = kms->pan_y;

	switch (kms->rotation) {
	case 90:
		return surface_get(surface, left + height - 1 - y, top + x);
	case 180:
		return surface_get(surface, left + width - 1 - x, top + height - 1 - y);
	case 270:
		return surface_get(surface, left + y, top + width - 1 - x);
	default:
		return surface_get(surface, left + x, top + y);
	}
}

uint32_t kms_crc_shown(const struct kms *kms, const struct surface *surface)
{
	uint32_t crc = 0xffffffff;

	if (surface->fourcc == DRM_FORMAT_XRGB8888 &&
	    surface->modifier == DRM_FORMAT_MOD_LINEAR && !kms->rotation) {
		return kms_crc(surface->memory + (size_t)kms->pan_y * surface->stride_bytes +
				       (size_t)kms->pan_x * 4,
			       kms->mode.hdisplay, kms->mode.vdisplay, surface->stride_bytes);
	}
	for (uint32_t y = 0; y < kms->mode.vdisplay; y++) {
		for (uint32_t x = 0; x < kms->mode.hdisplay; x++) {
			crc = crc_add(crc, shown_pixel(kms, surface, x, y));
		}
	}
	return ~crc;
}

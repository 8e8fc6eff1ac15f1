// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <linux/dma-buf.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>
#include <drm_fourcc.h>

#include "ui/fb-tile.h"
#include "ui/fb.h"
#include "util/error.h"
#include "util/fd.h"
#include "util/range.h"

struct addon {
	const void *key;
	void *data;
	void (*destroy)(void *addon);
};

static const struct fb_tile *info_tile(const struct fb_info *info)
{
	return fb_tile_find(info->modifier, fb_format_cpp(info->fourcc));
}

bool fb_layout_is_known(uint32_t fourcc, uint64_t modifier)
{
	unsigned int cpp = fb_format_cpp(fourcc);

	return cpp && (modifier == DRM_FORMAT_MOD_LINEAR || fb_tile_find(modifier, cpp));
}

/* Bytes from offset 0 to the end of the last pixel of plane 0, or of the tile that holds it. All
 * factors are below 2^32 and the height below 2^15, so 64 bits can't overflow. */
static uint64_t bytes_needed(const struct fb_info *info)
{
	const struct fb_tile *tile = info_tile(info);
	uint32_t stride = info->plane[0].stride_bytes;
	uint32_t line = info->width_px * fb_format_cpp(info->fourcc);

	return info->plane[0].offset_bytes +
	       (tile ? fb_tile_needed_bytes(tile, stride, line, info->height_px) :
		       (uint64_t)stride * (info->height_px - 1) + line);
}

/* What a stride means is the layout's affair. */
static bool check_tiles(const struct fb_info *info, const struct fb_tile *tile, GError **error)
{
	const struct fb_plane *plane = &info->plane[0];

	if (plane->stride_bytes % tile->width_bytes) {
		return error_set(error,
				 "framebuffer: stride of %u bytes: not of whole tiles of %u bytes",
				 plane->stride_bytes, tile->width_bytes);
	}
	if (plane->offset_bytes % FB_TILE_BYTES) {
		return error_set(error, "framebuffer: offset of %u bytes: not of whole tiles",
				 plane->offset_bytes);
	}
	return true;
}

bool fb_info_check(const struct fb_info *info, GError **error)
{
	unsigned int cpp = fb_format_cpp(info->fourcc);
	const struct fb_tile *tile = info_tile(info);
	char name[5];

	if (!cpp) {
		return error_set(error, "framebuffer: pixel format '%s' (0x%08x): unknown",
				 fb_format_name(info->fourcc, name), info->fourcc);
	}
	if (info->width_px < 1 || info->width_px > FB_MAX_SIZE_PX || info->height_px < 1 ||
	    info->height_px > FB_MAX_SIZE_PX) {
		return error_set(error, "framebuffer: size %ux%u: not within 1..%d",
				 info->width_px, info->height_px, FB_MAX_SIZE_PX);
	}
	if (info->planes < 1 || info->planes > FB_MAX_PLANES) {
		return error_set(error, "framebuffer: %u planes: not within 1..%d", info->planes,
				 FB_MAX_PLANES);
	}
	if (info->rotation % 90 || info->rotation > 270) {
		return error_set(error, "framebuffer: rotation of %u degrees: not 0, 90, 180 or 270",
				 info->rotation);
	}
	if (!fb_layout_is_known(info->fourcc, info->modifier)) {
		/* Nobody here reads the pixels. */
		if (!info->size_bytes) {
			return error_set(error, "framebuffer: no memory behind it");
		}
		return true;
	}
	if (info->plane[0].stride_bytes < (uint64_t)info->width_px * cpp) {
		return error_set(error, "framebuffer: stride of %u bytes: too small for %u pixels",
				 info->plane[0].stride_bytes, info->width_px);
	}
	if (tile && !check_tiles(info, tile, error)) {
		return false;
	}
	if (bytes_needed(info) > info->size_bytes) {
		return error_set(error,
				 "framebuffer: %" G_GUINT64_FORMAT " bytes: %ux%u with a stride "
				 "of %u at offset %u%s needs %" G_GUINT64_FORMAT,
				 info->size_bytes, info->width_px, info->height_px,
				 info->plane[0].stride_bytes, info->plane[0].offset_bytes,
				 tile ? ", tiled," : "", bytes_needed(info));
	}
	return true;
}

static struct fb_buffer *buffer_new(enum fb_kind kind, const struct fb_info *info)
{
	struct fb_buffer *buffer = g_new0(struct fb_buffer, 1);

	buffer->kind = kind;
	buffer->info = *info;
	buffer->fd = -1;
	buffer->refs = 1;
	return buffer;
}

struct fb_buffer *fb_buffer_create_cpu(const struct fb_info *info, void *hva,
				       fb_release_fn release, void *opaque, GError **error)
{
	struct fb_buffer *buffer;

	if (!fb_info_check(info, error)) {
		return NULL;
	}
	buffer = buffer_new(FB_CPU, info);
	buffer->hva = hva;
	buffer->release = release;
	buffer->opaque = opaque;
	return buffer;
}

struct fb_buffer *fb_buffer_create_alloc(uint32_t fourcc, uint32_t width_px,
					 uint32_t height_px, GError **error)
{
	struct fb_info info = {
		.width_px = width_px,
		.height_px = height_px,
		.fourcc = fourcc,
		.planes = 1,
	};
	struct fb_buffer *buffer;
	void *memory;

	/* The limit first: it keeps the stride below 2^17 and the size below 2^32. */
	if (width_px > FB_MAX_SIZE_PX || height_px > FB_MAX_SIZE_PX) {
		error_set(error, "framebuffer: size %ux%u: not within 1..%d", width_px, height_px,
			  FB_MAX_SIZE_PX);
		return NULL;
	}
	info.plane[0].stride_bytes = (uint32_t)round_up(width_px * fb_format_cpp(fourcc), 64);
	info.size_bytes = (uint64_t)info.plane[0].stride_bytes * height_px;
	if (!fb_info_check(&info, error)) {
		return NULL;
	}
	/* Anonymous pages rather than the heap: zero on demand, and given back at once. */
	memory = mmap(NULL, info.size_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
		      -1, 0);
	if (memory == MAP_FAILED) {
		error_set_errno(error, errno, "framebuffer: %ux%u: mmap", width_px, height_px);
		return NULL;
	}
	buffer = buffer_new(FB_CPU, &info);
	buffer->hva = memory;
	buffer->owns_hva = true;
	return buffer;
}

struct fb_buffer *fb_buffer_create_dmabuf(const struct fb_info *info, int fd, GError **error)
{
	struct fb_buffer *buffer;

	if (!fb_info_check(info, error)) {
		fd_close(&fd);
		return NULL;
	}
	buffer = buffer_new(FB_DMABUF, info);
	buffer->fd = fd;
	return buffer;
}

struct fb_buffer *fb_buffer_ref(struct fb_buffer *buffer)
{
	g_atomic_int_inc(&buffer->refs);
	return buffer;
}

void fb_buffer_unref(struct fb_buffer *buffer)
{
	if (!buffer || !g_atomic_int_dec_and_test(&buffer->refs)) {
		return;
	}
	while (buffer->addons) {
		struct addon *addon = buffer->addons->data;

		buffer->addons = g_slist_delete_link(buffer->addons, buffer->addons);
		addon->destroy(addon->data);
		g_free(addon);
	}
	if (buffer->owns_hva && buffer->hva) {
		munmap(buffer->hva, buffer->info.size_bytes);
	}
	fd_close(&buffer->fd);
	if (buffer->release) {
		buffer->release(buffer->opaque);
	}
	g_free(buffer);
}

/* Reading past the end of the object would be SIGBUS, so don't believe the driver. */
static int measure_dmabuf(struct fb_buffer *buffer)
{
	off_t size = lseek(buffer->fd, 0, SEEK_END);

	if (size < 0) {
		return errno;
	}
	if ((uint64_t)size < buffer->info.size_bytes) {
		if (fb_layout_is_known(buffer->info.fourcc, buffer->info.modifier) &&
		    (uint64_t)size < bytes_needed(&buffer->info)) {
			return ERANGE;
		}
		buffer->info.size_bytes = (uint64_t)size;
	}
	return 0;
}

static void size_error(int err, GError **error)
{
	if (err == ERANGE) {
		error_set(error, "dma-buf: shorter than the picture it is said to hold");
	} else {
		error_set_errno(error, err, "dma-buf: size");
	}
}

bool fb_buffer_check_size(struct fb_buffer *buffer, GError **error)
{
	if (buffer->kind == FB_DMABUF && !buffer->measured) {
		buffer->size_errno = measure_dmabuf(buffer);
		buffer->measured = true;
	}
	if (buffer->size_errno) {
		size_error(buffer->size_errno, error);
		return false;
	}
	return true;
}

static int map_dmabuf(struct fb_buffer *buffer)
{
	void *hva;

	hva = mmap(NULL, buffer->info.size_bytes, PROT_READ, MAP_SHARED, buffer->fd, 0);
	if (hva == MAP_FAILED) {
		return errno;
	}
	buffer->hva = hva;
	buffer->owns_hva = true;
	return 0;
}

const void *fb_buffer_map(struct fb_buffer *buffer, GError **error)
{
	if (!fb_buffer_check_size(buffer, error)) {
		return NULL;
	}
	if (!buffer->hva && !buffer->map_errno) {
		buffer->map_errno = map_dmabuf(buffer);
	}
	if (buffer->map_errno) {
		error_set_errno(error, buffer->map_errno, "dma-buf: mmap");
	}
	return buffer->hva;
}

static void dmabuf_sync(struct fb_buffer *buffer, uint64_t flags)
{
	struct dma_buf_sync sync = { .flags = DMA_BUF_SYNC_READ | flags };

	/* A failure leaves maybe-stale pixels for one frame; there is nothing better to do. */
	while (buffer->kind == FB_DMABUF && ioctl(buffer->fd, DMA_BUF_IOCTL_SYNC, &sync) &&
	       (errno == EINTR || errno == EAGAIN)) {
	}
}

void fb_buffer_cpu_begin(struct fb_buffer *buffer)
{
	dmabuf_sync(buffer, DMA_BUF_SYNC_START);
}

void fb_buffer_cpu_end(struct fb_buffer *buffer)
{
	dmabuf_sync(buffer, DMA_BUF_SYNC_END);
}

void fb_buffer_addon_set(struct fb_buffer *buffer, const void *key, void *data,
			 void (*destroy)(void *addon))
{
	struct addon *addon = g_new(struct addon, 1);

	g_assert(!fb_buffer_addon_get(buffer, key));
	*addon = (struct addon){ key, data, destroy };
	buffer->addons = g_slist_prepend(buffer->addons, addon);
}

void *fb_buffer_addon_get(struct fb_buffer *buffer, const void *key)
{
	for (GSList *l = buffer->addons; l; l = l->next) {
		struct addon *addon = l->data;

		if (addon->key == key) {
			return addon->data;
		}
	}
	return NULL;
}

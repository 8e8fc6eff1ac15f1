// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <png.h>

#include "ui/screendump.h"
#include "util/error.h"

/* XRGB8888 to the R, G, B bytes of both file formats. */
static void pack_line(uint8_t *rgb, const uint32_t *pixels, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++) {
		*rgb++ = (uint8_t)(pixels[i] >> 16);
		*rgb++ = (uint8_t)(pixels[i] >> 8);
		*rgb++ = (uint8_t)pixels[i];
	}
}

static const uint32_t *image_line(pixman_image_t *image, unsigned int y)
{
	return pixman_image_get_data(image) +
	       (size_t)y * (size_t)pixman_image_get_stride(image) / 4;
}

static int write_ppm(pixman_image_t *image, FILE *file)
{
	unsigned int width = (unsigned int)pixman_image_get_width(image);
	unsigned int height = (unsigned int)pixman_image_get_height(image);
	g_autofree uint8_t *line = g_malloc((size_t)width * 3);

	fprintf(file, "P6\n%u %u\n255\n", width, height);
	for (unsigned int y = 0; y < height; y++) {
		pack_line(line, image_line(image, y), width);
		if (fwrite(line, 3, width, file) != width) {
			return -errno;
		}
	}
	return 0;
}

struct png_job {
	FILE *file;
	int status;
};

static void png_out(png_structp png, png_bytep data, png_size_t size)
{
	struct png_job *job = png_get_io_ptr(png);

	if (fwrite(data, 1, size, job->file) != size) {
		job->status = -errno;
		png_error(png, "write");
	}
}

static void png_sync(png_structp png)
{
}

static void png_say_nothing(png_structp png, png_const_charp message)
{
}

static int write_png(pixman_image_t *image, FILE *file)
{
	unsigned int width = (unsigned int)pixman_image_get_width(image);
	unsigned int height = (unsigned int)pixman_image_get_height(image);
	struct png_job job = { .file = file };
	uint8_t *volatile line = g_malloc((size_t)width * 3);
	png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, NULL, NULL,
						  png_say_nothing);
	png_infop info = png ? png_create_info_struct(png) : NULL;

	if (!info) {
		job.status = -ENOMEM;
	} else if (setjmp(png_jmpbuf(png))) {
		job.status = job.status ? job.status : -ENOMEM;
	} else {
		png_set_write_fn(png, &job, png_out, png_sync);
		/* The main thread waits for this: a fast level, and Sub is enough for screens. */
		png_set_compression_level(png, 3);
		png_set_filter(png, 0, PNG_FILTER_NONE | PNG_FILTER_SUB);
		png_set_IHDR(png, info, width, height, 8, PNG_COLOR_TYPE_RGB, PNG_INTERLACE_NONE,
			     PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
		png_write_info(png, info);
		for (unsigned int y = 0; y < height; y++) {
			pack_line(line, image_line(image, y), width);
			png_write_row(png, line);
		}
		png_write_end(png, info);
	}
	png_destroy_write_struct(&png, &info);
	g_free(line);
	return job.status;
}

static int write_to(int fd, pixman_image_t *image, enum picture_format format)
{
	FILE *file = fdopen(fd, "w");
	int status;

	if (!file) {
		status = -errno;
		close(fd);
		return status;
	}
	status = format == PICTURE_PNG ? write_png(image, file) : write_ppm(image, file);
	if (fclose(file) && !status) {
		status = -errno;
	}
	return status;
}

/* A new file, with the rights that the umask leaves; one of a crashed process of our number is
 * replaced. */
static int open_new(const char *name)
{
	int flags = O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC;
	int fd = open(name, flags, 0666);

	if (fd < 0 && errno == EEXIST && !unlink(name)) {
		fd = open(name, flags, 0666);
	}
	return fd;
}

bool picture_write(pixman_image_t *image, enum picture_format format, const char *path,
		   GError **error)
{
	struct stat st;
	bool in_place = !stat(path, &st) && !S_ISREG(st.st_mode);
	g_autofree char *name = in_place ? g_strdup(path) :
					   g_strdup_printf("%s.%d.tmp", path, (int)getpid());
	int fd = in_place ? open(path, O_WRONLY | O_CLOEXEC | O_NOCTTY) : open_new(name);
	int status;

	if (fd < 0) {
		return error_set_errno(error, errno, "picture '%s': open", path);
	}
	status = write_to(fd, image, format);
	if (!status && !in_place && rename(name, path)) {
		status = -errno;
	}
	if (status) {
		if (!in_place) {
			unlink(name);
		}
		return error_set_errno(error, -status, "picture '%s': write", path);
	}
	return true;
}

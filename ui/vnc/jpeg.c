// SPDX-License-Identifier: GPL-2.0-or-later
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <jpeglib.h>

#include "ui/vnc/bytes.h"
#include "ui/vnc/jpeg.h"

/* From here on colour is as sharp as brightness: half as sharp costs the guest's pattern of tests/e2e 15
 * dB, and saves a quarter of the bytes. */
#define FULL_CHROMA_QUALITY 75

struct jpeg_writer {
	struct jpeg_compress_struct jpeg;
	struct jpeg_error_mgr errors;
	jmp_buf failed; /* libjpeg's error_exit must not return */
};

static void on_error(j_common_ptr jpeg)
{
	struct jpeg_writer *writer = jpeg->client_data;

	longjmp(writer->failed, 1);
}

static void on_message(j_common_ptr jpeg)
{
}

struct jpeg_writer *jpeg_writer_create(void)
{
	struct jpeg_writer *writer = g_new0(struct jpeg_writer, 1);

	writer->jpeg.err = jpeg_std_error(&writer->errors);
	writer->errors.error_exit = on_error;
	writer->errors.output_message = on_message;
	writer->jpeg.client_data = writer;
	if (setjmp(writer->failed)) {
		jpeg_writer_destroy(writer);
		return NULL;
	}
	jpeg_create_compress(&writer->jpeg);
	return writer;
}

void jpeg_writer_destroy(struct jpeg_writer *writer)
{
	if (writer) {
		jpeg_destroy_compress(&writer->jpeg);
		g_free(writer);
	}
}

static void compress(struct jpeg_writer *writer, const struct pixel_view *view, int quality)
{
	struct jpeg_compress_struct *jpeg = &writer->jpeg;

	jpeg->image_width = view->w;
	jpeg->image_height = view->h;
	jpeg->input_components = 4;
	jpeg->in_color_space = G_BYTE_ORDER == G_LITTLE_ENDIAN ? JCS_EXT_BGRX : JCS_EXT_XRGB;
	jpeg_set_defaults(jpeg);
	jpeg_set_quality(jpeg, quality, TRUE);
	if (quality >= FULL_CHROMA_QUALITY) {
		jpeg->comp_info[0].h_samp_factor = 1;
		jpeg->comp_info[0].v_samp_factor = 1;
	}
	jpeg_start_compress(jpeg, TRUE);
	while (jpeg->next_scanline < view->h) {
		JSAMPROW row = (JSAMPROW)pixel_view_row(view, jpeg->next_scanline);

		jpeg_write_scanlines(jpeg, &row, 1);
	}
	jpeg_finish_compress(jpeg);
}

bool jpeg_write(struct jpeg_writer *writer, const struct pixel_view *view, int quality,
		GByteArray *out)
{
	/* Volatile: both change between setjmp and longjmp. */
	unsigned char *volatile data = NULL;
	volatile bool done = false;
	unsigned long len = 0;

	if (!setjmp(writer->failed)) {
		jpeg_mem_dest(&writer->jpeg, (unsigned char **)&data, &len);
		compress(writer, view, quality);
		done = true;
	} else {
		jpeg_abort_compress(&writer->jpeg);
	}
	if (done) {
		bytes_add(out, (const void *)data, len);
	}
	free((void *)data);
	return done;
}

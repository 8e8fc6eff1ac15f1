// SPDX-License-Identifier: GPL-2.0-or-later
/* Which pixels GL reads for the CPU, how many of them, and what happens when it won't. */
#include "ui-guest.h"
#include "ui/gl-reader.h"
#include "util/error.h"
#include "../../ui/reader.h"

#define W 200
#define H 100
/* What a fake gives for pixels that nobody asked for. */
#define POISON 0xdeadbeefu

/* A guest whose memory is a file, shown as if that were a dma-buf; and a GPU that can read it. */
struct rig {
	struct gl_reader gl;
	struct guest *guest;
	struct console *console;
	struct fb_buffer *shown;
	const char *refuses; /* its words, NULL: it doesn't */
	unsigned int begins, ends, polls;
	pixman_region32_t asked; /* the last time */
	uint32_t *pixels;
};

static const void *fake_begin(void *gl, struct frame *frame, const pixman_region32_t *where,
			      size_t *stride_bytes, GError **error)
{
	struct rig *rig = gl;
	g_autofree uint32_t *screen = g_new(uint32_t, W * H);
	int n;
	const pixman_box32_t *box = pixman_region32_rectangles((pixman_region32_t *)where, &n);

	g_assert_true(frame->buffer == rig->shown);
	rig->begins++;
	pixman_region32_copy(&rig->asked, (pixman_region32_t *)where);
	if (rig->refuses) {
		rig->ends++;
		error_set(error, "%s", rig->refuses);
		return NULL;
	}
	guest_look(rig->guest, screen);
	rig->pixels = g_new(uint32_t, W * H);
	for (int i = 0; i < W * H; i++) {
		rig->pixels[i] = POISON;
	}
	for (int i = 0; i < n; i++) {
		for (int y = box[i].y1; y < box[i].y2; y++) {
			memcpy(rig->pixels + y * W + box[i].x1, screen + y * W + box[i].x1,
			       (size_t)(box[i].x2 - box[i].x1) * 4);
		}
	}
	*stride_bytes = W * 4;
	return rig->pixels;
}

static void fake_end(void *gl)
{
	struct rig *rig = gl;

	rig->ends++;
	g_clear_pointer(&rig->pixels, g_free);
}

static const struct gl_reader_ops fake_ops = { .begin = fake_begin, .end = fake_end };

static void submit(void *opaque)
{
	struct rig *rig = opaque;
	struct frame *frame = frame_create(fb_buffer_ref(rig->shown), &rig->guest->source,
					   &rig->guest->damage, clock_ns());

	rig->polls++;
	pixman_region32_clear(&rig->guest->damage);
	console_submit(rig->console, frame);
}

static void set_active(void *opaque, bool active)
{
	if (active) {
		submit(opaque);
	}
}

static const struct source_ops rig_ops = { .set_active = set_active, .poll = submit };

static void unmap(void *memory)
{
	munmap(memory, (size_t)1 << 20);
}

static void rig_init(struct rig *rig, uint64_t modifier, bool mappable)
{
	int fd = memfd_create("test", MFD_CLOEXEC);
	g_autofree char *path = g_strdup_printf("/proc/self/fd/%d", fd);
	struct fb_info info = { .width_px = W, .height_px = H, .fourcc = DRM_FORMAT_XRGB8888,
				.modifier = modifier, .planes = 1,
				.plane = { { 0, 1024 } }, .size_bytes = 1 << 20 };
	void *memory;

	g_assert_cmpint(ftruncate(fd, 1 << 20), ==, 0);
	memory = mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	g_assert_true(memory != MAP_FAILED);
	*rig = (struct rig){ .gl = { &fake_ops, rig } };
	rig->guest = guest_new(DRM_FORMAT_XRGB8888, W, H);
	fb_buffer_unref(rig->guest->buffers[0]);
	rig->guest->buffers[0] = fb_buffer_create_cpu(&info, memory, unmap, memory, NULL);
	rig->shown = fb_buffer_create_dmabuf(
		&info, open(path, (mappable ? O_RDWR : O_WRONLY) | O_CLOEXEC), NULL);
	close(fd);
	pixman_region32_init(&rig->asked);
	guest_draw(rig->guest, 0, 0, 0, W, H);
	guest_draw(rig->guest, 0, 13, 17, 99, 55);
	rig->console = console_create(rig->guest->registry, "gpu1", 0, &rig_ops, rig);
	display_set_gl_reader(rig->guest->registry, &rig->gl);
}

static struct capture *watch(struct rig *rig)
{
	struct capture *capture = capture_create(rig->console, SINK_CPU);

	capture_set_wanted(capture, true);
	settle();
	return capture;
}

static const char *path_of(const struct rig *rig)
{
	struct console_state state;

	console_get_state(rig->console, &state);
	return state.reader;
}

static void rig_finish(struct rig *rig, struct capture *capture)
{
	capture_destroy(capture);
	console_destroy(rig->console);
	g_assert_cmpuint(rig->begins, ==, rig->ends);
	fb_buffer_unref(rig->shown);
	pixman_region32_fini(&rig->asked);
	guest_free(rig->guest);
}

/* ---- who reads ---- */

static void shown_by(uint64_t modifier, bool mappable, bool reads_all, const char *by)
{
	struct rig rig;
	struct capture *capture;
	pixman_image_t *image;

	rig_init(&rig, modifier, mappable);
	rig.gl.reads_all = reads_all;
	g_assert_null(path_of(&rig));
	image = console_capture(rig.console, NULL);
	assert_same_picture(rig.guest, image);
	pixman_image_unref(image);
	g_assert_cmpstr(path_of(&rig), ==, by);
	capture = watch(&rig);
	assert_same_picture(rig.guest, capture->image);
	g_assert_cmpstr(path_of(&rig), ==, by);
	g_assert_cmpuint(rig.begins, ==, strcmp(by, "gl") ? 0 : 2);
	rig_finish(&rig, capture);
}

static void test_unmappable(void)
{
	shown_by(DRM_FORMAT_MOD_LINEAR, false, false, "gl");
}

static void test_tiled(void)
{
	shown_by(I915_FORMAT_MOD_X_TILED, true, false, "gl");
}

static void test_linear(void)
{
	shown_by(DRM_FORMAT_MOD_LINEAR, true, false, "cpu");
}

static void test_all(void)
{
	shown_by(DRM_FORMAT_MOD_LINEAR, true, true, "gl");
}

static void test_cpu_memory(void)
{
	struct rig rig;
	struct capture *capture;

	rig_init(&rig, DRM_FORMAT_MOD_LINEAR, true);
	rig.gl.reads_all = true;
	fb_buffer_unref(rig.shown);
	rig.shown = fb_buffer_ref(rig.guest->buffers[0]);
	capture = watch(&rig);
	assert_same_picture(rig.guest, capture->image);
	g_assert_cmpuint(rig.begins, ==, 0);
	rig_finish(&rig, capture);
}

/* ---- what it refuses ---- */

static void test_refused(void)
{
	struct rig rig;
	struct capture *capture;

	rig_init(&rig, I915_FORMAT_MOD_Y_TILED, true);
	rig.refuses = "no tiles here";
	capture = watch(&rig);
	assert_same_picture(rig.guest, capture->image);
	g_assert_cmpstr(path_of(&rig), ==, "cpu");
	/* It may change its mind. */
	rig.refuses = NULL;
	guest_draw(rig.guest, 0, 5, 5, 20, 20);
	submit(&rig);
	settle();
	assert_same_picture(rig.guest, capture->image);
	g_assert_cmpstr(path_of(&rig), ==, "gl");
	rig_finish(&rig, capture);
}

static void test_nobody_can(void)
{
	struct rig rig;
	struct capture *capture;
	GError *error = NULL;

	rig_init(&rig, DRM_FORMAT_MOD_LINEAR, false);
	rig.refuses = "not this one";
	capture = watch(&rig);
	g_assert_cmpint(capture->blank, ==, BLANK_NO_MAP);
	g_assert_nonnull(strstr(capture->blank_text, "mmap"));
	g_assert_nonnull(strstr(capture->blank_text, "not this one"));
	g_assert_null(console_capture(rig.console, &error));
	g_assert_nonnull(strstr(error->message, "not this one"));
	g_clear_error(&error);
	g_assert_null(path_of(&rig));
	rig.refuses = NULL;
	submit(&rig);
	settle();
	assert_same_picture(rig.guest, capture->image);
	rig_finish(&rig, capture);
}

static void test_gone(void)
{
	struct rig rig;
	struct capture *capture;

	rig_init(&rig, I915_FORMAT_MOD_X_TILED, true);
	capture = watch(&rig);
	g_assert_cmpstr(path_of(&rig), ==, "gl");
	display_set_gl_reader(rig.guest->registry, NULL);
	guest_draw(rig.guest, 0, 5, 5, 20, 20);
	submit(&rig);
	settle();
	assert_same_picture(rig.guest, capture->image);
	g_assert_cmpstr(path_of(&rig), ==, "cpu");
	rig_finish(&rig, capture);
}

/* ---- how much ---- */

static void test_blocks(void)
{
	struct rig rig;
	struct capture *capture;
	pixman_box32_t corners[2] = { { 64, 16, 128, 32 }, { 192, 96, W, H } };
	pixman_region32_t want;

	rig_init(&rig, DRM_FORMAT_MOD_LINEAR, false);
	capture = watch(&rig);
	guest_draw(rig.guest, 0, 70, 20, 2, 2);
	guest_draw(rig.guest, 0, W - 1, H - 1, 1, 1);
	submit(&rig);
	settle();
	pixman_region32_init_rects(&want, corners, 2);
	g_assert_true(pixman_region32_equal(&rig.asked, &want));
	pixman_region32_fini(&want);
	assert_same_picture(rig.guest, capture->image);
	/* What is compared is what was read: the damage is exact. */
	g_assert_cmpint(pixman_region32_n_rects(&capture->damage), ==, 2);
	g_assert_cmpint(pixman_region32_extents(&capture->damage)->x1, ==, 70);
	g_assert_cmpint(pixman_region32_extents(&capture->damage)->y1, ==, 20);
	rig_finish(&rig, capture);
}

static void test_random(void)
{
	struct rig rig;
	struct capture *capture;

	rig_init(&rig, DRM_FORMAT_MOD_LINEAR, false);
	capture = watch(&rig);
	for (int i = 0; i < 300; i++) {
		rig.refuses = NULL;
		for (int n = g_rand_int_range(rig.guest->rand, 0, 5); n > 0; n--) {
			guest_draw_random(rig.guest, 0);
		}
		submit(&rig);
		settle();
		assert_same_picture(rig.guest, capture->image);
	}
	rig_finish(&rig, capture);
}

static void test_nobody_watches(void)
{
	struct rig rig;
	struct capture *capture;

	rig_init(&rig, DRM_FORMAT_MOD_LINEAR, false);
	submit(&rig);
	settle();
	g_assert_cmpuint(rig.begins, ==, 0);
	capture = watch(&rig);
	g_assert_cmpuint(rig.begins, ==, 1);
	capture_set_wanted(capture, false);
	guest_draw_random(rig.guest, 0);
	submit(&rig);
	settle();
	g_assert_cmpuint(rig.begins, ==, 1);
	rig_finish(&rig, capture);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	main_thread_init();
	g_test_add_func("/gl-reader/a-buffer-that-cannot-be-mapped-is-read-by-gl",
			test_unmappable);
	g_test_add_func("/gl-reader/a-tiled-buffer-is-read-by-gl", test_tiled);
	g_test_add_func("/gl-reader/linear-memory-is-the-cpu-s", test_linear);
	g_test_add_func("/gl-reader/linear-memory-is-read-by-gl-when-asked-for", test_all);
	g_test_add_func("/gl-reader/memory-of-the-process-is-never-gl-s", test_cpu_memory);
	g_test_add_func("/gl-reader/what-gl-refuses-the-cpu-reads", test_refused);
	g_test_add_func("/gl-reader/both-reasons-are-told-when-nobody-can", test_nobody_can);
	g_test_add_func("/gl-reader/it-may-go-while-it-is-used", test_gone);
	g_test_add_func("/gl-reader/only-damaged-blocks-are-asked-for", test_blocks);
	g_test_add_func("/gl-reader/random-damage-is-never-lost", test_random);
	g_test_add_func("/gl-reader/nothing-is-read-while-nobody-watches", test_nobody_watches);
	return g_test_run();
}

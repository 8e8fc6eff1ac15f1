// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The SPICE module's displays and a real viewer, spice-probe (a process of its own): what it is
 * passed, shown and told of the cursor. A memfd stands for a dma-buf.
 */
#include <drm_fourcc.h>
#include <glib-unix.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "ui/console.h"
#include "ui/input.h"
#include "ui/spice.h"
#include "util/fd.h"
#include "util/trace.h"

#define WIDTH 64
#define HEIGHT 48
#define STRIDE (WIDTH * 4)
#define LIMIT_NS (20 * 1000000000ll)

extern const struct ui_module oriel_ui_module;

struct rig {
	const struct spice_ops *ops;
	struct spice *spice;
	struct display_registry *displays;
	struct input_router *input;
	struct console *console;
	struct frame *frame; /* what the source shows; NULL: blank */
	bool active;
	uint64_t done; /* last frame_done */
	char *folder, *uri;
	GPid probe;
	int to_probe, from_probe;
	GString *said;
};

/* ---- the guest ---- */

static void show(struct rig *rig)
{
	if (rig->frame) {
		console_submit(rig->console, frame_ref(rig->frame));
	} else {
		console_blank(rig->console, BLANK_PLANE_OFF, NULL);
	}
}

static void source_set_active(void *opaque, bool active)
{
	((struct rig *)opaque)->active = active;
}

static void source_poll(void *opaque)
{
	show(opaque);
}

static void source_frame_done(void *opaque, uint64_t seq, enum frame_news news)
{
	((struct rig *)opaque)->done = seq;
}

static const struct source_ops source_ops = {
	.set_active = source_set_active,
	.poll = source_poll,
	.frame_done = source_frame_done,
};

/* A buffer whose pixels all have the colour; *inode tells it from others. */
static struct fb_buffer *buffer_create(uint32_t colour, uint64_t modifier, uint64_t *inode)
{
	struct fb_info info = {
		.width_px = WIDTH, .height_px = HEIGHT, .fourcc = DRM_FORMAT_XRGB8888,
		.modifier = modifier, .planes = 1, .plane[0].stride_bytes = modifier ? 512 : STRIDE,
		.size_bytes = 512 * HEIGHT,
	};
	int fd = memfd_create("dmabuf", MFD_CLOEXEC);
	struct fb_buffer *buffer;
	struct stat st;

	g_assert_cmpint(ftruncate(fd, 512 * HEIGHT), ==, 0);
	for (unsigned int i = 0; i < 512 * HEIGHT / 4; i++) {
		g_assert_cmpint(write(fd, &colour, 4), ==, 4);
	}
	g_assert_cmpint(fstat(fd, &st), ==, 0);
	*inode = st.st_ino;
	buffer = fb_buffer_create_dmabuf(&info, fd, NULL);
	g_assert_nonnull(buffer);
	return buffer;
}

/* The next picture: @buffer (borrowed), changed in @box, or NULL: unknown. */
static void submit(struct rig *rig, struct fb_buffer *buffer, const pixman_box32_t *box)
{
	pixman_box32_t all = { 0, 0, WIDTH, HEIGHT };
	pixman_region32_t damage;

	pixman_region32_init_with_extents(&damage, (pixman_box32_t *)(box ? box : &all));
	frame_unref(rig->frame);
	rig->frame = frame_create(fb_buffer_ref(buffer), &all, box ? &damage : NULL, clock_ns());
	pixman_region32_fini(&damage);
	show(rig);
}

/* ---- the viewer ---- */

static void read_probe(struct rig *rig)
{
	char text[4096];
	ssize_t len;

	while ((len = read(rig->from_probe, text, sizeof(text))) > 0) {
		g_string_append_len(rig->said, text, len);
	}
}

/* Waits until the viewer has said a line that begins with @start; forgets what came before. */
static char *said(struct rig *rig, const char *start)
{
	int64_t end = clock_ns() + LIMIT_NS;

	while (clock_ns() < end) {
		char **lines;
		gsize used = 0;

		read_probe(rig);
		lines = g_strsplit(rig->said->str, "\n", 0);
		for (char **line = lines; line[0] && line[1]; line++) {
			used += strlen(*line) + 1;
			if (g_str_has_prefix(*line, start)) {
				char *found = g_strdup(*line);

				g_string_erase(rig->said, 0, (gssize)used);
				g_strfreev(lines);
				return found;
			}
		}
		g_strfreev(lines);
		g_main_context_iteration(NULL, FALSE);
		g_usleep(1000);
	}
	g_error("the viewer didn't say '%s' but '%s'", start, rig->said->str);
}

static void expect(struct rig *rig, const char *start)
{
	g_free(said(rig, start));
}

static void expect_scanout(struct rig *rig, uint64_t inode)
{
	g_autofree char *line =
		g_strdup_printf("scanout 0 %dx%d stride %d format XR24 y0top 0 inode %"
				G_GUINT64_FORMAT, WIDTH, HEIGHT, STRIDE, inode);

	expect(rig, line);
}

static void settle(struct rig *rig)
{
	for (unsigned int i = 0; i < 100; i++) {
		g_main_context_iteration(NULL, FALSE);
		g_usleep(1000);
	}
	read_probe(rig);
}

/* ---- life ---- */

static struct chardev *no_chardev(void *opaque, unsigned int index)
{
	return NULL;
}

static void event(void *opaque, const char *name, JsonObject *data)
{
	json_object_unref(data);
}

static void start_probe(struct rig *rig)
{
	char *argv[] = { (char *)PROBE, rig->uri, NULL };
	g_auto(GStrv) environ = g_environ_setenv(g_get_environ(), "ASAN_OPTIONS", "detect_leaks=0",
						 TRUE);
	GError *error = NULL;

	/* Its library's warnings are no fault of ours. */
	environ = g_environ_unsetenv(environ, "G_DEBUG");
	g_spawn_async_with_pipes(NULL, argv, environ, G_SPAWN_STDERR_TO_DEV_NULL, NULL, NULL,
				 &rig->probe, &rig->to_probe, &rig->from_probe, NULL, &error);
	g_assert_no_error(error);
	g_assert_true(g_unix_set_fd_nonblocking(rig->from_probe, TRUE, NULL));
}

static void rig_init(struct rig *rig, const char *options)
{
	struct ui_host host = { .event = event, .chardev = no_chardev };
	g_autofree char *spec = NULL;
	GError *error = NULL;

	*rig = (struct rig){ .ops = oriel_ui_module.ops };
	rig->folder = g_dir_make_tmp("spice-XXXXXX", NULL);
	rig->uri = g_strdup_printf("spice+unix://%s/s", rig->folder);
	spec = g_strdup_printf("disable-ticketing,unix,addr=%s/s,%s", rig->folder, options);
	rig->said = g_string_new(NULL);
	host.displays = rig->displays = display_registry_create();
	host.input = rig->input = input_router_create();
	rig->console = console_create(rig->displays, "gpu", 0, &source_ops, rig);
	rig->spice = rig->ops->create(spec, &host, &error);
	g_assert_no_error(error);
}

static void end_probe(struct rig *rig)
{
	kill(rig->probe, SIGKILL);
	g_spawn_close_pid(rig->probe);
	close(rig->to_probe);
	close(rig->from_probe);
	g_string_truncate(rig->said, 0);
}

static void rig_finish(struct rig *rig)
{
	end_probe(rig);
	rig->ops->destroy(rig->spice);
	console_destroy(rig->console);
	input_router_destroy(rig->input);
	display_registry_destroy(rig->displays);
	frame_unref(rig->frame);
	g_string_free(rig->said, TRUE);
	g_rmdir(rig->folder);
	g_free(rig->folder);
	g_free(rig->uri);
	while (g_main_context_iteration(NULL, FALSE)) {
	}
}

static double copy_ms(struct rig *rig)
{
	struct console_state state = { 0 };

	console_get_state(rig->console, &state);
	return state.copy_ms;
}

static void test_passed(void)
{
	pixman_box32_t box = { 10, 20, 30, 25 };
	uint64_t first_inode, second_inode;
	struct fb_buffer *first = buffer_create(0x112233, 0, &first_inode);
	struct fb_buffer *second = buffer_create(0x445566, 0, &second_inode);
	struct rig rig;

	rig_init(&rig, "gl=on");
	g_assert_false(rig.active);
	submit(&rig, first, NULL);
	start_probe(&rig);
	expect_scanout(&rig, first_inode);
	expect(&rig, "monitor 0 64x48");
	expect(&rig, "gl-draw 0 0 0 64 48");
	g_assert_true(rig.active);
	settle(&rig);
	g_assert_cmpint(rig.done, ==, rig.frame->seq);
	submit(&rig, first, &box);
	expect(&rig, "gl-draw 0 10 20 20 5");
	g_assert_null(strstr(rig.said->str, "scanout"));
	submit(&rig, second, &box);
	expect_scanout(&rig, second_inode);
	expect(&rig, "gl-draw 0 0 0 64 48");
	settle(&rig);
	/* Not one pixel was read here. */
	g_assert_cmpfloat(copy_ms(&rig), <, 0);
	g_assert_null(strstr(rig.said->str, "primary"));
	rig_finish(&rig);
	fb_buffer_unref(first);
	fb_buffer_unref(second);
}

static void test_fallback(void)
{
	uint64_t linear_inode, tiled_inode;
	struct fb_buffer *linear = buffer_create(0x112233, 0, &linear_inode);
	struct fb_buffer *tiled = buffer_create(0x445566, I915_FORMAT_MOD_X_TILED, &tiled_inode);
	struct rig rig;

	rig_init(&rig, "gl=on");
	submit(&rig, tiled, NULL);
	start_probe(&rig);
	expect(&rig, "primary 0 64x48");
	expect(&rig, "monitor 0 64x48");
	submit(&rig, linear, NULL);
	expect_scanout(&rig, linear_inode);
	expect(&rig, "gl-draw");
	submit(&rig, tiled, NULL);
	expect(&rig, "primary 0 64x48");
	frame_unref(rig.frame);
	rig.frame = NULL;
	show(&rig); /* blank: a reason is shown as pixels */
	expect(&rig, "invalidate 0 0 0 64 48");
	submit(&rig, linear, NULL);
	expect_scanout(&rig, linear_inode);
	rig_finish(&rig);
	fb_buffer_unref(linear);
	fb_buffer_unref(tiled);
}

static void test_not_asked_for(void)
{
	uint64_t inode;
	struct fb_buffer *buffer = buffer_create(0x112233, 0, &inode);
	struct rig rig;

	rig_init(&rig, "gl=off");
	submit(&rig, buffer, NULL);
	start_probe(&rig);
	expect(&rig, "invalidate 0 0 0 64 48");
	g_assert_cmpfloat(copy_ms(&rig), >=, 0);
	rig_finish(&rig);
	fb_buffer_unref(buffer);
}

static void test_cursor(void)
{
	uint64_t inode;
	struct fb_buffer *buffer = buffer_create(0x112233, 0, &inode);
	struct fb_buffer *image = fb_buffer_create_alloc(DRM_FORMAT_ARGB8888, 16, 8, NULL);
	struct cursor cursor = { .image = image, .hot_x_px = 3, .hot_y_px = 2 };
	struct cursor lost = { .image = image, .hot_x_px = -1, .hot_y_px = 99 };
	struct rig rig;

	memset(image->hva, 0x80, image->info.plane[0].stride_bytes * 8);
	rig_init(&rig, "gl=off");
	console_cursor_set(rig.console, &cursor);
	console_cursor_move(rig.console, 20, 10, true);
	submit(&rig, buffer, NULL);
	start_probe(&rig);
	expect(&rig, "cursor 16x8 hot 3 2");
	/* Channels are in no order. */
	settle(&rig);
	g_string_truncate(rig.said, 0);
	/* The protocol's place is the hot spot's; one beyond the edge is still right. */
	console_cursor_move(rig.console, -10, 40, true);
	expect(&rig, "cursor-move -7 42");
	for (int i = 0; i < 100; i++) {
		console_cursor_move(rig.console, i, i, true);
	}
	expect(&rig, "cursor-move 102 101");
	g_assert_null(strstr(rig.said->str, "invalidate"));
	console_cursor_set(rig.console, &lost);
	expect(&rig, "cursor 16x8 hot 0 7");
	console_cursor_move(rig.console, 5, 5, false);
	expect(&rig, "cursor-hide");
	rig_finish(&rig);
	fb_buffer_unref(buffer);
	fb_buffer_unref(image);
}

static void test_stopped(void)
{
	uint64_t inode;
	struct fb_buffer *buffer = buffer_create(0x112233, 0, &inode);
	struct rig rig;
	uint64_t stopped_at;

	rig_init(&rig, "gl=on");
	submit(&rig, buffer, NULL);
	start_probe(&rig);
	expect(&rig, "gl-draw");
	settle(&rig);
	kill(rig.probe, SIGSTOP);
	submit(&rig, buffer, NULL);
	settle(&rig);
	stopped_at = rig.done;
	for (unsigned int i = 0; i < 50; i++) {
		submit(&rig, buffer, NULL);
	}
	settle(&rig);
	/* Nobody looks for a viewer that doesn't. */
	g_assert_cmpint(rig.done, ==, stopped_at);
	kill(rig.probe, SIGCONT);
	expect(&rig, "gl-draw");
	expect(&rig, "gl-draw"); /* the newest; the ones between were skipped */
	settle(&rig);
	g_assert_cmpint(rig.done, ==, rig.frame->seq);
	g_assert_null(strstr(rig.said->str, "gl-draw"));
	rig_finish(&rig);
	fb_buffer_unref(buffer);
}

/* The library ends the program when it is told of another scanout before a draw has come back. */
static void test_blank_while_drawing(void)
{
	uint64_t inode;
	struct fb_buffer *buffer = buffer_create(0x112233, 0, &inode);
	struct rig rig;

	rig_init(&rig, "gl=on");
	submit(&rig, buffer, NULL);
	start_probe(&rig);
	expect(&rig, "gl-draw");
	settle(&rig);
	kill(rig.probe, SIGSTOP);
	submit(&rig, buffer, NULL);
	settle(&rig);
	frame_unref(rig.frame);
	rig.frame = NULL;
	show(&rig);
	settle(&rig);
	kill(rig.probe, SIGCONT);
	expect(&rig, "invalidate 0 0 0");
	/* Blank and back before it has drawn. */
	submit(&rig, buffer, NULL);
	expect_scanout(&rig, inode);
	expect(&rig, "gl-draw");
	settle(&rig);
	kill(rig.probe, SIGSTOP);
	submit(&rig, buffer, NULL);
	console_blank(rig.console, BLANK_PLANE_OFF, NULL);
	submit(&rig, buffer, NULL);
	settle(&rig);
	kill(rig.probe, SIGCONT);
	expect(&rig, "gl-draw");
	expect(&rig, "gl-draw");
	settle(&rig);
	g_assert_cmpint(rig.done, ==, rig.frame->seq);
	rig_finish(&rig);
	fb_buffer_unref(buffer);
}

static void test_killed_while_drawing(void)
{
	uint64_t inode;
	struct fb_buffer *buffer = buffer_create(0x112233, 0, &inode);
	struct rig rig;

	rig_init(&rig, "gl=on");
	submit(&rig, buffer, NULL);
	for (unsigned int i = 0; i < 3; i++) {
		start_probe(&rig);
		expect(&rig, "gl-draw");
		settle(&rig);
		kill(rig.probe, SIGSTOP);
		submit(&rig, buffer, NULL);
		settle(&rig);
		end_probe(&rig);
		settle(&rig);
		g_assert_false(rig.active);
	}
	start_probe(&rig);
	expect_scanout(&rig, inode);
	rig_finish(&rig);
	fb_buffer_unref(buffer);
}

/* Somebody has come and not yet said the password when the server goes; the library forgets him. */
static void test_unknown_client(void)
{
	/* the link message of the main channel; then 128 bytes of password are due */
	static const uint8_t link[] = {
		'R', 'E', 'D', 'Q', 2, 0, 0, 0, 2, 0, 0, 0, 18, 0, 0, 0,
		0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 18, 0, 0, 0,
	};
	static const uint8_t password[128];
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	uint8_t answer[512];
	struct rig rig;

	rig_init(&rig, "gl=on");
	g_snprintf(address.sun_path, sizeof(address.sun_path), "%s/s", rig.folder);
	g_assert_cmpint(connect(fd, (struct sockaddr *)&address, sizeof(address)), ==, 0);
	g_assert_cmpint(write(fd, link, sizeof(link)), ==, sizeof(link));
	while (recv(fd, answer, sizeof(answer), MSG_DONTWAIT) <= 0) {
		g_main_context_iteration(NULL, FALSE);
	}
	start_probe(&rig);
	g_assert_cmpint(send(fd, password, sizeof(password), MSG_NOSIGNAL), ==, sizeof(password));
	rig_finish(&rig);
	close(fd);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	main_thread_init();
	/* The library warns of what viewers do; the module takes that down in its trace. */
	g_log_set_always_fatal(G_LOG_FATAL_MASK);
	if (g_getenv("SPICE_TRACE")) {
		trace_enable("spice", NULL);
	}
	signal(SIGPIPE, SIG_IGN);
	g_test_add_func("/spice-display/dma-buf-is-passed-and-no-pixel-read", test_passed);
	g_test_add_func("/spice-display/what-can-not-be-passed-is-copied", test_fallback);
	g_test_add_func("/spice-display/without-gl-pixels-are-copied", test_not_asked_for);
	g_test_add_func("/spice-display/cursor-is-sent-once-and-then-only-moves", test_cursor);
	g_test_add_func("/spice-display/stopped-viewer-is-given-the-newest-later", test_stopped);
	g_test_add_func("/spice-display/screen-goes-blank-while-a-viewer-draws",
			test_blank_while_drawing);
	g_test_add_func("/spice-display/viewer-is-killed-while-it-draws",
			test_killed_while_drawing);
	g_test_add_func("/spice-display/server-goes-before-a-client-has-said-who-it-is",
			test_unknown_client);
	return g_test_run();
}

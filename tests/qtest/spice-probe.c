// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A SPICE viewer without a screen, on spice-gtk's client library. Says what it is told, one line
 * each; does what lines on its standard input say:
 *
 *	picture [DISPLAY]	"picture DISPLAY WxH CRC" of what the viewer would show (CRC-32 of RGB)
 *	key SCANCODE 0|1	XT set 1, 0x1NN for extended ones
 *	move X Y [DISPLAY]	in client mouse mode
 *	motion DX DY		in server mouse mode
 *	button N 0|1		1 left, 2 middle, 3 right, 4 and 5 wheel up and down
 *	size W H		wish for a size of display 0
 *	gl-picture [DISPLAY]	"gl-picture DISPLAY WxH CRC" of the dma-buf that it was passed; 0x0: none,
 *				or a format that isn't XR24 or AR24
 *	clip-grab TEXT		owns the clipboard; TEXT, with C's escapes, goes to who asks
 *	clip-release
 *	clip-ask		"clipboard-text TEXT" follows, with C's escapes
 *	send-file PATH		"file-sent" or "file-failed WHY" follows
 *
 * Usage: spice-probe URI [PASSWORD [CA-FILE]]
 *
 * URI may also be "fd:N,N...": a connected socket for each channel.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <spice-client.h>
#include <spice/vd_agent.h>
#include <zlib.h>

#define DISPLAYS 4

struct picture {
	int width, height, stride;
	const uint8_t *data; /* the channel's */
};

static struct picture pictures[DISPLAYS];
static SpiceChannel *displays[DISPLAYS];
static SpiceMainChannel *main_channel;
static SpiceInputsChannel *inputs;
static GMainLoop *loop;
static int buttons;
static char *clip_text;
static char **sockets; /* that are left */

static int display_id(SpiceChannel *channel)
{
	int id;

	g_object_get(channel, "channel-id", &id, NULL);
	return id;
}

/* ---- what comes ---- */

static void primary_create(SpiceChannel *channel, int format, int width, int height, int stride,
			   int shmid, gpointer data, gpointer opaque)
{
	pictures[display_id(channel)] = (struct picture){ width, height, stride, data };
	printf("primary %d %dx%d format %d\n", display_id(channel), width, height, format);
}

static void primary_destroy(SpiceChannel *channel, gpointer opaque)
{
	pictures[display_id(channel)].data = NULL;
	printf("primary-gone %d\n", display_id(channel));
}

static void invalidate(SpiceChannel *channel, int x, int y, int w, int h, gpointer opaque)
{
	printf("invalidate %d %d %d %d %d\n", display_id(channel), x, y, w, h);
}

static void scanout(SpiceChannel *channel, GParamSpec *spec, gpointer opaque)
{
	const SpiceGlScanout *gl = spice_display_channel_get_gl_scanout(
		SPICE_DISPLAY_CHANNEL(channel));
	struct stat st = { 0 };

	if (gl && gl->fd >= 0 && !fstat(gl->fd, &st)) {
		printf("scanout %d %ux%u stride %u format %.4s y0top %d inode %ju\n",
		       display_id(channel), gl->width, gl->height, gl->stride,
		       (const char *)&gl->format, gl->y0top, (uintmax_t)st.st_ino);
	} else {
		printf("scanout-off %d\n", display_id(channel));
	}
}

static void monitors(SpiceChannel *channel, GParamSpec *spec, gpointer opaque)
{
	g_autoptr(GArray) list = NULL;

	g_object_get(channel, "monitors", &list, NULL);
	for (guint i = 0; list && i < list->len; i++) {
		const SpiceDisplayMonitorConfig *config =
			&g_array_index(list, SpiceDisplayMonitorConfig, i);

		printf("monitor %d %ux%u\n", display_id(channel), config->width, config->height);
	}
}

static void gl_draw(SpiceChannel *channel, guint x, guint y, guint w, guint h, gpointer opaque)
{
	printf("gl-draw %d %u %u %u %u\n", display_id(channel), x, y, w, h);
	spice_display_channel_gl_draw_done(SPICE_DISPLAY_CHANNEL(channel));
}

static void cursor_set(SpiceChannel *channel, int w, int h, int hot_x, int hot_y, gpointer rgba,
		       gpointer opaque)
{
	printf("cursor %dx%d hot %d %d crc %08lx\n", w, h, hot_x, hot_y,
	       rgba ? crc32(0, rgba, (uInt)(w * h * 4)) : 0);
}

static void cursor_move(SpiceChannel *channel, int x, int y, gpointer opaque)
{
	printf("cursor-move %d %d\n", x, y);
}

static void cursor_hide(SpiceChannel *channel, gpointer opaque)
{
	printf("cursor-hide\n");
}

static void mouse_mode(SpiceChannel *channel, gpointer opaque)
{
	int mode;

	g_object_get(channel, "mouse-mode", &mode, NULL);
	printf("mouse-mode %s\n", mode == SPICE_MOUSE_MODE_CLIENT ? "client" : "server");
}

static void agent(SpiceChannel *channel, gpointer opaque)
{
	gboolean connected;

	g_object_get(channel, "agent-connected", &connected, NULL);
	printf("agent %d\n", connected);
}

static gboolean clipboard_grab(SpiceChannel *channel, guint selection, const guint32 *types,
			       guint count, gpointer opaque)
{
	printf("clipboard-grab %u type %u\n", count, count ? types[0] : 0);
	return TRUE;
}

static gboolean clipboard_request(SpiceChannel *channel, guint selection, guint type,
				  gpointer opaque)
{
	printf("clipboard-request %u type %u\n", selection, type);
	if (clip_text && type == VD_AGENT_CLIPBOARD_UTF8_TEXT) {
		spice_main_channel_clipboard_selection_notify(main_channel, selection, type,
							      (const guchar *)clip_text,
							      strlen(clip_text));
	}
	return TRUE;
}

static void clipboard_data(SpiceChannel *channel, guint selection, guint type, gpointer data,
			   guint size, gpointer opaque)
{
	g_autofree char *text = g_strndup(data, size);
	g_autofree char *escaped = g_strescape(text, NULL);

	printf("clipboard-text %s\n", escaped);
}

static void clipboard_release(SpiceChannel *channel, guint selection, gpointer opaque)
{
	printf("clipboard-release %u\n", selection);
}

static void file_sent(GObject *source, GAsyncResult *result, gpointer opaque)
{
	g_autoptr(GError) error = NULL;

	if (spice_main_channel_file_copy_finish(main_channel, result, &error)) {
		printf("file-sent\n");
	} else {
		printf("file-failed %s\n", error ? error->message : "");
	}
}

static void modifiers(SpiceChannel *channel, gpointer opaque)
{
	int keys;

	g_object_get(channel, "key-modifiers", &keys, NULL);
	printf("leds %d\n", keys);
}

static void channel_event(SpiceChannel *channel, SpiceChannelEvent event, gpointer opaque)
{
	const char *kind = G_OBJECT_TYPE_NAME(channel);

	printf("%s %s\n", event == SPICE_CHANNEL_OPENED ? "opened" :
	       event == SPICE_CHANNEL_ERROR_AUTH ? "refused" :
	       event == SPICE_CHANNEL_CLOSED ? "closed" : "failed", kind);
	if (event != SPICE_CHANNEL_OPENED && channel == (SpiceChannel *)main_channel) {
		g_main_loop_quit(loop);
	}
}

static int take_socket(void)
{
	return sockets && *sockets ? atoi(*sockets++) : -1;
}

static void open_fd(SpiceChannel *channel, int with_tls, gpointer opaque)
{
	int fd = take_socket();

	if (fd >= 0) {
		spice_channel_open_fd(channel, fd);
	}
}

static void channel_new(SpiceSession *session, SpiceChannel *channel, gpointer opaque)
{
	g_signal_connect(channel, "channel-event", G_CALLBACK(channel_event), NULL);
	g_signal_connect(channel, "open-fd", G_CALLBACK(open_fd), NULL);
	if (SPICE_IS_MAIN_CHANNEL(channel)) {
		main_channel = SPICE_MAIN_CHANNEL(channel);
		g_signal_connect(channel, "main-mouse-update", G_CALLBACK(mouse_mode), NULL);
		g_signal_connect(channel, "main-agent-update", G_CALLBACK(agent), NULL);
		g_signal_connect(channel, "main-clipboard-selection-grab",
				 G_CALLBACK(clipboard_grab), NULL);
		g_signal_connect(channel, "main-clipboard-selection-request",
				 G_CALLBACK(clipboard_request), NULL);
		g_signal_connect(channel, "main-clipboard-selection", G_CALLBACK(clipboard_data),
				 NULL);
		g_signal_connect(channel, "main-clipboard-selection-release",
				 G_CALLBACK(clipboard_release), NULL);
		return;
	}
	if (SPICE_IS_DISPLAY_CHANNEL(channel) && display_id(channel) < DISPLAYS) {
		displays[display_id(channel)] = channel;
		g_signal_connect(channel, "display-primary-create", G_CALLBACK(primary_create),
				 NULL);
		g_signal_connect(channel, "display-primary-destroy", G_CALLBACK(primary_destroy),
				 NULL);
		g_signal_connect(channel, "display-invalidate", G_CALLBACK(invalidate), NULL);
		g_signal_connect(channel, "notify::gl-scanout", G_CALLBACK(scanout), NULL);
		g_signal_connect(channel, "notify::monitors", G_CALLBACK(monitors), NULL);
		g_signal_connect(channel, "gl-draw", G_CALLBACK(gl_draw), NULL);
	} else if (SPICE_IS_CURSOR_CHANNEL(channel)) {
		g_signal_connect(channel, "cursor-set", G_CALLBACK(cursor_set), NULL);
		g_signal_connect(channel, "cursor-move", G_CALLBACK(cursor_move), NULL);
		g_signal_connect(channel, "cursor-hide", G_CALLBACK(cursor_hide), NULL);
	} else if (SPICE_IS_INPUTS_CHANNEL(channel)) {
		inputs = SPICE_INPUTS_CHANNEL(channel);
		g_signal_connect(channel, "inputs-modifiers", G_CALLBACK(modifiers), NULL);
	} else {
		return;
	}
	spice_channel_connect(channel);
}

/* ---- what is asked for ---- */

static uLong picture_crc(const struct picture *picture)
{
	uLong crc = crc32(0, NULL, 0);

	for (int y = 0; picture->data && y < picture->height; y++) {
		const uint8_t *line = picture->data + y * picture->stride;

		for (int x = 0; x < picture->width; x++, line += 4) {
			uint8_t rgb[3] = { line[2], line[1], line[0] };

			crc = crc32(crc, rgb, 3);
		}
	}
	return crc;
}

static void print_picture(int id)
{
	const struct picture *picture = &pictures[id];

	printf("picture %d %dx%d %08lx\n", id, picture->data ? picture->width : 0,
	       picture->data ? picture->height : 0, picture_crc(picture));
}

static void print_gl_picture(int id)
{
	const SpiceGlScanout *gl = displays[id] ? spice_display_channel_get_gl_scanout(
		SPICE_DISPLAY_CHANNEL(displays[id])) : NULL;
	struct picture picture = { 0 };
	void *memory = MAP_FAILED;
	size_t size = 0;

	if (gl && gl->fd >= 0 &&
	    (!memcmp(&gl->format, "XR24", 4) || !memcmp(&gl->format, "AR24", 4))) {
		size = (size_t)gl->stride * gl->height;
		memory = mmap(NULL, size, PROT_READ, MAP_SHARED, gl->fd, 0);
	}
	if (memory != MAP_FAILED) {
		picture = (struct picture){ (int)gl->width, (int)gl->height, (int)gl->stride, memory };
	}
	printf("gl-picture %d %dx%d %08lx\n", id, picture.width, picture.height,
	       picture_crc(&picture));
	if (memory != MAP_FAILED) {
		munmap(memory, size);
	}
}

static void send_file(const char *path)
{
	g_autoptr(GFile) file = g_file_new_for_path(path);
	GFile *files[] = { file, NULL };

	spice_main_channel_file_copy_async(main_channel, files, G_FILE_COPY_NONE, NULL, NULL, NULL,
					   file_sent, NULL);
}

static void grab_clipboard(const char *escaped)
{
	guint32 type = VD_AGENT_CLIPBOARD_UTF8_TEXT;

	g_free(clip_text);
	clip_text = g_strcompress(escaped);
	spice_main_channel_clipboard_selection_grab(
		main_channel, VD_AGENT_CLIPBOARD_SELECTION_CLIPBOARD, &type, 1);
}

static void press(int button, int down)
{
	static const int masks[] = { 0, SPICE_MOUSE_BUTTON_MASK_LEFT,
				     SPICE_MOUSE_BUTTON_MASK_MIDDLE,
				     SPICE_MOUSE_BUTTON_MASK_RIGHT };

	if (button >= 1 && button <= 3) {
		buttons = down ? buttons | masks[button] : buttons & ~masks[button];
	}
	if (down) {
		spice_inputs_channel_button_press(inputs, button, buttons);
	} else {
		spice_inputs_channel_button_release(inputs, button, buttons);
	}
}

static void obey(const char *line)
{
	int a = 0, b = 0, c = 0;

	if (!strncmp(line, "picture", 7)) {
		sscanf(line + 7, "%d", &a);
		print_picture(a);
	} else if (inputs && sscanf(line, "key %i %d", &a, &b) == 2) {
		if (b) {
			spice_inputs_channel_key_press(inputs, (guint)a);
		} else {
			spice_inputs_channel_key_release(inputs, (guint)a);
		}
	} else if (inputs && sscanf(line, "move %d %d %d", &a, &b, &c) >= 2) {
		spice_inputs_channel_position(inputs, a, b, c, buttons);
	} else if (inputs && sscanf(line, "motion %d %d", &a, &b) == 2) {
		spice_inputs_channel_motion(inputs, a, b, buttons);
	} else if (inputs && sscanf(line, "button %d %d", &a, &b) == 2) {
		press(a, b);
	} else if (sscanf(line, "size %d %d", &a, &b) == 2) {
		spice_main_channel_update_display_enabled(main_channel, 0, TRUE, FALSE);
		spice_main_channel_update_display(main_channel, 0, 0, 0, a, b, FALSE);
		spice_main_channel_send_monitor_config(main_channel);
	} else if (!strncmp(line, "gl-picture", 10)) {
		sscanf(line + 10, "%d", &a);
		print_gl_picture(a);
	} else if (!strncmp(line, "clip-grab ", 10)) {
		grab_clipboard(line + 10);
	} else if (!strcmp(line, "clip-release")) {
		spice_main_channel_clipboard_selection_release(
			main_channel, VD_AGENT_CLIPBOARD_SELECTION_CLIPBOARD);
	} else if (!strcmp(line, "clip-ask")) {
		spice_main_channel_clipboard_selection_request(
			main_channel, VD_AGENT_CLIPBOARD_SELECTION_CLIPBOARD,
			VD_AGENT_CLIPBOARD_UTF8_TEXT);
	} else if (!strncmp(line, "send-file ", 10)) {
		send_file(line + 10);
	} else {
		printf("what? %s\n", line);
	}
}

static gboolean readable(GIOChannel *channel, GIOCondition condition, gpointer opaque)
{
	g_autofree char *line = NULL;
	gsize end;

	if (g_io_channel_read_line(channel, &line, NULL, &end, NULL) != G_IO_STATUS_NORMAL) {
		g_main_loop_quit(loop);
		return G_SOURCE_REMOVE;
	}
	line[end] = '\0';
	obey(line);
	return G_SOURCE_CONTINUE;
}

int main(int argc, char **argv)
{
	g_autoptr(GIOChannel) input = g_io_channel_unix_new(0);
	SpiceSession *session = spice_session_new();

	if (argc < 2) {
		fprintf(stderr, "usage: spice-probe URI [PASSWORD [CA-FILE]]\n");
		return 2;
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
	loop = g_main_loop_new(NULL, FALSE);
	if (g_str_has_prefix(argv[1], "fd:")) {
		sockets = g_strsplit(argv[1] + 3, ",", 0);
	} else {
		g_object_set(session, "uri", argv[1], NULL);
	}
	g_object_set(session, "enable-audio", FALSE, "enable-usbredir", FALSE,
		     "enable-smartcard", FALSE, NULL);
	if (argc > 2) {
		g_object_set(session, "password", argv[2], NULL);
	}
	if (argc > 3) {
		g_object_set(session, "ca-file", argv[3], "cert-subject", "CN=127.0.0.1", "verify",
			     SPICE_SESSION_VERIFY_SUBJECT, NULL);
	}
	g_signal_connect(session, "channel-new", G_CALLBACK(channel_new), NULL);
	if (!(sockets ? spice_session_open_fd(session, take_socket()) :
			spice_session_connect(session))) {
		printf("failed\n");
		return 1;
	}
	/* So that no line waits in a buffer while poll() finds nothing. */
	g_io_channel_set_buffered(input, TRUE);
	g_io_add_watch(input, G_IO_IN | G_IO_HUP, readable, NULL);
	g_main_loop_run(loop);
	return 0;
}

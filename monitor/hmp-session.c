// SPDX-License-Identifier: GPL-2.0-or-later
/* One human at a terminal or socket: prompt, echo and the simplest line editing. */
#include <string.h>

#include "chardev/chardev.h"
#include "monitor-int.h"

#define LINE_LIMIT_BYTES   4096
#define UNREAD_LIMIT_BYTES 65536
/* What expect scripts wait for. */
#define PROMPT "(qemu) "

struct hmp_session {
	struct monitor *monitor;
	struct chardev *chardev;
	GString *line;
	enum { PLAIN, ESCAPE, SEQUENCE } input; /* inside a terminal's escape sequence? */
	bool after_cr;
};

static void put(struct hmp_session *session, const char *text)
{
	chardev_write(session->chardev, text, strlen(text));
}

/* The terminal is raw: a line end needs its carriage return. */
static void put_lines(struct hmp_session *session, const char *text)
{
	g_auto(GStrv) lines = g_strsplit(text, "\n", 0);
	g_autofree char *raw = g_strjoinv("\r\n", lines);

	put(session, raw);
}

static void line_done(struct hmp_session *session)
{
	g_autofree char *text = NULL;

	put(session, "\r\n");
	text = hmp_run_line(session->monitor, session->line->str);
	g_string_truncate(session->line, 0);
	put_lines(session, text);
	put(session, PROMPT);
}

static void line_key(struct hmp_session *session, uint8_t key)
{
	char echo[2] = { (char)key, 0 };

	switch (key) {
	case '\b':
	case 0x7f:
		if (session->line->len) {
			g_string_truncate(session->line, session->line->len - 1);
			put(session, "\b \b");
		}
		break;
	case 0x15: /* Ctrl-U */
		for (; session->line->len; g_string_truncate(session->line, session->line->len - 1)) {
			put(session, "\b \b");
		}
		break;
	case 0x1b:
		session->input = ESCAPE;
		break;
	default:
		if (key >= ' ' && session->line->len < LINE_LIMIT_BYTES) {
			g_string_append_c(session->line, (char)key);
			put(session, echo);
		}
	}
}

static void session_key(struct hmp_session *session, uint8_t key)
{
	bool after_cr = session->after_cr;

	session->after_cr = key == '\r';
	if (session->input == ESCAPE) {
		session->input = key == '[' || key == 'O' ? SEQUENCE : PLAIN;
	} else if (session->input == SEQUENCE) {
		if (key >= 0x40) {
			session->input = PLAIN;
		}
	} else if (key == '\r' || (key == '\n' && !after_cr)) {
		line_done(session);
	} else if (key != '\n') {
		line_key(session, key);
	}
}

static size_t session_can_receive(void *opaque)
{
	struct hmp_session *session = opaque;

	return chardev_queued(session->chardev) < UNREAD_LIMIT_BYTES ? 512 : 0;
}

static void session_receive(void *opaque, const uint8_t *data, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		session_key(opaque, data[i]);
	}
}

static void session_event(void *opaque, enum chardev_event event)
{
	struct hmp_session *session = opaque;

	g_string_truncate(session->line, 0);
	session->input = PLAIN;
	if (event == CHARDEV_OPENED) {
		put(session, "Oriel " ORIEL_VERSION " monitor, 'help' lists its commands\r\n" PROMPT);
	}
}

static const struct chardev_ops session_ops = {
	.can_receive = session_can_receive,
	.receive = session_receive,
	.event = session_event,
};

struct hmp_session *hmp_session_create(struct monitor *monitor, struct chardev *chardev)
{
	struct hmp_session *session = g_new0(struct hmp_session, 1);

	session->monitor = monitor;
	session->chardev = chardev;
	session->line = g_string_new(NULL);
	chardev_attach(chardev, &session_ops, session);
	return session;
}

void hmp_session_destroy(struct hmp_session *session)
{
	chardev_attach(session->chardev, NULL, NULL);
	g_string_free(session->line, TRUE);
	g_free(session);
}

// SPDX-License-Identifier: GPL-2.0-or-later
#include <string.h>
#include <glib.h>

#include "ui/vnc/http.h"

#define MAX_LINES 100

size_t http_head_size(const uint8_t *data, size_t len)
{
	for (size_t i = 0; i + 4 <= len; i++) {
		if (!memcmp(data + i, "\r\n\r\n", 4)) {
			return i + 4;
		}
	}
	return 0;
}

static unsigned int bad(const char **why, const char *text)
{
	*why = text;
	return 400;
}

static bool is_text(const uint8_t *data, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (data[i] < ' ' && data[i] != '\t' && data[i] != '\r' && data[i] != '\n') {
			return false;
		}
	}
	return true;
}

/* "a, B , c" has "b". */
static bool list_has(const char *list, const char *word)
{
	g_auto(GStrv) items = g_strsplit(list, ",", -1);

	for (char **item = items; *item; item++) {
		if (!g_ascii_strcasecmp(g_strstrip(*item), word)) {
			return true;
		}
	}
	return false;
}

static unsigned int parse_request_line(struct http_request *request, char *line, const char **why)
{
	g_auto(GStrv) words = g_strsplit(line, " ", 4);

	if (g_strv_length(words) != 3 || !g_str_has_prefix(words[2], "HTTP/1.")) {
		return bad(why, "HTTP: no request");
	}
	if (strcmp(words[0], "GET")) {
		*why = "HTTP: no GET";
		return 405;
	}
	if (words[1][0] != '/') {
		return bad(why, "HTTP: no path");
	}
	request->path = g_strndup(words[1], strcspn(words[1], "?#"));
	return 0;
}

struct upgrade {
	bool websocket, connection, version, protocols;
};

static void parse_header(struct http_request *request, struct upgrade *upgrade, const char *name,
			 const char *value)
{
	if (!g_ascii_strcasecmp(name, "Upgrade")) {
		upgrade->websocket |= list_has(value, "websocket");
	} else if (!g_ascii_strcasecmp(name, "Connection")) {
		upgrade->connection |= list_has(value, "upgrade");
	} else if (!g_ascii_strcasecmp(name, "Sec-WebSocket-Version")) {
		upgrade->version = !strcmp(value, "13");
	} else if (!g_ascii_strcasecmp(name, "Sec-WebSocket-Protocol")) {
		upgrade->protocols = true;
		request->binary |= list_has(value, "binary");
	} else if (!g_ascii_strcasecmp(name, "Sec-WebSocket-Key")) {
		g_free(request->key);
		request->key = g_strdup(value);
	}
}

/* 16 bytes in base64. */
static bool key_is_good(const char *key)
{
	gsize len = 0;
	g_autofree guchar *bytes = key && strlen(key) == 24 ? g_base64_decode(key, &len) : NULL;

	return bytes && len == 16;
}

static unsigned int check_upgrade(struct http_request *request, const struct upgrade *upgrade,
				  const char **why)
{
	if (!upgrade->websocket) {
		return 0;
	}
	if (!upgrade->connection || !key_is_good(request->key)) {
		return bad(why, "websocket: broken upgrade");
	}
	if (!upgrade->version) {
		*why = "websocket: version is not 13";
		return 426;
	}
	if (upgrade->protocols && !request->binary) {
		return bad(why, "websocket: subprotocol is not binary");
	}
	request->websocket = true;
	return 0;
}

unsigned int http_parse(struct http_request *request, const uint8_t *head, size_t len,
			const char **why)
{
	g_autofree char *text = NULL;
	g_auto(GStrv) lines = NULL;
	struct upgrade upgrade = { 0 };
	unsigned int status;

	memset(request, 0, sizeof(*request));
	if (len == 0 || !is_text(head, len)) {
		return bad(why, "HTTP: head isn't text");
	}
	text = g_strndup((const char *)head, len);
	lines = g_strsplit(text, "\r\n", MAX_LINES);
	status = parse_request_line(request, lines[0], why);
	if (status) {
		return status;
	}
	for (char **line = lines + 1; *line && **line; line++) {
		char *colon = strchr(*line, ':');

		/* A line that begins with a space goes on with the one before, in 1999's HTTP. */
		if (!colon || colon == *line || strcspn(*line, " \t\r\n") < (size_t)(colon - *line)) {
			return bad(why, "HTTP: broken header");
		}
		*colon = '\0';
		parse_header(request, &upgrade, *line, g_strstrip(colon + 1));
	}
	return check_upgrade(request, &upgrade, why);
}

void http_request_clear(struct http_request *request)
{
	g_clear_pointer(&request->path, g_free);
	g_clear_pointer(&request->key, g_free);
}

const char *http_file_name(const char *path)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "0123456789._-/";

	if (path[0] != '/' || strspn(path, letters) != strlen(path) || g_str_has_suffix(path, "/") ||
	    strstr(path, "//") || strstr(path, "/.")) {
		return NULL;
	}
	return path + 1;
}

const char *http_content_type(const char *name)
{
	static const struct {
		const char *end, *type;
	} types[] = {
		{ ".html", "text/html; charset=utf-8" },
		{ ".js", "text/javascript; charset=utf-8" },
		{ ".css", "text/css; charset=utf-8" },
		{ ".json", "application/json" },
		{ ".svg", "image/svg+xml" },
		{ ".png", "image/png" },
		{ ".ico", "image/x-icon" },
		{ ".oga", "audio/ogg" },
		{ ".mp3", "audio/mpeg" },
		{ ".ttf", "font/ttf" },
		{ ".woff", "font/woff" },
		{ ".txt", "text/plain; charset=utf-8" },
	};

	for (unsigned int i = 0; i < G_N_ELEMENTS(types); i++) {
		if (g_str_has_suffix(name, types[i].end)) {
			return types[i].type;
		}
	}
	return "application/octet-stream";
}

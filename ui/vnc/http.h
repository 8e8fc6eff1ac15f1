/* SPDX-License-Identifier: GPL-2.0-or-later */
/* As much of HTTP/1.1 as a server of some files and websockets needs: the head of a GET request.
 * Pure, so that it can be fuzzed alone. Context: any. */
#ifndef UI_VNC_HTTP_H
#define UI_VNC_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Browsers send less than 2 KiB to a server without cookies. */
#define HTTP_MAX_HEAD_BYTES 8192

struct http_request {
	char *path; /* as it came, without what follows '?' */
	bool websocket; /* it asks for an upgrade, in the right words */
	bool binary; /* and knows the subprotocol "binary" */
	char *key; /* Sec-WebSocket-Key */
};

/* Bytes of the head with the empty line at its end; 0: it isn't whole yet. */
size_t http_head_size(const uint8_t *data, size_t len);
/* 0, or an HTTP status and *why, a constant text. The caller clears @request in any case. */
unsigned int http_parse(struct http_request *request, const uint8_t *head, size_t len,
			const char **why);
void http_request_clear(struct http_request *request);

/* The name of a file below a folder that @path stands for: letters, digits, '.', '_', '-', no part
 * that is empty or begins with a dot. NULL: none that we would serve. Borrowed from @path. */
const char *http_file_name(const char *path);
/* By the name's end. */
const char *http_content_type(const char *name);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The web port: connections that speak HTTP until they become a viewer's websocket, and the pages of
 * noVNC for browsers that aren't viewers yet. Read-only. Context: main.
 */
#ifndef UI_VNC_WEB_H
#define UI_VNC_WEB_H

#include <gio/gio.h>

struct vnc_server;
struct vnc_web_client;

/* Where Debian's package novnc puts its files. */
#define VNC_WEB_ROOT "/usr/share/novnc"

/* Takes @connection. It is in @server's web_clients until it is closed, and then frees itself. */
void vnc_web_client_create(struct vnc_server *server, GSocketConnection *connection);
void vnc_web_client_close(struct vnc_web_client *web, const char *why);

#endif

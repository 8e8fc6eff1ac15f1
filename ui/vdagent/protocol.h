/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Numbers of the agent's protocol. Source: <spice/vd_agent.h> of Debian's libspice-protocol-dev. All
 * integers are little-endian and packed.
 *
 *   chunk:   port (4), size (4), then size bytes of a message, which may go on in the next chunk
 *   message: protocol (4), type (4), opaque (8), size (4), then size bytes of data
 */
#ifndef UI_VDAGENT_PROTOCOL_H
#define UI_VDAGENT_PROTOCOL_H

#define VDAGENT_PROTOCOL 1
#define VDAGENT_CHUNK_HEADER_BYTES 8
#define VDAGENT_MESSAGE_HEADER_BYTES 20
/* Data of a chunk: what agents read at a time. */
#define VDAGENT_CHUNK_MAX_BYTES 2048

enum vdagent_port { VDAGENT_PORT_CLIENT = 1, VDAGENT_PORT_SERVER = 2 };

enum vdagent_type {
	VDAGENT_MOUSE_STATE = 1, /* x, y, buttons (4 each), display (1) */
	VDAGENT_CLIPBOARD = 4, /* selection, type, data */
	VDAGENT_ANNOUNCE_CAPABILITIES = 6, /* request (4), bits (4 each) */
	VDAGENT_CLIPBOARD_GRAB = 7, /* selection, types (4 each) */
	VDAGENT_CLIPBOARD_REQUEST = 8, /* selection, type */
	VDAGENT_CLIPBOARD_RELEASE = 9, /* selection */
	VDAGENT_MAX_CLIPBOARD = 14, /* bytes (4) */
};

/* Bits of the capabilities. */
enum vdagent_cap {
	VDAGENT_CAP_MOUSE_STATE = 0,
	VDAGENT_CAP_CLIPBOARD_BY_DEMAND = 5,
	VDAGENT_CAP_CLIPBOARD_SELECTION = 6, /* clipboard messages begin with a selection (4) */
	VDAGENT_CAP_MAX_CLIPBOARD = 10,
};

#define VDAGENT_SELECTION_CLIPBOARD 0 /* the others are X's */
#define VDAGENT_SELECTION_BYTES 4

#define VDAGENT_TEXT_NONE 0
#define VDAGENT_TEXT_UTF8 1

/* Buttons of a mouse state, as bits. */
enum vdagent_button {
	VDAGENT_BUTTON_LEFT = 1 << 1,
	VDAGENT_BUTTON_MIDDLE = 1 << 2,
	VDAGENT_BUTTON_RIGHT = 1 << 3,
	VDAGENT_BUTTON_UP = 1 << 4, /* the wheel */
	VDAGENT_BUTTON_DOWN = 1 << 5,
	VDAGENT_BUTTON_SIDE = 1 << 6,
	VDAGENT_BUTTON_EXTRA = 1 << 7,
};

#endif

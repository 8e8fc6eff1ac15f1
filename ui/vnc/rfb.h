/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Numbers of the RFB protocol. Source: RFC 6143, and the community's rfbproto document for what
 * came later (tight, extended desktop size, QEMU's and VMware's extensions). All integers on the
 * wire are big-endian.
 */
#ifndef UI_VNC_RFB_H
#define UI_VNC_RFB_H

#define RFB_VERSION_BYTES 12 /* "RFB 003.008\n" */
#define RFB_CHALLENGE_BYTES 16
#define RFB_PASSWORD_BYTES 8 /* what VNC authentication looks at */

enum rfb_security {
	RFB_SECURITY_INVALID = 0,
	RFB_SECURITY_NONE = 1,
	RFB_SECURITY_VNC = 2,
	RFB_SECURITY_VENCRYPT = 19, /* TLS, then one of the others */
	RFB_SECURITY_SASL = 20,
};

/* VeNCrypt's version, and what comes after TLS; "X509" where the server has a certificate, "TLS"
 * where it is anonymous. */
#define RFB_VENCRYPT_MAJOR 0
#define RFB_VENCRYPT_MINOR 2
enum rfb_vencrypt {
	RFB_VENCRYPT_TLS_NONE = 257,
	RFB_VENCRYPT_TLS_VNC = 258,
	RFB_VENCRYPT_X509_NONE = 260,
	RFB_VENCRYPT_X509_VNC = 261,
	RFB_VENCRYPT_TLS_SASL = 263,
	RFB_VENCRYPT_X509_SASL = 264,
};

/* First byte of what a client sends. */
enum rfb_client_message {
	RFB_CLIENT_SET_PIXEL_FORMAT = 0,
	RFB_CLIENT_SET_ENCODINGS = 2,
	RFB_CLIENT_UPDATE_REQUEST = 3,
	RFB_CLIENT_KEY = 4,
	RFB_CLIENT_POINTER = 5,
	RFB_CLIENT_CUT_TEXT = 6,
	RFB_CLIENT_CONTINUOUS_UPDATES = 150,
	RFB_CLIENT_FENCE = 248,
	RFB_CLIENT_XVP = 250,
	RFB_CLIENT_SET_DESKTOP_SIZE = 251,
	RFB_CLIENT_QEMU = 255,
};

/* Second byte of RFB_CLIENT_QEMU. */
#define RFB_QEMU_EXTENDED_KEY 0

/* First byte of what a server sends. */
enum rfb_server_message {
	RFB_SERVER_UPDATE = 0,
	RFB_SERVER_COLOUR_MAP = 1,
	RFB_SERVER_CUT_TEXT = 3,
	RFB_SERVER_END_OF_CONTINUOUS_UPDATES = 150,
	RFB_SERVER_FENCE = 248,
	RFB_SERVER_XVP = 250,
};

/* Fourth byte of the two, behind the version. */
#define RFB_XVP_VERSION 1
enum rfb_xvp {
	RFB_XVP_FAIL = 0, /* from a server: it can't be done */
	RFB_XVP_INIT = 1, /* from a server: it is offered */
	RFB_XVP_SHUTDOWN = 2, /* from a client */
	RFB_XVP_REBOOT = 3,
	RFB_XVP_RESET = 4,
};

/* Of a fence, both ways. */
#define RFB_FENCE_BLOCK_BEFORE 0x1u
#define RFB_FENCE_BLOCK_AFTER 0x2u
#define RFB_FENCE_SYNC_NEXT 0x4u
#define RFB_FENCE_REQUEST 0x80000000u
#define RFB_FENCE_MAX_BYTES 64

enum rfb_encoding {
	RFB_ENCODING_RAW = 0,
	RFB_ENCODING_HEXTILE = 5,
	RFB_ENCODING_ZLIB = 6,
	RFB_ENCODING_TIGHT = 7,
	RFB_ENCODING_ZRLE = 16,
	RFB_ENCODING_OPEN_H264 = 50,
	/* Ranges: level 0 is the first number, level 9 the last. */
	RFB_ENCODING_QUALITY_0 = -32,
	RFB_ENCODING_QUALITY_9 = -23,
	RFB_ENCODING_COMPRESS_0 = -256,
	RFB_ENCODING_COMPRESS_9 = -247,
	/* Pseudo encodings: a client says that it understands such a rectangle. */
	RFB_ENCODING_DESKTOP_SIZE = -223,
	RFB_ENCODING_RICH_CURSOR = -239,
	RFB_ENCODING_POINTER_MOTION = -257,
	RFB_ENCODING_EXTENDED_KEY = -258,
	RFB_ENCODING_LED_STATE = -261,
	RFB_ENCODING_DESKTOP_NAME = -307,
	RFB_ENCODING_EXTENDED_DESKTOP_SIZE = -308,
	RFB_ENCODING_XVP = -309,
	RFB_ENCODING_FENCE = -312,
	RFB_ENCODING_CONTINUOUS_UPDATES = -313,
	RFB_ENCODING_ALPHA_CURSOR = -314,
	RFB_ENCODING_VMWARE_LED_STATE = 0x574d5668,
	RFB_ENCODING_EXTENDED_CLIPBOARD = (int)0xc0a1e5ceu,
};

/* Of an RFB_ENCODING_OPEN_H264 rectangle, behind the length of its data. A context, which is a decoder,
 * belongs to one place and size of a rectangle. */
enum rfb_h264 {
	RFB_H264_RESET_CONTEXT = 1 << 0,
	RFB_H264_RESET_ALL_CONTEXTS = 1 << 1,
};

/* Of an extended cut text, whose length is sent negative: the first four bytes. Formats from bit 0, what
 * it is about from bit 24. */
enum rfb_clip {
	RFB_CLIP_TEXT = 1 << 0,
	RFB_CLIP_FORMATS = 0xffff,
	RFB_CLIP_CAPS = 1 << 24, /* what the sender understands; behind it a size for each format */
	RFB_CLIP_REQUEST = 1 << 25,
	RFB_CLIP_PEEK = 1 << 26, /* wants a notify */
	RFB_CLIP_NOTIFY = 1 << 27, /* formats that there are */
	RFB_CLIP_PROVIDE = 1 << 28, /* the rest is a zlib stream of sizes and data */
};

/* x of an RFB_ENCODING_EXTENDED_DESKTOP_SIZE rectangle: why it was sent. */
enum rfb_resize_reason {
	RFB_RESIZE_BY_SERVER = 0,
	RFB_RESIZE_BY_THIS_CLIENT = 1,
};

/* Its y: what became of the wish. */
enum rfb_resize_status {
	RFB_RESIZE_OK = 0,
	RFB_RESIZE_PROHIBITED = 1,
	RFB_RESIZE_NO_RESOURCES = 2,
	RFB_RESIZE_BAD_LAYOUT = 3,
	RFB_RESIZE_FORWARDED = 4, /* handed to the guest, which may follow or not */
};

#endif

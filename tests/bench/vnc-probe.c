// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A VNC viewer without a window that counts what it is given.
 *
 *     vnc-probe ADDRESS [--size WxH] [--first] [--seconds S] [--marker X,Y] [--ppm FILE]
 *
 * ADDRESS is unix:PATH or HOST:PORT; it is tried until it answers. Asks for raw pixels, so that
 * client and server cost the same for every server, and for the next update as soon as one is
 * complete. Prints one line of JSON:
 *   first_ms  from the start of this program until a whole picture of --size was there
 *   seconds, updates, bytes  of the time after that
 *   frames    how often the pixel at --marker had a new value after an update
 *   gap_ms    the longest time between two such
 */
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define ENCODING_RAW	      0
#define ENCODING_DESKTOP_SIZE (-223)

struct probe {
	int fd;
	uint32_t width, height;
	uint32_t want_width, want_height; /* 0: any */
	uint32_t *pixels;
	uint64_t bytes;
	bool resized;
	double deadline; /* 0: none */
};

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void fail(const char *what)
{
	fprintf(stderr, "vnc-probe: %s: %s\n", what, errno ? strerror(errno) : "wrong answer");
	exit(1);
}

/* False when the deadline came first; only asked for where stopping leaves nothing half-read. */
static bool wait_readable(const struct probe *probe)
{
	struct pollfd pfd = { .fd = probe->fd, .events = POLLIN };
	double left = probe->deadline - now();

	return !probe->deadline || (left > 0 && poll(&pfd, 1, (int)(left * 1000) + 1) > 0);
}

static void get(struct probe *probe, void *data, size_t len)
{
	char *at = data;

	while (len) {
		ssize_t n = recv(probe->fd, at, len, 0);

		if (n <= 0) {
			if (n == 0) {
				errno = ECONNRESET;
			}
			fail("read");
		}
		at += n;
		len -= (size_t)n;
		probe->bytes += (uint64_t)n;
	}
}

static void put(struct probe *probe, const void *data, size_t len)
{
	if (send(probe->fd, data, len, MSG_NOSIGNAL) != (ssize_t)len) {
		fail("write");
	}
}

static uint16_t get16(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

static uint32_t get32(const uint8_t *p)
{
	return (uint32_t)get16(p) << 16 | get16(p + 2);
}

static void put16(uint8_t *p, uint32_t v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

/* ---- connection ---- */

static int try_unix(const char *path)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(sun.sun_path, sizeof(sun.sun_path), "%s", path);
	if (fd >= 0 && connect(fd, (struct sockaddr *)&sun, sizeof(sun))) {
		close(fd);
		return -1;
	}
	return fd;
}

static int try_tcp(const char *address)
{
	char host[256];
	const char *colon = strrchr(address, ':');
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM }, *info;
	int fd, one = 1;

	if (!colon) {
		errno = EINVAL;
		fail(address);
	}
	snprintf(host, sizeof(host), "%.*s", (int)(colon - address), address);
	if (getaddrinfo(host, colon + 1, &hints, &info)) {
		errno = EINVAL;
		fail(address);
	}
	fd = socket(info->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd >= 0 && connect(fd, info->ai_addr, info->ai_addrlen)) {
		close(fd);
		fd = -1;
	}
	if (fd >= 0) {
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	}
	freeaddrinfo(info);
	return fd;
}

static void open_connection(struct probe *probe, const char *address, double patience_s)
{
	double start = now();

	for (;;) {
		probe->fd = !strncmp(address, "unix:", 5) ? try_unix(address + 5) :
							     try_tcp(address);
		if (probe->fd >= 0) {
			return;
		}
		if (now() - start > patience_s) {
			fail(address);
		}
		usleep(2000);
	}
}

static void handshake(struct probe *probe)
{
	static const uint8_t setup[] = {
		/* SetPixelFormat: 32 bits, depth 24, little endian, true colour, 0x00rrggbb */
		0, 0, 0, 0, 32, 24, 0, 1, 0, 255, 0, 255, 0, 255, 16, 8, 0, 0, 0, 0,
		/* SetEncodings: raw, DesktopSize */
		2, 0, 0, 2, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0x21,
	};
	uint8_t buf[256];
	uint32_t name;

	get(probe, buf, 12);
	put(probe, "RFB 003.008\n", 12);
	get(probe, buf, 1);
	if (!buf[0]) {
		errno = 0;
		fail("security");
	}
	get(probe, buf + 1, buf[0]);
	put(probe, "\1", 1); /* None */
	get(probe, buf, 4);
	if (get32(buf)) {
		errno = 0;
		fail("security");
	}
	put(probe, "\1", 1); /* shared */
	get(probe, buf, 24);
	probe->width = get16(buf);
	probe->height = get16(buf + 2);
	for (name = get32(buf + 20); name; name -= name > 256 ? 256 : name) {
		get(probe, buf, name > 256 ? 256 : name);
	}
	put(probe, setup, sizeof(setup));
	probe->pixels = calloc((size_t)probe->width * probe->height, 4);
}

static void request(struct probe *probe, bool incremental)
{
	uint8_t msg[10] = { 3, incremental };

	put16(msg + 6, probe->width);
	put16(msg + 8, probe->height);
	put(probe, msg, sizeof(msg));
}

/* ---- messages ---- */

static void read_rectangle(struct probe *probe)
{
	uint8_t head[12];
	uint32_t x, y, w, h;
	int32_t encoding;

	get(probe, head, 12);
	x = get16(head);
	y = get16(head + 2);
	w = get16(head + 4);
	h = get16(head + 6);
	encoding = (int32_t)get32(head + 8);
	if (encoding == ENCODING_DESKTOP_SIZE) {
		probe->width = w;
		probe->height = h;
		free(probe->pixels);
		probe->pixels = calloc((size_t)w * h, 4);
		probe->resized = true;
		return;
	}
	errno = 0;
	if (encoding != ENCODING_RAW || x + w > probe->width || y + h > probe->height) {
		fail("rectangle");
	}
	for (; h; h--, y++) {
		get(probe, probe->pixels + (size_t)y * probe->width + x, (size_t)w * 4);
	}
}

/* True after a framebuffer update. False: something else was read, or the deadline came. */
static bool read_message(struct probe *probe)
{
	uint8_t head[8];
	uint32_t n;

	if (!wait_readable(probe)) {
		return false;
	}
	get(probe, head, 1);
	switch (head[0]) {
	case 0:
		get(probe, head + 1, 3);
		for (n = get16(head + 2); n; n--) {
			read_rectangle(probe);
		}
		return true;
	case 2: /* bell */
		return false;
	case 3: /* cut text */
		get(probe, head + 1, 7);
		for (n = get32(head + 4); n; n--) {
			get(probe, head, 1);
		}
		return false;
	default:
		errno = 0;
		fail("message");
	}
	return false;
}

static bool size_is_right(const struct probe *probe)
{
	return !probe->want_width || (probe->width == probe->want_width &&
				      probe->height == probe->want_height);
}

/* Until a whole picture of the right size is there. */
static void first_picture(struct probe *probe)
{
	request(probe, false);
	for (;;) {
		probe->resized = false;
		if (!read_message(probe)) {
			continue;
		}
		if (probe->resized) {
			request(probe, false);
		} else if (size_is_right(probe)) {
			return;
		} else {
			request(probe, true);
		}
	}
}

static void write_ppm(const struct probe *probe, const char *path)
{
	FILE *file = fopen(path, "w");

	if (!file) {
		fail(path);
	}
	fprintf(file, "P6\n%u %u\n255\n", probe->width, probe->height);
	for (size_t i = 0; i < (size_t)probe->width * probe->height; i++) {
		uint32_t pixel = probe->pixels[i];

		fputc((int)(pixel >> 16 & 255), file);
		fputc((int)(pixel >> 8 & 255), file);
		fputc((int)(pixel & 255), file);
	}
	fclose(file);
}

int main(int argc, char **argv)
{
	struct probe probe = { .fd = -1 };
	double start = now(), first, counted, last_frame, gap = 0, seconds = 5;
	uint64_t updates = 0, frames = 0, bytes;
	unsigned int marker_x = 0, marker_y = 0;
	const char *ppm = NULL;
	uint32_t seen;

	for (int i = 2; i < argc; i++) {
		if (!strcmp(argv[i], "--first")) {
			seconds = 0;
		} else if (!strcmp(argv[i], "--seconds") && i + 1 < argc) {
			seconds = atof(argv[++i]);
		} else if (!strcmp(argv[i], "--size") && i + 1 < argc) {
			sscanf(argv[++i], "%ux%u", &probe.want_width, &probe.want_height);
		} else if (!strcmp(argv[i], "--marker") && i + 1 < argc) {
			sscanf(argv[++i], "%u,%u", &marker_x, &marker_y);
		} else if (!strcmp(argv[i], "--ppm") && i + 1 < argc) {
			ppm = argv[++i];
		} else {
			fprintf(stderr, "vnc-probe: %s: unknown option\n", argv[i]);
			return 1;
		}
	}
	if (argc < 2) {
		fprintf(stderr, "usage: vnc-probe ADDRESS [OPTION]...\n");
		return 1;
	}
	open_connection(&probe, argv[1], 30);
	handshake(&probe);
	first_picture(&probe);
	first = now();
	if (ppm) {
		write_ppm(&probe, ppm);
	}
	if (marker_x >= probe.width || marker_y >= probe.height) {
		errno = ERANGE;
		fail("--marker");
	}
	bytes = probe.bytes;
	seen = probe.pixels[(size_t)marker_y * probe.width + marker_x];
	counted = last_frame = now();
	probe.deadline = counted + seconds;
	while (now() < probe.deadline) {
		uint32_t pixel;

		request(&probe, true);
		while (!read_message(&probe) && now() < probe.deadline) {
		}
		if (now() >= probe.deadline) {
			break;
		}
		updates++;
		pixel = probe.pixels[(size_t)marker_y * probe.width + marker_x];
		if (pixel != seen) {
			seen = pixel;
			frames++;
			if (now() - last_frame > gap) {
				gap = now() - last_frame;
			}
			last_frame = now();
		}
	}
	printf("{\"first_ms\": %.1f, \"seconds\": %.3f, \"updates\": %llu, \"frames\": %llu, "
	       "\"bytes\": %llu, \"gap_ms\": %.1f}\n",
	       (first - start) * 1000, now() - counted, (unsigned long long)updates,
	       (unsigned long long)frames, (unsigned long long)(probe.bytes - bytes), gap * 1000);
	return 0;
}

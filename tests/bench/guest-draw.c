// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The guest of the benchmarks: all of user space, as /init of its initramfs. It finds the display
 * (the kernel's mdpy, or a Bochs display), maps its video memory and draws what the console says:
 *
 *     idle | small FPS | full FPS | off
 *
 * "small" fills a 64x64 square at 128,128, "full" the screen, each time in a new colour; the last
 * pixel is written last, so a viewer can count frames there. Answers "ready", then "ok N" with the
 * number of frames drawn so far.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#define SQUARE	  64
#define SQUARE_AT 128

struct screen {
	uint32_t *pixels;
	unsigned int width, height, stride_px;
};

static long read_number(const char *dir, const char *name)
{
	char path[512], text[64] = "";
	int fd;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	fd = open(path, O_RDONLY);
	if (fd >= 0) {
		if (read(fd, text, sizeof(text) - 1) < 0) {
			text[0] = 0;
		}
		close(fd);
	}
	return strtol(text, NULL, 0);
}

static void *map_bar(const char *dir, int bar, size_t *size)
{
	char path[512];
	struct stat st;
	void *memory;
	int fd;

	snprintf(path, sizeof(path), "%s/resource%d", dir, bar);
	fd = open(path, O_RDWR);
	if (fd < 0 || fstat(fd, &st)) {
		return NULL;
	}
	*size = (size_t)st.st_size;
	memory = mmap(NULL, *size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	return memory == MAP_FAILED ? NULL : memory;
}

static void enable(const char *dir)
{
	char path[512];
	int fd;

	snprintf(path, sizeof(path), "%s/enable", dir);
	fd = open(path, O_WRONLY);
	if (fd < 0 || write(fd, "1", 1) != 1) {
		printf("enable %s: %s\n", dir, strerror(errno));
	}
	close(fd);
}

/* mdpy (samples/vfio-mdev/mdpy-defs.h): a vendor capability at 0x40 has format, width, height as
 * 32-bit numbers at 0x44, 0x48, 0x4c. */
static bool open_mdpy(const char *dir, struct screen *screen)
{
	uint32_t config[0x50 / 4] = { 0 };
	char path[512];
	size_t size;
	int fd;

	snprintf(path, sizeof(path), "%s/config", dir);
	fd = open(path, O_RDONLY);
	if (fd < 0 || read(fd, config, sizeof(config)) != sizeof(config)) {
		return false;
	}
	close(fd);
	screen->width = screen->stride_px = config[0x48 / 4];
	screen->height = config[0x4c / 4];
	screen->pixels = map_bar(dir, 0, &size);
	return screen->pixels && (size_t)screen->width * screen->height * 4 <= size;
}

/* A Bochs display: set 1920x1080 as bochs-drm would. */
static bool open_bochs(const char *dir, struct screen *screen)
{
	static const uint16_t mode[][2] = { { 4, 0 }, { 3, 32 }, { 1, 1920 }, { 2, 1080 },
					    { 6, 1920 }, { 8, 0 }, { 9, 0 }, { 4, 0x41 } };
	size_t size;
	volatile uint8_t *regs = map_bar(dir, 2, &size);

	screen->width = screen->stride_px = 1920;
	screen->height = 1080;
	screen->pixels = map_bar(dir, 0, &size);
	if (!regs || !screen->pixels || size < 1920 * 1080 * 4) {
		return false;
	}
	regs[0x402] = 1;
	(void)regs[0x41a];
	regs[0x400] = 0x20;
	for (size_t i = 0; i < sizeof(mode) / sizeof(mode[0]); i++) {
		*(volatile uint16_t *)(regs + 0x500 + 2 * mode[i][0]) = mode[i][1];
	}
	return true;
}

static bool find_screen(struct screen *screen)
{
	static const char root[] = "/sys/bus/pci/devices";
	DIR *devices = opendir(root);
	struct dirent *entry;

	while (devices && (entry = readdir(devices))) {
		char dir[400];
		long vendor, device;

		if (entry->d_name[0] == '.') {
			continue;
		}
		snprintf(dir, sizeof(dir), "%s/%s", root, entry->d_name);
		vendor = read_number(dir, "vendor");
		device = read_number(dir, "device");
		if (vendor == 0x1b36 && device == 0x000f) {
			enable(dir);
			return open_mdpy(dir, screen);
		}
		if (vendor == 0x1234 && device == 0x1111) {
			enable(dir);
			return open_bochs(dir, screen);
		}
	}
	return false;
}

static void fill(struct screen *screen, unsigned int x, unsigned int y, unsigned int width,
		 unsigned int height, uint32_t colour)
{
	for (unsigned int j = y; j < y + height; j++) {
		uint64_t *line = (uint64_t *)(screen->pixels + (size_t)j * screen->stride_px + x);
		uint64_t two = (uint64_t)colour << 32 | colour;

		for (unsigned int i = 0; i < width / 2; i++) {
			line[i] = two;
		}
	}
}

static void draw(struct screen *screen, bool full, uint32_t number)
{
	uint32_t colour = (number * 0x010307u) & 0xffffff;

	if (full) {
		fill(screen, 0, 0, screen->width, screen->height, colour);
	} else {
		fill(screen, SQUARE_AT, SQUARE_AT, SQUARE, SQUARE, colour);
	}
}

static int64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static int open_console(void)
{
	struct termios raw;
	int fd = open("/dev/ttyS0", O_RDWR | O_NOCTTY);

	if (fd >= 0) {
		tcgetattr(fd, &raw);
		cfmakeraw(&raw);
		tcsetattr(fd, TCSANOW, &raw);
		dup2(fd, 0);
		dup2(fd, 1);
		setvbuf(stdout, NULL, _IOLBF, 0);
	}
	return fd;
}

/* Waits until @until_ns (< 0: for ever) for a line; false when none came. */
static bool read_line(char *line, size_t size, int64_t until_ns)
{
	static char pending[256];
	static size_t have;

	for (;;) {
		char *end = memchr(pending, '\n', have);
		struct pollfd pfd = { .fd = 0, .events = POLLIN };
		int64_t left = until_ns - now_ns();
		ssize_t n;

		if (end) {
			size_t len = (size_t)(end - pending);

			snprintf(line, size, "%.*s", (int)len, pending);
			have -= len + 1;
			memmove(pending, end + 1, have);
			return true;
		}
		if (until_ns >= 0 && left <= 0) {
			return false;
		}
		if (ppoll(&pfd, 1, until_ns < 0 ? NULL :
			  &(struct timespec){ left / 1000000000, left % 1000000000 }, NULL) <= 0) {
			return false;
		}
		n = read(0, pending + have, sizeof(pending) - have);
		if (n > 0) {
			have += (size_t)n;
		}
		if (have == sizeof(pending)) {
			have = 0;
		}
	}
}

int main(void)
{
	struct screen screen;
	int64_t period = 0, next = 0;
	uint32_t number = 0;
	bool full = false;
	char line[64];

	mount("proc", "/proc", "proc", 0, NULL);
	mount("sysfs", "/sys", "sysfs", 0, NULL);
	mount("dev", "/dev", "devtmpfs", 0, NULL);
	open_console();
	if (!find_screen(&screen)) {
		printf("no screen\n");
	}
	printf("ready\n");
	for (;;) {
		if (read_line(line, sizeof(line), period ? next : -1)) {
			int fps = 0;

			if (!strcmp(line, "off")) {
				reboot(RB_POWER_OFF);
			}
			full = !strncmp(line, "full", 4);
			if (full || !strncmp(line, "small", 5)) {
				fps = atoi(strchr(line, ' ') ? strchr(line, ' ') : "0");
			}
			period = fps > 0 ? 1000000000 / fps : 0;
			next = now_ns();
			printf("ok %u\n", number);
		} else if (period && now_ns() >= next) {
			draw(&screen, full, ++number);
			/* A guest that is too slow draws as fast as it can, without catching up. */
			next += period;
			if (next < now_ns()) {
				next = now_ns();
			}
		}
	}
}

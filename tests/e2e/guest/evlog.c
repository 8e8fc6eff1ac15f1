// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * evlog: prints every input event of every device, one per line, until it is killed:
 *
 *   NAME key CODE VALUE | NAME abs CODE VALUE | NAME rel CODE VALUE
 *
 * with the blanks in NAME as '-'. Says "devices: N" when it listens.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/input.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define MAX_DEVICES 32

static struct pollfd fds[MAX_DEVICES];
static char names[MAX_DEVICES][80];

static int open_devices(void)
{
	int count = 0;

	for (int i = 0; i < MAX_DEVICES; i++) {
		char path[32];
		int fd;

		snprintf(path, sizeof(path), "/dev/input/event%d", i);
		fd = open(path, O_RDONLY | O_CLOEXEC);
		if (fd < 0) {
			continue;
		}
		if (ioctl(fd, EVIOCGNAME(sizeof(names[count]) - 1), names[count]) < 0) {
			strcpy(names[count], "unknown");
		}
		for (char *c = names[count]; *c; c++) {
			if (*c == ' ') {
				*c = '-';
			}
		}
		fds[count].fd = fd;
		fds[count].events = POLLIN;
		count++;
	}
	return count;
}

static const char *type_name(unsigned int type)
{
	switch (type) {
	case EV_KEY:
		return "key";
	case EV_ABS:
		return "abs";
	case EV_REL:
		return "rel";
	default:
		return NULL;
	}
}

static void print_events(int device)
{
	struct input_event events[64];
	ssize_t size = read(fds[device].fd, events, sizeof(events));

	for (ssize_t i = 0; i < size / (ssize_t)sizeof(events[0]); i++) {
		const char *type = type_name(events[i].type);

		if (type) {
			printf("%s %s %u %d\n", names[device], type, events[i].code,
			       events[i].value);
		}
	}
}

int main(void)
{
	int count = open_devices();

	setvbuf(stdout, NULL, _IOLBF, 0);
	printf("devices: %d\n", count);
	while (poll(fds, count, -1) > 0 || errno == EINTR) {
		for (int i = 0; i < count; i++) {
			if (fds[i].revents & POLLIN) {
				print_events(i);
			}
		}
	}
	return 0;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How much may be under way to a viewer that answers fences: so much that its network is never
 * idle, and no more, because what waits there is old when it arrives.
 *
 * Each update ends with a mark (a fence), which comes back when the viewer has drawn it. That gives
 * the rate of delivery and the shortest time for a round; what may be under way is what arrives in
 * that time, a quarter of it (so that it finds out when more goes through) and PACE_SLACK_MS. Times
 * are passed in. Context: any.
 */
#ifndef UI_VNC_PACE_H
#define UI_VNC_PACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Updates under way at most. */
#define PACE_MAX_MARKS 16
/* What a change of the network may cost. */
#define PACE_SLACK_MS 50
/* So much may always be under way: 60 ms at 256 KiB/s. */
#define PACE_MIN_BYTES 16384
/* Of which the largest is taken for the rate. */
#define PACE_SAMPLES 16

struct pace_mark {
	uint32_t id;
	int64_t sent_ns;
	uint64_t sent_bytes; /* up to here */
	uint64_t delivered_bytes; /* was known to have arrived then */
};

/* All zero is the start. */
struct pace {
	struct pace_mark marks[PACE_MAX_MARKS]; /* from the oldest on */
	unsigned int count;
	uint32_t next_id;
	uint64_t sent_bytes, delivered_bytes;
	double samples[PACE_SAMPLES]; /* bytes a nanosecond */
	unsigned int next_sample;
	int64_t round_ns; /* the shortest of late; 0: none yet */
	int64_t round_when_ns;
};

/* An update of @bytes goes; returns the number of its mark. Only when pace_allows(). */
uint32_t pace_send(struct pace *pace, size_t bytes, int64_t now_ns);
/* A mark came back, and with it all before it. False: there is no such mark. */
bool pace_arrived(struct pace *pace, uint32_t id, int64_t now_ns);
bool pace_allows(const struct pace *pace);

#endif

// SPDX-License-Identifier: GPL-2.0-or-later
#include <glib.h>

#include "ui/vnc/pace.h"

/* A route may have become longer for good. */
#define ROUND_AGE_NS (10 * (int64_t)1000000000)

uint32_t pace_send(struct pace *pace, size_t bytes, int64_t now_ns)
{
	struct pace_mark *mark;

	if (pace->count == PACE_MAX_MARKS) {
		/* An update that was asked for goes beyond the limit; the last mark stands for both. */
		pace->count--;
	}
	mark = &pace->marks[pace->count++];
	pace->sent_bytes += bytes;
	mark->id = pace->next_id++;
	mark->sent_ns = now_ns;
	mark->sent_bytes = pace->sent_bytes;
	mark->delivered_bytes = pace->delivered_bytes;
	return mark->id;
}

static void take_sample(struct pace *pace, const struct pace_mark *mark, int64_t now_ns)
{
	int64_t took_ns = MAX(now_ns - mark->sent_ns, 1);

	pace->samples[pace->next_sample] =
		(double)(pace->delivered_bytes - mark->delivered_bytes) / (double)took_ns;
	pace->next_sample = (pace->next_sample + 1) % PACE_SAMPLES;
	if (pace->round_ns == 0 || took_ns <= pace->round_ns ||
	    now_ns - pace->round_when_ns > ROUND_AGE_NS) {
		pace->round_ns = took_ns;
		pace->round_when_ns = now_ns;
	}
}

bool pace_arrived(struct pace *pace, uint32_t id, int64_t now_ns)
{
	struct pace_mark mark;
	unsigned int i;

	for (i = 0; i < pace->count && pace->marks[i].id != id; i++) {
	}
	if (i == pace->count) {
		return false;
	}
	mark = pace->marks[i];
	pace->count -= i + 1;
	for (unsigned int j = 0; j < pace->count; j++) {
		pace->marks[j] = pace->marks[i + 1 + j];
	}
	pace->delivered_bytes = mark.sent_bytes;
	take_sample(pace, &mark, now_ns);
	return true;
}

bool pace_allows(const struct pace *pace)
{
	uint64_t under_way = pace->sent_bytes - pace->delivered_bytes;
	double rate = 0;

	if (pace->count == 0 || pace->count == PACE_MAX_MARKS) {
		return pace->count == 0;
	}
	for (unsigned int i = 0; i < PACE_SAMPLES; i++) {
		rate = MAX(rate, pace->samples[i]);
	}
	return under_way < PACE_MIN_BYTES ||
	       (double)under_way < rate * ((double)pace->round_ns * 1.25 + PACE_SLACK_MS * 1e6);
}

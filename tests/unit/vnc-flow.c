// SPDX-License-Identifier: GPL-2.0-or-later
/* Fences, continuous updates, and how much is under way to a viewer on a slow network. */
#include "vnc-set.h"

#include "ui/vnc/pace.h"

/* ---- a network on paper ---- */

struct link {
	double bytes_ms;
	unsigned int delay_ms; /* each way */
	int64_t free_ns; /* the queue is empty from then on */
	struct {
		uint32_t id;
		int64_t at_ns, drawn_ns;
	} marks[64];
	unsigned int count;
};

struct outcome {
	double bytes_ms;
	double worst_ms; /* from sending to drawing, after the start */
};

/* An update of @bytes is always there to be sent. */
static struct outcome simulate(struct link *link, struct pace *pace, size_t bytes, unsigned int ms)
{
	struct outcome outcome = { 0 };
	uint64_t drawn = 0;

	for (int64_t now_ns = 0; now_ns < ms * 1000000ll; now_ns += 1000000) {
		while (link->count > 0 && link->marks[0].at_ns <= now_ns) {
			g_assert_true(pace_arrived(pace, link->marks[0].id, now_ns));
			memmove(link->marks, link->marks + 1, --link->count * sizeof(link->marks[0]));
			drawn += bytes;
		}
		while (pace_allows(pace)) {
			int64_t start_ns = MAX(now_ns, link->free_ns), drawn_ns;

			g_assert_cmpuint(link->count, <, G_N_ELEMENTS(link->marks));
			link->free_ns = start_ns + (int64_t)((double)bytes / link->bytes_ms * 1e6);
			drawn_ns = link->free_ns + link->delay_ms * 1000000ll;
			link->marks[link->count].id = pace_send(pace, bytes, now_ns);
			link->marks[link->count++].at_ns = drawn_ns + link->delay_ms * 1000000ll;
			if (now_ns > 2000000000) {
				outcome.worst_ms = MAX(outcome.worst_ms,
						       (double)(drawn_ns - now_ns) / 1e6);
			}
		}
	}
	outcome.bytes_ms = (double)drawn / ms;
	return outcome;
}

static void test_pace(void)
{
	/* KB/s and one way's delay: as in the wish list, a LAN, a mobile network, a satellite. */
	static const struct {
		double bytes_ms;
		unsigned int delay_ms;
		size_t bytes;
	} links[] = {
		{ 300, 25, 3000 }, { 300, 25, 20000 }, { 300, 50, 8000 }, { 12000, 1, 50000 },
		{ 2000, 40, 30000 }, { 1000, 300, 100000 }, { 300, 25, 300 },
	};

	for (unsigned int i = 0; i < G_N_ELEMENTS(links); i++) {
		struct link link = { .bytes_ms = links[i].bytes_ms, .delay_ms = links[i].delay_ms };
		struct pace pace = { 0 };
		struct outcome outcome = simulate(&link, &pace, links[i].bytes, 10000);
		double alone_ms = (double)links[i].bytes / links[i].bytes_ms + links[i].delay_ms;
		/* So many small ones may never fill the line. */
		double most = MIN(links[i].bytes_ms, (double)PACE_MAX_MARKS * (double)links[i].bytes /
				  (2.0 * links[i].delay_ms + 1));

		g_test_message("%.0f KB/s, %u ms, %zu bytes: %.0f KB/s, up to %.0f ms", links[i].bytes_ms,
			       links[i].delay_ms, links[i].bytes, outcome.bytes_ms, outcome.worst_ms);
		g_assert_cmpfloat(outcome.bytes_ms, >, 0.7 * most);
		g_assert_cmpfloat(outcome.worst_ms, <, 2 * alone_ms + 2 * PACE_SLACK_MS +
				  1.5 * links[i].delay_ms);
	}
}

static void test_marks(void)
{
	struct pace pace = { 0 };
	uint32_t first, last = 0;

	g_assert_false(pace_arrived(&pace, 0, 1));
	g_assert_true(pace_allows(&pace));
	first = pace_send(&pace, 100, 1000);
	for (unsigned int i = 0; i < 40; i++) {
		last = pace_send(&pace, 1000, 2000 + i);
	}
	g_assert_false(pace_allows(&pace));
	g_assert_true(pace_arrived(&pace, first, 5000));
	/* Once is enough. */
	g_assert_false(pace_arrived(&pace, first, 6000));
	/* The last one answers for all before it. */
	g_assert_true(pace_arrived(&pace, last, 7000));
	g_assert_true(pace_allows(&pace));
	g_assert_cmpuint(pace.delivered_bytes, ==, pace.sent_bytes);
}

/* ---- sessions ---- */

static void send_fence(struct viewer *v, uint32_t flags, const char *data)
{
	size_t len = strlen(data);
	uint8_t m[9 + 64] = { 248, 0, 0, 0, (uint8_t)(flags >> 24), (uint8_t)(flags >> 16),
			      (uint8_t)(flags >> 8), (uint8_t)flags, (uint8_t)len };

	memcpy(m + 9, data, len);
	viewer_send(v, m, 9 + len);
}

static void send_continuous(struct viewer *v, bool enable)
{
	uint8_t m[10] = { 150, enable, 0, 0, 0, 0, (uint8_t)(v->decoder.width >> 8),
			  (uint8_t)v->decoder.width, (uint8_t)(v->decoder.height >> 8),
			  (uint8_t)v->decoder.height };

	viewer_send(v, m, sizeof(m));
}

/* With fences and continuous updates as the server offers them. */
static struct viewer *flow_viewer(struct set *set)
{
	struct viewer *v = viewer_join(set->server);

	VIEWER_ENCODINGS(v, RFB_ENCODING_RAW, RFB_ENCODING_FENCE, RFB_ENCODING_CONTINUOUS_UPDATES,
			 RFB_ENCODING_DESKTOP_SIZE);
	while (v->fences == 0 || v->ends == 0) {
		viewer_receive(v);
	}
	return v;
}

/* Takes what is there, the fence behind an update too. */
static void settle_viewer(struct viewer *v)
{
	do {
		while (viewer_has_more(v)) {
			viewer_receive(v);
		}
		viewer_idle(v, 30);
	} while (viewer_has_more(v));
}

static void test_fences(void)
{
	struct set *set = set_new("none", 64, 48);
	struct viewer *v = flow_viewer(set);

	send_fence(v, 0x80000007, "hello");
	send_fence(v, 0x80000010, "");
	while (v->fence_answers < 2) {
		viewer_receive(v);
	}
	/* Flags that nobody knows don't come back. */
	g_assert_cmphex(v->fence_flags, ==, 0);
	send_fence(v, 0x80000003, "hello");
	viewer_receive(v);
	g_assert_cmphex(v->fence_flags, ==, 3);
	g_assert_cmpstr(v->fence_data, ==, "hello");
	/* Answers to nothing mean nothing. */
	send_fence(v, 0, "abcd");
	send_fence(v, 1, "");
	viewer_update(v, false);
	assert_guest_shown(set, v);
	viewer_send(v, "\xf8\0\0\0\0\0\0\0\x41", 9);
	g_assert_true(viewer_is_dropped(v));
	viewer_free(v);
	set_free(set);
}

static void test_continuous(void)
{
	struct set *set = set_new("none", 320, 200);
	struct viewer *v = flow_viewer(set);
	unsigned int before;

	send_continuous(v, true);
	for (unsigned int i = 0; i < 30; i++) {
		guest_draw_random(set->guest, 0);
		guest_submit(set->guest);
		if (i == 15) {
			guest_set_mode(set->guest, DRM_FORMAT_XRGB8888, 200, 300, false);
			guest_draw_random(set->guest, 0);
			guest_submit(set->guest);
			while (v->sizes < 1) {
				viewer_receive(v);
			}
			send_continuous(v, true);
		}
		for (unsigned int turn = 0; !guest_is_shown(set, v); turn++) {
			g_assert_cmpuint(turn, <, 100);
			viewer_receive(v);
		}
	}
	/* A request that isn't incremental is answered all the same. */
	settle_viewer(v);
	before = v->pixel_rects;
	viewer_request(v, true);
	settle_viewer(v);
	g_assert_cmpuint(v->pixel_rects, ==, before);
	viewer_request(v, false);
	while (v->pixel_rects == before) {
		viewer_receive(v);
	}
	send_continuous(v, false);
	while (v->ends < 2) {
		viewer_receive(v);
	}
	settle_viewer(v);
	before = v->pixel_rects;
	guest_draw_random(set->guest, 0);
	guest_submit(set->guest);
	settle_viewer(v);
	g_assert_cmpuint(v->pixel_rects, ==, before);
	viewer_update(v, true);
	assert_guest_shown(set, v);
	viewer_free(v);
	set_free(set);
}

/* One who doesn't say that it has drawn gets no more than the limit, and then the newest. */
static void test_silent(void)
{
	struct set *set = set_new("none", 320, 200);
	struct viewer *v = flow_viewer(set);

	v->keeps_fences = true;
	send_continuous(v, true);
	for (unsigned int i = 0; i < 50; i++) {
		guest_draw(set->guest, 0, 0, 0, 320, 200);
		guest_submit(set->guest);
		viewer_idle(v, 2);
	}
	g_assert_cmpuint(v->received, <, 3 * 320 * 200 * 4);
	while (viewer_has_more(v)) {
		viewer_receive(v);
	}
	v->keeps_fences = false;
	viewer_answer_fences(v);
	for (unsigned int turn = 0; !guest_is_shown(set, v); turn++) {
		g_assert_cmpuint(turn, <, 4);
		viewer_receive(v);
	}
	viewer_free(v);
	set_free(set);
}

struct animation {
	struct set *set;
	unsigned int number;
	gint64 drawn[1024];
};

/* 64x64 pixels, the first of which is a number. */
static gboolean animate(gpointer opaque)
{
	struct animation *animation = opaque;
	struct guest *guest = animation->set->guest;

	if (animation->number < G_N_ELEMENTS(animation->drawn) - 1) {
		animation->drawn[++animation->number] = g_get_monotonic_time();
		guest_draw(guest, 0, 0, 0, 64, 64);
		memcpy(guest_pixel(guest, 0, 0, 0), &animation->number, 4);
		guest_submit(guest);
	}
	return G_SOURCE_CONTINUE;
}

/* The reader takes 300 KB/s, the guest draws 1 MB/s: what it sees is never old. How old depends on
 * the machine that runs this test, too; how much is under way doesn't. */
static void test_slow_reader(void)
{
	struct set *set = set_new("none", 320, 200);
	struct viewer *v = flow_viewer(set);
	struct animation animation = { .set = set };
	gint64 start = g_get_monotonic_time();
	const struct pace *pace;
	uint64_t most = 0;
	unsigned int pictures = 0, seen = 0;
	double worst_ms = 0, sum_ms = 0;
	guint timer;

	send_continuous(v, true);
	while (!guest_is_shown(set, v)) {
		viewer_receive(v);
	}
	pace = &first_client(set)->screen.pace;
	v->rate_bytes_ms = 300;
	timer = g_timeout_add(16, animate, &animation);
	while (g_get_monotonic_time() - start < 4 * G_TIME_SPAN_SECOND) {
		unsigned int number;

		viewer_receive(v);
		number = v->decoder.screen[0] & 0xffffff;
		if (number != seen && number <= animation.number) {
			double age_ms = (double)(g_get_monotonic_time() -
						 animation.drawn[number]) / 1e3;

			seen = number;
			worst_ms = pictures > 8 ? MAX(worst_ms, age_ms) : worst_ms;
			sum_ms += age_ms;
			pictures++;
		}
		/* At first it doesn't know the network. */
		if (pictures > 20) {
			most = MAX(most, pace->sent_bytes - pace->delivered_bytes);
		}
	}
	g_source_remove(timer);
	g_test_message("%u pictures of %u, %.0f ms old on average, %.0f at most; "
		       "%" G_GUINT64_FORMAT " bytes under way at most", pictures,
		       animation.number, sum_ms / pictures, worst_ms, most);
	g_assert_cmpuint(pictures, >, 30);
	/* 0.3 s; without a limit the socket alone holds more than twice as much. */
	g_assert_cmpuint(most, <, 90000);
	viewer_free(v);
	set_free(set);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	main_thread_init();
#define ADD(name, fn) g_test_add_func("/vnc-flow/" name, fn)
	ADD("a-slow-link-is-full-and-has-no-queue", test_pace);
	ADD("marks-are-counted-once", test_marks);
	ADD("fences-come-back", test_fences);
	ADD("updates-come-without-requests", test_continuous);
	ADD("who-does-not-say-that-it-has-drawn-gets-no-queue", test_silent);
	ADD("a-slow-reader-sees-the-newest-picture", test_slow_reader);
#undef ADD
	return g_test_run();
}

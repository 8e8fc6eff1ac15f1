// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * -netdev user: libslirp's TCP/IP stack in this process, on a source of the main loop.
 *
 * The library is loaded when the first such network is made: a machine without one doesn't map it.
 */
#include "net/internal.h"

#include <dlfcn.h>
#include <errno.h>

#include "net/user-config.h"
#include "util/error.h"
#include "util/fd.h"
#include "util/opts.h"
#include "util/trace.h"

struct slirp_library {
	__typeof__(slirp_new) *create;
	__typeof__(slirp_cleanup) *destroy;
	__typeof__(slirp_pollfds_fill) *fill;
	__typeof__(slirp_pollfds_poll) *poll;
	__typeof__(slirp_input) *input;
	__typeof__(slirp_add_hostfwd) *forward;
};

/* Frames for a guest that has no room are kept up to here, then dropped, as a switch would. */
#define QUEUE_MAX	512

struct net_user {
	struct net_backend backend; /* first */
	struct slirp_library lib;
	Slirp *slirp;
	GSource *source;
	GPtrArray *polls; /* of GPollFD *, the source's; the first polls_used are in use */
	unsigned int polls_used;
	GQueue frames; /* of GBytes *, for the guest */
	bool in_slirp; /* frames that come now are its answers to what we just gave it */
	bool answered; /* such frames wait in the queue */
	int64_t deadline_ns; /* when libslirp wants its timers looked at; INT64_MAX: never */
};

struct user_source {
	GSource source; /* first */
	struct net_user *user;
};

struct user_timer {
	SlirpTimerCb fn;
	void *opaque;
	guint id;
};

/* ---- what libslirp calls ---- */

static void flush_frames(struct net_user *user)
{
	GBytes *frame;

	while ((frame = g_queue_peek_head(&user->frames))) {
		gsize len;
		const uint8_t *data = g_bytes_get_data(frame, &len);

		if (!net_backend_deliver(&user->backend, data, len)) {
			return;
		}
		g_bytes_unref(g_queue_pop_head(&user->frames));
	}
}

static ssize_t send_packet(const void *data, size_t len, void *opaque)
{
	struct net_user *user = opaque;

	/* The front end gave us a frame and isn't done with it while in_slirp: not now. */
	if (!user->in_slirp && g_queue_is_empty(&user->frames) &&
	    net_backend_deliver(&user->backend, data, len)) {
		return (ssize_t)len;
	}
	user->answered |= user->in_slirp;
	if (g_queue_get_length(&user->frames) < QUEUE_MAX) {
		g_queue_push_tail(&user->frames, g_bytes_new(data, len));
	}
	return (ssize_t)len;
}

static void guest_error(const char *message, void *opaque)
{
	TRACE_GUEST_ERROR(net, "slirp: %s", message);
}

static int64_t clock_get_ns(void *opaque)
{
	return clock_ns();
}

static void *timer_new(SlirpTimerCb fn, void *fn_opaque, void *opaque)
{
	struct user_timer *timer = g_new0(struct user_timer, 1);

	timer->fn = fn;
	timer->opaque = fn_opaque;
	return timer;
}

static void timer_stop(struct user_timer *timer)
{
	if (timer->id) {
		g_source_remove(timer->id);
		timer->id = 0;
	}
}

static void timer_free(void *opaque_timer, void *opaque)
{
	timer_stop(opaque_timer);
	g_free(opaque_timer);
}

static gboolean timer_fire(gpointer opaque)
{
	struct user_timer *timer = opaque;

	timer->id = 0;
	timer->fn(timer->opaque);
	return G_SOURCE_REMOVE;
}

/* @expire_ms: on clock_get_ns's clock. */
static void timer_mod(void *opaque_timer, int64_t expire_ms, void *opaque)
{
	struct user_timer *timer = opaque_timer;
	int64_t now_ms = clock_ns() / 1000000;

	timer_stop(timer);
	timer->id = g_timeout_add((guint)CLAMP(expire_ms - now_ms, 0, INT_MAX), timer_fire, timer);
}

/* We ask for the fds before each poll. */
static void poll_fd_ignore(int fd, void *opaque)
{
}

static void notify(void *opaque)
{
	g_main_context_wakeup(NULL);
}

static const SlirpCb callbacks = {
	.send_packet = send_packet,
	.guest_error = guest_error,
	.clock_get_ns = clock_get_ns,
	.timer_new = timer_new,
	.timer_free = timer_free,
	.timer_mod = timer_mod,
	.register_poll_fd = poll_fd_ignore,
	.unregister_poll_fd = poll_fd_ignore,
	.notify = notify,
};

/* ---- its fds on the main loop ---- */

static const struct {
	int slirp, glib;
} event_bits[] = {
	{ SLIRP_POLL_IN, G_IO_IN }, { SLIRP_POLL_OUT, G_IO_OUT }, { SLIRP_POLL_PRI, G_IO_PRI },
	{ SLIRP_POLL_ERR, G_IO_ERR }, { SLIRP_POLL_HUP, G_IO_HUP },
};

/* Keeps what is polled already: adding and removing wakes the main loop up. */
static int add_poll(int fd, int events, void *opaque)
{
	struct net_user *user = opaque;
	unsigned int index = user->polls_used++;
	gushort wanted = 0;
	GPollFD *poll;

	for (unsigned int i = 0; i < G_N_ELEMENTS(event_bits); i++) {
		wanted |= events & event_bits[i].slirp ? (gushort)event_bits[i].glib : 0;
	}
	if (index == user->polls->len) {
		poll = g_new0(GPollFD, 1);
		poll->fd = -1;
		g_ptr_array_add(user->polls, poll);
	}
	poll = user->polls->pdata[index];
	if (poll->fd != fd) {
		if (poll->fd >= 0) {
			g_source_remove_poll(user->source, poll);
		}
		poll->fd = fd;
		poll->revents = 0;
		g_source_add_poll(user->source, poll);
	}
	poll->events = wanted;
	return (int)index;
}

/* libslirp never asks for a longer wait than this, even with nothing to wait for: taken at its word it
 * would wake an idle machine every second. */
#define IDLE_MS 1000

static gboolean source_prepare(GSource *source, gint *timeout)
{
	struct net_user *user = ((struct user_source *)source)->user;
	uint32_t wait_ms = UINT32_MAX;

	user->polls_used = 0;
	user->lib.fill(user->slirp, &wait_ms, add_poll, user);
	for (unsigned int i = user->polls_used; i < user->polls->len; i++) {
		GPollFD *poll = user->polls->pdata[i];

		if (poll->fd >= 0) {
			g_source_remove_poll(source, poll);
			poll->fd = -1;
		}
	}
	/* Its own timers ask for less than IDLE_MS. */
	*timeout = wait_ms >= IDLE_MS ? -1 : (gint)wait_ms;
	user->deadline_ns = wait_ms >= IDLE_MS ? INT64_MAX :
			    clock_ns() + (int64_t)wait_ms * 1000000;
	return user->answered;
}

static gboolean source_check(GSource *source)
{
	struct net_user *user = ((struct user_source *)source)->user;

	for (unsigned int i = 0; i < user->polls_used; i++) {
		if (((GPollFD *)user->polls->pdata[i])->revents) {
			return TRUE;
		}
	}
	return user->answered || clock_ns() >= user->deadline_ns;
}

static int get_revents(int index, void *opaque)
{
	struct net_user *user = opaque;
	GPollFD *poll;
	int events = 0;

	if (index < 0 || (unsigned int)index >= user->polls_used) {
		return 0;
	}
	poll = user->polls->pdata[index];
	for (unsigned int i = 0; i < G_N_ELEMENTS(event_bits); i++) {
		events |= poll->revents & event_bits[i].glib ? event_bits[i].slirp : 0;
	}
	return events;
}

static gboolean source_dispatch(GSource *source, GSourceFunc fn, gpointer opaque)
{
	struct net_user *user = ((struct user_source *)source)->user;

	if (user->answered) {
		user->answered = false;
		flush_frames(user);
	}
	user->lib.poll(user->slirp, 0, get_revents, user);
	return G_SOURCE_CONTINUE;
}

static GSourceFuncs source_funcs = {
	.prepare = source_prepare,
	.check = source_check,
	.dispatch = source_dispatch,
};

/* ---- the back end ---- */

static int user_send(struct net_backend *backend, const struct iovec *iov, unsigned int count)
{
	struct net_user *user = (struct net_user *)backend;
	uint8_t frame[NET_FRAME_MAX];
	size_t len = 0;

	for (unsigned int i = 0; i < count; i++) {
		if (iov[i].iov_len > sizeof(frame) - len) {
			return -EMSGSIZE;
		}
		memcpy(frame + len, iov[i].iov_base, iov[i].iov_len);
		len += iov[i].iov_len;
	}
	user->in_slirp = true;
	user->lib.input(user->slirp, frame, (int)len);
	user->in_slirp = false;
	return 0;
}

static void user_ready(struct net_backend *backend)
{
	struct net_user *user = (struct net_user *)backend;

	if (backend->front) {
		flush_frames(user);
	} else {
		g_queue_clear_full(&user->frames, (GDestroyNotify)g_bytes_unref);
	}
}

static void user_destroy(struct net_backend *backend)
{
	struct net_user *user = (struct net_user *)backend;

	backend->front = NULL;
	if (user->slirp) {
		user->lib.destroy(user->slirp);
	}
	if (user->source) {
		g_source_destroy(user->source);
		g_source_unref(user->source);
	}
	g_ptr_array_unref(user->polls);
	g_queue_clear_full(&user->frames, (GDestroyNotify)g_bytes_unref);
	g_free(user);
}

static const struct net_backend_ops user_ops = {
	.send = user_send,
	.ready = user_ready,
	.destroy = user_destroy,
};

static bool load_library(struct slirp_library *lib, const char *object, GError **error)
{
	const struct {
		const char *name;
		void **fn;
	} symbols[] = {
		{ "slirp_new", (void **)&lib->create },
		{ "slirp_cleanup", (void **)&lib->destroy },
		{ "slirp_pollfds_fill", (void **)&lib->fill },
		{ "slirp_pollfds_poll", (void **)&lib->poll },
		{ "slirp_input", (void **)&lib->input },
		{ "slirp_add_hostfwd", (void **)&lib->forward },
	};
	void *handle = dlopen("libslirp.so.0", RTLD_NOW | RTLD_LOCAL);

	for (unsigned int i = 0; handle && i < G_N_ELEMENTS(symbols); i++) {
		*symbols[i].fn = dlsym(handle, symbols[i].name);
		if (!*symbols[i].fn) {
			handle = NULL;
		}
	}
	return handle || error_set(error, "%s: %s (package libslirp0)", object, dlerror());
}

static bool add_forwards(struct net_user *user, const struct user_config *config,
			 const char *object, GError **error)
{
	for (unsigned int i = 0; i < config->forwards->len; i++) {
		const struct user_forward *f =
			&g_array_index(config->forwards, struct user_forward, i);

		errno = 0;
		if (user->lib.forward(user->slirp, f->udp, f->host, f->host_port, f->guest,
				      f->guest_port) < 0) {
			return error_set_errno(error, errno ? errno : EADDRINUSE,
					       "%s: hostfwd=%s", object, f->text);
		}
	}
	return true;
}

static void source_start(struct net_user *user)
{
	user->source = g_source_new(&source_funcs, sizeof(struct user_source));
	((struct user_source *)user->source)->user = user;
	g_source_set_static_name(user->source, "slirp");
	g_source_attach(user->source, NULL);
}

struct net_backend *net_user_create(struct opts *opts, GError **error)
{
	struct net_user *user = g_new0(struct net_user, 1);
	struct user_config config;
	bool ok;

	user->backend.ops = &user_ops;
	user->polls = g_ptr_array_new_with_free_func(g_free);
	g_queue_init(&user->frames);
	ok = user_config_parse(&config, opts, error) &&
	     load_library(&user->lib, opts->object, error);
	if (ok) {
		user->slirp = user->lib.create(&config.slirp, &callbacks, user);
		ok = user->slirp ? add_forwards(user, &config, opts->object, error) :
		     error_set(error, "%s: libslirp refuses this configuration", opts->object);
	}
	user_config_clear(&config);
	if (!ok) {
		user_destroy(&user->backend);
		return NULL;
	}
	source_start(user);
	return &user->backend;
}

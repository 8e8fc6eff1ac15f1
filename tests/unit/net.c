// SPDX-License-Identifier: GPL-2.0-or-later
/* Network back ends: options, frames through libslirp and through a datagram socket. */
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "net/net.h"
#include "util/fd.h"
#include "util/opts.h"

static struct net_backend *create(const char *text, GError **error)
{
	struct opts *opts = opts_parse("-netdev", text, "type", NULL);
	struct net_backend *backend;

	g_assert_nonnull(opts);
	backend = net_backend_create(opts, error);
	opts_destroy(opts);
	return backend;
}

static void refused(const char *text, const char *message)
{
	g_autoptr(GError) error = NULL;

	g_assert_null(create(text, &error));
	g_test_message("%s", error->message);
	g_assert_nonnull(strstr(error->message, message));
}

static void test_messages(void)
{
	refused("user", "id= is missing");
	refused("vde,id=n", "not one of user, tap, dgram");
	refused("user,id=n,net=10.0.2.0/99", "prefix");
	refused("user,id=n,dns=192.168.0.1", "outside net=");
	refused("user,id=n,host=10.0.2.9,dns=10.0.2.9", "must differ");
	refused("user,id=n,hostfwd=tcp:1:2", "hostfwd=tcp:1:2");
	refused("user,id=n,hostfwd=sctp::1-:2", "neither tcp nor udp");
	refused("user,id=n,hostfwd=tcp::0-:22", "a bad address or port");
	refused("user,id=n,smb=/tmp", "smb");
	refused("tap,id=n,ifname=abcdefghijklmnopqrst", "longer than 15");
	refused("tap,id=n,fd=999", "Bad file descriptor");
	refused("tap,id=n,vhost=on", "vhost");
	refused("dgram,id=n,local.type=fd,local.str=0x7fffffff", "Bad file descriptor");
}

struct guest {
	unsigned int frames;
	bool full;
	size_t len;
	uint8_t frame[2048];
};

static bool receive(void *opaque, const uint8_t *frame, size_t len)
{
	struct guest *guest = opaque;

	if (guest->full) {
		return false;
	}
	guest->frames++;
	guest->len = len;
	memcpy(guest->frame, frame, MIN(len, sizeof(guest->frame)));
	return true;
}

static const struct net_ops guest_ops = { receive };

static gboolean give_up(gpointer opaque)
{
	g_error("nothing came");
	return FALSE;
}

static void wait_for_frame(struct guest *guest)
{
	unsigned int before = guest->frames;
	guint timer = g_timeout_add_seconds(20, give_up, NULL);

	while (guest->frames == before) {
		g_main_context_iteration(NULL, TRUE);
	}
	g_source_remove(timer);
}

/* Who has 10.1.2.2? Tell 10.1.2.15. */
static const uint8_t arp_request[42] = {
	0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x52, 0x54, 0, 0x12, 0x34, 0x56, 8, 6,
	0, 1, 8, 0, 6, 4, 0, 1, 0x52, 0x54, 0, 0x12, 0x34, 0x56, 10, 1, 2, 15,
	0, 0, 0, 0, 0, 0, 10, 1, 2, 2,
};

static void test_user(void)
{
	struct net_backend *backend = create("user,id=n0,net=10.1.2.0/24,restrict=on,ipv6=off",
					     NULL);
	struct guest guest = { .full = true };
	struct iovec iov[] = { { (void *)arp_request, 10 },
			       { (void *)(arp_request + 10), sizeof(arp_request) - 10 } };

	g_assert_nonnull(backend);
	g_assert_cmpstr(net_backend_id(backend), ==, "n0");
	net_backend_attach(backend, &guest_ops, &guest);
	g_assert_true(net_backend_attached(backend));
	g_assert_cmpint(net_backend_send(backend, iov, 2), ==, 0);
	g_assert_cmpuint(guest.frames, ==, 0); /* never from inside send */
	for (unsigned int i = 0; i < 5; i++) {
		g_main_context_iteration(NULL, FALSE);
	}
	guest.full = false;
	net_backend_resume(backend);
	g_assert_cmpuint(guest.frames, ==, 1);
	g_assert_cmphex(guest.frame[21], ==, 2); /* a reply */
	g_assert_cmpmem(guest.frame + 28, 4, "\x0a\x01\x02\x02", 4);
	net_backend_send(backend, iov, 2);
	wait_for_frame(&guest);
	g_assert_cmpuint(guest.frames, ==, 2);
	net_backend_attach(backend, NULL, NULL);
	net_backend_destroy(backend);
}

static void test_port_in_use(void)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *text = NULL;
	struct net_backend *first = NULL;
	unsigned int port;

	for (port = 42000; !first && port < 42100; port++) {
		g_free(text);
		text = g_strdup_printf("user,id=n,hostfwd=tcp:127.0.0.1:%u-:22", port);
		first = create(text, NULL);
	}
	g_assert_nonnull(first);
	g_assert_null(create(text, &error));
	g_assert_nonnull(strstr(error->message, "in use"));
	net_backend_destroy(first);
}

static void test_dgram(void)
{
	struct guest guest = { .full = true };
	g_autofree char *text = NULL;
	struct net_backend *backend;
	uint8_t back[64];
	int fds[2];
	struct iovec iov = { (void *)arp_request, sizeof(arp_request) };

	g_assert_cmpint(socketpair(AF_UNIX, SOCK_DGRAM, 0, fds), ==, 0);
	text = g_strdup_printf("dgram,id=d,local.type=fd,local.str=%d", fds[0]);
	backend = create(text, NULL);
	net_backend_attach(backend, &guest_ops, &guest);
	g_assert_cmpint(write(fds[1], "one", 3), ==, 3);
	g_assert_cmpint(write(fds[1], "two!", 4), ==, 4);
	g_main_context_iteration(NULL, TRUE);
	g_assert_cmpuint(guest.frames, ==, 0);
	guest.full = false;
	net_backend_resume(backend);
	g_assert_cmpmem(guest.frame, guest.len, "one", 3);
	wait_for_frame(&guest);
	g_assert_cmpmem(guest.frame, guest.len, "two!", 4);
	g_assert_cmpint(net_backend_send(backend, &iov, 1), ==, 0);
	g_assert_cmpint(read(fds[1], back, sizeof(back)), ==, sizeof(arp_request));
	g_assert_cmpmem(back, sizeof(arp_request), arp_request, sizeof(arp_request));
	net_backend_destroy(backend);
	close(fds[1]);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	main_thread_init();
	g_test_add_func("/net/messages-name-option-and-cause", test_messages);
	g_test_add_func("/net/user-answers-arp-and-keeps-frames-for-a-full-guest", test_user);
	g_test_add_func("/net/host-port-in-use-is-refused", test_port_in_use);
	g_test_add_func("/net/dgram-passes-frames-both-ways", test_dgram);
	return g_test_run();
}

// SPDX-License-Identifier: GPL-2.0-or-later
#include "net/user-config.h"

#include <string.h>

#include "util/error.h"
#include "util/opts.h"

/* The addresses that people know from QEMU's manual: 10.0.2.0/24, host .2, DNS .3, guest .15. */
#define DEFAULT_NET	"10.0.2.0/24"
#define HOST_OFFSET	2
#define DNS_OFFSET	3
#define DHCP_OFFSET	15

static bool bad(struct opts *opts, const char *key, const char *value, const char *what,
		GError **error)
{
	return error_set(error, "%s: %s=%s: %s", opts->object, key, value, what);
}

/* "10.0.2.0/24" or "10.0.2.0/255.255.255.0" or a plain class address. */
static bool parse_net(struct opts *opts, SlirpConfig *slirp, GError **error)
{
	const char *text = opts_get(opts, "net");
	g_auto(GStrv) parts = g_strsplit(text ? text : DEFAULT_NET, "/", 2);
	guint64 bits = 24;

	if (!inet_aton(parts[0], &slirp->vnetwork)) {
		return bad(opts, "net", text, "not an IPv4 address", error);
	}
	if (parts[1] && strchr(parts[1], '.')) {
		if (!inet_aton(parts[1], &slirp->vnetmask)) {
			return bad(opts, "net", text, "not a network mask", error);
		}
	} else if (parts[1] &&
		   !g_ascii_string_to_unsigned(parts[1], 10, 4, 30, &bits, NULL)) {
		return bad(opts, "net", text, "the prefix is not a number from 4 to 30", error);
	} else {
		slirp->vnetmask.s_addr = htonl(UINT32_MAX << (32 - bits));
	}
	slirp->vnetwork.s_addr &= slirp->vnetmask.s_addr;
	return true;
}

/* An address inside the network; @offset from its start when the key is absent. */
static bool parse_host(struct opts *opts, const SlirpConfig *slirp, const char *key,
		       uint32_t offset, struct in_addr *out, GError **error)
{
	const char *text = opts_get(opts, key);

	if (!text) {
		/* Small networks: the offsets wrap into them. */
		out->s_addr = slirp->vnetwork.s_addr |
			      (htonl(offset) & ~slirp->vnetmask.s_addr);
		return true;
	}
	if (!inet_aton(text, out)) {
		return bad(opts, key, text, "not an IPv4 address", error);
	}
	if ((out->s_addr & slirp->vnetmask.s_addr) != slirp->vnetwork.s_addr) {
		return bad(opts, key, text, "outside net=", error);
	}
	return true;
}

static bool parse_ipv4(struct opts *opts, SlirpConfig *slirp, GError **error)
{
	if (!parse_net(opts, slirp, error) ||
	    !parse_host(opts, slirp, "host", HOST_OFFSET, &slirp->vhost, error) ||
	    !parse_host(opts, slirp, "dns", DNS_OFFSET, &slirp->vnameserver, error) ||
	    !parse_host(opts, slirp, "dhcpstart", DHCP_OFFSET, &slirp->vdhcp_start, error)) {
		return false;
	}
	if (slirp->vhost.s_addr == slirp->vnameserver.s_addr ||
	    slirp->vhost.s_addr == slirp->vdhcp_start.s_addr ||
	    slirp->vnameserver.s_addr == slirp->vdhcp_start.s_addr) {
		return error_set(error, "%s: host, dns and dhcpstart must differ", opts->object);
	}
	return true;
}

static bool parse_in6(struct opts *opts, const char *key, const char *def, struct in6_addr *out,
		      GError **error)
{
	const char *text = opts_get(opts, key);

	if (inet_pton(AF_INET6, text ? text : def, out) != 1) {
		return bad(opts, key, text, "not an IPv6 address", error);
	}
	return true;
}

static bool parse_ipv6(struct opts *opts, SlirpConfig *slirp, GError **error)
{
	uint64_t bits = 64;

	if (!parse_in6(opts, "ipv6-prefix", "fec0::", &slirp->vprefix_addr6, error) ||
	    !opts_get_u64(opts, "ipv6-prefixlen", &bits, error) ||
	    !parse_in6(opts, "ipv6-host", "fec0::2", &slirp->vhost6, error) ||
	    !parse_in6(opts, "ipv6-dns", "fec0::3", &slirp->vnameserver6, error)) {
		return false;
	}
	if (bits > 126) {
		return error_set(error, "%s: ipv6-prefixlen=%" G_GUINT64_FORMAT
				 ": not in 0..126", opts->object, bits);
	}
	slirp->vprefix_len = (uint8_t)bits;
	return true;
}

static bool parse_port(const char *text, uint16_t min, uint16_t *port)
{
	guint64 value;

	if (!g_ascii_string_to_unsigned(text, 10, min, 65535, &value, NULL)) {
		return false;
	}
	*port = (uint16_t)value;
	return true;
}

static bool parse_endpoint(const char *address, const char *port, struct in_addr *out_address,
			   uint16_t *out_port)
{
	return (!*address || inet_aton(address, out_address)) && parse_port(port, 1, out_port);
}

/* [tcp|udp]:[hostaddr]:hostport-[guestaddr]:guestport */
static bool parse_forward(struct opts *opts, const char *text, const SlirpConfig *slirp,
			  GArray *forwards, GError **error)
{
	g_auto(GStrv) parts = g_strsplit(text, ":", 4);
	struct user_forward forward = { .guest = slirp->vdhcp_start };
	char *dash;

	if (g_strv_length(parts) != 4 || !(dash = strchr(parts[2], '-'))) {
		return bad(opts, "hostfwd", text, "not [tcp|udp]:[hostaddr]:hostport-"
			   "[guestaddr]:guestport", error);
	}
	*dash = '\0';
	forward.udp = g_str_equal(parts[0], "udp");
	if (!forward.udp && *parts[0] && !g_str_equal(parts[0], "tcp")) {
		return bad(opts, "hostfwd", text, "the protocol is neither tcp nor udp", error);
	}
	if (!parse_endpoint(parts[1], parts[2], &forward.host, &forward.host_port) ||
	    !parse_endpoint(dash + 1, parts[3], &forward.guest, &forward.guest_port)) {
		return bad(opts, "hostfwd", text, "a bad address or port", error);
	}
	forward.text = g_strdup(text);
	g_array_append_val(forwards, forward);
	return true;
}

/* Keys that may be given several times. */
static bool parse_lists(struct user_config *config, struct opts *opts, GError **error)
{
	for (unsigned int i = 0; i < opts->items->len; i++) {
		struct opt *opt = opts->items->pdata[i];

		if (g_str_equal(opt->key, "hostfwd")) {
			opt->used = true;
			if (!parse_forward(opts, opt->value, &config->slirp, config->forwards,
					   error)) {
				return false;
			}
		} else if (g_str_equal(opt->key, "dnssearch")) {
			opt->used = true;
			g_ptr_array_add(config->dns_search, opt->value);
		}
	}
	g_ptr_array_add(config->dns_search, NULL);
	return true;
}

bool user_config_parse(struct user_config *config, struct opts *opts, GError **error)
{
	SlirpConfig *slirp = &config->slirp;
	bool restricted = false, ipv4 = true, ipv6 = true;

	memset(config, 0, sizeof(*config));
	config->dns_search = g_ptr_array_new();
	config->forwards = g_array_new(false, false, sizeof(struct user_forward));
	if (!opts_get_bool(opts, "restrict", &restricted, error) ||
	    !opts_get_bool(opts, "ipv4", &ipv4, error) ||
	    !opts_get_bool(opts, "ipv6", &ipv6, error) || !parse_ipv4(opts, slirp, error) ||
	    !parse_ipv6(opts, slirp, error) || !parse_lists(config, opts, error)) {
		return false;
	}
	slirp->version = 4;
	slirp->restricted = restricted;
	slirp->in_enabled = ipv4;
	slirp->in6_enabled = ipv6;
	slirp->vhostname = opts_get(opts, "hostname");
	slirp->vdomainname = opts_get(opts, "domainname");
	slirp->tftp_path = opts_get(opts, "tftp");
	slirp->tftp_server_name = opts_get(opts, "tftp-server-name");
	slirp->bootfile = opts_get(opts, "bootfile");
	if (config->dns_search->len > 1) {
		slirp->vdnssearch = (const char **)config->dns_search->pdata;
	}
	return true;
}

void user_config_clear(struct user_config *config)
{
	for (unsigned int i = 0; config->forwards && i < config->forwards->len; i++) {
		g_free(g_array_index(config->forwards, struct user_forward, i).text);
	}
	g_clear_pointer(&config->forwards, g_array_unref);
	g_clear_pointer(&config->dns_search, g_ptr_array_unref);
}

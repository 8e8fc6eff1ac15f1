// SPDX-License-Identifier: GPL-2.0-or-later
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "ui/console.h"
#include "ui/spice/core.h"
#include "ui/spice/display.h"
#include "ui/spice/input.h"
#include "ui/spice/link.h"
#include "ui/spice/server.h"
#include "util/error.h"
#include "util/fd.h"
#include "util/trace.h"

#define LOG_DOMAIN "Spice"

/* ---- what the library has to say ---- */

/* It prints warnings about viewers' networks and its own bugs: for the trace. @opaque: where the
 * last one is kept, or NULL. */
static void log_message(const char *domain, GLogLevelFlags level, const char *message,
			gpointer opaque)
{
	char **last = opaque;

	TRACE(spice, library, "%s", message);
	if (last && (level & (G_LOG_LEVEL_WARNING | G_LOG_LEVEL_CRITICAL | G_LOG_LEVEL_ERROR))) {
		g_free(*last);
		*last = g_strdup(message);
	}
}

static guint log_capture(char **last)
{
	return g_log_set_handler(LOG_DOMAIN,
				 G_LOG_LEVEL_MASK | G_LOG_FLAG_FATAL | G_LOG_FLAG_RECURSION,
				 log_message, last);
}

/* ---- passwords ---- */

static gint64 now_seconds(void)
{
	return g_get_real_time() / G_USEC_PER_SEC;
}

/* Tells the library the password, for as long as it holds. */
static bool set_ticket(struct spice *spice, bool fail, bool disconnect)
{
	gint64 left = spice->expires ? spice->expires - now_seconds() : 0;

	if (!spice->password || left < 0 || (spice->expires && !left)) {
		/* Nobody gets in. */
		return !spice_server_set_ticket(spice->server, NULL, 1, fail, disconnect);
	}
	return !spice_server_set_ticket(spice->server, spice->password, (int)MIN(left, G_MAXINT),
					fail, disconnect);
}

static bool set_password(struct spice *spice, const char *password, const char *connected,
			 GError **error)
{
	bool fail = !g_strcmp0(connected, "fail");
	bool disconnect = !g_strcmp0(connected, "disconnect");
	g_autofree char *old = NULL;

	if (connected && !fail && !disconnect && strcmp(connected, "keep") != 0) {
		return error_set(error, "spice: set_password: connected=%s: expected keep, fail or "
				 "disconnect", connected);
	}
	if (!spice->options.ticketing) {
		return error_set(error, "spice: set_password: no password is asked for with "
				 "disable-ticketing=on");
	}
	if (strlen(password) > SPICE_PASSWORD_MAX_BYTES) {
		return error_set(error, "spice: set_password: longer than %d characters",
				 SPICE_PASSWORD_MAX_BYTES);
	}
	old = spice->password;
	spice->password = g_strdup(password);
	if (!set_ticket(spice, fail, disconnect)) {
		g_free(spice->password);
		spice->password = g_steal_pointer(&old);
		return error_set(error, "spice: set_password: a viewer is connected");
	}
	return true;
}

static bool expire_password(struct spice *spice, const char *time, GError **error)
{
	bool relative = *time == '+';
	guint64 number;

	if (!strcmp(time, "never")) {
		spice->expires = 0;
	} else if (!strcmp(time, "now")) {
		spice->expires = now_seconds();
	} else if (g_ascii_string_to_unsigned(time + relative, 10, 1, G_MAXINT64 / 2, &number,
					      NULL)) {
		spice->expires = (gint64)number + (relative ? now_seconds() : 0);
	} else {
		return error_set(error, "spice: expire_password: time '%s': expected now, never, "
				 "+SECONDS or seconds since 1970", time);
	}
	set_ticket(spice, false, false);
	return true;
}

/* ---- sockets ---- */

static void add_socket(void *opaque, int fd)
{
	struct spice *spice = opaque;

	if (spice_server_add_client(spice->server, fd, 0)) {
		fd_close(&fd);
	}
}

static void on_connection(GSocketConnection *connection, void *opaque)
{
	struct spice *spice = opaque;
	int fd = fcntl(g_socket_get_fd(g_socket_connection_get_socket(connection)),
		       F_DUPFD_CLOEXEC, 0);

	g_object_unref(connection);
	if (fd >= 0 && spice->links) {
		spice_links_add(spice->links, fd);
	} else if (fd >= 0) {
		add_socket(spice, fd);
	}
}

static bool add_client(struct spice *spice, int fd, bool trusted, bool tls, GError **error)
{
	bool ok;

	if (tls && !spice->options.tls_port) {
		fd_close(&fd);
		return error_set(error, "spice: add_client: tls: there is no tls-port");
	}
	ok = !(tls ? spice_server_add_ssl_client(spice->server, fd, trusted) :
		     spice_server_add_client(spice->server, fd, trusted));
	if (!ok) {
		fd_close(&fd);
		return error_set(error, "spice: add_client: not a socket that can be a viewer's");
	}
	return true;
}

static bool start_listening(struct spice *spice, GError **error)
{
	if (!spice->options.listen) {
		return true;
	}
	spice->listener = listen_open(&spice->options.address, NULL, error);
	if (!spice->listener) {
		g_prefix_error(error, SPICE_OBJECT ": ");
		return false;
	}
	if (spice->options.gl && spice->options.address.unix_path) {
		spice->links = spice_links_create(add_socket, spice);
	}
	spice->watch = listen_watch(spice->listener, on_connection, spice);
	return true;
}

/* The library's TLS can't be had without a socket of the library's own. */
static bool set_tls(struct spice *spice, GError **error)
{
	const struct spice_options *options = &spice->options;
	const struct listen_address *address = &options->address;
	int flags = address->ipv4 && !address->ipv6 ? SPICE_ADDR_FLAG_IPV4_ONLY :
		    address->ipv6 && !address->ipv4 ? SPICE_ADDR_FLAG_IPV6_ONLY : 0;

	if (!options->tls_port) {
		return true;
	}
	spice_server_set_addr(spice->server, address->host ? address->host : "", flags);
	return !spice_server_set_tls(spice->server, options->tls_port, options->cacert_file,
				     options->cert_file, options->key_file, options->key_password,
				     options->dh_file, options->ciphers) ||
	       error_set(error, SPICE_OBJECT ": tls-port=%d: refused", options->tls_port);
}

/* ---- displays ---- */

/* Is the viewer on this host, and does it understand such messages? */
static bool takes_dmabuf(struct spice *spice, const SpiceChannelEventInfo *info)
{
	return info && spice->options.gl && info->paddr_ext.ss_family == AF_UNIX &&
	       spice_links_take_dmabuf(spice->links, (uint32_t)info->connection_id,
				       (uint8_t)info->id);
}

void spice_viewers_changed(struct spice *spice)
{
	for (guint i = 0; i < spice->displays->len; i++) {
		const SpiceChannelEventInfo *info =
			spice_info_find(spice, SPICE_CHANNEL_DISPLAY, (int)i);

		spice_display_set_viewer(spice->displays->pdata[i], info, takes_dmabuf(spice, info));
	}
	if (!spice_info_find(spice, SPICE_CHANNEL_INPUTS, 0)) {
		spice_input_release(spice->input);
	}
}

static bool is_shown(struct spice *spice, struct console *console)
{
	for (guint i = 0; i < spice->displays->len; i++) {
		if (((struct spice_display *)spice->displays->pdata[i])->console == console) {
			return true;
		}
	}
	return false;
}

static void add_display(struct spice *spice, struct console *console)
{
	if (!is_shown(spice, console)) {
		g_ptr_array_add(spice->displays,
				spice_display_create(spice, console, (int)spice->displays->len));
	}
}

static void add_displays(struct spice *spice)
{
	struct console *console;

	for (unsigned int i = 0; (console = display_nth(spice->host.displays, i)); i++) {
		add_display(spice, console);
	}
}

static gboolean look_later(gpointer opaque)
{
	struct spice *spice = opaque;

	spice->look = 0;
	add_displays(spice);
	return G_SOURCE_REMOVE;
}

static void displays_changed(void *opaque, struct console *console, bool added)
{
	struct spice *spice = opaque;

	/* Its source doesn't know the new console yet. One that goes tells its sinks. */
	if (added && !spice->options.display && !spice->look) {
		spice->look = g_idle_add_full(G_PRIORITY_DEFAULT, look_later, spice, NULL);
	}
}

static bool create_displays(struct spice *spice, GError **error)
{
	const struct spice_options *options = &spice->options;
	struct console *console;

	display_watch(spice->host.displays, displays_changed, spice);
	if (!options->display) {
		add_displays(spice);
		return true;
	}
	console = display_find(spice->host.displays, options->display, options->head, error);
	if (!console) {
		g_prefix_error(error, SPICE_OBJECT ": ");
		return false;
	}
	add_display(spice, console);
	return true;
}

/* ---- the library ---- */

/* The text form's 32 digits, which are in order. */
static void set_uuid(struct spice *spice)
{
	uint8_t uuid[16] = { 0 };
	unsigned int digits = 0;

	for (const char *p = spice->host.uuid; p && *p && digits < 2 * sizeof(uuid); p++) {
		if (g_ascii_isxdigit(*p)) {
			uuid[digits / 2] = (uint8_t)(uuid[digits / 2] << 4 |
						     g_ascii_xdigit_value(*p));
			digits++;
		}
	}
	if (digits) {
		spice_server_set_uuid(spice->server, uuid);
	}
}

static bool set_options(struct spice *spice, GError **error)
{
	const struct spice_options *options = &spice->options;
	SpiceServer *server = spice->server;

	if (!options->ticketing) {
		spice_server_set_noauth(server);
	}
	spice_server_set_name(server, spice->host.name ? spice->host.name : "");
	set_uuid(spice);
	spice_server_set_image_compression(server,
					   (SpiceImageCompression)options->image_compression);
	spice_server_set_jpeg_compression(server, (spice_wan_compression_t)options->jpeg);
	spice_server_set_zlib_glz_compression(server, (spice_wan_compression_t)options->zlib_glz);
	spice_server_set_streaming_video(server, options->streaming_video);
	spice_server_set_playback_compression(server, options->playback_compression);
	spice_server_set_agent_mouse(server, options->agent_mouse);
	spice_server_set_agent_copypaste(server, options->copy_paste);
	spice_server_set_agent_file_xfer(server, options->file_transfer);
	spice_server_set_seamless_migration(server, options->seamless_migration);
	for (guint i = 0; i < options->rules->len; i++) {
		const struct spice_channel_rule *rule =
			&g_array_index(options->rules, struct spice_channel_rule, i);

		spice_server_set_channel_security(server, rule->name, rule->security);
	}
	if (options->video_codecs &&
	    spice_server_set_video_codecs(server, options->video_codecs)) {
		return error_set(error, SPICE_OBJECT ": video-codecs=%s: not known here",
				 options->video_codecs);
	}
	return set_tls(spice, error);
}

static bool find_password(struct spice *spice, GError **error)
{
	const char *id = spice->options.password_secret;
	const char *password = id ? spice->host.secret(spice->host.opaque, id, error) :
				    spice->options.password;

	if (id && !password) {
		g_prefix_error(error, SPICE_OBJECT ": password-secret: ");
		return false;
	}
	if (password && strlen(password) > SPICE_PASSWORD_MAX_BYTES) {
		return error_set(error, SPICE_OBJECT ": password: longer than %d characters",
				 SPICE_PASSWORD_MAX_BYTES);
	}
	spice->password = g_strdup(password);
	return true;
}

static bool start_library(struct spice *spice, SpiceCoreInterface *core, GError **error)
{
	g_autofree char *said = NULL;
	guint handler = log_capture(&said);
	bool ok = set_options(spice, error);

	if (ok && spice_server_init(spice->server, core)) {
		ok = error_set(error, SPICE_OBJECT ": %s", said ? said : "libspice-server failed");
	}
	g_log_remove_handler(LOG_DOMAIN, handler);
	return ok;
}

static void destroy(struct spice *spice)
{
	if (!spice) {
		return;
	}
	spice_info_set_server(NULL);
	display_unwatch(spice->host.displays, spice);
	if (spice->look) {
		g_source_remove(spice->look);
	}
	if (spice->watch) {
		g_source_remove(spice->watch);
	}
	spice_links_destroy(spice->links);
	listen_close(spice->listener);
	g_ptr_array_foreach(spice->displays, (GFunc)(void (*)(void))spice_display_stop, NULL);
	g_clear_pointer(&spice->agents, g_ptr_array_unref);
	spice_server_destroy(spice->server);
	spice_core_finish();
	spice_input_destroy(spice->input);
	g_ptr_array_unref(spice->displays);
	g_ptr_array_unref(spice->channels);
	g_free(spice->password);
	spice_options_finish(&spice->options);
	g_free(spice);
}

static struct spice *create(const char *spec, const struct ui_host *host, GError **error)
{
	static SpiceCoreInterface core; /* the library keeps a pointer */
	struct spice_options options;
	struct spice *spice;

	if (!spice_options_parse(&options, spec, error)) {
		return NULL;
	}
	spice = g_new0(struct spice, 1);
	spice->host = *host;
	spice->options = options;
	spice->channels = g_ptr_array_new_with_free_func(g_free);
	spice->displays = g_ptr_array_new_with_free_func((GDestroyNotify)spice_display_destroy);
	log_capture(NULL);
	spice->server = spice_server_new();
	spice_core_init(&core);
	core.channel_event = spice_info_channel_event;
	spice_info_set_server(spice);
	if (!find_password(spice, error) || !start_library(spice, &core, error) ||
	    !create_displays(spice, error) || !start_listening(spice, error)) {
		destroy(spice);
		return NULL;
	}
	if (options.ticketing) {
		set_ticket(spice, false, false);
	}
	spice->input = spice_input_create(spice);
	spice->agents = spice_agents_create(spice);
	/* The library stops with a guest because of the guest's memory; here it sees none. */
	spice_server_vm_start(spice->server);
	return spice;
}

static const struct spice_ops ops = {
	.create = create,
	.destroy = destroy,
	.query = spice_info_query,
	.set_password = set_password,
	.expire_password = expire_password,
	.add_client = add_client,
};

extern const struct ui_module oriel_ui_module;
__attribute__((visibility("default"))) const struct ui_module oriel_ui_module = {
	.version = UI_MODULE_VERSION,
	.name = "spice",
	.ops = &ops,
};

// SPDX-License-Identifier: GPL-2.0-or-later
#include <string.h>

#include "crypto/objects.h"
#include "crypto/tls.h"
#include "util/error.h"
#include "util/opts.h"

#define MAX_SECRET_BYTES (64u << 10)

struct object {
	char *id;
	struct tls_creds *creds; /* or */
	GBytes *secret;
};

struct crypto_objects {
	GPtrArray *list; /* of struct object * */
};

const char *const crypto_object_types[] = {
	"secret", "tls-creds-x509", "tls-creds-anon", NULL,
};

static void object_free(gpointer pointer)
{
	struct object *object = pointer;

	tls_creds_destroy(object->creds);
	g_clear_pointer(&object->secret, g_bytes_unref);
	g_free(object->id);
	g_free(object);
}

struct crypto_objects *crypto_objects_create(void)
{
	struct crypto_objects *objects = g_new0(struct crypto_objects, 1);

	objects->list = g_ptr_array_new_with_free_func(object_free);
	return objects;
}

void crypto_objects_destroy(struct crypto_objects *objects)
{
	if (objects) {
		/* Credentials may have used a secret: the last one made goes first. */
		while (objects->list->len > 0) {
			g_ptr_array_set_size(objects->list, (gint)objects->list->len - 1);
		}
		g_ptr_array_unref(objects->list);
		g_free(objects);
	}
}

static struct object *find(struct crypto_objects *objects, const char *id)
{
	for (unsigned int i = 0; i < objects->list->len; i++) {
		struct object *object = objects->list->pdata[i];

		if (!g_strcmp0(object->id, id)) {
			return object;
		}
	}
	return NULL;
}

static void wipe(gpointer data)
{
	GString *text = data;

	explicit_bzero(text->str, text->len);
	g_string_free(text, TRUE);
}

static bool secret_load(struct opts *opts, GString *text, GError **error)
{
	const char *data = opts_get(opts, "data"), *file = opts_get(opts, "file");
	g_autoptr(GError) cause = NULL;
	g_autofree char *read = NULL;
	gsize len;

	if (!data == !file) {
		return error_set(error, "%s: needs either data= or file=", opts->object);
	}
	if (data) {
		g_string_append(text, data);
		return true;
	}
	if (!g_file_get_contents(file, &read, &len, &cause)) {
		return error_set(error, "%s: %s", opts->object, cause->message);
	}
	if (len > MAX_SECRET_BYTES) {
		return error_set(error, "%s: file=%s: larger than %u bytes", opts->object, file,
				 MAX_SECRET_BYTES);
	}
	g_string_append_len(text, read, (gssize)len);
	explicit_bzero(read, len);
	return true;
}

/* g_base64_decode() passes over what isn't base64; a secret that is half there helps nobody. */
static bool secret_decode(struct opts *opts, GString *text, GError **error)
{
	static const char letters[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=\r\n";
	gsize len;

	if (strspn(text->str, letters) != text->len) {
		return error_set(error, "%s: format=base64: that is no base64", opts->object);
	}
	if (text->len > 0) {
		g_base64_decode_inplace(text->str, &len);
		g_string_truncate(text, len);
	}
	return true;
}

static GBytes *secret_create(struct opts *opts, GError **error)
{
	static const char *const known[] = { "qom-type", "id", "data", "file", "format", NULL };
	const char *format = opts_get(opts, "format");
	GString *text;

	if (opts_get(opts, "keyid") || opts_get(opts, "iv")) {
		error_set(error, "%s: keyid, iv: encrypted secrets are not offered", opts->object);
		return NULL;
	}
	if (format && strcmp(format, "raw") && strcmp(format, "base64")) {
		error_set(error, "%s: format=%s: expected raw or base64", opts->object, format);
		return NULL;
	}
	text = g_string_new(NULL);
	if (!secret_load(opts, text, error) ||
	    (!g_strcmp0(format, "base64") && !secret_decode(opts, text, error)) ||
	    !opts_check_used(opts, known, error)) {
		wipe(text);
		return NULL;
	}
	/* GString keeps a NUL behind its end. */
	return g_bytes_new_with_free_func(text->str, text->len, wipe, text);
}

bool crypto_objects_add(struct crypto_objects *objects, struct opts *opts, GError **error)
{
	const char *type = opts_get(opts, "qom-type"), *id = opts_get(opts, "id");
	struct object *object;

	if (!id) {
		return error_set(error, "%s: needs id=ID", opts->object);
	}
	if (find(objects, id)) {
		return error_set(error, "%s: the id '%s' is in use", opts->object, id);
	}
	object = g_new0(struct object, 1);
	object->id = g_strdup(id);
	if (!g_strcmp0(type, "secret")) {
		object->secret = secret_create(opts, error);
	} else {
		object->creds = tls_creds_create(opts, objects, error);
	}
	if (!object->secret && !object->creds) {
		object_free(object);
		return false;
	}
	g_ptr_array_add(objects->list, object);
	return true;
}

const char *crypto_secret(struct crypto_objects *objects, const char *id, GError **error)
{
	struct object *object = objects ? find(objects, id) : NULL;
	const char *text;
	gsize len;

	if (!object || !object->secret) {
		error_set(error, "secret '%s': not found", id);
		return NULL;
	}
	text = g_bytes_get_data(object->secret, &len);
	if (!g_utf8_validate(text, (gssize)len, NULL)) {
		error_set(error, "secret '%s': not UTF-8 text", id);
		return NULL;
	}
	return text;
}

struct tls_creds *crypto_tls_creds(struct crypto_objects *objects, const char *id, GError **error)
{
	struct object *object = objects ? find(objects, id) : NULL;

	if (!object || !object->creds) {
		error_set(error, "TLS credentials '%s': not found", id);
		return NULL;
	}
	return object->creds;
}

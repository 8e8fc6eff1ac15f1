/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What -object makes of secrets and certificates, by id: secret, tls-creds-x509, tls-creds-anon.
 * Others look them up when they start and say clearly what is missing. Context: main.
 */
#ifndef CRYPTO_OBJECTS_H
#define CRYPTO_OBJECTS_H

#include <stdbool.h>
#include <glib.h>

struct crypto_objects;
struct opts;
struct tls_creds;

struct crypto_objects *crypto_objects_create(void);
/* Accepts NULL. */
void crypto_objects_destroy(struct crypto_objects *objects);

/* NULL-terminated: the types that crypto_objects_add() knows. */
extern const char *const crypto_object_types[];
/* @opts: as on the command line, "qom-type" and "id" among them; borrowed. Files are read now. */
bool crypto_objects_add(struct crypto_objects *objects, struct opts *opts, GError **error);

/* The text of a secret, which must be UTF-8 without a NUL. Borrowed; NULL and *error. */
const char *crypto_secret(struct crypto_objects *objects, const char *id, GError **error);
/* Borrowed; NULL and *error. */
struct tls_creds *crypto_tls_creds(struct crypto_objects *objects, const char *id, GError **error);

#endif

// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "hw/core/property.h"
#include "util/error.h"
#include "util/opts.h"

static const char *const on_off_auto_names[] = {
	[ON_OFF_AUTO_AUTO] = "auto",
	[ON_OFF_AUTO_ON] = "on",
	[ON_OFF_AUTO_OFF] = "off",
	NULL,
};

/* A hexadecimal number of at most @max_digits digits, with or without 0x. */
static bool take_hex(const char **text, unsigned int max_digits, uint32_t *value)
{
	const char *p = *text;
	unsigned int digits = 0;

	if (p[0] == '0' && (p[1] == 'x' || p[1] == 'X')) {
		p += 2;
	}
	for (*value = 0; g_ascii_isxdigit(*p); p++) {
		if (++digits > max_digits) {
			return false;
		}
		*value = *value << 4 | (uint32_t)g_ascii_xdigit_value(*p);
	}
	*text = p;
	return digits > 0;
}

static bool take_char(const char **text, char c)
{
	if (**text != c) {
		return false;
	}
	(*text)++;
	return true;
}

/* "05", "05.0", "0x5.0x1": slot and function, both hexadecimal. "-1" is automatic. */
static bool parse_pci_addr(const char *text, int32_t *devfn)
{
	uint32_t slot, function = 0;

	if (!strcmp(text, "-1")) {
		*devfn = -1;
		return true;
	}
	if (!take_hex(&text, 2, &slot) || slot > 31) {
		return false;
	}
	if (take_char(&text, '.') && (!take_hex(&text, 1, &function) || function > 7)) {
		return false;
	}
	if (*text != '\0') {
		return false;
	}
	*devfn = (int32_t)(slot << 3 | function);
	return true;
}

static bool parse_host_bdf(const char *text, struct host_bdf *bdf)
{
	uint32_t part[4] = { 0 };
	unsigned int colons = 0, n;

	for (const char *p = text; *p; p++) {
		colons += *p == ':';
	}
	if (colons < 1 || colons > 2) {
		return false;
	}
	n = colons == 2 ? 0 : 1;
	if (n == 0 && (!take_hex(&text, 8, &part[0]) || !take_char(&text, ':'))) {
		return false;
	}
	if (!take_hex(&text, 2, &part[1]) || !take_char(&text, ':') ||
	    !take_hex(&text, 2, &part[2]) || part[2] > 31 || !take_char(&text, '.') ||
	    !take_hex(&text, 1, &part[3]) || part[3] > 7 || *text != '\0') {
		return false;
	}
	*bdf = (struct host_bdf){ true, part[0], (uint8_t)part[1], (uint8_t)part[2],
				  (uint8_t)part[3] };
	return true;
}

static bool parse_mac(const char *text, uint8_t mac[6])
{
	uint8_t bytes[6];

	for (unsigned int i = 0; i < 6; i++) {
		uint32_t byte;

		if (!take_hex(&text, 2, &byte) || !(i == 5 || take_char(&text, ':'))) {
			return false;
		}
		bytes[i] = (uint8_t)byte;
	}
	if (*text != '\0') {
		return false;
	}
	memcpy(mac, bytes, 6);
	return true;
}

static int find_choice(const char *const *choices, const char *text)
{
	for (int i = 0; choices[i]; i++) {
		if (!strcmp(choices[i], text)) {
			return i;
		}
	}
	return -1;
}

static bool parse_choice(const struct property *prop, const char *const *choices,
			 const char *object, const char *text, int *index, GError **error)
{
	int found = find_choice(choices, text);

	if (found < 0) {
		g_autofree char *list = g_strjoinv("', '", (char **)choices);

		return error_set(error, "%s: %s=%s: expected one of '%s'", object, prop->name,
				 text, list);
	}
	*index = found;
	return true;
}

static bool parse_unsigned(const struct property *prop, const char *object, const char *text,
			   uint64_t type_max, uint64_t *value, GError **error)
{
	uint64_t min = prop->min, max = prop->max ? MIN(prop->max, type_max) : type_max;

	if (prop->type == PROP_SIZE) {
		if (!parse_size(object, prop->name, text, 1, value, error)) {
			return false;
		}
	} else if (!parse_u64(object, prop->name, text, value, error)) {
		return false;
	}
	if (*value < min || *value > max) {
		return error_set(error, "%s: %s=%s: expected %" PRIu64 " to %" PRIu64, object,
				 prop->name, text, min, max);
	}
	return true;
}

static bool parse_s32(const struct property *prop, const char *object, const char *text,
		      int32_t *value, GError **error)
{
	char *end;
	long long parsed;

	errno = 0;
	parsed = strtoll(text, &end, 0);
	if (end == text || *end || errno || parsed < INT32_MIN || parsed > INT32_MAX) {
		return error_set(error, "%s: %s=%s: expected a number of 32 bits with sign",
				 object, prop->name, text);
	}
	*value = (int32_t)parsed;
	return true;
}

bool property_parse(const struct property *prop, void *instance, const char *object,
		    const char *text, GError **error)
{
	void *field = (char *)instance + prop->offset;
	const char *expected = NULL;
	uint64_t number;

	switch (prop->type) {
	case PROP_BOOL:
		return parse_bool(object, prop->name, text, field, error);
	case PROP_U8:
		if (!parse_unsigned(prop, object, text, UINT8_MAX, &number, error)) {
			return false;
		}
		*(uint8_t *)field = (uint8_t)number;
		return true;
	case PROP_U16:
		if (!parse_unsigned(prop, object, text, UINT16_MAX, &number, error)) {
			return false;
		}
		*(uint16_t *)field = (uint16_t)number;
		return true;
	case PROP_U32:
		if (!parse_unsigned(prop, object, text, UINT32_MAX, &number, error)) {
			return false;
		}
		*(uint32_t *)field = (uint32_t)number;
		return true;
	case PROP_U64:
	case PROP_SIZE:
		if (!parse_unsigned(prop, object, text, UINT64_MAX, &number, error)) {
			return false;
		}
		*(uint64_t *)field = number;
		return true;
	case PROP_S32:
		return parse_s32(prop, object, text, field, error);
	case PROP_STR:
		g_free(*(char **)field);
		*(char **)field = g_strdup(text);
		return true;
	case PROP_ON_OFF_AUTO:
		return parse_choice(prop, on_off_auto_names, object, text, field, error);
	case PROP_ENUM:
		return parse_choice(prop, prop->choices, object, text, field, error);
	case PROP_PCI_ADDR:
		expected = parse_pci_addr(text, field) ? NULL :
			"a slot and function as in 05.0 (slot 00 to 1f, function 0 to 7)";
		break;
	case PROP_HOST_BDF:
		expected = parse_host_bdf(text, field) ? NULL :
			"a host PCI address as in 0000:00:02.0";
		break;
	case PROP_MAC:
		expected = parse_mac(text, field) ? NULL :
			"a MAC address as in 52:54:00:12:34:56";
		break;
	}
	if (expected) {
		return error_set(error, "%s: %s=%s: expected %s", object, prop->name, text,
				 expected);
	}
	return true;
}

char *property_format(const struct property *prop, const void *instance)
{
	const void *field = (const char *)instance + prop->offset;
	const struct host_bdf *bdf = field;
	const uint8_t *mac = field;

	switch (prop->type) {
	case PROP_BOOL:
		return g_strdup(*(const bool *)field ? "on" : "off");
	case PROP_U8:
		return g_strdup_printf("%u", *(const uint8_t *)field);
	case PROP_U16:
		return g_strdup_printf("%u", *(const uint16_t *)field);
	case PROP_U32:
		return g_strdup_printf("%u", *(const uint32_t *)field);
	case PROP_U64:
	case PROP_SIZE:
		return g_strdup_printf("%" PRIu64, *(const uint64_t *)field);
	case PROP_S32:
		return g_strdup_printf("%d", *(const int32_t *)field);
	case PROP_STR:
		return g_strdup(*(char *const *)field ? *(char *const *)field : "");
	case PROP_ON_OFF_AUTO:
		return g_strdup(on_off_auto_names[*(const int *)field]);
	case PROP_ENUM:
		return g_strdup(prop->choices[*(const int *)field]);
	case PROP_PCI_ADDR:
		if (*(const int32_t *)field < 0) {
			return g_strdup("-1");
		}
		return g_strdup_printf("%02x.%x", (unsigned int)*(const int32_t *)field >> 3,
				       (unsigned int)*(const int32_t *)field & 7);
	case PROP_HOST_BDF:
		if (!bdf->set) {
			return g_strdup("");
		}
		return g_strdup_printf("%04x:%02x:%02x.%x", bdf->domain, bdf->bus, bdf->slot,
				       bdf->function);
	case PROP_MAC:
		return g_strdup_printf("%02x:%02x:%02x:%02x:%02x:%02x", mac[0], mac[1], mac[2],
				       mac[3], mac[4], mac[5]);
	}
	g_assert_not_reached();
}

void property_clear(const struct property *prop, void *instance)
{
	if (prop->type == PROP_STR) {
		g_clear_pointer((char **)((char *)instance + prop->offset), g_free);
	}
}

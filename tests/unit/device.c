// SPDX-License-Identifier: GPL-2.0-or-later
#include <string.h>

#include "hw/core/device.h"
#include "util/error.h"
#include "util/opts.h"

struct toy {
	struct device dev;
	bool flag;
	uint8_t small;
	uint32_t number;
	int32_t signed_number;
	uint64_t size;
	char *text;
	enum on_off_auto tri;
	int colour;
	int32_t addr;
	struct host_bdf host;
	uint8_t mac[6];
};

static const char *const colours[] = { "red", "green", NULL };

static const struct property toy_properties[] = {
	PROP("flag", PROP_BOOL, struct toy, flag, "on", "a flag"),
	PROP("small", PROP_U8, struct toy, small, NULL, "a byte"),
	{ .name = "number", .type = PROP_U32, .offset = offsetof(struct toy, number),
	  .def = "10", .min = 2, .max = 20 },
	PROP("signed", PROP_S32, struct toy, signed_number, "-3", "a signed number"),
	PROP("size", PROP_SIZE, struct toy, size, "16M", "a size"),
	PROP("text", PROP_STR, struct toy, text, NULL, "a text"),
	PROP("tri", PROP_ON_OFF_AUTO, struct toy, tri, "auto", "three ways"),
	{ .name = "colour", .type = PROP_ENUM, .offset = offsetof(struct toy, colour),
	  .def = "green", .choices = colours },
	PROP("addr", PROP_PCI_ADDR, struct toy, addr, "-1", "an address"),
	PROP("host", PROP_HOST_BDF, struct toy, host, NULL, "a host device"),
	PROP("mac", PROP_MAC, struct toy, mac, NULL, "a MAC address"),
	PROP_END,
};

static unsigned int realized, unrealized;

static bool toy_realize(struct device *dev, GError **error)
{
	struct toy *toy = (struct toy *)dev;

	if (toy->small == 13) {
		return error_set(error, "%s: 13 is refused", device_label(dev));
	}
	realized++;
	return true;
}

static void toy_unrealize(struct device *dev)
{
	unrealized++;
}

static const struct device_class toy_class = {
	.name = "toy",
	.instance_size = sizeof(struct toy),
	.properties = toy_properties,
	.user_creatable = true,
	.realize = toy_realize,
	.unrealize = toy_unrealize,
};

static void test_defaults(void)
{
	struct toy *toy = (struct toy *)device_create(&toy_class, NULL, NULL);

	g_assert_true(toy->flag);
	g_assert_cmpuint(toy->number, ==, 10);
	g_assert_cmpint(toy->signed_number, ==, -3);
	g_assert_cmpuint(toy->size, ==, 16 << 20);
	g_assert_cmpint(toy->colour, ==, 1);
	g_assert_cmpint(toy->addr, ==, -1);
	g_assert_cmpstr(device_label(&toy->dev), ==, "toy");
	g_assert_false(device_was_set(&toy->dev, "flag"));
	device_destroy(&toy->dev);
}

static void check_round_trip(const char *name, const char *value, const char *expected)
{
	g_autoptr(GError) error = NULL;
	struct device *dev = device_create(&toy_class, NULL, "t0");
	g_autofree char *text = NULL;

	device_set(dev, name, value, &error);
	g_assert_no_error(error);
	text = device_get(dev, name);
	g_assert_cmpstr(text, ==, expected);
	g_assert_true(device_was_set(dev, name));
	device_destroy(dev);
}

static void test_values(void)
{
	check_round_trip("flag", "off", "off");
	check_round_trip("small", "0xff", "255");
	check_round_trip("number", "20", "20");
	check_round_trip("signed", "-2147483648", "-2147483648");
	check_round_trip("size", "1G", "1073741824");
	check_round_trip("text", "a b", "a b");
	check_round_trip("tri", "on", "on");
	check_round_trip("colour", "red", "red");
	check_round_trip("addr", "05", "05.0");
	check_round_trip("addr", "1f.7", "1f.7");
	check_round_trip("addr", "0x5.0x1", "05.1");
	check_round_trip("host", "0001:02:1f.3", "0001:02:1f.3");
	check_round_trip("host", "02:00.0", "0000:02:00.0");
	check_round_trip("mac", "52:54:00:Ab:cd:ef", "52:54:00:ab:cd:ef");
}

static void test_bad_values(void)
{
	static const char *const bad[][2] = {
		{ "flag", "maybe" }, { "small", "256" }, { "small", "-1" }, { "number", "1" },
		{ "number", "21" }, { "signed", "2147483648" }, { "signed", "" },
		{ "size", "12Q" }, { "tri", "yes?" }, { "colour", "blue" }, { "addr", "20" },
		{ "addr", "5.8" }, { "addr", "5.0x" }, { "addr", "" }, { "host", "02:00" },
		{ "host", "0:0:0:0.0" }, { "host", "00:20.0" }, { "host", "00:00.0x" },
		{ "mac", "52:54:00:12:34" }, { "mac", "52:54:00:12:34:567" },
	};

	for (unsigned int i = 0; i < G_N_ELEMENTS(bad); i++) {
		g_autoptr(GError) error = NULL;
		struct device *dev = device_create(&toy_class, NULL, "t0");
		g_autofree char *before = device_get(dev, bad[i][0]), *after = NULL;
		g_autofree char *prefix = g_strdup_printf("t0: %s=", bad[i][0]);

		g_assert_false(device_set(dev, bad[i][0], bad[i][1], &error));
		g_assert_true(g_str_has_prefix(error->message, prefix));
		after = device_get(dev, bad[i][0]);
		g_assert_cmpstr(before, ==, after);
		device_destroy(dev);
	}
}

static void test_unknown(void)
{
	g_autoptr(GError) error = NULL;
	struct device *dev = device_create(&toy_class, NULL, NULL);

	g_assert_false(device_set(dev, "nubmer", "3", &error));
	g_assert_cmpstr(error->message, ==,
			"toy: unknown property 'nubmer' (did you mean 'number'?)");
	device_destroy(dev);
}

static void test_opts(void)
{
	g_autoptr(GError) error = NULL;
	struct opts *opts = opts_parse("-device toy", "toy,id=x,number=3,flag=off", "driver", NULL);
	struct device *dev = device_create(&toy_class, NULL, "x");
	struct toy *toy = (struct toy *)dev;

	g_assert_true(device_set_opts(dev, opts, &error));
	g_assert_cmpuint(toy->number, ==, 3);
	g_assert_false(toy->flag);
	g_assert_true(opts_check_used(opts, NULL, &error));
	opts_destroy(opts);
	device_destroy(dev);
}

static void test_realize(void)
{
	g_autoptr(GError) error = NULL;
	struct device *dev = device_create(&toy_class, NULL, "x");

	realized = unrealized = 0;
	g_assert_true(device_set(dev, "small", "13", NULL));
	g_assert_false(device_realize(dev, &error));
	g_assert_cmpstr(error->message, ==, "x: 13 is refused");
	device_destroy(dev);
	g_assert_cmpuint(unrealized, ==, 0);
	dev = device_create(&toy_class, NULL, "x");
	g_assert_true(device_realize(dev, NULL));
	device_destroy(dev);
	g_assert_cmpuint(unrealized, ==, 1);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/device/a-new-one-has-the-table's-defaults", test_defaults);
	g_test_add_func("/device/values-are-read-back-as-text", test_values);
	g_test_add_func("/device/a-bad-value-is-named-and-changes-nothing", test_bad_values);
	g_test_add_func("/device/an-unknown-property-suggests-the-nearest", test_unknown);
	g_test_add_func("/device/options-set-all-but-driver-and-id", test_opts);
	g_test_add_func("/device/unrealize-follows-only-a-successful-realize", test_realize);
	return g_test_run();
}

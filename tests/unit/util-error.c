// SPDX-License-Identifier: GPL-2.0-or-later
#include "util/error.h"

static const char *const names[] = { "virtio-net-pci", "virtio-blk-pci", "vfio-pci", NULL };

static void test_nearest(void)
{
	g_assert_cmpstr(nearest_name("virtio-net-cpi", names), ==, "virtio-net-pci");
	g_assert_cmpstr(nearest_name("vfio_pci", names), ==, "vfio-pci");
	g_assert_cmpstr(nearest_name("fvio-pci", names), ==, "vfio-pci");
	g_assert_null(nearest_name("", names));
}

static void test_nothing_near(void)
{
	g_assert_null(nearest_name("e1000", names));
}

static void test_errno_text(void)
{
	g_autoptr(GError) error = NULL;

	g_assert_false(error_set_errno(&error, 2, "disk '%s': open", "a.raw"));
	g_assert_cmpstr(error->message, ==, "disk 'a.raw': open: No such file or directory");
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/error/nearest-name-finds-a-typing-error", test_nearest);
	g_test_add_func("/error/nearest-name-is-null-when-nothing-is-near", test_nothing_near);
	g_test_add_func("/error/errno-text-follows-the-operation", test_errno_text);
	return g_test_run();
}

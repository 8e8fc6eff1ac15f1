// SPDX-License-Identifier: GPL-2.0-or-later
/* Raw images: requests, limits, locks, messages. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <signal.h>
#include <unistd.h>
#include <glib/gstdio.h>

#include "block/block.h"
#include "util/fd.h"
#include "util/opts.h"

#define IMAGE_BYTES (1 << 20)

static char *path;

static struct block_backend *open_with(const char *format, GError **error)
{
	g_autofree char *text = g_strdup_printf(format, path);
	struct opts *opts = opts_parse("-drive", text, "file", NULL);
	struct block_backend *backend;

	g_assert_nonnull(opts);
	backend = block_backend_create(opts, error);
	opts_destroy(opts);
	return backend;
}

static void refused(const char *format, const char *message)
{
	g_autoptr(GError) error = NULL;

	g_assert_null(open_with(format, &error));
	g_test_message("%s", error->message);
	g_assert_nonnull(strstr(error->message, message));
}

static void fresh_image(size_t bytes)
{
	int fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);

	g_assert_cmpint(fd, >=, 0);
	g_assert_cmpint(ftruncate(fd, (off_t)bytes), ==, 0);
	close(fd);
}

static void store(void *opaque, int result)
{
	*(int *)opaque = result;
}

static int run(struct block_backend *backend, enum block_op op, uint64_t offset, uint64_t len,
	       void *data)
{
	struct iovec iov[2] = { { data, len / 3 }, { (char *)data + len / 3, len - len / 3 } };
	int result = 12345;

	block_submit(backend, op, offset, len, iov, data ? 2 : 0, store, &result);
	g_assert_cmpint(result, ==, 12345); /* never from inside submit */
	block_drain(backend);
	return result;
}

static void test_roundtrip(void)
{
	struct block_backend *backend;
	uint8_t in[8192], out[8192];

	fresh_image(IMAGE_BYTES);
	backend = open_with("file=%s,format=raw,if=none,id=d0,cache=none,discard=unmap", NULL);
	g_assert_cmpuint(block_backend_size(backend), ==, IMAGE_BYTES);
	g_assert_cmpstr(block_backend_id(backend), ==, "d0");
	memset(in, 0x5a, sizeof(in));
	g_assert_cmpint(run(backend, BLOCK_WRITE, 4096, sizeof(in), in), ==, 0);
	g_assert_cmpint(run(backend, BLOCK_FLUSH, 0, 0, NULL), ==, 0);
	g_assert_cmpint(run(backend, BLOCK_READ, 4096, sizeof(out), out), ==, 0);
	g_assert_cmpmem(in, sizeof(in), out, sizeof(out));
	g_assert_cmpint(run(backend, BLOCK_WRITE_ZEROES, 4096, 4096, NULL), ==, 0);
	g_assert_cmpint(run(backend, BLOCK_DISCARD, 8192, 512, NULL), ==, 0);
	g_assert_cmpint(run(backend, BLOCK_READ, 4096, sizeof(out), out), ==, 0);
	memset(in, 0, 4096 + 512);
	g_assert_cmpmem(in, sizeof(in), out, sizeof(out));
	block_backend_destroy(backend);
}

static void test_ignored_discard(void)
{
	struct block_backend *backend;
	uint8_t data[512], back[512];

	fresh_image(IMAGE_BYTES);
	backend = open_with("file=%s,format=raw", NULL);
	memset(data, 7, sizeof(data));
	g_assert_cmpint(run(backend, BLOCK_WRITE, 0, 512, data), ==, 0);
	g_assert_cmpint(run(backend, BLOCK_DISCARD, 0, 512, NULL), ==, 0);
	g_assert_cmpint(run(backend, BLOCK_READ, 0, 512, back), ==, 0);
	g_assert_cmpmem(data, 512, back, 512);
	block_backend_destroy(backend);
}

static void test_outside(void)
{
	struct block_backend *backend;
	uint8_t data[1024];

	fresh_image(IMAGE_BYTES);
	backend = open_with("file=%s,format=raw", NULL);
	g_assert_cmpint(run(backend, BLOCK_READ, IMAGE_BYTES - 512, 1024, data), ==, -EINVAL);
	g_assert_cmpint(run(backend, BLOCK_WRITE, UINT64_MAX - 511, 1024, data), ==, -EINVAL);
	g_assert_cmpint(run(backend, BLOCK_READ, IMAGE_BYTES, 0, NULL), ==, 0);
	block_backend_destroy(backend);
}

static void test_readonly(void)
{
	struct block_backend *backend, *second;
	uint8_t data[512] = { 1 };

	fresh_image(IMAGE_BYTES);
	backend = open_with("file=%s,format=raw,readonly=on", NULL);
	second = open_with("file=%s,format=raw,readonly=on", NULL);
	g_assert_nonnull(second);
	g_assert_true(block_backend_readonly(backend));
	g_assert_cmpint(run(backend, BLOCK_WRITE, 0, 512, data), ==, -EROFS);
	g_assert_cmpint(run(backend, BLOCK_WRITE_ZEROES, 0, 512, NULL), ==, -EROFS);
	refused("file=%s,format=raw", "in use");
	block_backend_destroy(backend);
	block_backend_destroy(second);
}

static void test_lock(void)
{
	struct block_backend *backend;

	fresh_image(IMAGE_BYTES);
	backend = open_with("driver=raw,file.driver=file,file.filename=%s,node-name=n", NULL);
	g_assert_cmpstr(block_backend_id(backend), ==, "n");
	refused("file=%s,format=raw", "in use");
	refused("file=%s,format=raw,readonly=on", "in use");
	block_backend_destroy(open_with("file=%s,format=raw,file.locking=off", NULL));
	g_assert_true(block_backend_claim(backend));
	g_assert_false(block_backend_claim(backend));
	block_backend_release(backend);
	g_assert_true(block_backend_claim(backend));
	block_backend_destroy(backend);
	block_backend_destroy(open_with("file=%s,format=raw", NULL));
}

static void test_messages(void)
{
	fresh_image(0);
	refused("file=%s,format=raw,id=x", "drive 'x': ");
	refused("file=%s,format=raw", "the image is empty");
	refused("file=%s.absent,format=raw", "No such file or directory");
	refused("file=%s,format=qcow2", "only raw images");
	refused("file=%s,cache=fast", "cache=fast: not one of");
	refused("file=%s,redonly=on", "readonly");
	refused("file=%s,snapshot=on", "not offered");
	refused("if=none,id=%s", "file= is missing");
	refused("file=%s/..,format=raw", "Not a directory");
	refused("file=/dev/zero,id=%s", "not a file and not a block device");
	fresh_image(IMAGE_BYTES);
	g_assert_true(g_file_set_contents(path, "QFI\xfb", 4, NULL));
	refused("file=%s", "is a qcow2 image");
}

static void test_odd_size(void)
{
	struct block_backend *backend;
	uint8_t data[512];

	g_assert_true(g_file_set_contents(path, "tail", 4, NULL));
	backend = open_with("file=%s,format=raw", NULL);
	g_assert_cmpuint(block_backend_size(backend), ==, 512);
	memset(data, 0xff, sizeof(data));
	g_assert_cmpint(run(backend, BLOCK_READ, 0, 512, data), ==, 0);
	g_assert_cmpmem(data, 5, "tail", 5);
	g_assert_cmpuint(data[511], ==, 0);
	block_backend_destroy(backend);
}

/* A file system that is full, or a limit, is the request's error. */
static void test_no_room(void)
{
	struct block_backend *backend;
	struct rlimit old, small = { 65536, RLIM_INFINITY };
	uint8_t *data = g_malloc0(IMAGE_BYTES);

	fresh_image(IMAGE_BYTES);
	backend = open_with("file=%s,format=raw", NULL);
	getrlimit(RLIMIT_FSIZE, &old);
	small.rlim_max = old.rlim_max;
	signal(SIGXFSZ, SIG_IGN);
	g_assert_cmpint(setrlimit(RLIMIT_FSIZE, &small), ==, 0);
	g_assert_cmpint(run(backend, BLOCK_WRITE, 0, IMAGE_BYTES, data), ==, -EFBIG);
	setrlimit(RLIMIT_FSIZE, &old);
	g_assert_cmpint(run(backend, BLOCK_WRITE, 0, IMAGE_BYTES, data), ==, 0);
	block_backend_destroy(backend);
	g_free(data);
}

static void count_done(void *opaque, int result)
{
	g_assert_cmpint(result, ==, 0);
	(*(unsigned int *)opaque)++;
}

static void test_many(void)
{
	struct block_backend *backend;
	static uint32_t data[256][128];
	unsigned int done = 0;

	fresh_image(IMAGE_BYTES);
	backend = open_with("file=%s,format=raw", NULL);
	for (uint32_t i = 0; i < 256; i++) {
		struct iovec iov = { data[i], 512 };

		for (unsigned int j = 0; j < 128; j++) {
			data[i][j] = i;
		}
		block_submit(backend, BLOCK_WRITE, i * 512, 512, &iov, 1, count_done, &done);
	}
	while (done < 256) {
		g_main_context_iteration(NULL, TRUE);
	}
	memset(data, 0xff, sizeof(data));
	g_assert_cmpint(run(backend, BLOCK_READ, 0, sizeof(data), data), ==, 0);
	for (uint32_t i = 0; i < 256; i++) {
		g_assert_cmpuint(data[i][127], ==, i);
	}
	block_backend_destroy(backend);
}

int main(int argc, char **argv)
{
	int status;
	int fd;

	g_test_init(&argc, &argv, NULL);
	main_thread_init();
	fd = g_file_open_tmp("oriel-block-XXXXXX", &path, NULL);
	close(fd);
	g_test_add_func("/block/what-is-written-is-read-back", test_roundtrip);
	g_test_add_func("/block/discard-is-ignored-unless-asked-for", test_ignored_discard);
	g_test_add_func("/block/request-outside-the-image-fails", test_outside);
	g_test_add_func("/block/readonly-image-is-shared-and-refuses-writes", test_readonly);
	g_test_add_func("/block/image-is-locked-against-a-second-user", test_lock);
	g_test_add_func("/block/messages-name-image-and-cause", test_messages);
	g_test_add_func("/block/last-sector-of-an-odd-file-reads-zeros", test_odd_size);
	g_test_add_func("/block/no-room-is-the-requests-error", test_no_room);
	g_test_add_func("/block/many-requests-complete-on-the-main-loop", test_many);
	status = g_test_run();
	g_unlink(path);
	g_free(path);
	return status;
}

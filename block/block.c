// SPDX-License-Identifier: GPL-2.0-or-later
/* A back end: one open image, one front end, requests in flight. */
#include "block/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/fs.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "block/options.h"
#include "util/error.h"
#include "util/fd.h"
#include "util/opts.h"
#include "util/range.h"
#include "util/trace.h"

#define SECTOR_BYTES	512
/* Cached reads up to this size are done at once: 4 KiB in 4.2 us in place of 8.0; above,
 * several threads that copy are faster. */
#define CACHED_READ_MAX	16384
/* Enough to keep a disk's queue filled; each costs a stack that is touched only when used. */
#define WORKERS_MAX	8

struct block_backend {
	char *id;
	struct raw_image image;
	uint64_t size_bytes;
	bool readonly;
	bool claimed;
	struct worker_pool *workers;
};

struct request {
	struct worker_task task; /* first */
	struct block_backend *backend;
	enum block_op op;
	uint64_t offset, len;
	int result;
	block_done_fn done;
	void *opaque;
	unsigned int count;
	struct iovec iov[];
};

static const char *const op_names[] = { "read", "write", "flush", "discard", "write zeroes" };

/* "drive 'id'" for messages. */
static char *describe(const struct block_options *options)
{
	return options->id ? g_strdup_printf("drive '%s'", options->id) : g_strdup("drive");
}

static bool measure(struct block_backend *backend, const struct stat *st, const char *path,
		    const char *name, GError **error)
{
	uint64_t bytes = (uint64_t)st->st_size;

	backend->image.is_device = S_ISBLK(st->st_mode);
	if (backend->image.is_device && ioctl(backend->image.fd, BLKGETSIZE64, &bytes) < 0) {
		return error_set_errno(error, errno, "%s: '%s': size of the device", name, path);
	}
	if (!bytes) {
		return error_set(error, "%s: '%s': the image is empty", name, path);
	}
	backend->size_bytes = round_up(bytes, SECTOR_BYTES);
	return true;
}

static bool lock_image(struct block_backend *backend, const char *path, const char *name,
		       GError **error)
{
	struct flock lock = {
		.l_type = backend->readonly ? F_RDLCK : F_WRLCK,
		.l_whence = SEEK_SET,
	};

	if (fcntl(backend->image.fd, F_OFD_SETLK, &lock) == 0) {
		return true;
	}
	if (errno == EAGAIN || errno == EACCES) {
		return error_set(error, "%s: '%s': in use by another process (file.locking=off to "
				 "use it all the same)", name, path);
	}
	/* A file system without locks can't tell; that is no reason to refuse. */
	TRACE(block, no_lock, "%s: %s", path, g_strerror(errno));
	return true;
}

/* Formats that hold a disk inside: taken as raw, their guest would see their innards, and could
 * write a header that makes the next program open another file. */
static bool check_magic(struct block_backend *backend, const char *path, const char *name,
			GError **error)
{
	static const struct {
		const char *format;
		char magic[9];
		size_t len;
	} formats[] = {
		{ "qcow2", "QFI\xfb", 4 }, { "vmdk", "KDMV", 4 }, { "vhdx", "vhdxfile", 8 },
		{ "qed", "QED", 4 }, { "LUKS", "LUKS\xba\xbe", 6 },
	};
	char head[16] = "";

	if (pread(backend->image.fd, head, sizeof(head), 0) < 0) {
		return error_set_errno(error, errno, "%s: read '%s'", name, path);
	}
	for (unsigned int i = 0; i < G_N_ELEMENTS(formats); i++) {
		if (!memcmp(head, formats[i].magic, formats[i].len)) {
			return error_set(error, "%s: '%s' is a %s image: only raw images are read "
					 "here (say format=raw if it is raw all the same)", name,
					 path, formats[i].format);
		}
	}
	return true;
}

static bool open_image(struct block_backend *backend, const struct block_options *options,
		       GError **error)
{
	g_autofree char *name = describe(options);
	int flags = O_CLOEXEC | (options->readonly ? O_RDONLY : O_RDWR) |
		    (options->write_through ? O_DSYNC : 0);
	struct stat st;

	if (stat(options->path, &st) < 0) {
		return error_set_errno(error, errno, "%s: open '%s'", name, options->path);
	}
	if (!S_ISREG(st.st_mode) && !S_ISBLK(st.st_mode)) {
		return error_set(error, "%s: open '%s': not a file and not a block device", name,
				 options->path);
	}
	backend->image.fd = open(options->path, flags);
	if (backend->image.fd < 0) {
		return error_set_errno(error, errno, "%s: open '%s'%s", name, options->path,
				       options->readonly ? "" : " for writing");
	}
	if (fstat(backend->image.fd, &st) < 0) {
		return error_set_errno(error, errno, "%s: stat '%s'", name, options->path);
	}
	return measure(backend, &st, options->path, name, error) &&
	       (!options->lock || lock_image(backend, options->path, name, error)) &&
	       (options->format_given || check_magic(backend, options->path, name, error));
}

struct block_backend *block_backend_create(struct opts *opts, GError **error)
{
	struct block_options options;
	struct block_backend *backend;

	if (!block_options_parse(&options, opts, error)) {
		return NULL;
	}
	backend = g_new0(struct block_backend, 1);
	backend->image.fd = -1;
	backend->image.flush_is_noop = options.flush_is_noop;
	backend->image.discard_unmaps = options.discard_unmaps;
	backend->readonly = options.readonly;
	backend->id = g_strdup(options.id);
	if (open_image(backend, &options, error)) {
		backend->workers = worker_pool_create(WORKERS_MAX, error);
	}
	if (!backend->workers) {
		block_backend_destroy(backend);
		return NULL;
	}
	return backend;
}

void block_backend_destroy(struct block_backend *backend)
{
	if (!backend) {
		return;
	}
	if (backend->workers) {
		block_drain(backend);
	}
	worker_pool_destroy(backend->workers);
	fd_close(&backend->image.fd);
	g_free(backend->id);
	g_free(backend);
}

const char *block_backend_id(const struct block_backend *backend)
{
	return backend->id;
}

uint64_t block_backend_size(const struct block_backend *backend)
{
	return backend->size_bytes;
}

bool block_backend_readonly(const struct block_backend *backend)
{
	return backend->readonly;
}

bool block_backend_claim(struct block_backend *backend)
{
	bool free = !backend->claimed;

	backend->claimed = true;
	return free;
}

void block_backend_release(struct block_backend *backend)
{
	backend->claimed = false;
}

static void request_run(struct worker_task *task)
{
	struct request *request = (struct request *)task;

	request->result = raw_image_io(&request->backend->image, request->op, request->offset,
				       request->len, request->iov, request->count);
}

static void request_done(struct worker_task *task)
{
	struct request *request = (struct request *)task;

	TRACE(block, done, "%s: %s at %" PRIu64 " + %" PRIu64 ": %d",
	      request->backend->id ? request->backend->id : "drive", op_names[request->op],
	      request->offset, request->len, request->result);
	request->done(request->opaque, request->result);
	g_free(request);
}

static int check(const struct block_backend *backend, enum block_op op, uint64_t offset,
		 uint64_t len)
{
	if (op == BLOCK_FLUSH) {
		return 0;
	}
	if (op != BLOCK_READ && backend->readonly) {
		return -EROFS;
	}
	return range_fits(offset, len, backend->size_bytes) ? 0 : -EINVAL;
}

void block_submit(struct block_backend *backend, enum block_op op, uint64_t offset,
		  uint64_t len, const struct iovec *iov, unsigned int count,
		  block_done_fn done, void *opaque)
{
	struct request *request = g_malloc(sizeof(*request) + count * sizeof(*iov));

	*request = (struct request){
		.task = { .run = request_run, .done = request_done },
		.backend = backend,
		.op = op,
		.offset = offset,
		.len = len,
		.done = done,
		.opaque = opaque,
		.count = count,
		.result = check(backend, op, offset, len),
	};
	if (count) {
		memcpy(request->iov, iov, count * sizeof(*iov));
	}
	if (request->result || (!len && op != BLOCK_FLUSH) ||
	    (op == BLOCK_READ && len <= CACHED_READ_MAX &&
	     raw_image_read_cached(&backend->image, offset, len, iov, count))) {
		worker_pool_complete(backend->workers, &request->task);
	} else {
		worker_pool_submit(backend->workers, &request->task);
	}
}

void block_drain(struct block_backend *backend)
{
	worker_pool_drain(backend->workers);
}

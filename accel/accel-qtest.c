// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * An accelerator on which nothing runs: memory slots and doorbells are only counted (addr-space.c
 * does their work), interrupts are recorded, irqfds are read on the main loop.
 */
#include <errno.h>
#include <string.h>

#include "accel-internal.h"
#include "accel/qtest.h"
#include "util/fd.h"

#define QTEST_GSIS	24
#define QTEST_ROUTES	1024
#define QTEST_MSI_LOG	256

struct qtest_irqfd {
	struct accel_qtest *qtest;
	int fd, gsi, resample_fd;
	guint watch;
};

struct accel_qtest {
	struct accel accel;
	GMutex lock; /* everything below */
	struct accel_qtest_sink sink;
	void *sink_opaque;
	bool level[QTEST_GSIS];
	struct accel_qtest_msi routes[QTEST_ROUTES]; /* GSI QTEST_GSIS + index */
	bool route_used[QTEST_ROUTES];
	struct accel_qtest_msi log[QTEST_MSI_LOG];
	unsigned int log_first, log_count;
	GPtrArray *irqfds; /* struct qtest_irqfd */
	int next_slot;
};

static struct accel_qtest *qtest_of(struct accel *accel)
{
	return (struct accel_qtest *)accel;
}

static int qtest_mem_map(struct accel *accel, uint64_t gpa, uint64_t size_bytes, void *hva,
			 bool readonly, bool log_dirty)
{
	return qtest_of(accel)->next_slot++;
}

static int qtest_mem_unmap(struct accel *accel, int slot)
{
	return 0;
}

static int qtest_mem_log(struct accel *accel, int slot, bool log_dirty)
{
	return 0;
}

/* No guest runs, so nobody writes but through addr-space.c, which notes that itself. The caller's
 * bitmap is all zero already. */
static int qtest_mem_dirty(struct accel *accel, int slot, uint64_t *bitmap)
{
	return 0;
}

static int qtest_irq_set(struct accel *accel, unsigned int gsi, bool level)
{
	struct accel_qtest *qtest = qtest_of(accel);
	struct accel_qtest_sink sink;
	void *opaque;
	bool changed;

	if (gsi >= QTEST_GSIS) {
		return -EINVAL;
	}
	g_mutex_lock(&qtest->lock);
	changed = qtest->level[gsi] != level;
	qtest->level[gsi] = level;
	sink = qtest->sink;
	opaque = qtest->sink_opaque;
	g_mutex_unlock(&qtest->lock);
	if (changed && sink.irq) {
		sink.irq(opaque, gsi, level);
	}
	return 0;
}

static int qtest_msi_send(struct accel *accel, uint64_t addr, uint32_t data)
{
	struct accel_qtest *qtest = qtest_of(accel);
	struct accel_qtest_sink sink;
	void *opaque;

	g_mutex_lock(&qtest->lock);
	if (qtest->log_count == QTEST_MSI_LOG) {
		qtest->log_first++;
		qtest->log_count--;
	}
	qtest->log[(qtest->log_first + qtest->log_count++) % QTEST_MSI_LOG] =
		(struct accel_qtest_msi){ addr, data };
	sink = qtest->sink;
	opaque = qtest->sink_opaque;
	g_mutex_unlock(&qtest->lock);
	if (sink.msi) {
		sink.msi(opaque, addr, data);
	}
	return 0;
}

static int qtest_msi_route_add(struct accel *accel, uint64_t addr, uint32_t data)
{
	struct accel_qtest *qtest = qtest_of(accel);
	int gsi = -ENOSPC;

	g_mutex_lock(&qtest->lock);
	for (int i = 0; i < QTEST_ROUTES; i++) {
		if (!qtest->route_used[i]) {
			qtest->route_used[i] = true;
			qtest->routes[i] = (struct accel_qtest_msi){ addr, data };
			gsi = QTEST_GSIS + i;
			break;
		}
	}
	g_mutex_unlock(&qtest->lock);
	return gsi;
}

static bool route_valid(const struct accel_qtest *qtest, int gsi)
{
	return gsi >= QTEST_GSIS && gsi < QTEST_GSIS + QTEST_ROUTES &&
	       qtest->route_used[gsi - QTEST_GSIS];
}

static int qtest_msi_route_update(struct accel *accel, int gsi, uint64_t addr, uint32_t data)
{
	struct accel_qtest *qtest = qtest_of(accel);
	bool valid;

	g_mutex_lock(&qtest->lock);
	valid = route_valid(qtest, gsi);
	if (valid) {
		qtest->routes[gsi - QTEST_GSIS] = (struct accel_qtest_msi){ addr, data };
	}
	g_mutex_unlock(&qtest->lock);
	return valid ? 0 : -EINVAL;
}

static void qtest_msi_route_remove(struct accel *accel, int gsi)
{
	struct accel_qtest *qtest = qtest_of(accel);

	g_mutex_lock(&qtest->lock);
	if (route_valid(qtest, gsi)) {
		qtest->route_used[gsi - QTEST_GSIS] = false;
	}
	g_mutex_unlock(&qtest->lock);
}

static void irqfd_signalled(int fd, GIOCondition condition, void *opaque)
{
	struct qtest_irqfd *irqfd = opaque;
	struct accel_qtest *qtest = irqfd->qtest;
	struct accel_qtest_msi msi = { 0 };
	bool is_msi;

	if (!eventfd_drain(fd)) {
		return;
	}
	g_mutex_lock(&qtest->lock);
	is_msi = route_valid(qtest, irqfd->gsi);
	if (is_msi) {
		msi = qtest->routes[irqfd->gsi - QTEST_GSIS];
	}
	g_mutex_unlock(&qtest->lock);
	if (is_msi) {
		qtest_msi_send(&qtest->accel, msi.addr, msi.data);
	} else if (irqfd->gsi < QTEST_GSIS) {
		qtest_irq_set(&qtest->accel, (unsigned int)irqfd->gsi, true);
		if (irqfd->resample_fd < 0) {
			qtest_irq_set(&qtest->accel, (unsigned int)irqfd->gsi, false);
		}
	}
}

static int qtest_irqfd_add(struct accel *accel, int fd, int gsi, int resample_fd)
{
	struct accel_qtest *qtest = qtest_of(accel);
	struct qtest_irqfd *irqfd;

	if (gsi < 0 || gsi >= QTEST_GSIS + QTEST_ROUTES) {
		return -EINVAL;
	}
	irqfd = g_new(struct qtest_irqfd, 1);
	*irqfd = (struct qtest_irqfd){ qtest, fd, gsi, resample_fd, 0 };
	irqfd->watch = fd_watch(fd, G_IO_IN, irqfd_signalled, irqfd);
	g_mutex_lock(&qtest->lock);
	g_ptr_array_add(qtest->irqfds, irqfd);
	g_mutex_unlock(&qtest->lock);
	return 0;
}

static void irqfd_free(void *opaque)
{
	struct qtest_irqfd *irqfd = opaque;

	fd_unwatch(irqfd->watch);
	g_free(irqfd);
}

static int qtest_irqfd_remove(struct accel *accel, int fd, int gsi)
{
	struct accel_qtest *qtest = qtest_of(accel);
	int ret = -ENOENT;

	g_mutex_lock(&qtest->lock);
	for (unsigned int i = 0; i < qtest->irqfds->len; i++) {
		struct qtest_irqfd *irqfd = g_ptr_array_index(qtest->irqfds, i);

		if (irqfd->fd == fd && irqfd->gsi == gsi) {
			g_ptr_array_remove_index_fast(qtest->irqfds, i);
			ret = 0;
			break;
		}
	}
	g_mutex_unlock(&qtest->lock);
	return ret;
}

/* addr-space.c signals the fd itself when a write comes through it. */
static int qtest_ioeventfd(struct accel *accel, bool add, bool pio, uint64_t addr,
			   unsigned int size, bool match, uint64_t value, int fd)
{
	return 0;
}

static int qtest_vfio_group(struct accel *accel, int group_fd, bool add)
{
	return 0;
}

static bool qtest_vcpus_create(struct accel *accel, unsigned int count, const char *model,
			       GError **error)
{
	return true;
}

static int qtest_vcpus_reset(struct accel *accel, const struct vcpu_boot_state *boot)
{
	return 0;
}

static void qtest_vcpus_run_or_stop(struct accel *accel)
{
}

static int qtest_vcpu_thread_id(const struct accel *accel, unsigned int index)
{
	return 0;
}

static unsigned int qtest_phys_bits(const struct accel *accel)
{
	return 40;
}

static void qtest_destroy(struct accel *accel)
{
	struct accel_qtest *qtest = qtest_of(accel);

	g_ptr_array_free(qtest->irqfds, TRUE);
	g_mutex_clear(&qtest->lock);
	g_free(qtest);
}

static const struct accel_ops qtest_ops = {
	.name = "qtest",
	.destroy = qtest_destroy,
	.mem_map = qtest_mem_map,
	.mem_unmap = qtest_mem_unmap,
	.mem_log = qtest_mem_log,
	.mem_dirty = qtest_mem_dirty,
	.irq_set = qtest_irq_set,
	.msi_send = qtest_msi_send,
	.msi_route_add = qtest_msi_route_add,
	.msi_route_update = qtest_msi_route_update,
	.msi_route_remove = qtest_msi_route_remove,
	.irqfd_add = qtest_irqfd_add,
	.irqfd_remove = qtest_irqfd_remove,
	.ioeventfd = qtest_ioeventfd,
	.vfio_group = qtest_vfio_group,
	.vcpus_create = qtest_vcpus_create,
	.vcpus_reset = qtest_vcpus_reset,
	.vcpus_run = qtest_vcpus_run_or_stop,
	.vcpus_stop = qtest_vcpus_run_or_stop,
	.vcpu_thread_id = qtest_vcpu_thread_id,
	.phys_bits = qtest_phys_bits,
};

struct accel *accel_qtest_create(GError **error)
{
	struct accel_qtest *qtest = g_new0(struct accel_qtest, 1);

	qtest->accel.ops = &qtest_ops;
	qtest->irqfds = g_ptr_array_new_with_free_func(irqfd_free);
	g_mutex_init(&qtest->lock);
	return &qtest->accel;
}

void accel_qtest_set_sink(struct accel *accel, const struct accel_qtest_sink *sink, void *opaque)
{
	struct accel_qtest *qtest = qtest_of(accel);

	g_assert(accel->ops == &qtest_ops);
	g_mutex_lock(&qtest->lock);
	qtest->sink = sink ? *sink : (struct accel_qtest_sink){ 0 };
	qtest->sink_opaque = opaque;
	g_mutex_unlock(&qtest->lock);
}

bool accel_qtest_irq_level(struct accel *accel, unsigned int gsi)
{
	g_assert(accel->ops == &qtest_ops);
	return gsi < QTEST_GSIS && qtest_of(accel)->level[gsi];
}

bool accel_qtest_msi_take(struct accel *accel, struct accel_qtest_msi *msi)
{
	struct accel_qtest *qtest = qtest_of(accel);
	bool found;

	g_assert(accel->ops == &qtest_ops);
	g_mutex_lock(&qtest->lock);
	found = qtest->log_count > 0;
	if (found) {
		*msi = qtest->log[qtest->log_first++ % QTEST_MSI_LOG];
		qtest->log_count--;
	}
	g_mutex_unlock(&qtest->lock);
	return found;
}

void accel_qtest_eoi(struct accel *accel, unsigned int gsi)
{
	struct accel_qtest *qtest = qtest_of(accel);
	bool resampled = false;

	g_assert(accel->ops == &qtest_ops);
	g_mutex_lock(&qtest->lock);
	for (unsigned int i = 0; i < qtest->irqfds->len; i++) {
		struct qtest_irqfd *irqfd = g_ptr_array_index(qtest->irqfds, i);

		if (irqfd->gsi == (int)gsi && irqfd->resample_fd >= 0) {
			eventfd_kick(irqfd->resample_fd);
			resampled = true;
		}
	}
	g_mutex_unlock(&qtest->lock);
	if (resampled) {
		qtest_irq_set(accel, gsi, false);
	}
}

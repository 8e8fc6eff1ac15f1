// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The guest's agent (spice-vdagent) on a -chardev spicevmc: clipboard, files, and the pointer where
 * there is no tablet, all of which the library does. Here are only its bytes.
 */
#include "chardev/spicevmc.h"
#include "ui/spice/server.h"

struct spice_agent {
	SpiceCharDeviceInstance device; /* first */
	struct chardev *chardev;
	SpiceServer *server;
	bool added;
};

/* ---- what the library calls ---- */

static struct spice_agent *to_agent(SpiceCharDeviceInstance *device)
{
	return (struct spice_agent *)device;
}

static void device_state(SpiceCharDeviceInstance *device, int connected)
{
	spicevmc_set_connected(to_agent(device)->chardev, connected != 0);
}

static int device_write(SpiceCharDeviceInstance *device, const uint8_t *data, int len)
{
	return (int)spicevmc_write(to_agent(device)->chardev, data, (size_t)MAX(len, 0));
}

static int device_read(SpiceCharDeviceInstance *device, uint8_t *data, int len)
{
	return (int)spicevmc_read(to_agent(device)->chardev, data, (size_t)MAX(len, 0));
}

static const SpiceCharDeviceInterface device_interface = {
	.base = { SPICE_INTERFACE_CHAR_DEVICE, "guest agent", SPICE_INTERFACE_CHAR_DEVICE_MAJOR,
		  SPICE_INTERFACE_CHAR_DEVICE_MINOR },
	.state = device_state,
	.write = device_write,
	.read = device_read,
	.flags = SPICE_CHAR_DEVICE_NOTIFY_WRITABLE,
};

/* ---- what the back end says ---- */

/* Viewers are told of an agent only while there is one. */
static void front_open(void *opaque, bool open)
{
	struct spice_agent *agent = opaque;

	if (open == agent->added) {
		return;
	}
	agent->added = open;
	if (open) {
		spice_server_add_interface(agent->server, &agent->device.base);
	} else {
		spice_server_remove_interface(&agent->device.base);
		spicevmc_set_connected(agent->chardev, false);
	}
}

static void wake(void *opaque)
{
	struct spice_agent *agent = opaque;

	if (agent->added) {
		spice_server_char_device_wakeup(&agent->device);
	}
}

static const struct spicevmc_ops agent_ops = {
	.front_open = front_open,
	.wake = wake,
};

/* ---- life ---- */

static void agent_destroy(gpointer opaque)
{
	struct spice_agent *agent = opaque;

	spicevmc_attach(agent->chardev, NULL, NULL);
	front_open(agent, false);
	g_free(agent);
}

GPtrArray *spice_agents_create(struct spice *spice)
{
	GPtrArray *agents = g_ptr_array_new_with_free_func(agent_destroy);
	struct chardev *chardev;

	for (unsigned int i = 0; (chardev = spice->host.chardev(spice->host.opaque, i)); i++) {
		struct spice_agent *agent;

		if (!spicevmc_name(chardev)) {
			continue;
		}
		agent = g_new0(struct spice_agent, 1);
		agent->device.base.sif = &device_interface.base;
		agent->device.subtype = spicevmc_name(chardev);
		agent->chardev = chardev;
		agent->server = spice->server;
		g_ptr_array_add(agents, agent);
		spicevmc_attach(chardev, &agent_ops, agent);
	}
	return agents;
}

// SPDX-License-Identifier: GPL-2.0-only
/*
 * Calls that are no messages, each of which fails in every place where it can:
 * files, ports, names, windows and registered buffers.
 */
#include "phx_fault.h"

#include <sys/epoll.h>

#define WINDOW (64 * PAGE)
#define PAGES 32
#define FEW 2

/* What calls are made with, in this process; the other end is @other's. */
struct desk {
	int fd, epoll;
	__u32 port;
	char *window;
	int id;
	char *mem;
	struct server other;
	pid_t pid;
	atomic_int *served;
};

static int desk_open(struct desk *d)
{
	d->fd = dev_open(0);
	return d->fd < 0 ? d->fd : 0;
}

static int desk_close(struct desk *d)
{
	return close(d->fd) ? STEP_WRONG : 0;
}

static int prepare_file(void *world)
{
	return desk_open(world);
}

static int undo_file(void *world)
{
	return desk_close(world);
}

static int call_open(void *world)
{
	return desk_open(world);
}

static int call_port_create(void *world)
{
	struct desk *d = world;

	return port_create_flags(d->fd, PHX_PORT_BUFFERS, &d->port);
}

static int undo_port_create(void *world)
{
	struct desk *d = world;

	return port_destroy(d->fd, d->port) ? STEP_WRONG : desk_close(d);
}

static int prepare_port(void *world)
{
	struct desk *d = world;

	return desk_open(d) ?: port_create(d->fd, &d->port);
}

static int call_port_destroy(void *world)
{
	struct desk *d = world;

	return port_destroy(d->fd, d->port);
}

static int call_name_register(void *world)
{
	struct desk *d = world;

	return name_register(d->fd, "/fault/a name", d->port, 7);
}

static int prepare_name(void *world)
{
	return prepare_port(world) ?: call_name_register(world);
}

static int call_name_unregister(void *world)
{
	struct desk *d = world;

	return name_unregister(d->fd, "/fault/a name");
}

static int call_name_lookup(void *world)
{
	struct desk *d = world;
	struct phx_oid oid;
	int err = name_lookup(d->fd, "/fault/a name", 0, &oid, NULL);

	return err ?: oid.port == d->port && oid.id == 7 ? 0 : STEP_WRONG;
}

static int call_name_prefix(void *world)
{
	struct desk *d = world;
	__u32 matched;
	int err = name_lookup(d->fd, "/fault/a name/x/y", PHX_LOOKUP_PREFIX, NULL, &matched);

	return err ?: matched == strlen("/fault/a name") ? 0 : STEP_WRONG;
}

static int map_window(struct desk *d, int prot, __u64 offset)
{
	d->window = mmap(NULL, WINDOW, prot, MAP_SHARED, d->fd, offset);
	return d->window == MAP_FAILED ? -errno : 0;
}

static int call_window_in(void *world)
{
	return map_window(world, PROT_READ, PHX_WINDOW_INPUT);
}

static int call_window_out(void *world)
{
	return map_window(world, PROT_READ | PROT_WRITE, PHX_WINDOW_OUTPUT);
}

static int undo_window(void *world)
{
	struct desk *d = world;

	return munmap(d->window, WINDOW) ? STEP_WRONG : desk_close(d);
}

static int prepare_window(void *world)
{
	return desk_open(world) ?: call_window_in(world);
}

static int call_unmap(void *world)
{
	struct desk *d = world;

	return munmap(d->window, WINDOW) ? -errno : 0;
}

static int call_info(void *world)
{
	struct desk *d = world;
	struct phx_ioc_info info = { .size = sizeof(info) };
	int err = dev_ioctl(d->fd, PHX_IOC_INFO, &info);

	return err ?: info.abi == PHX_ABI_VERSION ? 0 : STEP_WRONG;
}

static int call_poll(void *world)
{
	struct desk *d = world;
	struct pollfd pfd = { .fd = d->fd, .events = POLLIN };

	return poll(&pfd, 1, 0) < 0 ? -errno : 0;
}

static int prepare_epoll(void *world)
{
	struct desk *d = world;

	d->epoll = epoll_create1(EPOLL_CLOEXEC);
	return d->epoll < 0 ? -errno : desk_open(d);
}

static int call_epoll_add(void *world)
{
	struct epoll_event event = { .events = EPOLLIN };
	struct desk *d = world;

	return epoll_ctl(d->epoll, EPOLL_CTL_ADD, d->fd, &event) ? -errno : 0;
}

static int undo_epoll_add(void *world)
{
	struct desk *d = world;

	return close(d->epoll) ? STEP_WRONG : desk_close(d);
}

/* Memory that was never touched: to pin it, it must be made first. */
static int prepare_memory(void *world)
{
	struct desk *d = world;

	d->mem = memory(PAGES * PAGE);
	return desk_open(d);
}

static int call_buffer_register(void *world)
{
	struct desk *d = world;

	d->id = buffer_register(d->fd, d->other.port, PHX_BUFFER_IN | PHX_BUFFER_OUT,
				d->mem, PAGES * PAGE);
	return d->id < 0 ? d->id : 0;
}

static int undo_buffer_register(void *world)
{
	struct desk *d = world;

	munmap(d->mem, PAGES * PAGE);
	return buffer_unregister(d->fd, d->id) ? STEP_WRONG : desk_close(d);
}

static int prepare_buffer(void *world)
{
	return prepare_memory(world) ?: call_buffer_register(world);
}

static int call_buffer_unregister(void *world)
{
	struct desk *d = world;

	return buffer_unregister(d->fd, d->id);
}

static int undo_memory(void *world)
{
	struct desk *d = world;

	munmap(d->mem, PAGES * PAGE);
	return desk_close(d);
}

/* A file that has one of everything. Closing it can't fail. */
static int prepare_all(void *world)
{
	struct desk *d = world;

	return prepare_memory(d) ?: call_buffer_register(d) ?: call_port_create(d) ?:
	       call_name_register(d) ?: call_window_in(d);
}

static int call_close(void *world)
{
	struct desk *d = world;

	return close(d->fd) ? -errno : 0;
}

static int undo_all(void *world)
{
	struct desk *d = world;

	munmap(d->window, WINDOW);
	munmap(d->mem, PAGES * PAGE);
	return 0;
}

FIXTURE(fault) {
	struct desk desk;
	struct limits_kept kept;
};

FIXTURE_VARIANT(fault) {
	struct step step;
};

FIXTURE_VARIANT_ADD(fault, open)
{
	.step = { .call = call_open, .undo = undo_file },
};

FIXTURE_VARIANT_ADD(fault, info)
{
	.step = { .prepare = prepare_file, .call = call_info, .undo = undo_file },
};

FIXTURE_VARIANT_ADD(fault, poll)
{
	.step = { .prepare = prepare_file, .call = call_poll, .undo = undo_file },
};

FIXTURE_VARIANT_ADD(fault, epoll_add)
{
	.step = { .prepare = prepare_epoll, .call = call_epoll_add, .undo = undo_epoll_add },
};

FIXTURE_VARIANT_ADD(fault, port_create)
{
	.step = { .prepare = prepare_file, .call = call_port_create, .undo = undo_port_create },
};

FIXTURE_VARIANT_ADD(fault, port_destroy)
{
	.step = { .prepare = prepare_port, .call = call_port_destroy, .undo = undo_file },
};

FIXTURE_VARIANT_ADD(fault, name_register)
{
	.step = { .prepare = prepare_port, .call = call_name_register, .undo = undo_file },
};

FIXTURE_VARIANT_ADD(fault, name_unregister)
{
	.step = { .prepare = prepare_name, .call = call_name_unregister, .undo = undo_file },
};

FIXTURE_VARIANT_ADD(fault, name_lookup)
{
	.step = { .prepare = prepare_name, .call = call_name_lookup, .undo = undo_file },
};

FIXTURE_VARIANT_ADD(fault, name_prefix)
{
	.step = { .prepare = prepare_name, .call = call_name_prefix, .undo = undo_file },
};

FIXTURE_VARIANT_ADD(fault, window_in)
{
	.step = { .prepare = prepare_file, .call = call_window_in, .undo = undo_window },
};

FIXTURE_VARIANT_ADD(fault, window_out)
{
	.step = { .prepare = prepare_file, .call = call_window_out, .undo = undo_window },
};

FIXTURE_VARIANT_ADD(fault, unmap)
{
	.step = { .prepare = prepare_window, .call = call_unmap, .undo = undo_file },
};

FIXTURE_VARIANT_ADD(fault, buffer_register)
{
	.step = { .prepare = prepare_memory, .call = call_buffer_register,
		  .undo = undo_buffer_register },
};

FIXTURE_VARIANT_ADD(fault, buffer_unregister)
{
	.step = { .prepare = prepare_buffer, .call = call_buffer_unregister,
		  .undo = undo_memory },
};

FIXTURE_VARIANT_ADD(fault, close)
{
	.step = { .prepare = prepare_all, .call = call_close, .undo = undo_all },
};

/* Whom buffers are registered with: a process, so that their pages are pinned. */
static int other_main(void *arg)
{
	struct desk *d = arg;
	int fd = dev_open(0);
	__u32 port;

	CHECK(fd >= 0 && !port_create_flags(fd, PHX_PORT_BUFFERS, &port));
	atomic_store(d->served, port);
	pause();
	return 0;
}

FIXTURE_SETUP(fault)
{
	struct desk *d = &self->desk;

	FAULTS_OR_SKIP(&self->kept);
	d->served = shared_memory(sizeof(*d->served));
	d->pid = child_run(-1, other_main, d);
	while (!atomic_load(d->served))
		usleep(1000);
	d->other.port = atomic_load(d->served);
	ASSERT_EQ(0, limits_set(FEW, PAGES, list_pages(PAGES), 1));
}

FIXTURE_TEARDOWN(fault)
{
	limits_put_back(&self->kept);
	kill(self->desk.pid, SIGKILL);
	child_end(self->desk.pid);
}

TEST_F_TIMEOUT(fault, everywhere, 900)
{
	EXPECT_SWEEP(&variant->step, &self->desk);
}

TEST_HARNESS_MAIN

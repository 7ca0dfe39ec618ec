// SPDX-License-Identifier: MIT
/*
 * Handles: open, close, and what happens to them in a fork.
 *
 * A file of the device serves the address space that opened it, others get
 * EBADFD. So after a fork the child's first call opens the device anew and puts
 * the new file under the old number, which everybody goes on to use.
 */
#include "internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define OPEN_FLAGS	(PHX_OPEN_NONBLOCK | PHX_OPEN_NO_WINDOW)

/* Larger buffers would mostly be address space; what does not fit is lent. */
#define BUF_SIZE_MAX	(16U << 20)

static pthread_mutex_t handles_lock = PTHREAD_MUTEX_INITIALIZER;
static struct phx *handles;

static void fork_prepare(void)
{
	struct phx *h;

	pthread_mutex_lock(&handles_lock);
	for (h = handles; h; h = h->next)
		pthread_mutex_lock(&h->lock);
}

static void fork_parent(void)
{
	struct phx *h;

	for (h = handles; h; h = h->next)
		pthread_mutex_unlock(&h->lock);
	pthread_mutex_unlock(&handles_lock);
}

static void fork_child(void)
{
	struct phx *h;

	for (h = handles; h; h = h->next) {
		h->pid = -1;
		phx_servers_orphan_locked(h);
	}
	fork_parent();
}

static void watch_forks(void)
{
	pthread_atfork(fork_prepare, fork_parent, fork_child);
}

static void enlist(struct phx *h)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	pthread_once(&once, watch_forks);
	pthread_mutex_lock(&handles_lock);
	h->next = handles;
	handles = h;
	pthread_mutex_unlock(&handles_lock);
}

static void delist(struct phx *h)
{
	struct phx **link;

	pthread_mutex_lock(&handles_lock);
	for (link = &handles; *link; link = &(*link)->next) {
		if (*link == h) {
			*link = h->next;
			break;
		}
	}
	pthread_mutex_unlock(&handles_lock);
}

static int do_ioctl(int fd, unsigned long cmd, void *arg)
{
	int saved = errno;
	int ret = ioctl(fd, cmd, arg);

	if (ret < 0) {
		ret = -errno;
		errno = saved;
	}
	return ret;
}

static int replace_file(struct phx *h)
{
	int flags = fcntl(h->fd, F_GETFL);
	int fd, err = 0;

	if (flags < 0)
		return -errno;
	fd = open(h->path, O_RDWR | O_CLOEXEC | (flags & O_NONBLOCK));
	if (fd < 0)
		return -errno;
	if (dup3(fd, h->fd, O_CLOEXEC) < 0)
		err = -errno;
	close(fd);
	return err;
}

/* The file of generation @gen turned out to be another process'. */
static int reopen(struct phx *h, unsigned int gen)
{
	int saved = errno;
	int err = 0;

	pthread_mutex_lock(&h->lock);
	if (atomic_load(&h->gen) != gen)
		goto out;
	err = -EBADFD;
	if (h->pid == getpid())
		goto out;
	err = replace_file(h);
	if (err)
		goto out;
	phx_windows_forget_locked(h);
	phx_buf_forget_locked(h);
	h->pid = getpid();
	atomic_store(&h->gen, gen + 1);
out:
	pthread_mutex_unlock(&h->lock);
	errno = saved;
	return err;
}

/**
 * phx_call - one command to the module
 * @h: the handle
 * @cmd: PHX_IOC_*
 * @arg: its structure
 *
 * Return: 0 or -errno; errno is as before.
 */
PHX_HOT
int phx_call(struct phx *h, unsigned long cmd, void *arg)
{
	unsigned int gen = atomic_load_explicit(&h->gen, memory_order_acquire);
	int err = do_ioctl(h->fd, cmd, arg);

	if (err != -EBADFD)
		return err;
	err = reopen(h, gen);
	if (err)
		return err;
	return do_ioctl(h->fd, cmd, arg);
}

int phx_info(struct phx *h, struct phx_ioc_info *info)
{
	memset(info, 0, sizeof(*info));
	info->size = sizeof(*info);
	return phx_call(h, PHX_IOC_INFO, info);
}

static int open_file(struct phx *h)
{
	int flags = O_RDWR | O_CLOEXEC;

	if (h->flags & PHX_OPEN_NONBLOCK)
		flags |= O_NONBLOCK;
	h->fd = open(h->path, flags);
	if (h->fd < 0)
		return -errno;
	h->pid = getpid();
	return 0;
}

/* Is there a module behind the file that we can talk to? */
static int meet_module(struct phx *h)
{
	struct phx_ioc_info info;
	uint64_t size;
	int err;

	err = phx_info(h, &info);
	if (err)
		return err;
	if (info.abi != PHX_ABI_VERSION) {
		phx_explain_abi(h->path, &info);
		return -EPROTO;
	}
	size = info.lend_min < BUF_SIZE_MAX ? info.lend_min : BUF_SIZE_MAX;
	h->buf_size = 2 * (size_t)size + 256;
	h->window_max = info.window_max;
	return 0;
}

static void free_handle(struct phx *h)
{
	pthread_mutex_destroy(&h->lock);
	free(h->path);
	free(h);
}

static struct phx *alloc_handle(const struct phx_open_opts *opts)
{
	struct phx *h = calloc(1, sizeof(*h));

	if (!h)
		return NULL;
	pthread_mutex_init(&h->lock, NULL);
	h->path = strdup(opts->path ? opts->path : PHX_DEVICE);
	if (!h->path) {
		free_handle(h);
		return NULL;
	}
	h->flags = opts->flags;
	h->window_size[0] = opts->i_window;
	h->window_size[1] = opts->o_window;
	return h;
}

static int open_handle(struct phx **out, const struct phx_open_opts *opts)
{
	struct phx *h = alloc_handle(opts);
	int err;

	if (!h)
		return -ENOMEM;
	err = open_file(h);
	if (err)
		goto err_free;
	err = meet_module(h);
	if (err)
		goto err_close;
	enlist(h);
	*out = h;
	return 0;

err_close:
	close(h->fd);
err_free:
	free_handle(h);
	return err;
}

int phx_open_with(struct phx **h, const struct phx_open_opts *opts)
{
	struct phx_open_opts o;
	int saved = errno;
	int err;

	*h = NULL;
	phx_explain_clear();
	err = phx_opts_read(&o, sizeof(o), sizeof(o), opts);
	if (!err && (o.flags & ~OPEN_FLAGS || o.__reserved))
		err = -EINVAL;
	if (!err)
		err = open_handle(h, &o);
	if (err && err != -EPROTO)
		phx_explain_open(o.path ? o.path : PHX_DEVICE, err);
	errno = saved;
	return err;
}

int phx_open(struct phx **h, unsigned int flags)
{
	PHX_OPTS(phx_open_opts, opts, .flags = flags);

	return phx_open_with(h, &opts);
}

void phx_close(struct phx *h)
{
	int saved = errno;

	if (!h)
		return;
	delist(h);
	phx_windows_unmap(h);
	close(h->fd);
	phx_buf_free_all(h);
	free_handle(h);
	errno = saved;
}

int phx_fd(const struct phx *h)
{
	return h->fd;
}

const char *phx_version(void)
{
	return PHX_VERSION;
}

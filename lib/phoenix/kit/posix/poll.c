// SPDX-License-Identifier: MIT
/*
 * Waiting for files. Servers can only be asked, again and again, as in
 * Phoenix-RTOS; between, Linux' own are waited for.
 */
#include "px.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/select.h>
#include <time.h>

#define INTERVAL_MS	100

/* What is said although it was not asked for */
#define ALWAYS		(POLLERR | POLLHUP | POLLNVAL)

static short ask(oid_t oid, short events)
{
	msg_t msg = { .type = mtGetAttr, .oid = oid };
	int err;

	msg.i.attr.type = atPollStatus;
	msg.i.attr.val = (unsigned short)events;
	err = px_send(oid.port, &msg);
	if (err == -EINTR)
		return 0;
	if (err < 0)
		return POLLHUP;
	return (short)(msg.o.attr.val & (events | ALWAYS));
}

/* Ask the servers, and leave the rest for Linux. Returns how many are ready. */
static int ask_servers(struct pollfd *fds, struct pollfd *rest, nfds_t count,
		       int *servers)
{
	struct px_file *file;
	int ready = 0;
	nfds_t i;

	*servers = 0;
	for (i = 0; i < count; i++) {
		rest[i] = fds[i];
		rest[i].revents = 0;
		fds[i].revents = 0;
		file = fds[i].fd < 0 ? NULL : px_fd_get(fds[i].fd);
		if (!file)
			continue;
		++*servers;
		rest[i].fd = -1;
		fds[i].revents = ask(file->oid, fds[i].events);
		px_file_put(file);
		ready += fds[i].revents != 0;
	}
	return ready;
}

static long now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* How long Linux' poll() shall wait this time. */
static int interval(int ready, int servers, long end)
{
	long left = end < 0 ? INTERVAL_MS : end - now_ms();

	if (ready || left < 0)
		return 0;
	if (!servers)
		return end < 0 ? -1 : (int)left;
	return left < INTERVAL_MS ? (int)left : INTERVAL_MS;
}

static int poll_until(struct pollfd *fds, struct pollfd *rest, nfds_t count,
		      long end)
{
	int ready, servers, wait, res;
	nfds_t i;

	for (;;) {
		ready = ask_servers(fds, rest, count, &servers);
		wait = interval(ready, servers, end);
		res = poll(rest, count, wait);
		if (res < 0 && (errno != EINTR || !ready))
			return -errno;
		for (i = 0; i < count; i++)
			if (rest[i].fd >= 0)
				fds[i].revents = rest[i].revents;
		ready += res > 0 ? res : 0;
		if (ready || (end >= 0 && now_ms() >= end))
			return ready;
	}
}

PX_API int phx_px_poll(struct pollfd *fds, nfds_t count, int timeout)
{
	long end = timeout < 0 ? -1 : now_ms() + timeout;
	struct pollfd *rest = calloc(count ? count : 1, sizeof(*rest));
	int res;

	if (!rest)
		return -1;
	res = poll_until(fds, rest, count, end);
	free(rest);
	return (int)px_result(res);
}

static short select_events(int fd, fd_set *rd, fd_set *wr, fd_set *ex)
{
	short events = 0;

	if (rd && FD_ISSET(fd, rd))
		events |= POLLIN;
	if (wr && FD_ISSET(fd, wr))
		events |= POLLOUT;
	if (ex && FD_ISSET(fd, ex))
		events |= POLLPRI;
	return events;
}

static int keep(fd_set *set, int fd, bool ready)
{
	if (!set || !FD_ISSET(fd, set))
		return 0;
	if (!ready)
		FD_CLR(fd, set);
	return ready;
}

PX_API int phx_px_select(int count, fd_set *rd, fd_set *wr, fd_set *ex,
			 struct timeval *timeout)
{
	struct pollfd fds[FD_SETSIZE];
	int fd, res, used = 0, ready = 0, ms = -1;

	if (count < 0 || count > FD_SETSIZE)
		return (int)px_result(-EINVAL);
	if (timeout)
		ms = (int)(timeout->tv_sec * 1000 + (timeout->tv_usec + 999) / 1000);
	for (fd = 0; fd < count; fd++) {
		fds[used].fd = fd;
		fds[used].events = select_events(fd, rd, wr, ex);
		used += fds[used].events != 0;
	}
	res = phx_px_poll(fds, (nfds_t)used, ms);
	if (res < 0)
		return res;
	while (used--) {
		short got = fds[used].revents;

		fd = fds[used].fd;
		if (got & POLLNVAL)
			return (int)px_result(-EBADF);
		ready += keep(rd, fd, got & (POLLIN | POLLHUP | POLLERR));
		ready += keep(wr, fd, got & (POLLOUT | POLLERR));
		ready += keep(ex, fd, got & POLLPRI);
	}
	return ready;
}

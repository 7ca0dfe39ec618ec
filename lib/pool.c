// SPDX-License-Identifier: MIT
/*
 * Copy buffers. The kernel copies what is too small to be lent into a buffer
 * that comes with the receive. If it did, the buffer belongs to the message
 * until that is responded to: it is "held" under the message's rid. Otherwise
 * it is spare again at once.
 */
#include "internal.h"

#include <errno.h>
#include <stdlib.h>

/* Enough that a burst of held messages does not go through malloc() for long */
#define SPARES_MAX	64

static unsigned int bucket(int rid)
{
	return ((uint32_t)rid * 2654435761U) >> (32 - PHX_HELD_BITS);
}

/**
 * phx_buf_get - a buffer for the next receive
 * @h: the handle
 *
 * Return: the buffer, or NULL if there is no memory: the receive can go on
 * without, then everything is lent.
 */
struct phx_buf *phx_buf_get(struct phx *h)
{
	int saved = errno;
	struct phx_buf *buf;
	void *mem = NULL;

	pthread_mutex_lock(&h->lock);
	buf = h->spare;
	if (buf) {
		h->spare = buf->next;
		h->spares--;
	}
	pthread_mutex_unlock(&h->lock);
	if (buf)
		return buf;
	if (posix_memalign(&mem, PHX_BUF_ALIGN, sizeof(*buf) + h->buf_size))
		mem = NULL;
	errno = saved;
	return mem;
}

/**
 * phx_buf_put - give a buffer back
 * @h: the handle
 * @buf: the buffer, may be NULL
 */
void phx_buf_put(struct phx *h, struct phx_buf *buf)
{
	if (!buf)
		return;
	pthread_mutex_lock(&h->lock);
	if (h->spares < SPARES_MAX) {
		buf->next = h->spare;
		h->spare = buf;
		h->spares++;
		buf = NULL;
	}
	pthread_mutex_unlock(&h->lock);
	free(buf);
}

void phx_buf_hold_locked(struct phx *h, struct phx_buf *buf, int rid)
{
	struct phx_buf **head = &h->held[bucket(rid)];

	buf->rid = rid;
	buf->next = *head;
	*head = buf;
	atomic_fetch_add_explicit(&h->tracked, 1, memory_order_relaxed);
}

/**
 * phx_buf_hold - let a buffer belong to a message
 * @h: the handle
 * @buf: the buffer, may be NULL
 * @rid: the message
 */
void phx_buf_hold(struct phx *h, struct phx_buf *buf, int rid)
{
	if (!buf)
		return;
	pthread_mutex_lock(&h->lock);
	phx_buf_hold_locked(h, buf, rid);
	pthread_mutex_unlock(&h->lock);
}

static struct phx_buf *unhold_locked(struct phx *h, int rid)
{
	struct phx_buf **link = &h->held[bucket(rid)];
	struct phx_buf *buf;

	for (; (buf = *link); link = &buf->next) {
		if (buf->rid != rid)
			continue;
		*link = buf->next;
		atomic_fetch_sub_explicit(&h->tracked, 1, memory_order_relaxed);
		return buf;
	}
	return NULL;
}

/**
 * phx_buf_take - take a message's buffer away before it is responded to
 * @h: the handle
 * @rid: the message
 *
 * Before and not after, because the kernel may give the rid to another message
 * once the response is there.
 *
 * Return: the buffer, or NULL if the message has none of ours.
 */
struct phx_buf *phx_buf_take(struct phx *h, int rid)
{
	struct phx_buf *buf;

	/*
	 * Relaxed is enough: whoever responds has been told the rid after the
	 * receiver counted its buffer.
	 */
	if (!atomic_load_explicit(&h->tracked, memory_order_relaxed))
		return NULL;
	pthread_mutex_lock(&h->lock);
	buf = unhold_locked(h, rid);
	if (!buf)
		buf = phx_worker_take_locked(h, rid);
	pthread_mutex_unlock(&h->lock);
	return buf;
}

static void free_list(struct phx_buf *buf)
{
	struct phx_buf *next;

	for (; buf; buf = next) {
		next = buf->next;
		free(buf);
	}
}

/*
 * After a fork the messages are the parent's. Their buffers are not freed: the
 * child may have been forked to work on one of them.
 */
void phx_buf_forget_locked(struct phx *h)
{
	struct phx_buf *buf;
	unsigned int i, n = 0;

	for (i = 0; i < PHX_HELD_BUCKETS; i++) {
		for (buf = h->held[i]; buf; buf = buf->next)
			n++;
		h->held[i] = NULL;
	}
	atomic_fetch_sub_explicit(&h->tracked, n, memory_order_relaxed);
}

/* The handle is being closed: nobody else uses it. */
void phx_buf_free_all(struct phx *h)
{
	unsigned int i;

	for (i = 0; i < PHX_HELD_BUCKETS; i++)
		free_list(h->held[i]);
	free_list(h->spare);
}

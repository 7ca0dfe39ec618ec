/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A message whose buffers have a given shape, and are made anew each time so that
 * even their memory must be found first; for the tests of faults. Byte @k of a
 * buffer is that of its place in memory: see fill_from().
 */
#ifndef PHX_MAIL_H
#define PHX_MAIL_H

#include "phx_fault.h"
#include "phx_peer.h"

/* A call with a time limit that no test comes near, in nanoseconds. */
#define MAIL_LIMIT 600000000000ULL

/**
 * struct shape - how the buffers of a message go over
 * @in: bytes of the input
 * @out: bytes of the output
 * @off: where both begin in a page
 * @copy: the receiver gives room for copies
 * @limited: there is a time limit, so that nobody sees the sender's pages
 * @registered: they are registered
 * @relent: how many times what is sent was lent before
 * @direct: sender and receiver are one process
 */
struct shape {
	size_t in, out, off;
	unsigned int relent;
	bool copy, limited, registered, direct;
};

/**
 * struct mail - such a message, as its sender has it
 * @shape: of its buffers
 * @fd: file it is sent with
 * @port: where to
 * @in: memory of the input, from a page's begin
 * @out: memory of the output
 * @id: numbers of what is registered
 */
struct mail {
	struct shape shape;
	int fd;
	__u32 port;
	char *in, *out;
	int id[2];
};

static inline size_t in_span(const struct shape *s)
{
	return page_end(s->off + s->in);
}

static inline size_t out_span(const struct shape *s)
{
	return page_end(s->off + s->out);
}

static inline long shape_pages(const struct shape *s)
{
	return (in_span(s) + out_span(s)) / PAGE;
}

/*
 * Pages that the lists of its pages take, and those shown instead of those in part. There
 * are no lists of 17 and less.
 */
static inline long shape_more(const struct shape *s)
{
	long lists = list_pages(in_span(s) / PAGE) + list_pages(out_span(s) / PAGE);
	long parts = parts_of(s->off, s->in) + parts_of(s->off, s->out);
	bool copied = s->limited || s->registered;

	return lists + (copied ? 0 : (1 + s->relent) * parts);
}

static inline void mail_fill(struct mail *m)
{
	const struct shape *s = &m->shape;

	fill_from(m->in + s->off, s->in, SEED_IN, s->off);
	fill_from(m->out + s->off, s->out, SEED_OUT, s->off);
}

/* 0 or -errno. The pages beyond the buffers stay what they are: zero. */
static inline int mail_make(struct mail *m)
{
	const struct shape *s = &m->shape;

	m->in = memory(in_span(s) + PAGE);
	m->out = memory(out_span(s) + PAGE);
	if (!m->in || !m->out)
		return -ENOMEM;
	mail_fill(m);
	if (!s->registered)
		return 0;
	m->id[0] = buffer_register(m->fd, m->port, PHX_BUFFER_IN, m->in, in_span(s));
	m->id[1] = buffer_register(m->fd, m->port, PHX_BUFFER_OUT, m->out, out_span(s));
	return m->id[0] < 0 ? m->id[0] : m->id[1] < 0 ? m->id[1] : 0;
}

static inline void mail_free(struct mail *m)
{
	if (m->shape.registered) {
		buffer_unregister(m->fd, m->id[0]);
		buffer_unregister(m->fd, m->id[1]);
	}
	munmap(m->in, in_span(&m->shape) + PAGE);
	munmap(m->out, out_span(&m->shape) + PAGE);
}

static inline int mail_send_from(struct mail *m, int fd, char *in, char *out, __u32 flags)
{
	const struct shape *s = &m->shape;
	struct phx_ioc_send send = { .flags = flags,
				     .timeout_ns = s->limited ? MAIL_LIMIT : 0 };

	set_input(&send.msg, in, s->in);
	set_output(&send.msg, out, s->out);
	if (s->registered) {
		send.flags |= PHX_SEND_I_REGISTERED | PHX_SEND_O_REGISTERED;
		send.i_off = m->id[0];
		send.o_off = m->id[1];
	}
	return msg_send_arg(fd, m->port, &send);
}

static inline int mail_send(struct mail *m, __u32 flags)
{
	return mail_send_from(m, m->fd, m->in + m->shape.off, m->out + m->shape.off, flags);
}

/* Whether the answer is there, and nothing else was touched. */
static inline bool mail_is_answered(const struct mail *m)
{
	const struct shape *s = &m->shape;
	size_t end = s->off + s->out;

	return holds_from(m->in + s->off, s->in, SEED_IN, s->off) &&
	       holds_from(m->out + s->off, s->out, SEED_ANSWER, s->off) &&
	       all_are(m->out, s->off, 0) &&
	       all_are(m->out + end, out_span(s) + PAGE - end, 0);
}

/* What a receiver must see of it. */
static inline bool mail_is_seen(const struct shape *s, const struct phx_msg *msg)
{
	return msg->i.size == s->in && msg->o.size == s->out &&
	       holds_from(in_of(msg), s->in, SEED_IN, s->off) &&
	       holds_from(out_of(msg), s->out, SEED_OUT, s->off);
}

static inline void mail_answer(const struct shape *s, const struct phx_msg *msg)
{
	fill_from(out_of(msg), s->out, SEED_ANSWER, s->off);
}

#endif /* PHX_MAIL_H */

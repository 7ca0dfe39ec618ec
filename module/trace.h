/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Trace events, in tracefs under events/phxport. A message has the same id in all of
 * them, and in what phxctl shows. One that nobody has enabled costs a no-op.
 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM phxport

#if !defined(PHX_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define PHX_TRACE_H

#include "message.h"
#include "port.h"

#include <linux/phxport.h>
#include <linux/tracepoint.h>

#define phx_show_class(class)						\
	__print_symbolic(class,						\
			 { PHX_CLASS_NONE,	"none" },		\
			 { PHX_CLASS_INLINE,	"inline" },		\
			 { PHX_CLASS_SAME,	"same" },		\
			 { PHX_CLASS_COPY,	"copy" },		\
			 { PHX_CLASS_LEND,	"lend" },		\
			 { PHX_CLASS_REGISTERED, "registered" })

/* A message is put on its way, in the sender's thread. */
TRACE_EVENT(phx_send,
	TP_PROTO(const struct phx_message *msg),
	TP_ARGS(msg),
	TP_STRUCT__entry(
		__field(u64, id)
		__field(u64, in_size)
		__field(u64, out_size)
		__field(u64, timeout_ns)
		__field(u32, port)
		__field(s32, type)
		__field(u32, priority)
	),
	TP_fast_assign(
		__entry->id = msg->id;
		__entry->in_size = msg->call.msg.i.size;
		__entry->out_size = msg->call.msg.o.size;
		__entry->timeout_ns = msg->call.timeout_ns;
		__entry->port = msg->port->id;
		__entry->type = msg->call.msg.type;
		__entry->priority = msg->call.msg.priority;
	),
	TP_printk("id=%llu port=%u type=%d priority=%u in_size=%llu out_size=%llu timeout_ns=%llu",
		  __entry->id, __entry->port, __entry->type, __entry->priority,
		  __entry->in_size, __entry->out_size, __entry->timeout_ns)
);

/* A receiver has it, in its memory, in the receiver's thread. */
TRACE_EVENT(phx_receive,
	TP_PROTO(const struct phx_message *msg, int rid, u16 i_class, u16 o_class, u64 queued_ns),
	TP_ARGS(msg, rid, i_class, o_class, queued_ns),
	TP_STRUCT__entry(
		__field(u64, id)
		__field(u64, in_size)
		__field(u64, out_size)
		__field(u64, queued_ns)
		__field(u32, port)
		__field(s32, type)
		__field(s32, pid)
		__field(s32, rid)
		__field(u16, in_class)
		__field(u16, out_class)
	),
	TP_fast_assign(
		__entry->id = msg->id;
		__entry->in_size = msg->call.msg.i.size;
		__entry->out_size = msg->call.msg.o.size;
		__entry->queued_ns = queued_ns;
		__entry->port = msg->port->id;
		__entry->type = msg->call.msg.type;
		__entry->pid = msg->call.msg.pid;
		__entry->rid = rid;
		__entry->in_class = i_class;
		__entry->out_class = o_class;
	),
	TP_printk("id=%llu port=%u rid=%d sender=%d type=%d in=%s:%llu out=%s:%llu queued_ns=%llu",
		  __entry->id, __entry->port, __entry->rid, __entry->pid, __entry->type,
		  phx_show_class(__entry->in_class), __entry->in_size,
		  phx_show_class(__entry->out_class), __entry->out_size,
		  __entry->queued_ns)
);

/*
 * It is answered, in the receiver's thread. The latency is that since it was sent, 0
 * if nobody traced then.
 */
TRACE_EVENT(phx_respond,
	TP_PROTO(const struct phx_message *msg, int rid, bool orphan, u64 latency_ns),
	TP_ARGS(msg, rid, orphan, latency_ns),
	TP_STRUCT__entry(
		__field(u64, id)
		__field(u64, latency_ns)
		__field(u32, port)
		__field(s32, rid)
		__field(s32, err)
		__field(bool, orphan)
	),
	TP_fast_assign(
		__entry->id = msg->id;
		__entry->latency_ns = latency_ns;
		__entry->port = msg->port->id;
		__entry->rid = rid;
		__entry->err = msg->call.msg.o.err;
		__entry->orphan = orphan;
	),
	TP_printk("id=%llu port=%u rid=%d err=%d%s latency_ns=%llu",
		  __entry->id, __entry->port, __entry->rid, __entry->err,
		  __entry->orphan ? " orphan" : "", __entry->latency_ns)
);

/* Its way ends before its time. */
DECLARE_EVENT_CLASS(phx_end,
	TP_PROTO(u64 id, u32 port),
	TP_ARGS(id, port),
	TP_STRUCT__entry(
		__field(u64, id)
		__field(u32, port)
	),
	TP_fast_assign(
		__entry->id = id;
		__entry->port = port;
	),
	TP_printk("id=%llu port=%u", __entry->id, __entry->port)
);

/* The sender takes it back: no receiver has seen it. */
DEFINE_EVENT(phx_end, phx_withdraw,
	TP_PROTO(u64 id, u32 port),
	TP_ARGS(id, port)
);

/* The sender goes while a receiver has it. */
DEFINE_EVENT(phx_end, phx_orphan,
	TP_PROTO(u64 id, u32 port),
	TP_ARGS(id, port)
);

/* An operator ends it. */
DEFINE_EVENT(phx_end, phx_abort,
	TP_PROTO(u64 id, u32 port),
	TP_ARGS(id, port)
);

/* Pages of a buffer go into the receiver's window, or leave it. */
DECLARE_EVENT_CLASS(phx_loan,
	TP_PROTO(const struct phx_message *msg, const struct phx_buffer *buf),
	TP_ARGS(msg, buf),
	TP_STRUCT__entry(
		__field(u64, id)
		__field(u64, size)
		__field(u32, port)
		__field(u32, pages)
		__field(u8, out)
	),
	TP_fast_assign(
		__entry->id = msg->id;
		__entry->size = buf->len;
		__entry->port = msg->port->id;
		__entry->pages = buf->nr;
		__entry->out = buf->dir == PHX_OUT;
	),
	TP_printk("id=%llu port=%u %s size=%llu pages=%u", __entry->id, __entry->port,
		  __entry->out ? "out" : "in", __entry->size, __entry->pages)
);

DEFINE_EVENT(phx_loan, phx_lend,
	TP_PROTO(const struct phx_message *msg, const struct phx_buffer *buf),
	TP_ARGS(msg, buf)
);

DEFINE_EVENT(phx_loan, phx_unlend,
	TP_PROTO(const struct phx_message *msg, const struct phx_buffer *buf),
	TP_ARGS(msg, buf)
);

#endif /* PHX_TRACE_H */

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH .
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE trace
#include <trace/define_trace.h>

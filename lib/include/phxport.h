/* SPDX-License-Identifier: MIT */
/*
 * libphxport: Phoenix-RTOS ports for Linux processes.
 *
 * A server creates a port, gives it a name and receives messages from it. A
 * client finds the port by its name and sends: the call comes back when the
 * server has received the message and responded to it. Meanwhile the buffers
 * of the client are visible to the server.
 *
 * Every function that returns an int gives 0 (or what its text says) when it
 * did what was asked and a negative errno number when not. errno itself is
 * never changed. Unless a function says otherwise it may be called from any
 * thread at any time, also several at once with the same handle.
 *
 * What is below, and the errors that any call may give (EBADFD, EDQUOT, EFAULT,
 * EINTR, ENOMEM), is in <linux/phxport.h> and phxport(4); concepts in phxport(7).
 */
#ifndef _PHXPORT_H
#define _PHXPORT_H

#include <stddef.h>
#include <stdint.h>

#include <linux/phxport.h>

#ifdef __cplusplus
extern "C" {
#endif

/** PHX_API - what the shared library exports; all else is hidden */
#define PHX_API __attribute__((__visibility__("default")))

/**
 * PHX_OPTS - declare a structure of options with its first member set
 * @type: name of the structure without "struct"
 * @name: of the variable
 * @...: designated initialisers, may be empty
 *
 * Structures of options grow at their end. The library reads only the @sz
 * bytes that the program was built with; too few of them are -EINVAL, a member
 * that it does not know yet and is not zero is -E2BIG. (C++ sets @sz by hand.)
 */
#define PHX_OPTS(type, name, ...)					\
	struct type name = { .sz = sizeof(struct type), __VA_ARGS__ }

/** PHX_DEVICE - the device that is opened unless an option says otherwise */
#define PHX_DEVICE		"/dev/phxport"

/**
 * struct phx - a handle: one open file of the device, opaque
 *
 * Ports belong to the handle that created them, and go when it is closed or
 * when the process ends.
 *
 * After fork() the child's copy of a handle opens the device anew by itself
 * when it is first used there, with the same number of the file descriptor. It
 * can send, look up names and create ports of its own; the parent's ports and
 * messages stay the parent's. phx_fd() may be polled in the child once another
 * call but phx_info() was made there. exec() closes handles.
 */
struct phx;

/** PHX_OPEN_NONBLOCK - open with O_NONBLOCK: see phx_send() and phx_recv() */
#define PHX_OPEN_NONBLOCK	(1U << 0)
/** PHX_OPEN_NO_WINDOW - map no windows: buffers can only be copied to us */
#define PHX_OPEN_NO_WINDOW	(1U << 1)

/**
 * struct phx_open_opts - options of phx_open_with()
 * @sz: sizeof(struct phx_open_opts)
 * @path: device to open, NULL for PHX_DEVICE
 * @flags: PHX_OPEN_*
 * @i_window: bytes of address space to keep for lent inputs, 0 for the default
 *	      of 4 GiB (64 MiB in 32-bit programs). Rounded up to pages, cut to
 *	      the module's largest. All inputs that are held at one time must
 *	      fit in it
 * @o_window: the same for outputs
 *
 * Windows cost address space only. They are mapped when the first port is
 * created; if there is not that much room (RLIMIT_AS), or the user has max_pages
 * pages, smaller ones are, or none.
 */
struct phx_open_opts {
	size_t sz;
	const char *path;
	uint32_t flags;
	uint32_t __reserved;
	uint64_t i_window;
	uint64_t o_window;
};

/**
 * phx_open - open the device
 * @h: out: the handle, to be closed with phx_close(); NULL on error
 * @flags: PHX_OPEN_*
 *
 * phx_explain() tells what to do about an error.
 *
 * Return: 0, or
 *  -ENOENT, -ENXIO, -ENODEV  no device: the module is not loaded
 *  -EACCES	the caller may not open the device
 *  -EPROTO	library and module are of versions that don't fit
 *  -ENOTTY	the path names something that is not a phxport device
 *  -EINVAL	unknown flag
 *  or any other error of open(2).
 */
PHX_API int phx_open(struct phx **h, unsigned int flags);

/**
 * phx_open_with - open the device with options
 * @h: out: the handle; NULL on error
 * @opts: options, may be NULL
 *
 * Return: as phx_open(); -EINVAL or -E2BIG for bad @opts.
 */
PHX_API int phx_open_with(struct phx **h, const struct phx_open_opts *opts);

/**
 * phx_close - give a handle back
 * @h: the handle, may be NULL
 *
 * Destroys the handle's ports. Senders whose messages were received and not
 * responded to get -EPIPE, others -EINVAL. No other call with @h may be going
 * on.
 */
PHX_API void phx_close(struct phx *h);

/**
 * phx_fd - the file descriptor of a handle
 * @h: the handle
 *
 * For poll(2) and its kin: it is readable when a message waits at a port of
 * the handle. Neither close it nor receive from it with ioctl(2).
 *
 * Return: the file descriptor.
 */
PHX_API int phx_fd(const struct phx *h);

/**
 * phx_info - what the module is and can do
 * @h: the handle
 * @info: out; @size and @flags are set by the library
 */
PHX_API int phx_info(struct phx *h, struct phx_ioc_info *info);

/** phx_version - version of this library, such as "0.1.0", valid for ever */
PHX_API const char *phx_version(void);

/**
 * phx_explain - what to do about the last phx_open() that failed
 *
 * Return: a sentence in English, without a newline, for the user of the
 * program; an empty string if the last phx_open() of this thread went well. It
 * is valid until this thread opens again or ends.
 */
PHX_API const char *phx_explain(void);

/**
 * phx_port_create - create a port
 * @h: the handle that it will belong to
 * @port: out: its number, 1 to 2^31 - 1
 *
 * Return: 0, or -EDQUOT if the user has max_ports already, or -ENOMEM.
 */
PHX_API int phx_port_create(struct phx *h, uint32_t *port);

/**
 * struct phx_port_opts - options of phx_port_create_with()
 * @sz: sizeof(struct phx_port_opts)
 * @flags: PHX_PORT_BUFFERS: senders may register buffers with the port, see
 *	   phx_buffer_register()
 */
struct phx_port_opts {
	size_t sz;
	uint32_t flags;
	uint32_t __reserved;
};

/**
 * phx_port_create_with - phx_port_create() with options
 * @h: the handle that it will belong to
 * @port: out: its number
 * @opts: options, may be NULL
 *
 * Return: as phx_port_create(); -EINVAL or -E2BIG for bad @opts.
 */
PHX_API int phx_port_create_with(struct phx *h, uint32_t *port,
				 const struct phx_port_opts *opts);

/**
 * phx_port_destroy - destroy a port
 * @h: the handle that it belongs to
 * @port: its number
 *
 * Everybody who waits to receive from it, or to be received, gets -EINVAL.
 * Messages that were received can still be responded to.
 *
 * Return: 0, or -EINVAL if there is no such port, or -EPERM if it belongs to
 * another handle.
 */
PHX_API int phx_port_destroy(struct phx *h, uint32_t port);

/**
 * phx_name_register - let a name stand for an object
 * @h: the handle; the name goes when it is closed
 * @name: any string of 1 to PHX_NAME_MAX - 1 bytes
 * @oid: the object
 *
 * Return: 0, or
 *  -EINVAL	@name is NULL or empty
 *  -ENAMETOOLONG  it is too long
 *  -EEXIST	it is taken
 *  -EDQUOT	the user has max_names already
 */
PHX_API int phx_name_register(struct phx *h, const char *name,
			      const struct phx_oid *oid);

/**
 * phx_name_unregister - take a name away
 * @h: any handle
 * @name: the name
 *
 * Return: 0, -ENOENT if there is no such name, -EPERM if another user registered it and
 * the caller has no CAP_NET_ADMIN, or as phx_name_register().
 */
PHX_API int phx_name_unregister(struct phx *h, const char *name);

/**
 * phx_name_lookup - find the object that a name stands for
 * @h: any handle
 * @name: the name, all of it
 * @oid: out: the object
 *
 * Return: 0, -ENOENT if there is no such name, or its port is gone, or as
 * phx_name_register().
 */
PHX_API int phx_name_lookup(struct phx *h, const char *name,
			    struct phx_oid *oid);

/**
 * phx_name_lookup_prefix - find the longest name that leads a path
 * @h: any handle
 * @name: the path
 * @oid: out: the object
 * @matched: out: how many bytes of @name were found: strlen(@name) if it is a
 *	     name itself, 0 if only "/" is. The server of @oid knows the rest.
 *	     May be NULL
 *
 * The longest name is taken that is @name, or that is followed in it by a
 * slash.
 *
 * Return: as phx_name_lookup().
 */
PHX_API int phx_name_lookup_prefix(struct phx *h, const char *name,
				   struct phx_oid *oid, size_t *matched);

/**
 * phx_send - send a message and wait for its response
 * @h: any handle
 * @port: number of the port
 * @msg: the message. The response's o.raw and o.err are written to it
 *
 * i.data and o.data are addresses of the caller, as uint64_t; set the sizes to
 * 0 if there is no buffer. A buffer that lies in @msg->i.raw or @msg->o.raw
 * itself is sent inline (so a received message can be forwarded as it is).
 *
 * A signal handler that runs before a server took the message withdraws it and
 * gives -EINTR; the library does not try again. Afterwards only the response,
 * a fatal signal or the death of the server ends the call.
 *
 * Return: 0 if the server responded, whatever it put in o.err, or
 *  -EINVAL	there is no such port, or it was destroyed before a server took
 *		the message
 *  -EPIPE	the server ended before it responded; it may have done what was
 *		asked
 *  -EFAULT	a buffer can't be read (input) or written (output)
 *  -EMSGSIZE	a buffer is longer than PHX_MESSAGE_MAX, or than the server
 *		could ever receive
 *  -ENOBUFS	the server's windows are full of messages that it has not yet
 *		responded to; it has not seen this one
 *  -EINTR	see above
 *  -EAGAIN	the handle is non-blocking and nobody waits to receive
 *  -EDQUOT, -ENOMEM  the user has max_messages or max_pages under way; no memory
 *  -ECANCELED	an operator aborted the message; if a server had taken it, it
 *		may have done what was asked
 *  -ETIMEDOUT	(phx_send_with) the time is over; if a server had taken the
 *		message it may have done what was asked
 */
PHX_API int phx_send(struct phx *h, uint32_t port, struct phx_msg *msg);

/**
 * struct phx_send_opts - options of phx_send_with()
 * @sz: sizeof(struct phx_send_opts)
 * @flags: PHX_SEND_*
 * @i_off: with PHX_SEND_I_INLINE: where in i.raw the input lies, in bytes. With
 *	   PHX_SEND_I_REGISTERED: the number of the registered buffer it lies in
 * @o_off: with PHX_SEND_O_INLINE: where in o.raw the output will lie. With
 *	   PHX_SEND_O_REGISTERED: the number of the registered buffer
 * @timeout_ns: longest time for the whole call in nanoseconds, 0 none. After
 *		-EINTR: what was left of it, so that the call can be repeated
 *
 * With a time limit large buffers are copied, not lent, unless they are
 * registered: see phxport(4).
 */
struct phx_send_opts {
	size_t sz;
	uint32_t flags;
	uint16_t i_off;
	uint16_t o_off;
	uint64_t timeout_ns;
};

/**
 * phx_send_with - phx_send() with options
 * @h: any handle
 * @port: number of the port
 * @msg: the message
 * @opts: options, may be NULL
 *
 * Return: as phx_send(), or
 *  -EINVAL, -E2BIG  bad @opts
 *  -ENOENT	no buffer is registered under that number, or no longer
 *  -EACCES	it is registered with another port, or not for this direction
 *  -EFAULT	the message's buffer is not within it
 */
PHX_API int phx_send_with(struct phx *h, uint32_t port, struct phx_msg *msg,
			  struct phx_send_opts *opts);

/**
 * phx_buffer_register - let a server see memory for longer than a message
 * @h: any handle
 * @port: number of the port, created with PHX_PORT_BUFFERS
 * @data: begin of the memory, on a page's begin
 * @size: its bytes, whole pages
 * @flags: PHX_BUFFER_IN if inputs may lie in it, PHX_BUFFER_OUT if outputs may
 * @id: out: its number, for messages sent with this handle
 *
 * A message to the port whose buffer lies in the memory, and that says so with
 * PHX_SEND_I_REGISTERED or PHX_SEND_O_REGISTERED, costs what one without buffers
 * does, whatever its size. From the first such message on the server can read
 * (write) all of the memory at any time, also when it has no message: this is
 * for servers that are trusted with it.
 *
 * It ends with phx_buffer_unregister(), with the handle, the port, either
 * process, or by phx_respond_with(). A child after fork() has none of its
 * parent's. Memory that is unmapped and mapped again is not what was registered.
 *
 * Return: 0, or
 *  -EINVAL	no such port, bad @flags, or @data or @size are not whole pages
 *  -EACCES	the port was not created with PHX_PORT_BUFFERS
 *  -EFAULT	the memory can't be read (input) or written (output)
 *  -EOPNOTSUPP	it can, but not be pinned for long: a file's that is to be
 *		written, or what was received itself
 *  -EMSGSIZE	it is longer than PHX_MESSAGE_MAX
 *  -ENOBUFS	the pages would be more than RLIMIT_MEMLOCK
 *  -EDQUOT	the user has max_pages pages pinned
 *  -ENOSPC	the handle has 65536 of them
 */
PHX_API int phx_buffer_register(struct phx *h, uint32_t port, void *data,
				size_t size, uint32_t flags, uint16_t *id);

/**
 * phx_buffer_unregister - end that
 * @h: the handle that registered it
 * @id: its number
 *
 * No later message can use it. When the messages that do are over, which is at
 * once if there are none, the server sees it no longer.
 *
 * Return: 0, or -ENOENT if no buffer is registered under that number, or no
 * longer.
 */
PHX_API int phx_buffer_unregister(struct phx *h, uint16_t id);

/**
 * phx_recv - wait for a message
 * @h: the handle that the port belongs to
 * @port: number of the port
 * @msg: out: the message. i.data may be read and o.data may be written until
 *	 it is responded to; whatever is not written there keeps what the
 *	 sender had
 * @rid: out: what to respond to; PHX_RID_NONE after an error
 *
 * Up to 2^22 messages may be held at one time, beyond that is -ENOMEM, and responded
 * to in any order by any thread. A message whose buffer is inline points into @msg
 * itself: copy it with phx_msg_copy() and respond with the copy. The sender of a
 * message for which the windows have no room gets -ENOBUFS, and the next is received.
 *
 * Return: 0, or
 *  -EINVAL	no such port, or it was destroyed during the call
 *  -EPERM	the port belongs to another handle
 *  -EINTR	a signal handler ran
 *  -EAGAIN	the handle is non-blocking and no message waits, or there was no room
 *		for any of 64 that did
 *  -ETIMEDOUT	(phx_recv_with) no message came in time, or none that there was room
 *		for
 */
PHX_API int phx_recv(struct phx *h, uint32_t port, struct phx_msg *msg,
		     int *rid);

/**
 * struct phx_recv_opts - options of phx_recv_with(), phx_respond_recv_with()
 * @sz: sizeof(struct phx_recv_opts)
 * @flags: PHX_RECV_*
 * @i_class: out: enum phx_class of the input
 * @o_class: out: enum phx_class of the output
 * @timeout_ns: longest time to wait in nanoseconds, 0 none. After -EINTR: what
 *		was left of it
 * @buf: memory for buffers that are copied, NULL for the library's own. It
 *	 belongs to the message until that is responded to
 * @buf_size: bytes at @buf; if 0 with @buf set nothing is copied: all buffers
 *	      must be lent
 */
struct phx_recv_opts {
	size_t sz;
	uint32_t flags;
	uint16_t i_class;
	uint16_t o_class;
	uint64_t timeout_ns;
	void *buf;
	size_t buf_size;
};

/**
 * phx_recv_with - phx_recv() with options
 * @h: the handle that the port belongs to
 * @port: number of the port
 * @msg: out: the message
 * @rid: out: what to respond to
 * @opts: options, may be NULL
 *
 * Return: as phx_recv(); -EINVAL or -E2BIG for bad @opts; -EFAULT if @opts->buf
 * can't be written.
 */
PHX_API int phx_recv_with(struct phx *h, uint32_t port, struct phx_msg *msg,
			  int *rid, struct phx_recv_opts *opts);

/**
 * phx_respond - answer a message
 * @h: the handle that received it
 * @port: number of the port it was received from
 * @msg: the answer: o.raw and o.err go to the sender, and what was written to
 *	 the message's output buffer is there already
 * @rid: what phx_recv() gave
 *
 * Afterwards the message's buffers are no longer there, but for registered ones.
 *
 * Return: 0, or
 *  -ENOENT	no such message: never received from this port by this handle,
 *		or responded to already
 *  -ESRCH	the sender is gone, or an operator aborted the message; it is done with
 *		all the same
 *  -EINVAL	no such port
 *  -EFAULT	the output can't be read any more, or o.data is no address; it may be
 *		written in part, and the message can still be responded to
 */
PHX_API int phx_respond(struct phx *h, uint32_t port,
			const struct phx_msg *msg, int rid);

/**
 * struct phx_respond_opts - options of phx_respond_with()
 * @sz: sizeof(struct phx_respond_opts)
 * @flags: PHX_RESPOND_UNREGISTER: the registered buffers that the message uses
 *	   are registered no longer
 */
struct phx_respond_opts {
	size_t sz;
	uint32_t flags;
	uint32_t __reserved;
};

/**
 * phx_respond_with - phx_respond() with options
 * @h: the handle that received it
 * @port: number of the port it was received from
 * @msg: the answer
 * @rid: what phx_recv() gave
 * @opts: options, may be NULL
 *
 * Return: as phx_respond(); -EINVAL or -E2BIG for bad @opts.
 */
PHX_API int phx_respond_with(struct phx *h, uint32_t port,
			     const struct phx_msg *msg, int rid,
			     const struct phx_respond_opts *opts);

/**
 * phx_respond_recv - answer a message and wait for the next
 * @h: the handle that the port belongs to
 * @port: number of the port
 * @msg: in: the answer, as in phx_respond(). Out: the next message
 * @rid: in: what to respond to, or PHX_RID_NONE. Out: as in phx_recv(). After
 *	 an error: PHX_RID_NONE if the response was given and only the receive
 *	 failed, else unchanged
 *
 * One entry into the kernel where phx_respond() and phx_recv() take two. A
 * sender who is gone is no error here.
 *
 * Return: as phx_respond() and phx_recv().
 */
PHX_API int phx_respond_recv(struct phx *h, uint32_t port,
			     struct phx_msg *msg, int *rid);

/**
 * phx_respond_recv_with - phx_respond_recv() with options
 * @h: the handle that the port belongs to
 * @port: number of the port
 * @msg: in: the answer; out: the next message
 * @rid: in: what to respond to, or PHX_RID_NONE; out: as phx_respond_recv()
 * @opts: options of the receive half, may be NULL
 *
 * @opts->buf may be the buffer that belonged to the message responded to.
 *
 * Return: as phx_respond_recv() and phx_recv_with().
 */
PHX_API int phx_respond_recv_with(struct phx *h, uint32_t port,
				  struct phx_msg *msg, int *rid,
				  struct phx_recv_opts *opts);

/**
 * phx_msg_copy - copy a message that was received
 * @dst: the copy
 * @src: the message
 *
 * Data addresses that point into @src itself (inline buffers) point into @dst
 * in the copy; others are the same.
 */
PHX_API void phx_msg_copy(struct phx_msg *dst, const struct phx_msg *src);

/** PHX_HELD - a handler's result: it keeps the message and responds later */
#define PHX_HELD		1

/**
 * phx_handler_t - serves one message in phx_server_run()
 * @h: the handle
 * @port: the port
 * @msg: the message, valid until the handler returns; fill in msg->o. A
 *	 handler that returns PHX_HELD takes a copy with phx_msg_copy()
 * @rid: what phx_respond() needs for a message that is held
 * @arg: what phx_server_run() was given
 *
 * Return: 0 to answer with @msg; a negative number to put it in msg->o.err and
 * answer; PHX_HELD if the handler (or another thread, even before the handler
 * returns) responds with phx_respond().
 */
typedef int (*phx_handler_t)(struct phx *h, uint32_t port, struct phx_msg *msg,
			     int rid, void *arg);

/**
 * struct phx_server_opts - options of phx_server_run()
 * @sz: sizeof(struct phx_server_opts)
 * @threads: how many threads serve, the caller's included; 0 is 1, at most
 *	     1024
 * @flags: 0
 * @stack_size: bytes of stack of each thread that is started, 0 default
 */
struct phx_server_opts {
	size_t sz;
	uint32_t threads;
	uint32_t flags;
	size_t stack_size;
};

/**
 * phx_server_run - serve a port until it is destroyed or stopped
 * @h: the handle that the port belongs to
 * @port: number of the port
 * @handler: is called for each message, by several threads at once if
 *	     @opts->threads is above 1
 * @arg: passed to @handler
 * @opts: options, may be NULL
 *
 * Signals, senders that are gone and a want of memory (the loop pauses up to 16
 * ms and tries again) do not end it. If an answer can't be given because the
 * handler left a bad address in o.data, the sender gets o.err -EFAULT. Threads
 * inherit the caller's signal mask. Nobody else may receive from the port
 * meanwhile. When the call returns all its threads have ended.
 *
 * In a child forked by a handler the loop ends in the child when the handler
 * returns.
 *
 * Return: 0 when the port was destroyed or phx_server_stop() was called, or
 *  -EINVAL	there was no such port to begin with, or (or -E2BIG) bad options
 *  -EPERM	the port belongs to another handle
 *  -EBUSY	a server of this handle runs on the port already
 *  -EAGAIN	a thread can't be started, or the handle is non-blocking
 *  -EBADFD	in a child, see above
 */
PHX_API int phx_server_run(struct phx *h, uint32_t port, phx_handler_t handler,
			   void *arg, const struct phx_server_opts *opts);

/**
 * phx_server_stop - end phx_server_run()
 * @h: the handle
 * @port: number of the port
 *
 * Messages that a handler has are served to their end; others wait at the port,
 * which stays. Called from a handler it returns at once, else when all threads
 * of the server have left their handlers for the last time. Not to be called
 * from a signal handler.
 *
 * Return: 0, or -ENOENT if no server runs on the port.
 */
PHX_API int phx_server_stop(struct phx *h, uint32_t port);

#ifdef __cplusplus
}
#endif

#endif /* _PHXPORT_H */

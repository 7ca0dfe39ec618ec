/* SPDX-License-Identifier: (GPL-2.0 WITH Linux-syscall-note) OR MIT */
/*
 * phxport: Phoenix-RTOS ports for Linux processes.
 *
 * The interface of the character device /dev/phxport. Its layout is the same
 * for 32-bit and 64-bit processes.
 */
#ifndef _UAPI_LINUX_PHXPORT_H
#define _UAPI_LINUX_PHXPORT_H

#include <linux/ioctl.h>
#include <linux/types.h>

/**
 * DOC: General ioctl format
 *
 * Every command takes a pointer to a structure that begins with two words:
 *
 * @size:  sizeof() of the structure as the caller knows it. A structure only
 *	   ever grows at its end. If the caller's is longer than the module's,
 *	   the bytes the module does not know must be zero; if it is shorter
 *	   than the first published one the call fails.
 * @flags: PHX_*_ flags of that command. Unknown flags are refused.
 *
 * Members named __reserved must be zero. All pointers are carried as __u64.
 * All times are in nanoseconds of CLOCK_MONOTONIC and relative; 0 means "no
 * limit" so that a zeroed structure waits for as long as it takes.
 *
 * Errors that any command may give:
 *
 *  ENOTTY	 no such command
 *  E2BIG	 @size is larger than the module knows and the rest is not zero, or
 *		 larger than a page
 *  EINVAL	 @size is too small, an unknown flag or a reserved member is set
 *  EFAULT	 the structure, or a buffer it names, can't be read or written
 *  EBADFD	 this file was opened by another process (before a fork or an
 *		 exec, or it was passed): open the device again
 *  EDQUOT	 a limit of the user who opened the file is reached, see the
 *		 module's parameters max_ports, max_names, max_messages, max_pages
 *  ENOMEM	 out of kernel memory
 *  EINTR	 a signal handler ran while the call waited
 *
 * A command that fails has changed nothing, unless its text says so.
 */

/** PHX_ABI_VERSION - raised when a program must know; features are in bits */
#define PHX_ABI_VERSION		1

/** PHX_RAW_SIZE - bytes that travel in a message itself, in each direction */
#define PHX_RAW_SIZE		64

/** PHX_NAME_MAX - longest name in bytes, with its terminating NUL */
#define PHX_NAME_MAX		4096

/** PHX_MESSAGE_MAX - longest input or output buffer of a message in bytes */
#define PHX_MESSAGE_MAX		0x7ffff000

/** PHX_RID_NONE - the rid of no message */
#define PHX_RID_NONE		(-1)

/**
 * DOC: Windows
 *
 * A receiver that wants large buffers lent to it, rather than copied, maps two
 * windows of its file, each once, MAP_SHARED and at these offsets: one for
 * inputs (PROT_READ) and one for outputs (PROT_READ | PROT_WRITE). A window is
 * only address space. The pages of a lent buffer appear in it when a message
 * is received and are gone when it has been responded to; an access to any
 * other place in it raises SIGBUS. A window can't be split, grown, moved or
 * inherited, an input window can never be made writable.
 */
#define PHX_WINDOW_INPUT	0ULL
#define PHX_WINDOW_OUTPUT	0x10000000000ULL
/** PHX_WINDOW_MAX - largest window in bytes */
#define PHX_WINDOW_MAX		0x1000000000ULL

/**
 * struct phx_oid - an object: a port and what its server calls the object
 * @port: port number
 * @__pad: not looked at
 * @id: the server's own number of the object
 */
struct phx_oid {
	__u32 port;
	__u32 __pad;
	__aligned_u64 id;
};

/**
 * struct phx_msg_in - what the sender gives
 * @raw: small data, with a layout that sender and server agree on
 * @size: bytes at @data
 * @data: address of the input buffer: in send the sender's, after receive the
 *	  receiver's, who may only read it and only until it responds
 */
struct phx_msg_in {
	__u8 raw[PHX_RAW_SIZE];
	__aligned_u64 size;
	__aligned_u64 data;
};

/**
 * struct phx_msg_out - what the server answers
 * @raw: small data
 * @err: the server's result; by Phoenix's custom a count or a negative errno.
 *	 It is not the result of the call, and the sender's own value if the
 *	 server leaves it alone
 * @__pad: ignored
 * @size: bytes at @data
 * @data: address of the output buffer, to be written by the receiver. What it
 *	  does not write keeps the contents that the sender had there
 */
struct phx_msg_out {
	__u8 raw[PHX_RAW_SIZE];
	__s32 err;
	__u32 __pad;
	__aligned_u64 size;
	__aligned_u64 data;
};

/**
 * struct phx_msg - one message; the layout of Phoenix-RTOS' msg_t on its
 *		    64-bit ABIs, 200 bytes
 * @type: what is asked for; mt* of Phoenix or anything else
 * @pid: process id of the sender, in the receiver's pid namespace. Written by
 *	 the kernel on receive, ignored on send
 * @priority: scheduling priority of the sender, 0 (highest) to 7, see
 *	      phxport(7). Written by the kernel on receive, ignored on send
 * @__pad: ignored
 * @oid: object that the message is about; not looked at by the kernel
 * @i: input
 * @o: output
 */
struct phx_msg {
	__s32 type;
	__s32 pid;
	__u32 priority;
	__u32 __pad;
	struct phx_oid oid;
	struct phx_msg_in i;
	struct phx_msg_out o;
};

/**
 * enum phx_class - how a buffer reached the receiver
 * @PHX_CLASS_NONE: there is none
 * @PHX_CLASS_INLINE: it lies in the raw area of the message
 * @PHX_CLASS_SAME: sender and receiver share their memory: the sender's address
 * @PHX_CLASS_COPY: it was copied into the memory that the receiver gave
 * @PHX_CLASS_LEND: the sender's pages are mapped in the receiver's window
 * @PHX_CLASS_REGISTERED: the same, and they stay there: they are registered
 */
enum phx_class {
	PHX_CLASS_NONE = 0,
	PHX_CLASS_INLINE = 1,
	PHX_CLASS_SAME = 2,
	PHX_CLASS_COPY = 3,
	PHX_CLASS_LEND = 4,
	PHX_CLASS_REGISTERED = 5,
};

/**
 * struct phx_ioc_info - PHX_IOC_INFO: what this module is and can do
 * @size: sizeof(struct phx_ioc_info)
 * @flags: 0
 * @abi: out: PHX_ABI_VERSION of the module
 * @page_size: out: bytes in a page
 * @features: out: bits of later features, PHX_FEATURE_*
 * @lend_min: out: buffers of at least so many bytes are lent, smaller ones are
 *	      copied if the receiver gives enough memory for it
 * @window_max: out: PHX_WINDOW_MAX of the module
 * @message_max: out: PHX_MESSAGE_MAX of the module
 * @version: out: version of the module as text, NUL terminated
 *
 * May be called from any process that holds the file.
 */
struct phx_ioc_info {
	__u32 size;
	__u32 flags;
	__u32 abi;
	__u32 page_size;
	__aligned_u64 features;
	__aligned_u64 lend_min;
	__aligned_u64 window_max;
	__aligned_u64 message_max;
	char version[32];
};

/** PHX_FEATURE_BUFFERS - buffers can be registered, PHX_IOC_BUFFER_REGISTER */
#define PHX_FEATURE_BUFFERS	0x1

/**
 * struct phx_ioc_port - PHX_IOC_PORT_CREATE and PHX_IOC_PORT_DESTROY
 * @size: sizeof(struct phx_ioc_port)
 * @flags: for create: PHX_PORT_BUFFERS, else 0
 * @port: number of the port, 1 to 2^31 - 1; out of create, in to destroy
 * @__reserved: 0
 *
 * A port belongs to the file that created it; it goes when that is closed, or
 * when the process that opened it ends or executes another program, even if
 * somebody has the file still. A number is used again only after all
 * the others were.
 *
 * Destroy makes the port unknown, and everybody who waits to receive from it
 * or to be received gets EINVAL. Messages that were received can still be
 * responded to.
 *
 * Errors of create:
 *  ENOSPC	 all numbers are taken
 *
 * Errors of destroy:
 *  EINVAL	 no such port
 *  EPERM	 the port belongs to another file
 */
struct phx_ioc_port {
	__u32 size;
	__u32 flags;
	__u32 port;
	__u32 __reserved;
};

/** PHX_PORT_BUFFERS - senders may register buffers with the port */
#define PHX_PORT_BUFFERS	0x1

/**
 * struct phx_ioc_name - PHX_IOC_NAME_REGISTER, _UNREGISTER and _LOOKUP
 * @size: sizeof(struct phx_ioc_name)
 * @flags: for lookup: PHX_LOOKUP_PREFIX, else 0
 * @name: address of the name
 * @name_size: its bytes with the terminating NUL, 2 to PHX_NAME_MAX
 * @matched: out of lookup: bytes of the name that were found, without NUL
 * @oid: in to register: the port and the id that stand for the name; out of
 *	 lookup
 *
 * Names are any strings, seen in one network namespace, and gone when they are
 * unregistered or the file that registered them is closed. They are bound to
 * the very port that had the number at that moment: they never lead to another
 * that has it later. A name may be given to a port that is gone already.
 *
 * With PHX_LOOKUP_PREFIX the longest name is found that is @name or is followed
 * in it by a slash; @matched is 0 if that is "/" and more follows.
 *
 * Errors:
 *  EINVAL	 empty, or the NUL is not where @name_size says
 *  ENAMETOOLONG @name_size is above PHX_NAME_MAX
 *  EEXIST	 register: the name is taken
 *  ENOENT	 lookup, unregister: no such name; lookup: its port is gone and
 *		 the number is another's
 *  EPERM	 unregister: the name was registered by another user, and the
 *		 caller has no CAP_NET_ADMIN in its network namespace
 */
struct phx_ioc_name {
	__u32 size;
	__u32 flags;
	__aligned_u64 name;
	__u32 name_size;
	__u32 matched;
	struct phx_oid oid;
};

/** PHX_LOOKUP_PREFIX - find the longest registered name that leads @name */
#define PHX_LOOKUP_PREFIX	0x1

/**
 * struct phx_ioc_send - PHX_IOC_SEND: send a message and wait for its response
 * @size: sizeof(struct phx_ioc_send)
 * @flags: PHX_SEND_*
 * @port: number of the port
 * @i_off: with PHX_SEND_I_INLINE: where in @msg.i.raw the input lies; with
 *	   PHX_SEND_I_REGISTERED: number of the registered buffer; else 0
 * @o_off: with PHX_SEND_O_INLINE: where in @msg.o.raw the output will lie; with
 *	   PHX_SEND_O_REGISTERED: number of the registered buffer; else 0
 * @timeout_ns: longest time for the whole call in nanoseconds, 0 none. Out,
 *		when a signal ended the call: what was left of it
 * @msg: the message. Only @msg.o.raw and @msg.o.err are written back, and only
 *	 by a response. The output buffer is written too, by the server
 *
 * While no server has taken the message a signal withdraws it: no server will
 * see it. Once it is taken, only a response, a fatal signal, the end of the
 * time or the death of the server ends the call.
 *
 * A call with a time limit has its buffers copied even if they are large: a
 * server may keep a message for longer, and must not see the sender's memory
 * then. Only within one process it does, and what is registered, anyway.
 *
 * Errors:
 *  EINVAL	 no such port, or it was destroyed before a server took the
 *		 message; @i_off or @o_off is out of range, or is set without a
 *		 flag that uses it; INLINE and REGISTERED of one buffer
 *  ENOENT	 no buffer is registered under that number, or no longer
 *  EACCES	 it is registered with another port, or not for this direction
 *  EPIPE	 the server ended before it responded; it may have done what was
 *		 asked
 *  ECANCELED	 an operator aborted the message; if a server had taken it, it
 *		 may have done what was asked
 *  EFAULT	 a buffer can't be read (input) or written (output), or is not
 *		 within the registered one; if the structure or an output that was
 *		 copied can't be written when the response is there, the server
 *		 has done what was asked
 *  EMSGSIZE	 a buffer is longer than PHX_MESSAGE_MAX, or than the server
 *		 could ever receive
 *  ENOBUFS	 the server's window is full of messages that it has not yet
 *		 responded to, or of registered buffers; it has not seen this one
 *  ETIMEDOUT	 time is over; if a server had taken the message it may have
 *		 done what was asked
 *  EAGAIN	 PHX_SEND_NONBLOCK or O_NONBLOCK: nobody waits to receive. If
 *		 somebody does, the call waits for the response as ever
 */
struct phx_ioc_send {
	__u32 size;
	__u32 flags;
	__u32 port;
	__u16 i_off;
	__u16 o_off;
	__aligned_u64 timeout_ns;
	struct phx_msg msg;
};

/** PHX_SEND_NONBLOCK - as if the file had O_NONBLOCK */
#define PHX_SEND_NONBLOCK	0x1
/** PHX_SEND_I_INLINE - the @msg.i.size bytes of input are in @msg.i.raw */
#define PHX_SEND_I_INLINE	0x2
/** PHX_SEND_O_INLINE - the @msg.o.size bytes of output go to @msg.o.raw */
#define PHX_SEND_O_INLINE	0x4
/**
 * PHX_SEND_I_REGISTERED - the input lies in the registered buffer number @i_off,
 *			   see struct phx_ioc_buffer. Not with PHX_SEND_I_INLINE
 */
#define PHX_SEND_I_REGISTERED	0x8
/** PHX_SEND_O_REGISTERED - the output does, in the one with number @o_off */
#define PHX_SEND_O_REGISTERED	0x10

/**
 * struct phx_ioc_recv - PHX_IOC_RECV: wait for a message;
 *			 PHX_IOC_RESPOND_RECV: respond to one, then wait
 * @size: sizeof(struct phx_ioc_recv)
 * @flags: PHX_RECV_*
 * @port: number of a port of this file
 * @__reserved: 0
 * @timeout_ns: longest time to wait in nanoseconds, 0 none. Out, when a signal
 *		ended the wait: what was left of it
 * @buf: address of memory for buffers that are copied, 0 none
 * @buf_size: its bytes. It belongs to the message until that is responded to:
 *	      the output of the sender is taken from there
 * @rid: out: what to respond to; 0 or more. In to respond-and-receive: what is
 *	 responded to, or PHX_RID_NONE. When respond-and-receive fails this
 *	 tells how far it came: PHX_RID_NONE if the response was given
 * @i_class: out: enum phx_class of the input
 * @o_class: out: enum phx_class of the output
 * @msg: out: the message, its data addresses as the receiver sees them. In to
 *	 respond-and-receive: @msg.o is the response
 *
 * If the window has no room for a message, its sender gets the error and the
 * call goes on with the next one, if its time is not over and no signal came.
 * So windows should be large; all they take is addresses.
 *
 * In respond-and-receive a sender who is gone (ESRCH) is no error.
 *
 * Errors:
 *  EINVAL	 no such port, or it was destroyed while the call waited
 *  EPERM	 the port belongs to another file
 *  EAGAIN	 PHX_RECV_NONBLOCK or O_NONBLOCK: no message waits, or there was no
 *		 room for any of 64 that did
 *  ETIMEDOUT	 no message came in time, or none that there was room for. poll(2)
 *		 tells anew of those behind them, as it does for EAGAIN and
 *		 EINTR
 *  EFAULT	 the structure or @buf can't be written, or the window went away
 *		 meanwhile; the message waits for the next receiver
 *  ENOMEM	 out of kernel memory, or the file holds 2^22 messages, those
 *		 counted that its threads wait for
 *  and those of PHX_IOC_RESPOND.
 */
struct phx_ioc_recv {
	__u32 size;
	__u32 flags;
	__u32 port;
	__u32 __reserved;
	__aligned_u64 timeout_ns;
	__aligned_u64 buf;
	__aligned_u64 buf_size;
	__s32 rid;
	__u16 i_class;
	__u16 o_class;
	struct phx_msg msg;
};

/** PHX_RECV_NONBLOCK - as if the file had O_NONBLOCK */
#define PHX_RECV_NONBLOCK	0x1

/**
 * struct phx_ioc_respond - PHX_IOC_RESPOND: answer a message
 * @size: sizeof(struct phx_ioc_respond)
 * @flags: PHX_RESPOND_*
 * @port: number of the port it was received from
 * @rid: of the message
 * @o: the answer: @o.raw and @o.err go to the sender. @o.size is ignored;
 *     @o.data is, too, but if both are set it must be readable memory
 *
 * After the call the message's buffers are no longer there, but for those that
 * are registered. Only the file that received a message can respond to it, from
 * any thread of its process.
 *
 * Errors:
 *  EINVAL	 no such port, and no such message of one that was destroyed
 *  ENOENT	 no such message: never received from this port by this file, or
 *		 responded to already
 *  ESRCH	 the sender is gone, or an operator aborted the message; it is done
 *		 with all the same
 *  EFAULT	 the output that was copied can't be read any more, or @o.data
 *		 can't; the output may be written in part, and the message can
 *		 still be responded to
 */
struct phx_ioc_respond {
	__u32 size;
	__u32 flags;
	__u32 port;
	__s32 rid;
	struct phx_msg_out o;
};

/**
 * PHX_RESPOND_UNREGISTER - the registered buffers that the message uses are
 *			    registered no longer. Those of a message that an
 *			    operator aborted stay: there is none to respond to
 */
#define PHX_RESPOND_UNREGISTER	0x1

/**
 * struct phx_ioc_buffer - PHX_IOC_BUFFER_REGISTER: have a server see memory for
 *			   longer than a message; PHX_IOC_BUFFER_UNREGISTER
 * @size: sizeof(struct phx_ioc_buffer)
 * @flags: for register: PHX_BUFFER_*, one or both, else 0
 * @port: number of the port whose messages may use it
 * @id: its number, 0 to 65535, in this file; out of register, in to unregister,
 *	which looks at nothing else but @flags
 * @addr: its address, on a page's begin
 * @len: its bytes, whole pages
 *
 * Within one process nothing is pinned or looked at: a message means what is at its
 * address then. Else the memory is pinned now, and put into the server's window when the server
 * receives the first message that says it uses it, for each direction. There it
 * stays, so that messages that use it cost what those without buffers cost. The
 * buffer of a message is any part of it.
 *
 * This isolates less than a message does: the server can read what is
 * registered as an input, and write what is registered as an output, at any time
 * from the first such message on, all of it, whatever part the messages name and
 * also between them. It is for servers that are trusted with that memory alone.
 *
 * It is registered until it is unregistered, or a response to a message that uses
 * it says PHX_RESPOND_UNREGISTER; until the port is destroyed, or either file is
 * closed; and no longer than either process lives or runs its program. Messages
 * that are under way by then go on, and the server sees the memory until the
 * last of them is responded to. Only then the number is used again.
 *
 * It is by its number that a message finds it and not by its address: the pages
 * are those that were there when it was registered, even if the sender has
 * unmapped them and has others at that address.
 *
 * The pages count as pinned for as long as the server can see them.
 *
 * Errors of register:
 *  EINVAL	 no such port, or no direction, or @addr or @len is not on a
 *		 page's begin, or @len is 0
 *  EACCES	 the port was not created with PHX_PORT_BUFFERS
 *  EFAULT	 the memory can't be read (input) or written (output)
 *  EOPNOTSUPP	 it can, but not be pinned for long, as a file's that is to be
 *		 written, or another's in a window
 *  EMSGSIZE	 @len is above PHX_MESSAGE_MAX
 *  ENOBUFS	 the pages would be more than RLIMIT_MEMLOCK
 *  ENOSPC	 all numbers are taken
 *
 * Errors of unregister:
 *  ENOENT	 no buffer is registered under that number, or no longer
 */
struct phx_ioc_buffer {
	__u32 size;
	__u32 flags;
	__u32 port;
	__u32 id;
	__aligned_u64 addr;
	__aligned_u64 len;
};

/** PHX_BUFFER_IN - the server may read it: inputs of messages may lie in it */
#define PHX_BUFFER_IN		0x1
/** PHX_BUFFER_OUT - the server may write it: outputs of messages may */
#define PHX_BUFFER_OUT		0x2

#define PHX_IOC_MAGIC		0xBA

#define PHX_IOC_INFO		_IO(PHX_IOC_MAGIC, 0)
#define PHX_IOC_PORT_CREATE	_IO(PHX_IOC_MAGIC, 1)
#define PHX_IOC_PORT_DESTROY	_IO(PHX_IOC_MAGIC, 2)
#define PHX_IOC_NAME_REGISTER	_IO(PHX_IOC_MAGIC, 3)
#define PHX_IOC_NAME_UNREGISTER	_IO(PHX_IOC_MAGIC, 4)
#define PHX_IOC_NAME_LOOKUP	_IO(PHX_IOC_MAGIC, 5)
#define PHX_IOC_SEND		_IO(PHX_IOC_MAGIC, 6)
#define PHX_IOC_RECV		_IO(PHX_IOC_MAGIC, 7)
#define PHX_IOC_RESPOND		_IO(PHX_IOC_MAGIC, 8)
#define PHX_IOC_RESPOND_RECV	_IO(PHX_IOC_MAGIC, 9)
#define PHX_IOC_BUFFER_REGISTER	_IO(PHX_IOC_MAGIC, 10)
#define PHX_IOC_BUFFER_UNREGISTER _IO(PHX_IOC_MAGIC, 11)

#endif /* _UAPI_LINUX_PHXPORT_H */

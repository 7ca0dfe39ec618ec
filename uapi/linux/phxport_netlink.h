/* SPDX-License-Identifier: (GPL-2.0 WITH Linux-syscall-note) OR MIT */
/*
 * phxport: the generic netlink family "phxport", by which a system is looked at
 * and steered. uapi/phxport.yaml is the same for programs, with a word on each
 * attribute; a test holds the two against each other.
 *
 * All of it but the module, users, limits and counters is about the network namespace
 * of the socket. A caller that has
 * CAP_NET_ADMIN in the user namespace of that sees everything there; any other
 * sees what belongs to its own user, and the messages sent by or to that. A request
 * without the kernel's address, which any program writes that has such a socket as its
 * output, is shown only what its writer and the socket's opener may both see.
 * Numbers of processes are in the pid namespace of who reads, numbers of users in
 * the user namespace of the socket; in events, which all listeners share, in the
 * pid namespace of the process and in the user namespace of the network namespace.
 *
 * Attributes and commands are only ever added at the end.
 */
#ifndef _UAPI_LINUX_PHXPORT_NETLINK_H
#define _UAPI_LINUX_PHXPORT_NETLINK_H

#define PHX_GENL_NAME		"phxport"
#define PHX_GENL_VERSION	1
/** PHX_GENL_EVENTS - the multicast group of events; it takes CAP_NET_ADMIN */
#define PHX_GENL_EVENTS		"events"

/**
 * enum phx_cmd - commands of the family
 * @PHX_CMD_UNSPEC: none
 * @PHX_CMD_MODULE_GET: what the module is; PHX_A_MODULE_*
 * @PHX_CMD_PORT_GET: one port, or a dump of all; PHX_A_PORT_*
 * @PHX_CMD_CLIENT_GET: one client, or a dump of all; PHX_A_CLIENT_*
 * @PHX_CMD_MESSAGE_GET: a dump of messages that are queued or held, of one port
 *			 if that is given; PHX_A_MESSAGE_*. Not among them
 *			 is one that is being received or answered right then
 * @PHX_CMD_NAME_GET: a dump of names; PHX_A_NAME_*
 * @PHX_CMD_BUFFER_GET: a dump of registered buffers; PHX_A_BUFFER_*
 * @PHX_CMD_LIMIT_GET: a dump of the limits that each user has; PHX_A_LIMIT_*
 * @PHX_CMD_USER_GET: a dump of users, and what is charged to them in all network
 *		      namespaces; PHX_A_USER_*
 * @PHX_CMD_STATS_GET: the counters of the whole module; PHX_A_STATS_*
 * @PHX_CMD_MESSAGE_ABORT: end a message by its id, port and client: the sender gets
 *			   ECANCELED, a server that holds it ESRCH when it
 *			   responds; if its buffers were sent on, when those
 *			   messages are over. ENOENT if there is none, EBUSY if the server
 *			   has its buffers in a window or shares memory with the
 *			   sender, unless PHX_A_MESSAGE_FORCE is given, ENOMEM if
 *			   there is no memory. It takes CAP_NET_ADMIN
 * @PHX_CMD_LIMIT_SET: set a limit, for users everywhere; it takes
 *		       CAP_SYS_RESOURCE in the first user namespace
 * @PHX_CMD_PORT_CREATE_NTF: event: a port was created
 * @PHX_CMD_PORT_DESTROY_NTF: event: a port is gone
 * @PHX_CMD_NAME_REGISTER_NTF: event: a name was registered
 * @PHX_CMD_NAME_UNREGISTER_NTF: event: a name is gone
 * @PHX_CMD_CLIENT_OPEN_NTF: event: the device was opened
 * @PHX_CMD_CLIENT_CLOSE_NTF: event: a client is gone
 * @PHX_CMD_LIMIT_HIT_NTF: event: a user reached a limit; PHX_A_LIMIT_*. At most
 *			   once in a second for each user and limit
 */
enum phx_cmd {
	PHX_CMD_UNSPEC,
	PHX_CMD_MODULE_GET,
	PHX_CMD_PORT_GET,
	PHX_CMD_CLIENT_GET,
	PHX_CMD_MESSAGE_GET,
	PHX_CMD_NAME_GET,
	PHX_CMD_BUFFER_GET,
	PHX_CMD_LIMIT_GET,
	PHX_CMD_USER_GET,
	PHX_CMD_STATS_GET,
	PHX_CMD_MESSAGE_ABORT,
	PHX_CMD_LIMIT_SET,
	PHX_CMD_PORT_CREATE_NTF,
	PHX_CMD_PORT_DESTROY_NTF,
	PHX_CMD_NAME_REGISTER_NTF,
	PHX_CMD_NAME_UNREGISTER_NTF,
	PHX_CMD_CLIENT_OPEN_NTF,
	PHX_CMD_CLIENT_CLOSE_NTF,
	PHX_CMD_LIMIT_HIT_NTF,
	/* private: */
	__PHX_CMD_MAX,
	PHX_CMD_MAX = __PHX_CMD_MAX - 1
};

/**
 * enum phx_a_module - attributes of the module
 * @PHX_A_MODULE_UNSPEC: none
 * @PHX_A_MODULE_PAD: fills up
 * @PHX_A_MODULE_VERSION: string: its version
 * @PHX_A_MODULE_ABI: u32: PHX_ABI_VERSION
 * @PHX_A_MODULE_FEATURES: u64: PHX_FEATURE_*
 */
enum phx_a_module {
	PHX_A_MODULE_UNSPEC,
	PHX_A_MODULE_PAD,
	PHX_A_MODULE_VERSION,
	PHX_A_MODULE_ABI,
	PHX_A_MODULE_FEATURES,
	/* private: */
	__PHX_A_MODULE_MAX,
	PHX_A_MODULE_MAX = __PHX_A_MODULE_MAX - 1
};

/**
 * enum phx_a_port - attributes of a port
 * @PHX_A_PORT_UNSPEC: none
 * @PHX_A_PORT_PAD: fills up
 * @PHX_A_PORT_ID: u32: its number
 * @PHX_A_PORT_CLIENT: u32: number of the client that receives at it
 * @PHX_A_PORT_PID: u32: process of that
 * @PHX_A_PORT_UID: u32: user of that
 * @PHX_A_PORT_COMM: string: name of that process, if it is there
 * @PHX_A_PORT_FLAGS: u32: PHX_PORT_*
 * @PHX_A_PORT_QUEUED: u32: messages that nobody has received
 * @PHX_A_PORT_WAITING: u32: threads that wait for a message
 * @PHX_A_PORT_RECEIVED: u64: messages that were received from it, and those that there
 *			 was no room for
 */
enum phx_a_port {
	PHX_A_PORT_UNSPEC,
	PHX_A_PORT_PAD,
	PHX_A_PORT_ID,
	PHX_A_PORT_CLIENT,
	PHX_A_PORT_PID,
	PHX_A_PORT_UID,
	PHX_A_PORT_COMM,
	PHX_A_PORT_FLAGS,
	PHX_A_PORT_QUEUED,
	PHX_A_PORT_WAITING,
	PHX_A_PORT_RECEIVED,
	/* private: */
	__PHX_A_PORT_MAX,
	PHX_A_PORT_MAX = __PHX_A_PORT_MAX - 1
};

/**
 * enum phx_a_client - attributes of a client, an open file of the device
 * @PHX_A_CLIENT_UNSPEC: none
 * @PHX_A_CLIENT_PAD: fills up
 * @PHX_A_CLIENT_ID: u32: its number
 * @PHX_A_CLIENT_PID: u32: process that opened it
 * @PHX_A_CLIENT_UID: u32: user that did, who is charged for it
 * @PHX_A_CLIENT_COMM: string: name of that process, if it is there
 * @PHX_A_CLIENT_PORTS: u32: ports it has
 * @PHX_A_CLIENT_QUEUED: u32: messages queued at those
 * @PHX_A_CLIENT_HELD: u32: messages it has received and not responded to
 * @PHX_A_CLIENT_NAMES: u32: names it registered
 * @PHX_A_CLIENT_WINDOW_IN: u64: bytes of its window for inputs, 0 none
 * @PHX_A_CLIENT_WINDOW_OUT: u64: bytes of its window for outputs, 0 none
 * @PHX_A_CLIENT_AGE: u64: milliseconds since it was opened
 */
enum phx_a_client {
	PHX_A_CLIENT_UNSPEC,
	PHX_A_CLIENT_PAD,
	PHX_A_CLIENT_ID,
	PHX_A_CLIENT_PID,
	PHX_A_CLIENT_UID,
	PHX_A_CLIENT_COMM,
	PHX_A_CLIENT_PORTS,
	PHX_A_CLIENT_QUEUED,
	PHX_A_CLIENT_HELD,
	PHX_A_CLIENT_NAMES,
	PHX_A_CLIENT_WINDOW_IN,
	PHX_A_CLIENT_WINDOW_OUT,
	PHX_A_CLIENT_AGE,
	/* private: */
	__PHX_A_CLIENT_MAX,
	PHX_A_CLIENT_MAX = __PHX_A_CLIENT_MAX - 1
};

/**
 * enum phx_message_state - where a message is
 * @PHX_MESSAGE_QUEUED: at the port, nobody has received it
 * @PHX_MESSAGE_HELD: a server received it and has not responded
 * @PHX_MESSAGE_ORPHAN: the same, and its sender is gone
 * @PHX_MESSAGE_ABORTED: the same, and it was aborted: nothing is left of it but
 *			 the rid that the server will respond to
 */
enum phx_message_state {
	PHX_MESSAGE_QUEUED,
	PHX_MESSAGE_HELD,
	PHX_MESSAGE_ORPHAN,
	PHX_MESSAGE_ABORTED,
};

/**
 * enum phx_a_message - attributes of a message
 * @PHX_A_MESSAGE_UNSPEC: none
 * @PHX_A_MESSAGE_PAD: fills up
 * @PHX_A_MESSAGE_ID: u64: its number, never another's. One that changes its place
 *		      may come twice in a dump
 * @PHX_A_MESSAGE_PORT: u32: where it was sent to
 * @PHX_A_MESSAGE_STATE: u32: enum phx_message_state
 * @PHX_A_MESSAGE_TYPE: s32: struct phx_msg's type
 * @PHX_A_MESSAGE_PRIORITY: u32: its sender's, 0 (highest) to 7
 * @PHX_A_MESSAGE_AGE: u64: milliseconds since it was sent
 * @PHX_A_MESSAGE_HELD: u64: milliseconds since it was received
 * @PHX_A_MESSAGE_SENDER: u32: number of the client that sent it; not of an orphan, as
 *			  what else is the sender's
 * @PHX_A_MESSAGE_SENDER_PID: u32: process that waits for the response
 * @PHX_A_MESSAGE_SENDER_TID: u32: thread that does
 * @PHX_A_MESSAGE_SENDER_COMM: string: its name
 * @PHX_A_MESSAGE_CLIENT: u32: number of the client that receives it
 * @PHX_A_MESSAGE_PID: u32: process of that
 * @PHX_A_MESSAGE_TID: u32: thread that received it, if it is there
 * @PHX_A_MESSAGE_COMM: string: name of that process
 * @PHX_A_MESSAGE_RID: s32: by which the server knows it
 * @PHX_A_MESSAGE_IN_SIZE: u64: bytes of the input
 * @PHX_A_MESSAGE_IN_CLASS: u32: enum phx_class: how the server sees that
 * @PHX_A_MESSAGE_OUT_SIZE: u64: bytes of the output
 * @PHX_A_MESSAGE_OUT_CLASS: u32: enum phx_class: how the server sees that
 * @PHX_A_MESSAGE_LOANS: u32: messages with which its buffers were sent on
 * @PHX_A_MESSAGE_FORCE: flag: to abort it even if the server has its buffers in a
 *			 window: they are taken away, and an access to them raises
 *			 SIGBUS. What is registered or in shared memory stays
 */
enum phx_a_message {
	PHX_A_MESSAGE_UNSPEC,
	PHX_A_MESSAGE_PAD,
	PHX_A_MESSAGE_ID,
	PHX_A_MESSAGE_PORT,
	PHX_A_MESSAGE_STATE,
	PHX_A_MESSAGE_TYPE,
	PHX_A_MESSAGE_PRIORITY,
	PHX_A_MESSAGE_AGE,
	PHX_A_MESSAGE_HELD,
	PHX_A_MESSAGE_SENDER,
	PHX_A_MESSAGE_SENDER_PID,
	PHX_A_MESSAGE_SENDER_TID,
	PHX_A_MESSAGE_SENDER_COMM,
	PHX_A_MESSAGE_CLIENT,
	PHX_A_MESSAGE_PID,
	PHX_A_MESSAGE_TID,
	PHX_A_MESSAGE_COMM,
	PHX_A_MESSAGE_RID,
	PHX_A_MESSAGE_IN_SIZE,
	PHX_A_MESSAGE_IN_CLASS,
	PHX_A_MESSAGE_OUT_SIZE,
	PHX_A_MESSAGE_OUT_CLASS,
	PHX_A_MESSAGE_LOANS,
	PHX_A_MESSAGE_FORCE,
	/* private: */
	__PHX_A_MESSAGE_MAX,
	PHX_A_MESSAGE_MAX = __PHX_A_MESSAGE_MAX - 1
};

/**
 * enum phx_a_name - attributes of a name
 * @PHX_A_NAME_UNSPEC: none
 * @PHX_A_NAME_PAD: fills up
 * @PHX_A_NAME_NAME: string: the name
 * @PHX_A_NAME_PORT: u32: the port that it stands for
 * @PHX_A_NAME_OBJECT: u64: the object that it stands for, the server's number
 * @PHX_A_NAME_CLIENT: u32: number of the client that registered it
 * @PHX_A_NAME_PID: u32: process of that
 * @PHX_A_NAME_UID: u32: user of that
 * @PHX_A_NAME_STALE: flag: the port is gone
 */
enum phx_a_name {
	PHX_A_NAME_UNSPEC,
	PHX_A_NAME_PAD,
	PHX_A_NAME_NAME,
	PHX_A_NAME_PORT,
	PHX_A_NAME_OBJECT,
	PHX_A_NAME_CLIENT,
	PHX_A_NAME_PID,
	PHX_A_NAME_UID,
	PHX_A_NAME_STALE,
	/* private: */
	__PHX_A_NAME_MAX,
	PHX_A_NAME_MAX = __PHX_A_NAME_MAX - 1
};

/**
 * enum phx_a_buffer - attributes of a registered buffer
 * @PHX_A_BUFFER_UNSPEC: none
 * @PHX_A_BUFFER_PAD: fills up
 * @PHX_A_BUFFER_CLIENT: u32: number of the client that registered it
 * @PHX_A_BUFFER_ID: u32: its number there
 * @PHX_A_BUFFER_PID: u32: process of that client
 * @PHX_A_BUFFER_UID: u32: user of that client
 * @PHX_A_BUFFER_PORT: u32: the port it is registered with
 * @PHX_A_BUFFER_FLAGS: u32: PHX_BUFFER_*
 * @PHX_A_BUFFER_SIZE: u64: its bytes
 * @PHX_A_BUFFER_MESSAGES: u32: messages' buffers that use it
 * @PHX_A_BUFFER_ENDED: flag: it is registered no longer, and stays for those
 */
enum phx_a_buffer {
	PHX_A_BUFFER_UNSPEC,
	PHX_A_BUFFER_PAD,
	PHX_A_BUFFER_CLIENT,
	PHX_A_BUFFER_ID,
	PHX_A_BUFFER_PID,
	PHX_A_BUFFER_UID,
	PHX_A_BUFFER_PORT,
	PHX_A_BUFFER_FLAGS,
	PHX_A_BUFFER_SIZE,
	PHX_A_BUFFER_MESSAGES,
	PHX_A_BUFFER_ENDED,
	/* private: */
	__PHX_A_BUFFER_MAX,
	PHX_A_BUFFER_MAX = __PHX_A_BUFFER_MAX - 1
};

/**
 * enum phx_limit_id - what there are limits for, for each user
 * @PHX_LIMIT_ID_PORTS: ports; parameter max_ports
 * @PHX_LIMIT_ID_NAMES: names; parameter max_names
 * @PHX_LIMIT_ID_MESSAGES: messages that are not done with; parameter max_messages
 * @PHX_LIMIT_ID_PAGES: pages pinned or copied, with lists of them and pages shown
 *	instead; parameter max_pages
 */
enum phx_limit_id {
	PHX_LIMIT_ID_PORTS,
	PHX_LIMIT_ID_NAMES,
	PHX_LIMIT_ID_MESSAGES,
	PHX_LIMIT_ID_PAGES,
};

/**
 * enum phx_a_limit - attributes of a limit
 * @PHX_A_LIMIT_UNSPEC: none
 * @PHX_A_LIMIT_ID: u32: enum phx_limit_id
 * @PHX_A_LIMIT_MAX: u32: how many a user may have
 * @PHX_A_LIMIT_UID: u32: of an event: the user
 * @PHX_A_LIMIT_CLIENT: u32: of an event: number of the client whose call failed
 * @PHX_A_LIMIT_PID: u32: of an event: process of that
 */
enum phx_a_limit {
	PHX_A_LIMIT_UNSPEC,
	PHX_A_LIMIT_ID,
	PHX_A_LIMIT_MAX,
	PHX_A_LIMIT_UID,
	PHX_A_LIMIT_CLIENT,
	PHX_A_LIMIT_PID,
	/* private: */
	__PHX_A_LIMIT_MAX,
	PHX_A_LIMIT_LAST = __PHX_A_LIMIT_MAX - 1
};

/**
 * enum phx_a_user - attributes of a user
 * @PHX_A_USER_UNSPEC: none
 * @PHX_A_USER_PAD: fills up
 * @PHX_A_USER_UID: u32: who
 * @PHX_A_USER_PORTS: u64: ports charged to it
 * @PHX_A_USER_NAMES: u64: names
 * @PHX_A_USER_MESSAGES: u64: messages
 * @PHX_A_USER_PAGES: u64: pages
 * @PHX_A_USER_HITS: u64: charges that a limit refused since it is known, some of
 *		     which a call can do without
 */
enum phx_a_user {
	PHX_A_USER_UNSPEC,
	PHX_A_USER_PAD,
	PHX_A_USER_UID,
	PHX_A_USER_PORTS,
	PHX_A_USER_NAMES,
	PHX_A_USER_MESSAGES,
	PHX_A_USER_PAGES,
	PHX_A_USER_HITS,
	/* private: */
	__PHX_A_USER_MAX,
	PHX_A_USER_MAX = __PHX_A_USER_MAX - 1
};

/**
 * enum phx_a_stats - counters of the whole module, each a u64; phxport(4) tells
 *		      what each of them is
 * @PHX_A_STATS_UNSPEC: none
 * @PHX_A_STATS_PAD: fills up
 * @PHX_A_STATS_CLIENTS_LIVE: those that end in LIVE: what there is now
 * @PHX_A_STATS_PORTS_LIVE: .
 * @PHX_A_STATS_NAMES_LIVE: .
 * @PHX_A_STATS_USERS_LIVE: .
 * @PHX_A_STATS_MESSAGES_LIVE: .
 * @PHX_A_STATS_REGIONS_LIVE: .
 * @PHX_A_STATS_PAGES_PINNED_LIVE: .
 * @PHX_A_STATS_PAGES_SHADOW_LIVE: .
 * @PHX_A_STATS_MESSAGES_SENT: all others: since the module was loaded
 * @PHX_A_STATS_MESSAGES_RECEIVED: .
 * @PHX_A_STATS_MESSAGES_ANSWERED: .
 * @PHX_A_STATS_MESSAGES_WITHDRAWN: .
 * @PHX_A_STATS_MESSAGES_ORPHANED: .
 * @PHX_A_STATS_MESSAGES_REQUEUED: .
 * @PHX_A_STATS_BUFFERS_INLINE: .
 * @PHX_A_STATS_BUFFERS_SAME: .
 * @PHX_A_STATS_BUFFERS_COPIED: .
 * @PHX_A_STATS_BUFFERS_LENT: .
 * @PHX_A_STATS_BUFFERS_RELENT: .
 * @PHX_A_STATS_BUFFERS_BOUNCED: .
 * @PHX_A_STATS_BUFFERS_REGISTERED: .
 * @PHX_A_STATS_PAGES_HUGE: .
 * @PHX_A_STATS_WAITS_SPUN: .
 * @PHX_A_STATS_WAITS_SLEPT: .
 * @PHX_A_STATS_PAGES_PINNED: .
 * @PHX_A_STATS_PAGES_UNPINNED: .
 * @PHX_A_STATS_MESSAGES_ABORTED: .
 * @PHX_A_STATS_PAGES_KEPT_LIVE: what there is now
 */
enum phx_a_stats {
	PHX_A_STATS_UNSPEC,
	PHX_A_STATS_PAD,
	PHX_A_STATS_CLIENTS_LIVE,
	PHX_A_STATS_PORTS_LIVE,
	PHX_A_STATS_NAMES_LIVE,
	PHX_A_STATS_USERS_LIVE,
	PHX_A_STATS_MESSAGES_LIVE,
	PHX_A_STATS_REGIONS_LIVE,
	PHX_A_STATS_PAGES_PINNED_LIVE,
	PHX_A_STATS_PAGES_SHADOW_LIVE,
	PHX_A_STATS_MESSAGES_SENT,
	PHX_A_STATS_MESSAGES_RECEIVED,
	PHX_A_STATS_MESSAGES_ANSWERED,
	PHX_A_STATS_MESSAGES_WITHDRAWN,
	PHX_A_STATS_MESSAGES_ORPHANED,
	PHX_A_STATS_MESSAGES_REQUEUED,
	PHX_A_STATS_BUFFERS_INLINE,
	PHX_A_STATS_BUFFERS_SAME,
	PHX_A_STATS_BUFFERS_COPIED,
	PHX_A_STATS_BUFFERS_LENT,
	PHX_A_STATS_BUFFERS_RELENT,
	PHX_A_STATS_BUFFERS_BOUNCED,
	PHX_A_STATS_BUFFERS_REGISTERED,
	PHX_A_STATS_PAGES_HUGE,
	PHX_A_STATS_WAITS_SPUN,
	PHX_A_STATS_WAITS_SLEPT,
	PHX_A_STATS_PAGES_PINNED,
	PHX_A_STATS_PAGES_UNPINNED,
	PHX_A_STATS_MESSAGES_ABORTED,
	PHX_A_STATS_PAGES_KEPT_LIVE,
	/* private: */
	__PHX_A_STATS_MAX,
	PHX_A_STATS_MAX = __PHX_A_STATS_MAX - 1
};

#endif /* _UAPI_LINUX_PHXPORT_NETLINK_H */

// SPDX-License-Identifier: MIT
/*
 * The kernel ABI as this library understands it. Layouts are the same for
 * 32-bit and 64-bit programs, so these numbers hold for both.
 */
#include <linux/phxport.h>

#include <stddef.h>

#define SIZE(type, size)						\
	_Static_assert(sizeof(struct type) == (size), "size of " #type)
#define AT(type, member, offset)					\
	_Static_assert(offsetof(struct type, member) == (offset),	\
		       #type "." #member)

SIZE(phx_oid, 16);
AT(phx_oid, port, 0);
AT(phx_oid, __pad, 4);
AT(phx_oid, id, 8);

SIZE(phx_msg_in, 80);
AT(phx_msg_in, raw, 0);
AT(phx_msg_in, size, 64);
AT(phx_msg_in, data, 72);

SIZE(phx_msg_out, 88);
AT(phx_msg_out, raw, 0);
AT(phx_msg_out, err, 64);
AT(phx_msg_out, __pad, 68);
AT(phx_msg_out, size, 72);
AT(phx_msg_out, data, 80);

SIZE(phx_msg, 200);
AT(phx_msg, type, 0);
AT(phx_msg, pid, 4);
AT(phx_msg, priority, 8);
AT(phx_msg, __pad, 12);
AT(phx_msg, oid, 16);
AT(phx_msg, i, 32);
AT(phx_msg, o, 112);

SIZE(phx_ioc_info, 80);
AT(phx_ioc_info, size, 0);
AT(phx_ioc_info, flags, 4);
AT(phx_ioc_info, abi, 8);
AT(phx_ioc_info, page_size, 12);
AT(phx_ioc_info, features, 16);
AT(phx_ioc_info, lend_min, 24);
AT(phx_ioc_info, window_max, 32);
AT(phx_ioc_info, message_max, 40);
AT(phx_ioc_info, version, 48);

SIZE(phx_ioc_port, 16);
AT(phx_ioc_port, size, 0);
AT(phx_ioc_port, flags, 4);
AT(phx_ioc_port, port, 8);
AT(phx_ioc_port, __reserved, 12);

SIZE(phx_ioc_name, 40);
AT(phx_ioc_name, size, 0);
AT(phx_ioc_name, flags, 4);
AT(phx_ioc_name, name, 8);
AT(phx_ioc_name, name_size, 16);
AT(phx_ioc_name, matched, 20);
AT(phx_ioc_name, oid, 24);

SIZE(phx_ioc_send, 224);
AT(phx_ioc_send, size, 0);
AT(phx_ioc_send, flags, 4);
AT(phx_ioc_send, port, 8);
AT(phx_ioc_send, i_off, 12);
AT(phx_ioc_send, o_off, 14);
AT(phx_ioc_send, timeout_ns, 16);
AT(phx_ioc_send, msg, 24);

SIZE(phx_ioc_recv, 248);
AT(phx_ioc_recv, size, 0);
AT(phx_ioc_recv, flags, 4);
AT(phx_ioc_recv, port, 8);
AT(phx_ioc_recv, __reserved, 12);
AT(phx_ioc_recv, timeout_ns, 16);
AT(phx_ioc_recv, buf, 24);
AT(phx_ioc_recv, buf_size, 32);
AT(phx_ioc_recv, rid, 40);
AT(phx_ioc_recv, i_class, 44);
AT(phx_ioc_recv, o_class, 46);
AT(phx_ioc_recv, msg, 48);

SIZE(phx_ioc_respond, 104);
AT(phx_ioc_respond, size, 0);
AT(phx_ioc_respond, flags, 4);
AT(phx_ioc_respond, port, 8);
AT(phx_ioc_respond, rid, 12);
AT(phx_ioc_respond, o, 16);

SIZE(phx_ioc_buffer, 32);
AT(phx_ioc_buffer, size, 0);
AT(phx_ioc_buffer, flags, 4);
AT(phx_ioc_buffer, port, 8);
AT(phx_ioc_buffer, id, 12);
AT(phx_ioc_buffer, addr, 16);
AT(phx_ioc_buffer, len, 24);

// SPDX-License-Identifier: MIT
/*
 * Layouts of Phoenix-RTOS' 64-bit ABIs, on every machine.
 */
#include <phxport/phoenix.h>

#define SIZE(what, size)						\
	_Static_assert(sizeof(what) == (size), "size of " #what)
#define AT(type, member, offset)					\
	_Static_assert(offsetof(type, member) == (offset),		\
		       #type "." #member)
#define MSG	((msg_t *)0)

SIZE(oid_t, 16);
AT(oid_t, id, 8);
SIZE(msg_t, 200);
AT(msg_t, type, 0);
AT(msg_t, pid, 4);
AT(msg_t, priority, 8);
AT(msg_t, oid, 16);
AT(msg_t, i, 32);
AT(msg_t, i.raw, 32);
AT(msg_t, i.size, 96);
AT(msg_t, i.data, 104);
AT(msg_t, o, 112);
AT(msg_t, o.raw, 112);
AT(msg_t, o.err, 176);
AT(msg_t, o.size, 184);
AT(msg_t, o.data, 192);

SIZE(MSG->i.raw, 64);
SIZE(MSG->i.openclose, 4);
SIZE(MSG->i.io, 24);
AT(msg_t, i.io.offs, 32);
AT(msg_t, i.io.len, 40);
AT(msg_t, i.io.mode, 48);
SIZE(MSG->i.create, 24);
AT(msg_t, i.create.type, 32);
AT(msg_t, i.create.mode, 36);
AT(msg_t, i.create.dev, 40);
SIZE(MSG->i.attr, 16);
AT(msg_t, i.attr.val, 32);
AT(msg_t, i.attr.type, 40);
SIZE(MSG->i.ln, 16);
SIZE(MSG->i.readdir, 8);

SIZE(MSG->o.raw, 64);
SIZE(MSG->o.attr, 8);
SIZE(MSG->o.create, 16);
SIZE(MSG->o.lookup, 32);
AT(msg_t, o.lookup.fil, 112);
AT(msg_t, o.lookup.dev, 128);

SIZE(struct _attr, 16);
AT(struct _attr, err, 8);
SIZE(struct _attrAll, 240);
AT(struct _attrAll, dev, 224);
SIZE(struct phx_dirent, 16);
AT(struct phx_dirent, d_type, 8);
AT(struct phx_dirent, d_reclen, 12);
AT(struct phx_dirent, d_namlen, 14);
AT(struct phx_dirent, d_name, 16);
SIZE(mount_i_msg_t, 40);
AT(mount_i_msg_t, mode, 16);
AT(mount_i_msg_t, fstype, 24);
SIZE(mount_o_msg_t, 16);

_Static_assert(mtReaddir + 1 == mtCount, "message types");
_Static_assert(atDev == 14 && otUnknown == 4, "attributes and objects");

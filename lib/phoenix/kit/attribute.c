// SPDX-License-Identifier: MIT
#include <phoenix/attribute.h>

void _phoenix_initAttrsStruct(struct _attrAll *attrs, int err)
{
	struct _attr *attr = (struct _attr *)attrs;
	size_t i;

	for (i = 0; i < sizeof(*attrs) / sizeof(*attr); i++) {
		attr[i].val = 0;
		attr[i].err = err;
	}
}

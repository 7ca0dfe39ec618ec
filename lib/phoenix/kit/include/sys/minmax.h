/* SPDX-License-Identifier: MIT */
/*
 * The larger and the smaller of two, each evaluated once.
 */
#ifndef _PHX_KIT_SYS_MINMAX_H
#define _PHX_KIT_SYS_MINMAX_H

#undef max
#define max(a, b) ({							\
	__typeof__(a) _max_a = (a);					\
	__typeof__(b) _max_b = (b);					\
	_max_a > _max_b ? _max_a : _max_b; })

#undef min
#define min(a, b) ({							\
	__typeof__(a) _min_a = (a);					\
	__typeof__(b) _min_b = (b);					\
	_min_a > _min_b ? _min_b : _min_a; })

#endif /* _PHX_KIT_SYS_MINMAX_H */

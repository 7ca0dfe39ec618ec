// SPDX-License-Identifier: MIT
/*
 * What programs see by Phoenix-RTOS' names and the kit by its own has one layout.
 */
#include <dirent.h>
#include <sys/events.h>
#include <sys/mman.h>
#include <termios.h>

#define SAME(a, b, member)						\
	_Static_assert(offsetof(a, member) == offsetof(b, member),	\
		       #a "." #member)

_Static_assert(sizeof(id_t) == 8, "id_t has 64 bits");
_Static_assert(sizeof(struct dirent) == sizeof(struct phx_dirent), "dirent");
SAME(struct dirent, struct phx_dirent, d_ino);
SAME(struct dirent, struct phx_dirent, d_type);
SAME(struct dirent, struct phx_dirent, d_reclen);
SAME(struct dirent, struct phx_dirent, d_namlen);
SAME(struct dirent, struct phx_dirent, d_name);

_Static_assert(sizeof(struct termios) == sizeof(struct phx_termios), "termios");
SAME(struct termios, struct phx_termios, c_lflag);
SAME(struct termios, struct phx_termios, c_cc);
SAME(struct termios, struct phx_termios, c_ispeed);
SAME(struct termios, struct phx_termios, c_ospeed);
_Static_assert(sizeof(struct winsize) == sizeof(struct phx_winsize), "winsize");

/* posix/events.c sends them by their size. */
_Static_assert(sizeof(event_t) == 32, "event_t");

/* Linux must not take a flag of Phoenix-RTOS for one of its own. */
_Static_assert(!((MAP_UNCACHED | MAP_DEVICE | MAP_PHYSMEM | MAP_CONTIGUOUS |
		  MAP_NOINHERIT) &
		 (MAP_SHARED_VALIDATE | MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED |
		  MAP_GROWSDOWN | MAP_DENYWRITE | MAP_EXECUTABLE | MAP_LOCKED |
		  MAP_NORESERVE | MAP_POPULATE | MAP_NONBLOCK | MAP_STACK |
		  MAP_HUGETLB | MAP_SYNC | MAP_FIXED_NOREPLACE |
		  (MAP_HUGE_MASK << MAP_HUGE_SHIFT))), "flags of mmap()");

// SPDX-License-Identifier: MIT
/*
 * Terminals. Programs ask by ioctls of Phoenix-RTOS; a server gets them as they
 * are, for a file of Linux they are translated.
 */
#include "px.h"

#include "../include/phoenix/termios-layout.h"

#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

struct bit {
	int phoenix;
	tcflag_t linux_bit;
};

static const struct bit iflags[] = {
	{ PHX_BRKINT, BRKINT }, { PHX_ICRNL, ICRNL }, { PHX_IGNBRK, IGNBRK },
	{ PHX_IGNCR, IGNCR }, { PHX_IGNPAR, IGNPAR }, { PHX_INLCR, INLCR },
	{ PHX_INPCK, INPCK }, { PHX_ISTRIP, ISTRIP }, { PHX_IUCLC, IUCLC },
	{ PHX_IXANY, IXANY }, { PHX_IXOFF, IXOFF }, { PHX_IXON, IXON },
	{ PHX_IMAXBEL, IMAXBEL }, { PHX_PARMRK, PARMRK }, { 0, 0 },
};

static const struct bit oflags[] = {
	{ PHX_OPOST, OPOST }, { PHX_OLCUC, OLCUC }, { PHX_ONLCR, ONLCR },
	{ PHX_OCRNL, OCRNL }, { PHX_ONOCR, ONOCR }, { PHX_ONLRET, ONLRET },
	{ PHX_OFILL, OFILL }, { 0, 0 },
};

static const struct bit cflags[] = {
	{ PHX_CSTOPB, CSTOPB }, { PHX_CREAD, CREAD }, { PHX_PARENB, PARENB },
	{ PHX_PARODD, PARODD }, { PHX_HUPCL, HUPCL }, { PHX_CLOCAL, CLOCAL },
	{ 0, 0 },
};

static const struct bit lflags[] = {
	{ PHX_ECHO, ECHO }, { PHX_ECHOE, ECHOE }, { PHX_ECHOK, ECHOK },
	{ PHX_ECHONL, ECHONL }, { PHX_ICANON, ICANON }, { PHX_IEXTEN, IEXTEN },
	{ PHX_ISIG, ISIG }, { PHX_NOFLSH, NOFLSH }, { PHX_TOSTOP, TOSTOP },
	{ PHX_XCASE, XCASE }, { PHX_ECHOCTL, ECHOCTL }, { PHX_ECHOKE, ECHOKE },
	{ 0, 0 },
};

static const struct {
	int phoenix;
	int linux_place;
} chars[] = {
	{ PHX_VINTR, VINTR }, { PHX_VQUIT, VQUIT }, { PHX_VERASE, VERASE },
	{ PHX_VKILL, VKILL }, { PHX_VEOF, VEOF }, { PHX_VTIME, VTIME },
	{ PHX_VMIN, VMIN }, { PHX_VSTART, VSTART }, { PHX_VSTOP, VSTOP },
	{ PHX_VSUSP, VSUSP }, { PHX_VEOL, VEOL }, { PHX_VREPRINT, VREPRINT },
	{ PHX_VDISCARD, VDISCARD }, { PHX_VWERASE, VWERASE },
	{ PHX_VLNEXT, VLNEXT }, { PHX_VEOL2, VEOL2 },
};

static const struct {
	int bps;
	speed_t speed;
} speeds[] = {
	{ 0, B0 }, { 50, B50 }, { 75, B75 }, { 110, B110 }, { 134, B134 },
	{ 150, B150 }, { 200, B200 }, { 300, B300 }, { 600, B600 },
	{ 1200, B1200 }, { 1800, B1800 }, { 2400, B2400 }, { 4800, B4800 },
	{ 9600, B9600 }, { 19200, B19200 }, { 38400, B38400 },
	{ 57600, B57600 }, { 115200, B115200 }, { 230400, B230400 },
	{ 460800, B460800 },
};

#define COUNT(array)	(sizeof(array) / sizeof(*(array)))

static int bits_from_linux(const struct bit *table, tcflag_t flags)
{
	int res = 0;

	for (; table->phoenix; table++)
		if (flags & table->linux_bit)
			res |= table->phoenix;
	return res;
}

/* What Phoenix-RTOS has no name for stays as it was. */
static tcflag_t bits_to_linux(const struct bit *table, int flags, tcflag_t old)
{
	for (; table->phoenix; table++) {
		old &= ~table->linux_bit;
		if (flags & table->phoenix)
			old |= table->linux_bit;
	}
	return old;
}

static int speed_from_linux(speed_t speed)
{
	size_t i;

	for (i = 0; i < COUNT(speeds); i++)
		if (speeds[i].speed == speed)
			return speeds[i].bps;
	return 38400;
}

static speed_t speed_to_linux(int bps)
{
	size_t i;

	for (i = 0; i < COUNT(speeds); i++)
		if (speeds[i].bps == bps)
			return speeds[i].speed;
	return B38400;
}

static int get_attr(int fd, struct phx_termios *attr)
{
	struct termios from;
	size_t i;

	if (tcgetattr(fd, &from))
		return -errno;
	memset(attr, 0, sizeof(*attr));
	attr->c_iflag = bits_from_linux(iflags, from.c_iflag);
	attr->c_oflag = bits_from_linux(oflags, from.c_oflag);
	attr->c_cflag = bits_from_linux(cflags, from.c_cflag) |
			(int)(from.c_cflag & CSIZE) / (int)CS6;
	attr->c_lflag = bits_from_linux(lflags, from.c_lflag);
	for (i = 0; i < COUNT(chars); i++)
		attr->c_cc[chars[i].phoenix] = from.c_cc[chars[i].linux_place];
	attr->c_ispeed = speed_from_linux(cfgetispeed(&from));
	attr->c_ospeed = speed_from_linux(cfgetospeed(&from));
	return 0;
}

static int set_attr(int fd, int when, const struct phx_termios *attr)
{
	struct termios to;
	size_t i;

	if (tcgetattr(fd, &to))
		return -errno;
	to.c_iflag = bits_to_linux(iflags, attr->c_iflag, to.c_iflag);
	to.c_oflag = bits_to_linux(oflags, attr->c_oflag, to.c_oflag);
	to.c_cflag = bits_to_linux(cflags, attr->c_cflag, to.c_cflag & ~CSIZE) |
		     (tcflag_t)(attr->c_cflag & PHX_CSIZE) * CS6;
	to.c_lflag = bits_to_linux(lflags, attr->c_lflag, to.c_lflag);
	for (i = 0; i < COUNT(chars); i++)
		to.c_cc[chars[i].linux_place] = (cc_t)attr->c_cc[chars[i].phoenix];
	cfsetispeed(&to, speed_to_linux(attr->c_ispeed));
	cfsetospeed(&to, speed_to_linux(attr->c_ospeed));
	return tcsetattr(fd, when, &to) ? -errno : 0;
}

static int as_errno(int res)
{
	return res < 0 ? -errno : res;
}

static int flush(int fd, int which)
{
	static const int queues[] = { TCIFLUSH, TCOFLUSH, TCIOFLUSH };

	if (which < 0 || which > 2)
		return -EINVAL;
	return as_errno(tcflush(fd, queues[which]));
}

static int flow(int fd, int action)
{
	static const int actions[] = { TCIOFF, TCION, TCOOFF, TCOON };

	if (action < 0 || action > 3)
		return -EINVAL;
	return as_errno(tcflow(fd, actions[action]));
}

/**
 * px_tty_ioctl - an ioctl of Phoenix-RTOS on a file of Linux
 * @fd: the number
 * @request: what is asked, with Phoenix-RTOS' number
 * @arg: its argument
 *
 * Return: the result, -ENOTTY for what Linux doesn't have.
 */
int px_tty_ioctl(int fd, unsigned long request, void *arg)
{
	int value = (int)(intptr_t)arg;

	switch (request) {
	case PHX_TCGETS:
		return get_attr(fd, arg);
	case PHX_TCSETS:
		return set_attr(fd, TCSANOW, arg);
	case PHX_TCSETSW:
		return set_attr(fd, TCSADRAIN, arg);
	case PHX_TCSETSF:
		return set_attr(fd, TCSAFLUSH, arg);
	case PHX_TCFLSH:
		return flush(fd, value);
	case PHX_TCDRAIN:
		return as_errno(tcdrain(fd));
	case PHX_TCXONC:
		return flow(fd, value);
	case PHX_TCSBRK:
		return as_errno(tcsendbreak(fd, value));
	case PHX_TIOCSCTTY:
		return as_errno(ioctl(fd, TIOCSCTTY, value));
	case PHX_TIOCNOTTY:
		return as_errno(ioctl(fd, TIOCNOTTY));
	case PHX_TIOCGPGRP:
		return as_errno(ioctl(fd, TIOCGPGRP, arg));
	case PHX_TIOCSPGRP:
		return as_errno(ioctl(fd, TIOCSPGRP, arg));
	case PHX_TIOCGSID:
		return as_errno(ioctl(fd, TIOCGSID, arg));
	case PHX_TIOCGWINSZ:
		return as_errno(ioctl(fd, TIOCGWINSZ, arg));
	case PHX_TIOCSWINSZ:
		return as_errno(ioctl(fd, TIOCSWINSZ, arg));
	case PHX_FIONREAD:
		return as_errno(ioctl(fd, FIONREAD, arg));
	case PHX_FIONBIO:
		value = *(unsigned long *)arg != 0;
		return as_errno(ioctl(fd, FIONBIO, &value));
	default:
		return fcntl(fd, F_GETFD) < 0 ? -errno : -ENOTTY;
	}
}

PX_API int phx_px_tcgetattr(int fd, struct phx_termios *attr)
{
	return phx_px_ioctl(fd, PHX_TCGETS, attr);
}

PX_API int phx_px_tcsetattr(int fd, int when, const struct phx_termios *attr)
{
	static const unsigned long requests[] = {
		PHX_TCSETS, PHX_TCSETSW, PHX_TCSETSF,
	};

	if (when < 0 || when > 2)
		return (int)px_result(-EINVAL);
	return phx_px_ioctl(fd, requests[when], attr);
}

PX_API int phx_px_tcsendbreak(int fd, int duration)
{
	return phx_px_ioctl(fd, PHX_TCSBRK, (intptr_t)duration);
}

PX_API int phx_px_tcflush(int fd, int which)
{
	return phx_px_ioctl(fd, PHX_TCFLSH, (intptr_t)which);
}

PX_API int phx_px_tcdrain(int fd)
{
	return phx_px_ioctl(fd, PHX_TCDRAIN, NULL);
}

PX_API int phx_px_tcflow(int fd, int action)
{
	return phx_px_ioctl(fd, PHX_TCXONC, (intptr_t)action);
}

PX_API int phx_px_tcsetpgrp(int fd, pid_t group)
{
	return phx_px_ioctl(fd, PHX_TIOCSPGRP, &group);
}

PX_API pid_t phx_px_tcgetpgrp(int fd)
{
	pid_t group;

	return phx_px_ioctl(fd, PHX_TIOCGPGRP, &group) < 0 ? -1 : group;
}

PX_API pid_t phx_px_tcgetsid(int fd)
{
	pid_t session;

	return phx_px_ioctl(fd, PHX_TIOCGSID, &session) < 0 ? -1 : session;
}

PX_API void phx_px_cfmakeraw(struct phx_termios *attr)
{
	attr->c_iflag &= ~(PHX_IGNBRK | PHX_BRKINT | PHX_PARMRK | PHX_ISTRIP |
			   PHX_INLCR | PHX_IGNCR | PHX_ICRNL | PHX_IXON);
	attr->c_oflag &= ~PHX_OPOST;
	attr->c_lflag &= ~(PHX_ECHO | PHX_ECHONL | PHX_ICANON | PHX_ISIG |
			   PHX_IEXTEN);
	attr->c_cflag &= ~(PHX_CSIZE | PHX_PARENB);
	attr->c_cflag |= PHX_CSIZE;	/* 8 bits */
	attr->c_cc[PHX_VMIN] = 1;
	attr->c_cc[PHX_VTIME] = 0;
}

PX_API int phx_px_isatty(int fd)
{
	struct phx_termios attr;

	return !phx_px_ioctl(fd, PHX_TCGETS, &attr);
}

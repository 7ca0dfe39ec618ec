/* SPDX-License-Identifier: MIT */
/*
 * Terminals, with Phoenix-RTOS' structure and numbers. Those of Linux are
 * translated.
 */
#ifndef _PHX_KIT_TERMIOS_H
#define _PHX_KIT_TERMIOS_H

#include <sys/ioctl.h>
#include <sys/types.h>
#include <phoenix/termios-layout.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef unsigned int cc_t;
typedef int speed_t;
typedef int tcflag_t;

#define NCCS		PHX_NCCS

#define VINTR		PHX_VINTR
#define VQUIT		PHX_VQUIT
#define VERASE		PHX_VERASE
#define VKILL		PHX_VKILL
#define VEOF		PHX_VEOF
#define VTIME		PHX_VTIME
#define VMIN		PHX_VMIN
#define VSTART		PHX_VSTART
#define VSTOP		PHX_VSTOP
#define VSUSP		PHX_VSUSP
#define VEOL		PHX_VEOL
#define VREPRINT	PHX_VREPRINT
#define VDISCARD	PHX_VDISCARD
#define VWERASE	PHX_VWERASE
#define VLNEXT		PHX_VLNEXT
#define VERASE2	PHX_VERASE2
#define VEOL2		PHX_VEOL2

#define BRKINT		PHX_BRKINT
#define ICRNL		PHX_ICRNL
#define IGNBRK		PHX_IGNBRK
#define IGNCR		PHX_IGNCR
#define IGNPAR		PHX_IGNPAR
#define INLCR		PHX_INLCR
#define INPCK		PHX_INPCK
#define ISTRIP		PHX_ISTRIP
#define IUCLC		PHX_IUCLC
#define IXANY		PHX_IXANY
#define IXOFF		PHX_IXOFF
#define IXON		PHX_IXON
#define IMAXBEL	PHX_IMAXBEL
#define PARMRK		PHX_PARMRK
#define OPOST		PHX_OPOST
#define OLCUC		PHX_OLCUC
#define ONLCR		PHX_ONLCR
#define OCRNL		PHX_OCRNL
#define ONOCR		PHX_ONOCR
#define ONLRET		PHX_ONLRET
#define OFILL		PHX_OFILL
#define CSIZE		PHX_CSIZE
#define CSTOPB		PHX_CSTOPB
#define CREAD		PHX_CREAD
#define PARENB		PHX_PARENB
#define PARODD		PHX_PARODD
#define HUPCL		PHX_HUPCL
#define CLOCAL		PHX_CLOCAL
#define ECHO		PHX_ECHO
#define ECHOE		PHX_ECHOE
#define ECHOK		PHX_ECHOK
#define ECHONL		PHX_ECHONL
#define ICANON		PHX_ICANON
#define IEXTEN		PHX_IEXTEN
#define ISIG		PHX_ISIG
#define NOFLSH		PHX_NOFLSH
#define TOSTOP		PHX_TOSTOP
#define XCASE		PHX_XCASE
#define ECHOCTL	PHX_ECHOCTL
#define ECHOKE		PHX_ECHOKE

#define CS5		0
#define CS6		1
#define CS7		2
#define CS8		3

/* Delays, which nothing here makes */
#define NLDLY		(1 << 7)
#define NL0		(1 << 8)
#define NL1		(1 << 9)
#define CRDLY		(1 << 10)
#define CR0		(1 << 11)
#define CR1		(1 << 12)
#define CR2		(1 << 13)
#define CR3		(1 << 14)
#define TABDLY		(1 << 15)
#define TAB0		(1 << 16)
#define TAB1		(1 << 17)
#define TAB2		(1 << 18)
#define TAB3		(1 << 19)
#define BSDLY		(1 << 20)
#define BS0		(1 << 21)
#define BS1		(1 << 22)
#define VTDLY		(1 << 23)
#define VT0		(1 << 24)
#define VT1		(1 << 25)
#define FFDLY		(1 << 26)
#define FF0		(1 << 27)
#define FF1		(1 << 28)
#define XTABS		TAB3

/* Speeds are bits per second */
#define B0		0
#define B50		50
#define B75		75
#define B110		110
#define B134		134
#define B150		150
#define B200		200
#define B300		300
#define B600		600
#define B1200		1200
#define B1800		1800
#define B2400		2400
#define B4800		4800
#define B9600		9600
#define B19200		19200
#define B38400		38400
#define B57600		57600
#define B115200	115200
#define B230400	230400
#define B460800	460800

#define TCGETS		PHX_TCGETS
#define TCSETS		PHX_TCSETS
#define TCSETSW	PHX_TCSETSW
#define TCSETSF	PHX_TCSETSF
#define TCFLSH		PHX_TCFLSH
#define TCDRAIN	PHX_TCDRAIN
#define TCXONC		PHX_TCXONC
#define TCSBRK		PHX_TCSBRK
#define TIOCSCTTY	PHX_TIOCSCTTY
#define TIOCGPGRP	PHX_TIOCGPGRP
#define TIOCSPGRP	PHX_TIOCSPGRP
#define TIOCGWINSZ	PHX_TIOCGWINSZ
#define TIOCSWINSZ	PHX_TIOCSWINSZ
#define TIOCNOTTY	PHX_TIOCNOTTY
#define TIOCGSID	PHX_TIOCGSID
#define TIOCGHALFD	PHX_TIOCGHALFD
#define TIOCSHALFD	PHX_TIOCSHALFD

/* The same as struct phx_termios and struct phx_winsize */
struct termios {
	tcflag_t c_iflag;
	tcflag_t c_oflag;
	tcflag_t c_cflag;
	tcflag_t c_lflag;
	cc_t c_cc[NCCS];
	speed_t c_ispeed;
	speed_t c_ospeed;
};

struct winsize {
	unsigned short ws_row;
	unsigned short ws_col;
	unsigned short ws_xpixel;
	unsigned short ws_ypixel;
};

#define TCIFLUSH	0
#define TCOFLUSH	1
#define TCIOFLUSH	2

#define TCSANOW		0
#define TCSADRAIN	1
#define TCSAFLUSH	2

#define TCIOFF		0
#define TCION		1
#define TCOOFF		2
#define TCOON		3

int tcgetattr(int fd, struct termios *attr);
int tcsetattr(int fd, int when, const struct termios *attr);
int tcsendbreak(int fd, int duration);
int tcflush(int fd, int which);
int tcdrain(int fd);
int tcflow(int fd, int action);
int tcsetpgrp(int fd, pid_t group);
pid_t tcgetpgrp(int fd);
pid_t tcgetsid(int fd);
void cfmakeraw(struct termios *attr);

static inline speed_t cfgetispeed(const struct termios *attr)
{
	return attr->c_ispeed;
}

static inline speed_t cfgetospeed(const struct termios *attr)
{
	return attr->c_ospeed;
}

static inline int cfsetospeed(struct termios *attr, speed_t speed)
{
	attr->c_ospeed = speed;
	return 0;
}

/* 0 is "as the output" */
static inline int cfsetispeed(struct termios *attr, speed_t speed)
{
	attr->c_ispeed = speed ? speed : attr->c_ospeed;
	return 0;
}

static inline int cfsetspeed(struct termios *attr, speed_t speed)
{
	attr->c_ispeed = speed;
	attr->c_ospeed = speed;
	return 0;
}

#ifdef __cplusplus
}
#endif

#endif /* _PHX_KIT_TERMIOS_H */

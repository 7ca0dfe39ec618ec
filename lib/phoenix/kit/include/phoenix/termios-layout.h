/* SPDX-License-Identifier: MIT */
/*
 * Terminals: Phoenix-RTOS' structures and numbers, by names that don't clash with
 * Linux', for <termios.h> and for the kit.
 */
#ifndef _PHX_KIT_PHOENIX_TERMIOS_LAYOUT_H
#define _PHX_KIT_PHOENIX_TERMIOS_LAYOUT_H

#include "numbers.h"

#define PHX_NCCS	17

struct phx_termios {
	int c_iflag;
	int c_oflag;
	int c_cflag;
	int c_lflag;
	unsigned int c_cc[PHX_NCCS];
	int c_ispeed;
	int c_ospeed;
};

struct phx_winsize {
	unsigned short ws_row;
	unsigned short ws_col;
	unsigned short ws_xpixel;
	unsigned short ws_ypixel;
};

/* Places in c_cc */
#define PHX_VINTR	0
#define PHX_VQUIT	1
#define PHX_VERASE	2
#define PHX_VKILL	3
#define PHX_VEOF	4
#define PHX_VTIME	5
#define PHX_VMIN	6
#define PHX_VSTART	7
#define PHX_VSTOP	8
#define PHX_VSUSP	9
#define PHX_VEOL	10
#define PHX_VREPRINT	11
#define PHX_VDISCARD	12
#define PHX_VWERASE	13
#define PHX_VLNEXT	14
#define PHX_VERASE2	15
#define PHX_VEOL2	16

/* c_iflag */
#define PHX_BRKINT	(1 << 0)
#define PHX_ICRNL	(1 << 1)
#define PHX_IGNBRK	(1 << 2)
#define PHX_IGNCR	(1 << 3)
#define PHX_IGNPAR	(1 << 4)
#define PHX_INLCR	(1 << 5)
#define PHX_INPCK	(1 << 6)
#define PHX_ISTRIP	(1 << 7)
#define PHX_IUCLC	(1 << 8)
#define PHX_IXANY	(1 << 9)
#define PHX_IXOFF	(1 << 10)
#define PHX_IXON	(1 << 11)
#define PHX_IMAXBEL	(1 << 12)
#define PHX_PARMRK	(1 << 13)

/* c_oflag */
#define PHX_OPOST	(1 << 0)
#define PHX_OLCUC	(1 << 1)
#define PHX_ONLCR	(1 << 2)
#define PHX_OCRNL	(1 << 3)
#define PHX_ONOCR	(1 << 4)
#define PHX_ONLRET	(1 << 5)
#define PHX_OFILL	(1 << 6)

/* c_cflag; the size is the two lowest bits, 0 for 5 bits */
#define PHX_CSIZE	3
#define PHX_CSTOPB	(1 << 3)
#define PHX_CREAD	(1 << 4)
#define PHX_PARENB	(1 << 5)
#define PHX_PARODD	(1 << 6)
#define PHX_HUPCL	(1 << 7)
#define PHX_CLOCAL	(1 << 8)

/* c_lflag */
#define PHX_ECHO	(1 << 0)
#define PHX_ECHOE	(1 << 1)
#define PHX_ECHOK	(1 << 2)
#define PHX_ECHONL	(1 << 3)
#define PHX_ICANON	(1 << 4)
#define PHX_IEXTEN	(1 << 5)
#define PHX_ISIG	(1 << 6)
#define PHX_NOFLSH	(1 << 7)
#define PHX_TOSTOP	(1 << 8)
#define PHX_XCASE	(1 << 9)
#define PHX_ECHOCTL	(1 << 10)
#define PHX_ECHOKE	(1 << 11)

#define PHX_TTY(dir, n, type)	PHX_IOC(dir, 't', n, sizeof(type))

#define PHX_TCGETS	PHX_TTY(PHX_IOC_OUT, 0x01, struct phx_termios)
#define PHX_TCSETS	PHX_TTY(PHX_IOC_IN, 0x02, struct phx_termios)
#define PHX_TCSETSW	PHX_TTY(PHX_IOC_IN, 0x03, struct phx_termios)
#define PHX_TCSETSF	PHX_TTY(PHX_IOC_IN, 0x04, struct phx_termios)
#define PHX_TCFLSH	PHX_TTY(PHX_IOC_VOID, 0x05, int)
#define PHX_TCDRAIN	PHX_IOC(PHX_IOC_VOID, 't', 0x06, 0)
#define PHX_TCXONC	PHX_TTY(PHX_IOC_VOID, 0x07, int)
#define PHX_TCSBRK	PHX_TTY(PHX_IOC_VOID, 0x09, int)
#define PHX_TIOCSCTTY	PHX_TTY(PHX_IOC_VOID, 0x0e, int)
#define PHX_TIOCGPGRP	PHX_TTY(PHX_IOC_OUT, 0x0f, int)
#define PHX_TIOCSPGRP	PHX_TTY(PHX_IOC_IN, 0x10, int)
#define PHX_TIOCGWINSZ	PHX_TTY(PHX_IOC_OUT, 0x13, struct phx_winsize)
#define PHX_TIOCSWINSZ	PHX_TTY(PHX_IOC_IN, 0x14, struct phx_winsize)
#define PHX_TIOCNOTTY	PHX_IOC(PHX_IOC_VOID, 't', 0x22, 0)
#define PHX_TIOCGSID	PHX_TTY(PHX_IOC_OUT, 0x29, int)
#define PHX_TIOCGHALFD	PHX_TTY(PHX_IOC_OUT, 0x80, int)
#define PHX_TIOCSHALFD	PHX_TTY(PHX_IOC_VOID, 0x81, int)

#endif /* _PHX_KIT_PHOENIX_TERMIOS_LAYOUT_H */

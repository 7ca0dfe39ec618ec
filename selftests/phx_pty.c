// SPDX-License-Identifier: GPL-2.0-only
/*
 * Runs a program on a terminal of its own, and writes what comes from there:
 *
 *   phx_pty COLUMNS ROWS KEYS PROGRAM [ARG...]
 *
 * KEYS are typed after the program has written its second screen. Ends as the program
 * does.
 */
#include <pty.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

/* What begins a screen of phxctl top */
#define HOME	"\033[H"

static int screens(const char *text, size_t n)
{
	const char *end = text + n;
	int found = 0;

	for (; (text = memmem(text, end - text, HOME, strlen(HOME))); text++)
		found++;
	return found;
}

int main(int argc, char **argv)
{
	struct winsize size = { 0 };
	const char *keys;
	char buf[65536];
	int tty, status, seen = 0;
	ssize_t n;
	pid_t pid;

	if (argc < 5)
		return 2;
	size.ws_col = atoi(argv[1]);
	size.ws_row = atoi(argv[2]);
	keys = argv[3];
	pid = forkpty(&tty, NULL, NULL, &size);
	if (!pid) {
		execvp(argv[4], argv + 4);
		_exit(127);
	}
	while (pid > 0 && (n = read(tty, buf, sizeof(buf))) > 0) {
		if (write(STDOUT_FILENO, buf, n) != n)
			return 1;
		seen += screens(buf, n);
		if (seen >= 2 && write(tty, keys, strlen(keys)) > 0)
			keys = "";
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		return 1;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

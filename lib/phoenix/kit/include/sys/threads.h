/* SPDX-License-Identifier: MIT */
/*
 * Threads, mutexes, condition variables and semaphores.
 *
 * All calls return 0 or a negative number of an error. Times are in microseconds.
 */
#ifndef _PHX_KIT_SYS_THREADS_H
#define _PHX_KIT_SYS_THREADS_H

#include <sys/types.h>
#include <sys/rb.h>
#include <phoenix/sysinfo.h>
#include <phoenix/signal.h>
#include <phoenix/threads.h>
#include <phoenix/time.h>

#include <unistd.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * Start a thread with a priority of 0 (highest) to 7. The stack is the kit's
 * own, not the one given, which is often too small for glibc. id (or NULL) is
 * where the thread's number goes.
 */
int beginthreadex(void (*start)(void *arg), unsigned int priority, void *stack,
		  unsigned int stacksz, void *arg, handle_t *id);

static inline int beginthread(void (*start)(void *arg), unsigned int priority,
			      void *stack, unsigned int stacksz, void *arg)
{
	return beginthreadex(start, priority, stack, stacksz, arg, NULL);
}

/* End this thread alone, also the first */
void endthread(void) __attribute__((__noreturn__));

/* Wait until thread tid, or any for -1, has ended; timeout 0 waits for ever */
int threadJoin(int tid, time_t timeout);

/* Set this thread's priority, or only ask for it with -1 */
int priority(int priority);

/* As many of the system's threads as fit; returns how many there are */
int threadsinfo(int n, threadinfo_t *info);

/* execve(), which returns only a negative number */
int exec(const char *path, char *const argv[], char *const env[]);

/* There are no programs beside the kernel: -ENOENT */
int spawnSyspage(const char *imap, const char *dmap, const char *name,
		 char *const argv[]);

int phMutexCreate(handle_t *h, const struct lockAttr *attr);
int phMutexLock(handle_t h);
int mutexCreate(handle_t *h);

static inline int mutexCreateWithAttr(handle_t *h, const struct lockAttr *attr)
{
	return phMutexCreate(h, attr);
}

int mutexLock(handle_t h);

/* Both, in whatever order they are free */
int mutexLock2(handle_t h1, handle_t h2);

/* -EBUSY if another thread has it */
int mutexTry(handle_t h);
int mutexUnlock(handle_t h);

/*
 * Condition variables remember: a signal or broadcast while nobody waits makes
 * the next wait return at once.
 */
int phCondCreate(handle_t *h, const struct condAttr *attr);
int condCreate(handle_t *h);

static inline int condCreateWithAttr(handle_t *h, const struct condAttr *attr)
{
	return phCondCreate(h, attr);
}

/* -ETIME after timeout, which is 0 for none and relative unless attr says so */
int phCondWait(handle_t h, handle_t m, time_t timeout);
int condWait(handle_t h, handle_t m, time_t timeout);
int condSignal(handle_t h);
int condBroadcast(handle_t h);

/* Mutexes and condition variables */
int resourceDestroy(handle_t h);

typedef struct {
	handle_t mutex;
	handle_t cond;
	volatile unsigned int v;
} semaphore_t;

int semaphoreCreate(semaphore_t *s, unsigned int v);
int semaphoreDown(semaphore_t *s, time_t timeout);
int semaphoreUp(semaphore_t *s);
int semaphoreDone(semaphore_t *s);

/* Phoenix-RTOS' own signals are not there: use sigaction(2). -ENOSYS */
int signalHandle(void (*handler)(void));
int signalPost(int pid, int tid, int signal);
int signalReturn(int signal);
int signalSuspend(unsigned int mask);
/* Nothing is masked: 0 */
unsigned int signalMask(unsigned int mask, unsigned int mmask);

/* A thread that is not started by the kit may have its errno listed: not needed */
struct __errno_t {
	rbnode_t linkage;
	int tid;
	int no;
};

static inline void _errno_new(struct __errno_t *e)
{
	e->no = 0;
}

static inline void _errno_remove(struct __errno_t *e)
{
	(void)e;
}

#ifdef __cplusplus
}
#endif

#endif /* _PHX_KIT_SYS_THREADS_H */

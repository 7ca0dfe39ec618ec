// SPDX-License-Identifier: GPL-2.0-only
/*
 * phxfuse: mounts a Phoenix file server on a directory.
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "attr.h"
#include "call.h"
#include "handle.h"
#include "wire.h"

/* Requests that may wait for servers at one time; each has a thread. */
#define MAX_THREADS	"-omax_threads=256"

struct config config = {
	.attr_timeout = 1,
	.entry_timeout = 1,
	.uid = UINT32_MAX,
	.gid = UINT32_MAX,
	.name_max = NAME_MAX,
};

static struct fuse_session *session;

struct fuse_session *phxfuse_session(void)
{
	return session;
}

#define OPTION(template, member) { template, offsetof(struct config, member), 1 }

enum { KEY_ALLOW_OTHER };

static const struct fuse_opt options[] = {
	OPTION("id=%llu", id),
	OPTION("attr_timeout=%lf", attr_timeout),
	OPTION("entry_timeout=%lf", entry_timeout),
	OPTION("negative_timeout=%lf", negative_timeout),
	OPTION("timeout=%lf", timeout),
	OPTION("uid=%u", uid),
	OPTION("gid=%u", gid),
	OPTION("umask=%o", umask),
	OPTION("direct_io", direct_io),
	OPTION("kernel_cache", kernel_cache),
	OPTION("writeback_cache", writeback_cache),
	OPTION("no_default_permissions", no_default_permissions),
	FUSE_OPT_KEY("allow_other", KEY_ALLOW_OTHER),
	FUSE_OPT_END
};

/* The first argument is ours, the other is the library's. */
static int on_option(void *data, const char *arg, int key, struct fuse_args *args)
{
	(void)data;
	(void)args;
	if (key == KEY_ALLOW_OTHER) {
		config.allow_other = true;
		return 1;
	}
	if (key != FUSE_OPT_KEY_NONOPT || config.source)
		return 1;
	config.source = strdup(arg);
	return 0;
}

static void help(void)
{
	printf("usage: phxfuse [options] NAME|PORT MOUNTPOINT\n"
	       "Mount a Phoenix-RTOS file server. See phxfuse(1).\n\n"
	       "    -o id=N                root is that object of port PORT (0)\n"
	       "    -o attr_timeout=S      seconds that attributes are cached (1)\n"
	       "    -o entry_timeout=S     the same for names (1)\n"
	       "    -o negative_timeout=S  and for names that don't exist (0)\n"
	       "    -o direct_io           no page cache\n"
	       "    -o kernel_cache        keep the page cache between opens\n"
	       "    -o writeback_cache     write later\n"
	       "    -o timeout=S           longest time for a message (none)\n"
	       "    -o uid=N, gid=N        owner and group of all files\n"
	       "    -o umask=M             permissions to take away, octal\n"
	       "    -o no_default_permissions  with allow_other: let all users do\n"
	       "                           all that the server does\n\n");
	fuse_cmdline_help();
	fuse_lowlevel_help();
}

static void version(void)
{
	printf("phxfuse %s\n", PHX_VERSION);
	printf("FUSE library version %s\n", fuse_pkgversion());
	fuse_lowlevel_version();
}

static int say(const char *sentence)
{
	fprintf(stderr, "phxfuse: %s\n", sentence);
	return 1;
}

/* A number is a port; all else is a path in Phoenix' name space. */
static int find_root(oid_t *root)
{
	char *end;
	unsigned long port = strtoul(config.source, &end, 10);

	*root = (oid_t){ .port = port, .id = config.id };
	if (*config.source && !*end)
		return port && port <= INT_MAX ? 0 : -EINVAL;
	return lookup(config.source, NULL, root);
}

/* What the kernel mounts must be of the kind of what it is mounted on. */
static int check_mountpoint(const char *mountpoint, const struct node *root)
{
	struct stat st;

	if (stat(mountpoint, &st)) {
		fprintf(stderr, "phxfuse: %s: %s\n", mountpoint, strerror(errno));
		return 1;
	}
	if ((st.st_mode & S_IFMT) == root->type)
		return 0;
	fprintf(stderr, "phxfuse: %s is a %s; mount it on a %s\n", config.source,
		S_ISDIR(root->type) ? "directory" : "file or device",
		S_ISDIR(root->type) ? "directory" : "regular file");
	return 1;
}

static int prepare_root(void)
{
	struct node *root = node_root();
	struct statvfs vfs;
	struct stat st;
	oid_t oid;
	int err;

	err = find_root(&oid);
	if (!err) {
		root->oid = root->dev = oid;
		err = attr_get(oid, oid, &st, &root->special);
	}
	if (err) {
		fprintf(stderr, "phxfuse: %s: %s\n", config.source,
			err == -ENOENT ? "no server has that name" :
			err == -ENOTCONN ? "there is no such port" :
			strerror(-err));
		return 1;
	}
	root->type = st.st_mode & S_IFMT;
	root->mode = st.st_mode;
	root->gid = st.st_gid;
	if (!root->special && !wire_statvfs(oid, &vfs) && vfs.f_namemax &&
	    vfs.f_namemax < WIRE_NAME_MAX)
		config.name_max = vfs.f_namemax;
	return 0;
}

static void on_init(void *data, struct fuse_conn_info *conn)
{
	(void)data;
	conn->time_gran = 1000000000;
	/* Servers don't take set-user-ID bits away on a write: the kernel shall. */
	conn->want &= ~FUSE_CAP_HANDLE_KILLPRIV;
	if (config.writeback_cache)
		conn->want |= conn->capable & FUSE_CAP_WRITEBACK_CACHE;
	else
		conn->want &= ~FUSE_CAP_WRITEBACK_CACHE;
}

/* What mount(8) and df(1) show as the source */
static int add_options(struct fuse_args *args)
{
	char *name;
	int err;

	if (asprintf(&name, "fsname=%s", config.source) < 0)
		return -1;
	for (char *c = name; *c; c++)
		if (*c == ',' || *c == '\\')
			*c = '_';
	err = fuse_opt_insert_arg(args, 1, "-o") || fuse_opt_insert_arg(args, 2, name);
	free(name);
	if (!err && config.allow_other && !config.no_default_permissions)
		err = fuse_opt_add_arg(args, "-odefault_permissions");
	return err ? -1 : 0;
}

static int run_loop(const struct fuse_cmdline_opts *opts)
{
	struct fuse_loop_config *loop;
	int err;

	if (opts->singlethread)
		return fuse_session_loop(session);
	loop = fuse_loop_cfg_create();
	if (!loop)
		return -ENOMEM;
	fuse_loop_cfg_set_clone_fd(loop, opts->clone_fd);
	if (opts->max_idle_threads != UINT_MAX)
		fuse_loop_cfg_set_idle_threads(loop, opts->max_idle_threads);
	fuse_loop_cfg_set_max_threads(loop, opts->max_threads);
	err = fuse_session_loop_mt(session, loop);
	fuse_loop_cfg_destroy(loop);
	return err;
}

static int serve(const struct fuse_cmdline_opts *opts)
{
	int err;

	if (fuse_session_mount(session, opts->mountpoint))
		return 1;
	err = fuse_daemonize(opts->foreground);
	if (!err)
		err = call_start();
	if (!err)
		err = run_loop(opts);
	watch_stop();
	fuse_session_unmount(session);
	/* Above 0 it is the signal that ended it. */
	return err < 0;
}

static int mount_it(struct fuse_args *args, const struct fuse_cmdline_opts *opts)
{
	struct fuse_lowlevel_ops ops = { .init = on_init };
	int status = 1;

	dir_operations(&ops);
	file_operations(&ops);
	ioctl_operations(&ops);
	meta_operations(&ops);
	name_operations(&ops);
	poll_operations(&ops);
	rename_operations(&ops);
	session = fuse_session_new(args, &ops, sizeof(ops), NULL);
	if (!session)
		return 1;
	if (!fuse_set_signal_handlers(session)) {
		status = serve(opts);
		fuse_remove_signal_handlers(session);
	}
	fuse_session_destroy(session);
	return status;
}

static int start(struct fuse_args *args, struct fuse_cmdline_opts *opts)
{
	if (opts->show_help) {
		help();
		return 0;
	}
	if (opts->show_version) {
		version();
		return 0;
	}
	if (!config.source || !opts->mountpoint)
		return say("give a server and a directory: phxfuse NAME|PORT MOUNTPOINT") + 1;
	if (call_open())
		return say(phx_explain());
	if (prepare_root() || check_mountpoint(opts->mountpoint, node_root()))
		return 1;
	if (add_options(args))
		return say("out of memory");
	return mount_it(args, opts);
}

int main(int argc, char **argv)
{
	struct fuse_args args = FUSE_ARGS_INIT(argc, argv);
	struct fuse_cmdline_opts opts;
	int status = 2;

	if (!fuse_opt_parse(&args, &config, options, on_option) &&
	    !fuse_opt_insert_arg(&args, 1, MAX_THREADS) &&
	    !fuse_parse_cmdline(&args, &opts)) {
		status = start(&args, &opts);
		free(opts.mountpoint);
	}
	fuse_opt_free_args(&args);
	free(config.source);
	return status;
}

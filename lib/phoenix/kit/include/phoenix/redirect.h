/* SPDX-License-Identifier: MIT */
/*
 * The calls on files that the kit answers itself, or passes on to Linux.
 *
 * The pragma has to come before the declarations, so this before glibc's headers.
 */
#ifndef _PHX_KIT_PHOENIX_REDIRECT_H
#define _PHX_KIT_PHOENIX_REDIRECT_H

#pragma redefine_extname access phx_px_access
#pragma redefine_extname canonicalize_file_name phx_px_canonicalize_file_name
#pragma redefine_extname cfmakeraw phx_px_cfmakeraw
#pragma redefine_extname chdir phx_px_chdir
#pragma redefine_extname chmod phx_px_chmod
#pragma redefine_extname chown phx_px_chown
#pragma redefine_extname close phx_px_close
#pragma redefine_extname closedir phx_px_closedir
#pragma redefine_extname creat phx_px_creat
#pragma redefine_extname dirfd phx_px_dirfd
#pragma redefine_extname dup phx_px_dup
#pragma redefine_extname dup2 phx_px_dup2
#pragma redefine_extname fchmod phx_px_fchmod
#pragma redefine_extname fchown phx_px_fchown
#pragma redefine_extname fcntl phx_px_fcntl
#pragma redefine_extname fdopen phx_px_fdopen
#pragma redefine_extname fdopendir phx_px_fdopendir
#pragma redefine_extname fopen phx_px_fopen
#pragma redefine_extname freopen phx_px_freopen
#pragma redefine_extname fstat phx_px_fstat
#pragma redefine_extname fstatvfs phx_px_fstatvfs
#pragma redefine_extname fsync phx_px_fsync
#pragma redefine_extname ftruncate phx_px_ftruncate
#pragma redefine_extname futimens phx_px_futimens
#pragma redefine_extname futimes phx_px_futimes
#pragma redefine_extname getcwd phx_px_getcwd
#pragma redefine_extname ioctl phx_px_ioctl
#pragma redefine_extname isatty phx_px_isatty
#pragma redefine_extname lchown phx_px_lchown
#pragma redefine_extname link phx_px_link
#pragma redefine_extname lseek phx_px_lseek
#pragma redefine_extname lstat phx_px_lstat
#pragma redefine_extname mkdir phx_px_mkdir
#pragma redefine_extname mkfifo phx_px_mkfifo
#pragma redefine_extname mknod phx_px_mknod
#pragma redefine_extname mmap phx_px_mmap
#pragma redefine_extname mount phx_px_mount
#pragma redefine_extname open phx_px_open
#pragma redefine_extname opendir phx_px_opendir
#pragma redefine_extname pipe phx_px_pipe
#pragma redefine_extname poll phx_px_poll
#pragma redefine_extname pread phx_px_pread
#pragma redefine_extname pthread_attr_setstack phx_px_pthread_attr_setstack
#pragma redefine_extname pthread_attr_setstacksize phx_px_pthread_attr_setstacksize
#pragma redefine_extname pwrite phx_px_pwrite
#pragma redefine_extname read phx_px_read
#pragma redefine_extname readdir phx_px_readdir
#pragma redefine_extname readlink phx_px_readlink
#pragma redefine_extname readv phx_px_readv
#pragma redefine_extname realpath phx_px_realpath
#pragma redefine_extname remove phx_px_remove
#pragma redefine_extname rename phx_px_rename
#pragma redefine_extname rewinddir phx_px_rewinddir
#pragma redefine_extname rmdir phx_px_rmdir
#pragma redefine_extname seekdir phx_px_seekdir
#pragma redefine_extname select phx_px_select
#pragma redefine_extname stat phx_px_stat
#pragma redefine_extname statvfs phx_px_statvfs
#pragma redefine_extname symlink phx_px_symlink
#pragma redefine_extname tcdrain phx_px_tcdrain
#pragma redefine_extname tcflow phx_px_tcflow
#pragma redefine_extname tcflush phx_px_tcflush
#pragma redefine_extname tcgetattr phx_px_tcgetattr
#pragma redefine_extname tcgetpgrp phx_px_tcgetpgrp
#pragma redefine_extname tcgetsid phx_px_tcgetsid
#pragma redefine_extname tcsendbreak phx_px_tcsendbreak
#pragma redefine_extname tcsetattr phx_px_tcsetattr
#pragma redefine_extname tcsetpgrp phx_px_tcsetpgrp
#pragma redefine_extname telldir phx_px_telldir
#pragma redefine_extname truncate phx_px_truncate
#pragma redefine_extname umount phx_px_umount
#pragma redefine_extname unlink phx_px_unlink
#pragma redefine_extname utimes phx_px_utimes
#pragma redefine_extname write phx_px_write
#pragma redefine_extname writev phx_px_writev

#endif /* _PHX_KIT_PHOENIX_REDIRECT_H */

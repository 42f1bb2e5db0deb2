// The hooks that are neither open, write nor send: sizes, syncs and names.
#define _GNU_SOURCE
#include "log.h"
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define PATH_SIZE (PATH_MAX + 16)

// ---- sizes

int ftruncate(int fd, off_t size) {
    if (!recording || !is_file(fd)) return (int)syscall(SYS_ftruncate, fd, size);
    log_lock();
    int result = (int)syscall(SYS_ftruncate, fd, size);
    int saved = errno;
    if (result == 0) log_numbers(TRUNCATE, fd, 0, size, 0);
    log_unlock();
    errno = saved;
    return result;
}
int ftruncate64(int fd, off64_t size) { return ftruncate(fd, size); }

int fallocate(int fd, int mode, off_t offset, off_t length) {
    if (!recording || !is_file(fd)) return (int)syscall(SYS_fallocate, fd, mode, offset, length);
    log_lock();
    int result = (int)syscall(SYS_fallocate, fd, mode, offset, length);
    int saved = errno;
    if (result == 0) log_numbers(ALLOCATE, fd, offset, length, (uint64_t)mode);
    log_unlock();
    errno = saved;
    return result;
}
int fallocate64(int fd, int mode, off64_t offset, off64_t length) { return fallocate(fd, mode, offset, length); }

// Answers by its result and leaves errno alone. Where the filesystem has no fallocate, glibc's would write zeros;
// this one says EOPNOTSUPP instead (ext4, xfs, btrfs and tmpfs have it).
int posix_fallocate(int fd, off_t offset, off_t length) {
    int saved = errno;
    int result = fallocate(fd, 0, offset, length) == 0 ? 0 : errno;
    errno = saved;
    return result;
}
int posix_fallocate64(int fd, off64_t offset, off64_t length) { return posix_fallocate(fd, offset, length); }

// ---- syncs

static int record_sync(long call, int fd) {
    if (!recording || !is_file(fd)) return (int)syscall(call, fd);
    log_lock();
    uint64_t begun = log_numbers(SYNC, fd, call == SYS_fdatasync, 0, 0);
    log_unlock();
    int result = (int)syscall(call, fd);
    int saved = errno;
    log_lock();
    log_numbers(SYNC_DONE, fd, 0, result < 0 ? -saved : 0, begun);
    log_unlock();
    errno = saved;
    return result;
}
int fsync(int fd) { return record_sync(SYS_fsync, fd); }
int fdatasync(int fd) { return record_sync(SYS_fdatasync, fd); }

// ---- names

// Two texts with a NUL between them, where at least one lies below the root.
static void append_pair(enum record_type type, const char *old, const char *new) {
    char text[2 * PATH_SIZE];
    size_t first = strlen(old), second = strlen(new);
    memcpy(text, old, first + 1);
    memcpy(text + first + 1, new, second);
    log_append(type, -1, 0, 0, 0, text, first + 1 + second, NULL, 0, 0);
}

static int record_rename(int from, const char *old, int to, const char *new, unsigned flags) {
    char old_path[PATH_SIZE], new_path[PATH_SIZE];
    if (!recording) return (int)syscall(SYS_renameat2, from, old, to, new, flags);
    // The folders' places are looked up before the call: after it `old` is gone.
    log_lock();
    int old_below = path_of_name(from, old, old_path, sizeof old_path);
    int new_below = path_of_name(to, new, new_path, sizeof new_path);
    int result = (int)syscall(SYS_renameat2, from, old, to, new, flags);
    int saved = errno;
    if (result == 0 && (old_below || new_below)) append_pair(RENAME, old_below ? old_path : "", new_below ? new_path : "");
    log_unlock();
    errno = saved;
    return result;
}
int rename(const char *old, const char *new) { return record_rename(AT_FDCWD, old, AT_FDCWD, new, 0); }
int renameat(int from, const char *old, int to, const char *new) { return record_rename(from, old, to, new, 0); }
// RENAME_EXCHANGE would need a type of its own; nothing here uses it, and the call is refused so that nothing can.
int renameat2(int from, const char *old, int to, const char *new, unsigned flags) {
    if (recording && (flags & ~1u) != 0) {
        errno = EINVAL;
        return -1;
    }
    return record_rename(from, old, to, new, flags);
}

int linkat(int from, const char *old, int to, const char *new, int flags) {
    char old_path[PATH_SIZE], new_path[PATH_SIZE];
    if (!recording) return (int)syscall(SYS_linkat, from, old, to, new, flags);
    log_lock();
    int old_below = path_of_name(from, old, old_path, sizeof old_path);
    int new_below = path_of_name(to, new, new_path, sizeof new_path);
    int result = (int)syscall(SYS_linkat, from, old, to, new, flags);
    int saved = errno;
    if (result == 0 && new_below) append_pair(LINK, old_below ? old_path : "", new_path);
    log_unlock();
    errno = saved;
    return result;
}
int link(const char *old, const char *new) { return linkat(AT_FDCWD, old, AT_FDCWD, new, 0); }

int symlinkat(const char *target, int folder, const char *name) {
    char path[PATH_SIZE];
    if (!recording) return (int)syscall(SYS_symlinkat, target, folder, name);
    log_lock();
    int below = path_of_name(folder, name, path, sizeof path);
    int result = (int)syscall(SYS_symlinkat, target, folder, name);
    int saved = errno;
    if (result == 0 && below) append_pair(SYMLINK, target, path);
    log_unlock();
    errno = saved;
    return result;
}
int symlink(const char *target, const char *name) { return symlinkat(target, AT_FDCWD, name); }

// One path, one call with up to one number: unlinkat's flags, mkdirat's mode.
static int record_name(enum record_type type, long call, int folder, const char *name, long argument) {
    char path[PATH_SIZE];
    if (!recording) return (int)syscall(call, folder, name, argument);
    log_lock();
    int below = path_of_name(folder, name, path, sizeof path);
    int result = (int)syscall(call, folder, name, argument);
    int saved = errno;
    if (result == 0 && below) log_append(type, -1, argument, 0, 0, path, strlen(path), NULL, 0, 0);
    log_unlock();
    errno = saved;
    return result;
}
int unlinkat(int folder, const char *name, int flags) {
    return record_name(flags & AT_REMOVEDIR ? RMDIR : UNLINK, SYS_unlinkat, folder, name, flags);
}
int unlink(const char *name) { return unlinkat(AT_FDCWD, name, 0); }
int rmdir(const char *name) { return unlinkat(AT_FDCWD, name, AT_REMOVEDIR); }
int mkdirat(int folder, const char *name, mode_t mode) { return record_name(MKDIR, SYS_mkdirat, folder, name, (long)mode); }
int mkdir(const char *name, mode_t mode) { return mkdirat(AT_FDCWD, name, mode); }

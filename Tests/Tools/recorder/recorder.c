// Records, in one order, what a process writes and syncs below a folder and what it answers on Unix sockets.
//
// Build:  clang -shared -fPIC -O2 -Wall -o recorder.so recorder.c changes.c log.c        (gcc takes the same line)
// Use:    RECORDER_LOG=/path/to/log RECORDER_ROOT=/path/to/folder LD_PRELOAD=/path/to/recorder.so program …
//
// RECORDER_ROOT must exist when the program starts. log.h describes the log. Each hook makes the system call itself,
// so nothing needs dlsym. Without RECORDER_LOG all of them only make their call.
//
// Not seen, so not usable below the root: writes through a mapping (LMDB's lock file does that, and MDB_WRITEMAP
// would; what is missing in a replay turns a test red, never green), io_uring, copy_file_range, sendfile, truncate by
// path, dup of a recorded descriptor, and calls inside glibc that do not pass its public symbols (fopen, fwrite, remove). A write
// with pwritev2's flags counts as a plain one. sync_file_range promises nothing and is not recorded.
#define _GNU_SOURCE
#include "log.h"
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define SMALL_SEND 65536

static size_t total_of(const struct iovec *pieces, int count) {
    size_t total = 0;
    for (int index = 0; index < count; index++) total += pieces[index].iov_len;
    return total;
}

// ---- opening and closing

static int record_open(int folder, const char *path, int flags, mode_t mode) {
    if (!recording) return (int)syscall(SYS_openat, folder, path, flags, mode);
    // A fifo's open waits for its peer; nothing that is opened under the lock may wait for another thread.
    // No fifo lies below the root, and what does not lie there is opened outside the lock.
    char where[PATH_MAX + 16];
    int below = path_of_name(folder, path, where, sizeof where);
    if (!below) {
        int fd = (int)syscall(SYS_openat, folder, path, flags, mode);
        if (fd >= 0 && fd < FD_LIMIT) fd_table[fd] = FD_UNKNOWN;
        // A name outside may be a link to inside.
        int saved = errno;
        struct stat facts;
        if (fd >= 0 && fd < FD_LIMIT && path_of_fd(fd, where, sizeof where) && fstat(fd, &facts) == 0) {
            log_lock();
            fd_table[fd] = flags & O_DSYNC ? FD_FILE_DSYNC : FD_FILE;
            log_append(OPEN, fd, flags, facts.st_size, facts.st_mode, where, strlen(where), NULL, 0, 0);
            log_unlock();
        }
        errno = saved;
        return fd;
    }
    log_lock();
    int fd = (int)syscall(SYS_openat, folder, path, flags, mode);
    int saved = errno;
    struct stat facts;
    if (fd >= 0 && fd < FD_LIMIT) fd_table[fd] = FD_UNKNOWN;
    if (fd >= 0 && fd < FD_LIMIT && !(flags & O_PATH) && path_of_fd(fd, where, sizeof where) && fstat(fd, &facts) == 0) {
        // O_SYNC contains O_DSYNC's bit.
        fd_table[fd] = flags & O_DSYNC ? FD_FILE_DSYNC : FD_FILE;
        log_append(OPEN, fd, flags, facts.st_size, facts.st_mode, where, strlen(where), NULL, 0, 0);
    }
    log_unlock();
    errno = saved;
    return fd;
}

static mode_t mode_argument(int flags, va_list list) {
    return flags & O_CREAT || (flags & O_TMPFILE) == O_TMPFILE ? va_arg(list, mode_t) : 0;
}

#define OPEN_HOOK(name)                                               \
    int name(const char *path, int flags, ...) {                      \
        va_list list;                                                 \
        va_start(list, flags);                                        \
        mode_t mode = mode_argument(flags, list);                     \
        va_end(list);                                                 \
        return record_open(AT_FDCWD, path, flags, mode);              \
    }
#define OPENAT_HOOK(name)                                             \
    int name(int folder, const char *path, int flags, ...) {          \
        va_list list;                                                 \
        va_start(list, flags);                                        \
        mode_t mode = mode_argument(flags, list);                     \
        va_end(list);                                                 \
        return record_open(folder, path, flags, mode);                \
    }
OPEN_HOOK(open)
OPEN_HOOK(open64)
OPENAT_HOOK(openat)
OPENAT_HOOK(openat64)
// What _FORTIFY_SOURCE makes of an open without a mode.
int __open_2(const char *path, int flags) { return record_open(AT_FDCWD, path, flags, 0); }
int __open64_2(const char *path, int flags) { return record_open(AT_FDCWD, path, flags, 0); }
int __openat_2(int folder, const char *path, int flags) { return record_open(folder, path, flags, 0); }
int __openat64_2(int folder, const char *path, int flags) { return record_open(folder, path, flags, 0); }
int creat(const char *path, mode_t mode) { return record_open(AT_FDCWD, path, O_CREAT | O_WRONLY | O_TRUNC, mode); }
int creat64(const char *path, mode_t mode) { return creat(path, mode); }

int close(int fd) {
    if (!recording || fd_kind(fd) == FD_UNKNOWN) return (int)syscall(SYS_close, fd);
    // Recorded before: once it is closed another thread may get the same number.
    log_lock();
    log_numbers(CLOSE, fd, 0, 0, 0);
    fd_table[fd] = FD_UNKNOWN;
    int result = (int)syscall(SYS_close, fd);
    log_unlock();
    return result;
}

off_t lseek(int fd, off_t offset, int whence) {
    if (!recording || !is_file(fd)) return syscall(SYS_lseek, fd, offset, whence);
    log_lock();
    off_t result = syscall(SYS_lseek, fd, offset, whence);
    if (result >= 0) log_numbers(LSEEK, fd, result, whence, 0);
    log_unlock();
    return result;
}
off64_t lseek64(int fd, off64_t offset, int whence) { return lseek(fd, offset, whence); }

// ---- answers

static int is_answer_socket(int fd) {
    int saved = errno, domain = 0, type = 0;
    socklen_t size = sizeof domain;
    int yes = getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &size) == 0 && domain == AF_UNIX;
    size = sizeof type;
    yes = yes && getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) == 0 && type == SOCK_STREAM;
    errno = saved;
    return yes && fd < FD_LIMIT;
}

// ANSWER stands before the call, so nothing that is synced later can count for it.
static uint64_t answer_begins(int fd, const struct iovec *pieces, int count) {
    log_lock();
    fd_table[fd] = FD_SOCKET;
    uint64_t begun = log_append(ANSWER, fd, 0, (int64_t)total_of(pieces, count), 0, NULL, 0, pieces, count, SMALL_SEND);
    log_unlock();
    return begun;
}

static ssize_t answer_ends(int fd, uint64_t begun, ssize_t result) {
    int saved = errno;
    log_lock();
    log_numbers(ANSWER_DONE, fd, 0, result < 0 ? -saved : result, begun);
    log_unlock();
    errno = saved;
    return result;
}

ssize_t sendto(int fd, const void *bytes, size_t size, int flags, const struct sockaddr *to, socklen_t to_size) {
    if (!recording || !is_answer_socket(fd)) return syscall(SYS_sendto, fd, bytes, size, flags, to, to_size);
    uint64_t begun = answer_begins(fd, &(struct iovec){(void *)bytes, size}, 1);
    return answer_ends(fd, begun, syscall(SYS_sendto, fd, bytes, size, flags, to, to_size));
}

ssize_t send(int fd, const void *bytes, size_t size, int flags) { return sendto(fd, bytes, size, flags, NULL, 0); }

ssize_t sendmsg(int fd, const struct msghdr *message, int flags) {
    if (!recording || !is_answer_socket(fd)) return syscall(SYS_sendmsg, fd, message, flags);
    uint64_t begun = answer_begins(fd, message->msg_iov, (int)message->msg_iovlen);
    return answer_ends(fd, begun, syscall(SYS_sendmsg, fd, message, flags));
}

// ---- writing

// `offset` below 0: at the descriptor's position.
static ssize_t call_write(int fd, const struct iovec *pieces, int count, off_t offset) {
    if (offset >= 0) return syscall(SYS_pwritev, fd, pieces, count, offset, 0);
    return syscall(SYS_writev, fd, pieces, count);
}

static ssize_t record_write(int fd, const struct iovec *pieces, int count, off_t offset) {
    enum fd_kind kind = fd_kind(fd);
    if (kind != FD_FILE && kind != FD_FILE_DSYNC) {
        if (offset >= 0 || !is_answer_socket(fd)) return call_write(fd, pieces, count, offset);
        uint64_t begun = answer_begins(fd, pieces, count);
        return answer_ends(fd, begun, call_write(fd, pieces, count, offset));
    }
    size_t total = total_of(pieces, count);
    log_lock();
    if (kind == FD_FILE) {
        ssize_t result = call_write(fd, pieces, count, offset);
        int saved = errno;
        // From the position behind the write: that is right for O_APPEND too.
        off_t at = offset >= 0 || result < 0 ? offset : syscall(SYS_lseek, fd, 0, SEEK_CUR) - result;
        log_append(WRITE, fd, at, result < 0 ? -saved : result, 0, NULL, 0, pieces, count, result < 0 ? 0 : (size_t)result);
        log_unlock();
        errno = saved;
        return result;
    }
    off_t expected = offset >= 0 ? offset : syscall(SYS_lseek, fd, 0, SEEK_CUR);
    uint64_t begun = log_append(WRITE, fd, expected, (int64_t)total, 0, NULL, 0, pieces, count, total);
    log_unlock();
    ssize_t result = call_write(fd, pieces, count, offset);
    int saved = errno;
    log_lock();
    off_t at = offset >= 0 || result < 0 ? expected : syscall(SYS_lseek, fd, 0, SEEK_CUR) - result;
    log_numbers(WRITE_DONE, fd, at, result < 0 ? -saved : result, begun);
    log_unlock();
    errno = saved;
    return result;
}

ssize_t write(int fd, const void *bytes, size_t size) {
    if (!recording) return syscall(SYS_write, fd, bytes, size);
    return record_write(fd, &(struct iovec){(void *)bytes, size}, 1, -1);
}

ssize_t writev(int fd, const struct iovec *pieces, int count) {
    if (!recording) return syscall(SYS_writev, fd, pieces, count);
    return record_write(fd, pieces, count, -1);
}

ssize_t pwrite(int fd, const void *bytes, size_t size, off_t offset) {
    if (!recording || offset < 0) return syscall(SYS_pwrite64, fd, bytes, size, offset);
    return record_write(fd, &(struct iovec){(void *)bytes, size}, 1, offset);
}
ssize_t pwrite64(int fd, const void *bytes, size_t size, off64_t offset) { return pwrite(fd, bytes, size, offset); }

ssize_t pwritev(int fd, const struct iovec *pieces, int count, off_t offset) {
    if (!recording || offset < 0) return syscall(SYS_pwritev, fd, pieces, count, offset, 0);
    return record_write(fd, pieces, count, offset);
}
ssize_t pwritev64(int fd, const struct iovec *pieces, int count, off64_t offset) { return pwritev(fd, pieces, count, offset); }
ssize_t pwritev2(int fd, const struct iovec *pieces, int count, off_t offset, int flags) {
    if (!recording || !is_file(fd)) return syscall(SYS_pwritev2, fd, pieces, count, offset, 0, flags);
    return record_write(fd, pieces, count, offset);
}
ssize_t pwritev64v2(int fd, const struct iovec *pieces, int count, off64_t offset, int flags) {
    return pwritev2(fd, pieces, count, offset, flags);
}

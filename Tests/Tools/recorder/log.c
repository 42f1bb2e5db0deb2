// Appending to the log, and finding where a path really lies. Everything by raw system calls: the recorder's own
// hooks must never see the recorder.
#define _GNU_SOURCE
#include "log.h"
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

unsigned char fd_table[FD_LIMIT];
int recording;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int log_fd = -1;
static uint64_t sequence;
static uint32_t own_pid;
static char root[PATH_MAX];
static size_t root_length;

void log_lock(void) { pthread_mutex_lock(&lock); }
void log_unlock(void) { pthread_mutex_unlock(&lock); }

// A recorder that loses a record would let a broken store pass: end the process instead.
static void die(const char *what) {
    char text[128];
    int length = snprintf(text, sizeof text, "recorder: %s: errno %d\n", what, errno);
    syscall(SYS_write, 2, text, (size_t)length);
    syscall(SYS_exit_group, 97);
}

#define MOST_PIECES 1024

uint64_t log_append(enum record_type type, int fd, int64_t offset, int64_t value, uint64_t reference,
                    const char *text, size_t text_length, const struct iovec *data, int count, size_t data_limit) {
    // Static, not on the stack: the caller holds the lock, and a thread's stack may be small.
    static struct iovec pieces[MOST_PIECES + 2];
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    struct record record = {
        .type = (uint16_t)type,
        .flags = fd_kind(fd) == FD_FILE_DSYNC ? FLAG_DSYNC : 0,
        .pid = own_pid,
        .tid = (uint32_t)syscall(SYS_gettid),
        .fd = fd,
        .text_length = (uint32_t)text_length,
        .sequence = sequence++,
        .time = (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec,
        .offset = offset,
        .value = value,
        .reference = reference,
    };
    int used = 1;
    size_t total = sizeof record;
    if (text_length > 0) {
        pieces[used++] = (struct iovec){(void *)text, text_length};
        total += text_length;
    }
    size_t left = data_limit;
    if (count > MOST_PIECES) die("a vector with too many pieces");
    for (int index = 0; index < count && left > 0; index++) {
        size_t take = data[index].iov_len < left ? data[index].iov_len : left;
        if (take == 0) continue;
        pieces[used++] = (struct iovec){data[index].iov_base, take};
        total += take;
        left -= take;
    }
    if (type == ANSWER && value > (int64_t)(data_limit - left)) record.flags |= FLAG_CUT;
    record.length = (uint32_t)total;
    pieces[0] = (struct iovec){&record, sizeof record};

    // One call for each record; a vector longer than the kernel takes goes in several, the lock keeps it whole.
    size_t written = 0;
    int first = 0;
    while (written < total) {
        long result = syscall(SYS_writev, log_fd, pieces + first, used - first > IOV_MAX ? IOV_MAX : used - first);
        if (result < 0 && errno == EINTR) continue;
        if (result <= 0) die("cannot append to RECORDER_LOG");
        written += (size_t)result;
        while (first < used && (size_t)result >= pieces[first].iov_len) result -= (long)pieces[first++].iov_len;
        if (first < used) {
            pieces[first].iov_base = (char *)pieces[first].iov_base + result;
            pieces[first].iov_len -= (size_t)result;
        }
    }
    return record.sequence;
}

static int real_path(int fd, char *out, size_t size) {
    char link[64];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    long length = syscall(SYS_readlinkat, AT_FDCWD, link, out, size - 1);
    if (length < 0 || (size_t)length >= size - 1) return 0;
    out[length] = 0;
    return 1;
}

static int below_root(char *path) {
    if (strncmp(path, root, root_length) != 0) return 0;
    if (path[root_length] == 0) {
        strcpy(path, ".");
        return 1;
    }
    if (path[root_length] != '/') return 0;
    memmove(path, path + root_length + 1, strlen(path + root_length));
    return 1;
}

int path_of_fd(int fd, char *out, size_t size) { return real_path(fd, out, size) && below_root(out); }

int path_of_name(int folder, const char *name, char *out, size_t size) {
    char parent[PATH_MAX];
    size_t length = strlen(name);
    while (length > 1 && name[length - 1] == '/') length--;
    size_t start = length;
    while (start > 0 && name[start - 1] != '/') start--;
    if (length - start == 0 || start >= sizeof parent) return 0;
    memcpy(parent, name, start);
    parent[start] = 0;
    int saved = errno;
    int fd = (int)syscall(SYS_openat, folder, start > 0 ? parent : ".", O_PATH | O_DIRECTORY | O_CLOEXEC, 0);
    int known = fd >= 0 && real_path(fd, out, size);
    if (fd >= 0) syscall(SYS_close, fd);
    errno = saved;
    size_t used = known ? strlen(out) : 0;
    if (!known || used + 1 + (length - start) + 1 > size) return 0;
    out[used] = '/';
    memcpy(out + used + 1, name + start, length - start);
    out[used + 1 + (length - start)] = 0;
    return below_root(out);
}

// A child writes on descriptors that it shares, but the store is the parent's alone: it records nothing.
static void after_fork_in_child(void) { recording = 0; }

__attribute__((constructor)) static void start(void) {
    const char *log_path = getenv("RECORDER_LOG"), *root_path = getenv("RECORDER_ROOT");
    if (log_path == NULL || root_path == NULL) return;
    int folder = (int)syscall(SYS_openat, AT_FDCWD, root_path, O_PATH | O_DIRECTORY | O_CLOEXEC, 0);
    if (folder < 0 || !real_path(folder, root, sizeof root)) die("RECORDER_ROOT is no folder");
    syscall(SYS_close, folder);
    root_length = strlen(root);
    int fd = (int)syscall(SYS_openat, AT_FDCWD, log_path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (fd < 0) die("cannot open RECORDER_LOG");
    // Out of the way of programs that count on low numbers or close them.
    log_fd = (int)syscall(SYS_fcntl, fd, F_DUPFD_CLOEXEC, 900);
    if (log_fd < 0) die("cannot move the log's descriptor");
    syscall(SYS_close, fd);
    own_pid = (uint32_t)syscall(SYS_getpid);
    pthread_atfork(NULL, NULL, after_fork_in_child);
    log_numbers(START, -1, 0, 0, 0);
    recording = 1;
}

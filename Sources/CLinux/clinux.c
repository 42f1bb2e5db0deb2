#define _GNU_SOURCE
#include "clinux.h"
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/resource.h>

int coffer_accept(int listener) {
    int fd = accept4(listener, 0, 0, SOCK_NONBLOCK | SOCK_CLOEXEC);
    return fd < 0 ? -errno : fd;
}

void coffer_name_thread(const char *name) { pthread_setname_np(pthread_self(), name); }

// On Linux the priority is the thread's own.
void coffer_background_thread(void) { setpriority(PRIO_PROCESS, 0, 10); }

void coffer_begin_writing(int fd, int64_t offset, int64_t count) {
    sync_file_range(fd, offset, count, SYNC_FILE_RANGE_WRITE);
}

int coffer_rename_new(const char *from, const char *to) { return renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE); }

void coffer_end_with_parent(void) { prctl(PR_SET_PDEATHSIG, SIGKILL); }

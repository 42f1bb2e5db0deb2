#define _GNU_SOURCE
#include "clinux.h"
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <sys/prctl.h>

int coffer_accept(int listener) {
    int fd = accept4(listener, 0, 0, SOCK_NONBLOCK | SOCK_CLOEXEC);
    return fd < 0 ? -errno : fd;
}

void coffer_name_thread(const char *name) { pthread_setname_np(pthread_self(), name); }

void coffer_end_with_parent(void) { prctl(PR_SET_PDEATHSIG, SIGKILL); }

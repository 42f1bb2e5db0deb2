#define _GNU_SOURCE
#include "clinux.h"
#include <errno.h>

int coffer_accept(int listener) {
    int fd = accept4(listener, 0, 0, SOCK_NONBLOCK | SOCK_CLOEXEC);
    return fd < 0 ? -errno : fd;
}

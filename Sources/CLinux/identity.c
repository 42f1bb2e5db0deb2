#define _GNU_SOURCE
#include "identity.h"
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

// Older headers do not know it; the number is the same on every architecture with generic socket options.
#ifndef SO_PEERPIDFD
#define SO_PEERPIDFD 77
#endif
#ifndef SO_PEERGROUPS
#define SO_PEERGROUPS 59
#endif

int coffer_peer_credentials(int socket, int32_t *pid, uint32_t *uid, uint32_t *gid) {
    struct ucred peer;
    socklen_t size = sizeof peer;
    if (getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0) return -errno;
    if (size != sizeof peer) return -EINVAL;
    *pid = peer.pid;
    *uid = peer.uid;
    *gid = peer.gid;
    return 0;
}

int coffer_peer_groups(int socket, uint32_t *groups, uint32_t capacity) {
    if (capacity > INT_MAX / sizeof *groups) return -EINVAL;
    socklen_t size = capacity * sizeof *groups;
    if (getsockopt(socket, SOL_SOCKET, SO_PEERGROUPS, groups, &size) != 0) return -errno;
    return (int)(size / sizeof *groups);
}

static int closed_on_exec(int fd) {
    int flags = fcntl(fd, F_GETFD);
    if (flags < 0 || fcntl(fd, F_SETFD, flags | FD_CLOEXEC) != 0) {
        int code = errno;
        close(fd);
        return -code;
    }
    return fd;
}

int coffer_peer_pidfd(int socket) {
    int fd = -1;
    socklen_t size = sizeof fd;
    if (getsockopt(socket, SOL_SOCKET, SO_PEERPIDFD, &fd, &size) != 0) return -errno;
    if (fd < 0) return -EINVAL;
    return closed_on_exec(fd);
}

int coffer_pidfd_open(int32_t pid) {
    long fd = syscall(SYS_pidfd_open, pid, 0);
    if (fd < 0) return -errno;
    return closed_on_exec((int)fd);
}

int coffer_pidfd_alive(int pidfd) {
    struct pollfd entry = {.fd = pidfd, .events = POLLIN};
    int count;
    do count = poll(&entry, 1, 0); while (count < 0 && errno == EINTR);
    if (count < 0) return -errno;
    // A pidfd becomes readable when its process has ended; POLLHUP when it was reaped as well.
    return count == 0 ? 1 : entry.revents & POLLNVAL ? -EBADF : 0;
}

int coffer_pidfd_signal(int pidfd, int signal) {
    return syscall(SYS_pidfd_send_signal, pidfd, signal, NULL, 0) == 0 ? 0 : -errno;
}

const void *coffer_find(const void *hay, size_t hay_size, const void *needle, size_t needle_size) {
    return memmem(hay, hay_size, needle, needle_size);
}

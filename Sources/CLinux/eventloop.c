#define _GNU_SOURCE
#include "eventloop.h"
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

int coffer_epoll_create(void) {
    int fd = epoll_create1(EPOLL_CLOEXEC);
    return fd < 0 ? -errno : fd;
}

static int control(int epoll, int operation, int fd, uint32_t flags, uint64_t token) {
    struct epoll_event event = {.events = EPOLLRDHUP, .data = {.u64 = token}};
    if (flags & COFFER_READABLE) event.events |= EPOLLIN;
    if (flags & COFFER_WRITABLE) event.events |= EPOLLOUT;
    // Whoever does not read does not want to hear of a half-closed peer either: it would be told without end.
    if (!(flags & COFFER_READABLE)) event.events &= ~(uint32_t)EPOLLRDHUP;
    return epoll_ctl(epoll, operation, fd, &event) < 0 ? -errno : 0;
}

int coffer_epoll_add(int epoll, int fd, uint32_t flags, uint64_t token) {
    return control(epoll, EPOLL_CTL_ADD, fd, flags, token);
}

int coffer_epoll_modify(int epoll, int fd, uint32_t flags, uint64_t token) {
    return control(epoll, EPOLL_CTL_MOD, fd, flags, token);
}

int coffer_epoll_wait(int epoll, struct coffer_event *events, int capacity, int milliseconds) {
    struct epoll_event ready[256];
    if (capacity > 256) capacity = 256;
    int count = epoll_wait(epoll, ready, capacity, milliseconds);
    if (count < 0) return errno == EINTR ? 0 : -errno;
    for (int i = 0; i < count; i++) {
        uint32_t flags = 0;
        if (ready[i].events & (EPOLLIN | EPOLLRDHUP)) flags |= COFFER_READABLE;
        if (ready[i].events & EPOLLOUT) flags |= COFFER_WRITABLE;
        if (ready[i].events & (EPOLLHUP | EPOLLERR)) flags |= COFFER_HANGUP;
        events[i].token = ready[i].data.u64;
        events[i].flags = flags;
    }
    return count;
}

int coffer_socket_pair(int *first, int *second) {
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends) != 0) return -errno;
    *first = ends[0];
    *second = ends[1];
    return 0;
}

int coffer_eventfd(void) {
    int fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    return fd < 0 ? -errno : fd;
}

void coffer_eventfd_raise(int fd) {
    uint64_t one = 1;
    while (write(fd, &one, sizeof one) < 0 && errno == EINTR) {}
}

void coffer_eventfd_clear(int fd) {
    uint64_t count;
    while (read(fd, &count, sizeof count) < 0 && errno == EINTR) {}
}

long coffer_receive(int fd, void *bytes, size_t count, int credentials, int32_t *pid, uint32_t *uid) {
    if (!credentials) {
        ssize_t got;
        do got = recv(fd, bytes, count, MSG_DONTWAIT); while (got < 0 && errno == EINTR);
        return got < 0 ? -errno : got;
    }
    *pid = 0;
    *uid = (uint32_t)-1;
    struct iovec part = {.iov_base = bytes, .iov_len = count};
    union { char space[CMSG_SPACE(sizeof(struct ucred)) + CMSG_SPACE(64 * sizeof(int))]; struct cmsghdr align; } control;
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = control.space, .msg_controllen = sizeof control.space};
    ssize_t got;
    do got = recvmsg(fd, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC); while (got < 0 && errno == EINTR);
    if (got < 0) return -errno;
    for (struct cmsghdr *part = CMSG_FIRSTHDR(&message); part; part = CMSG_NXTHDR(&message, part)) {
        if (part->cmsg_level != SOL_SOCKET) continue;
        if (part->cmsg_type == SCM_CREDENTIALS) {
            struct ucred sender;
            memcpy(&sender, CMSG_DATA(part), sizeof sender);
            *pid = sender.pid;
            *uid = sender.uid;
        } else if (part->cmsg_type == SCM_RIGHTS) {
            // Descriptors that somebody passes are not for us: they must not pile up.
            size_t bytes_of_fds = part->cmsg_len - CMSG_LEN(0);
            for (size_t i = 0; i + sizeof(int) <= bytes_of_fds; i += sizeof(int)) {
                int passed;
                memcpy(&passed, CMSG_DATA(part) + i, sizeof passed);
                close(passed);
            }
        }
    }
    return got;
}

long coffer_send(int fd, const void *bytes, size_t count) {
    ssize_t sent;
    do sent = send(fd, bytes, count, MSG_NOSIGNAL | MSG_DONTWAIT); while (sent < 0 && errno == EINTR);
    return sent < 0 ? -errno : sent;
}

int coffer_pass_credentials(int fd) {
    int on = 1;
    return setsockopt(fd, SOL_SOCKET, SO_PASSCRED, &on, sizeof on) < 0 ? -errno : 0;
}

static int unix_address(const char *path, struct sockaddr_un *address) {
    if (strlen(path) >= sizeof address->sun_path) return -ENAMETOOLONG;
    memset(address, 0, sizeof *address);
    address->sun_family = AF_UNIX;
    strcpy(address->sun_path, path);
    return 0;
}

int coffer_listen(const char *path, unsigned mode, int backlog) {
    struct sockaddr_un address;
    int status = unix_address(path, &address);
    if (status < 0) return status;
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) return -errno;
    // The socket's own mode, less the umask, becomes the file's: never wider than asked for, not even for a moment.
    fchmod(fd, mode);
    int bound = bind(fd, (struct sockaddr *)&address, sizeof address);
    int error = errno;
    if (bound < 0) {
        close(fd);
        return -error;
    }
    if (listen(fd, backlog) < 0) {
        error = errno;
        close(fd);
        unlink(path);
        return -error;
    }
    return fd;
}

int coffer_adopt_listener(int fd, char *path, size_t capacity) {
    int type = 0, listens = 0;
    socklen_t size = sizeof type;
    if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) < 0) return -errno;
    size = sizeof listens;
    if (getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &size) < 0) return -errno;
    struct sockaddr_un address;
    socklen_t length = sizeof address;
    memset(&address, 0, sizeof address);
    if (getsockname(fd, (struct sockaddr *)&address, &length) < 0) return -errno;
    size_t count = strnlen(address.sun_path, sizeof address.sun_path);
    if (address.sun_family != AF_UNIX || type != SOCK_STREAM || !listens || address.sun_path[0] != '/' || count > capacity) return -EINVAL;
    int flags = fcntl(fd, F_GETFL);
    if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0 || fcntl(fd, F_SETFD, FD_CLOEXEC) < 0) return -errno;
    memcpy(path, address.sun_path, count);
    return (int)count;
}

int coffer_send_datagram(const char *name, const void *bytes, size_t count) {
    struct sockaddr_un address;
    int status = unix_address(name, &address);
    if (status < 0) return status;
    if (address.sun_path[0] == '@') address.sun_path[0] = 0;
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0) return -errno;
    struct timeval limit = {.tv_sec = 1};
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
    // An abstract name ends where the address ends, not at a zero.
    socklen_t length = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(name));
    ssize_t sent;
    do sent = sendto(fd, bytes, count, MSG_NOSIGNAL, (struct sockaddr *)&address, length); while (sent < 0 && errno == EINTR);
    int error = errno;
    close(fd);
    return sent < 0 ? -error : 0;
}

int coffer_is_listening(const char *path) {
    struct sockaddr_un address;
    int status = unix_address(path, &address);
    if (status < 0) return status;
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0) return -errno;
    int connected = connect(fd, (struct sockaddr *)&address, sizeof address);
    int error = errno;
    close(fd);
    if (connected == 0 || error == EAGAIN || error == EINPROGRESS) return 1;
    return error == ECONNREFUSED || error == ENOENT ? 0 : -error;
}

int coffer_set_aside(int fd, int64_t offset, int64_t count) {
    if (fallocate(fd, FALLOC_FL_KEEP_SIZE, offset, count) == 0) return 0;
    return errno == EOPNOTSUPP || errno == ENOSYS || errno == EINTR ? 0 : -errno;
}

// The runtime's own handlers print registers and the memory that they point to into the log, and in a process that may not be traced they
// wait for ever for the tracer that they start: it would neither serve nor end.
static void die_plainly(void) {
#if !defined(__SANITIZE_ADDRESS__) && !(defined(__has_feature) && (__has_feature(address_sanitizer) || __has_feature(thread_sanitizer)))
    static const int fatal[] = {SIGSEGV, SIGBUS, SIGILL, SIGTRAP, SIGFPE, SIGABRT, SIGSYS, SIGQUIT};
    for (size_t index = 0; index < sizeof fatal / sizeof *fatal; index++) signal(fatal[index], SIG_DFL);
#endif
}

int coffer_hide_process(void) {
    struct rlimit none = {0, 0};
    die_plainly();
    if (setrlimit(RLIMIT_CORE, &none) < 0) return -errno;
    return prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0 ? -errno : 0;
}

long coffer_raise_file_limit(void) {
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) < 0) return -errno;
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
    getrlimit(RLIMIT_NOFILE, &limit);
    return (long)limit.rlim_cur;
}

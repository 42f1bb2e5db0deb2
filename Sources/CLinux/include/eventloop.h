// epoll and non-blocking sockets, as the socket door uses them.
#ifndef COFFER_CLINUX_EVENTLOOP_H
#define COFFER_CLINUX_EVENTLOOP_H

#include <stddef.h>
#include <stdint.h>

enum { COFFER_READABLE = 1, COFFER_WRITABLE = 2, COFFER_HANGUP = 4 };

struct coffer_event {
    uint64_t token;
    uint32_t flags;
};

// All return -errno on failure.
int coffer_epoll_create(void);
int coffer_epoll_add(int epoll, int fd, uint32_t flags, uint64_t token);
int coffer_epoll_modify(int epoll, int fd, uint32_t flags, uint64_t token);
// Waits for at most 256 events; -1 for ever. Returns their number; 0 also when a signal came.
int coffer_epoll_wait(int epoll, struct coffer_event *events, int capacity, int milliseconds);

int coffer_eventfd(void);
void coffer_eventfd_raise(int fd);
void coffer_eventfd_clear(int fd);

// Receives what is there. Returns 0 at the end of the stream, or -errno. With `credentials`, also who sent it (SO_PASSCRED must be
// on); pid 0 where the kernel does not say.
long coffer_receive(int fd, void *bytes, size_t count, int credentials, int32_t *pid, uint32_t *uid);
// Sends what fits, without SIGPIPE.
long coffer_send(int fd, const void *bytes, size_t count);
int coffer_pass_credentials(int fd);

// Binds and listens on a Unix stream socket at `path` (at most 107 bytes), not blocking, closed on exec, made with `mode`.
int coffer_listen(const char *path, unsigned mode, int backlog);
// Takes over a descriptor that listens on a Unix stream socket: not blocking, closed on exec. Writes its path, without the zero behind it,
// where it has one. Returns the path's length, or -errno (-EINVAL: it is another kind of socket, or listens at no path).
int coffer_adopt_listener(int fd, char *path, size_t capacity);
// Sends one datagram to the Unix socket at `address` ('@' in front: an abstract one), in a second at most. Returns 0, or -errno.
int coffer_send_datagram(const char *address, const void *bytes, size_t count);
// Whether anybody listens at `path`: 1, 0, or -errno.
int coffer_is_listening(const char *path);

// Sets blocks of the disk aside for a file, without changing its size. Returns 0 (also where the file system cannot), or -errno.
int coffer_set_aside(int fd, int64_t offset, int64_t count);

// No core dumps, no traces of a crash in the log, and nobody but root may trace this process or read its memory.
int coffer_hide_process(void);
// Raises the limit of open files to what is allowed. Returns the limit.
long coffer_raise_file_limit(void);

#endif

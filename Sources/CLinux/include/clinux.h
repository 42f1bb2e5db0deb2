// What Coffer needs of Linux and Glibc's Swift module does not export.
#ifndef COFFER_CLINUX_H
#define COFFER_CLINUX_H

#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <stdint.h>
#include "identity.h"
#include "clientsocket.h"
#include "eventloop.h"
#include "prefetch.h"

// Accepts with SOCK_NONBLOCK and SOCK_CLOEXEC. Returns the descriptor, or -errno.
int coffer_accept(int listener);

// Two connected stream sockets, SOCK_NONBLOCK and SOCK_CLOEXEC. Returns 0, or -errno.
int coffer_socket_pair(int *first, int *second);

// Names the calling thread (at most 15 letters).
void coffer_name_thread(const char *name);

// Lowers the calling thread's priority for good: work that may take its time beside threads that answer requests.
void coffer_background_thread(void);

// Has the kernel begin to bring a part of a file to the disk, so that a later fsync has less left to wait for. Promises nothing.
void coffer_begin_writing(int fd, int64_t offset, int64_t count);

// Gives a file another name, which nothing has yet.
// Returns 0, or -1 and errno.
int coffer_rename_new(const char *from, const char *to);

// Has the kernel end this process when the thread that started it has ended.
void coffer_end_with_parent(void);

#endif

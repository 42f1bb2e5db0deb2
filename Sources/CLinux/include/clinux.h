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

// Names the calling thread (at most 15 letters).
void coffer_name_thread(const char *name);

// Has the kernel end this process when the thread that started it has ended.
void coffer_end_with_parent(void);

#endif

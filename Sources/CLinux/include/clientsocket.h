// What the client library needs of Linux: a checked connection, wiping, locked memory, randomness.
#ifndef COFFER_CLIENTSOCKET_H
#define COFFER_CLIENTSOCKET_H

#include <stddef.h>
#include <stdint.h>

// Bytes that a socket's path may have, without the zero behind it.
#define COFFER_SOCKET_PATH_LIMIT 107

// Connects to the Unix stream socket at `path` without blocking, SOCK_CLOEXEC. Returns the descriptor, or -errno.
int coffer_client_connect(const char *path);

// The user id of the process at the other end of `socket`. Returns 0, or -errno.
int coffer_client_peer_uid(int socket, uint32_t *uid);

// Sends without SIGPIPE and without blocking. Returns the bytes sent, or -errno.
long coffer_client_send(int socket, const void *bytes, size_t count);

// Receives without blocking. Returns the bytes received (0: the other end closed), or -errno.
long coffer_client_receive(int socket, void *bytes, size_t count);

// Whole pages that are, as far as the system allows, neither swapped nor dumped. NULL where there is no memory.
void *coffer_client_map(size_t count);

// Gives back pages of coffer_client_map. The caller has wiped them.
void coffer_client_unmap(void *bytes, size_t count);

// Overwrites with zeros; the compiler does not drop it.
void coffer_client_wipe(void *bytes, size_t count);

// Fills with bytes of the kernel's generator. Returns 0, or -errno.
int coffer_client_random(void *bytes, size_t count);

// Starts a detached thread named `name` that takes no signals. Returns 0, or the error number.
int coffer_client_thread(void (*body)(void *), void *argument, const char *name);

#endif

// Who is at the other end of a Unix socket, and whether that process still lives.
#ifndef COFFER_CLINUX_IDENTITY_H
#define COFFER_CLINUX_IDENTITY_H

#include <stddef.h>
#include <stdint.h>

// SO_PEERCRED. Returns 0, or -errno.
int coffer_peer_credentials(int socket, int32_t *pid, uint32_t *uid, uint32_t *gid);

// SO_PEERGROUPS: writes at most `capacity` groups. Returns how many there are, or -errno; -ERANGE when they do not fit.
int coffer_peer_groups(int socket, uint32_t *groups, uint32_t capacity);

// SO_PEERPIDFD (Linux 6.5). Returns a descriptor that is closed on exec, or -errno.
int coffer_peer_pidfd(int socket);

// pidfd_open (Linux 5.3). Returns a descriptor that is closed on exec, or -errno.
int coffer_pidfd_open(int32_t pid);

// 1: the process lives; 0: it has ended; -errno.
int coffer_pidfd_alive(int pidfd);

// pidfd_send_signal (Linux 5.1): reaches this process or none. 0, or -errno.
int coffer_pidfd_signal(int pidfd, int signal);

// memmem, which Glibc's Swift module does not export: linear in time, allocates nothing.
const void *coffer_find(const void *hay, size_t hay_size, const void *needle, size_t needle_size);

#endif

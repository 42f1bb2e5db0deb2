#define _GNU_SOURCE
#include "clientsocket.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

int coffer_client_connect(const char *path) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    size_t length = strlen(path);
    if (length == 0) return -ENOENT;
    if (length > COFFER_SOCKET_PATH_LIMIT) return -ENAMETOOLONG;
    memcpy(address.sun_path, path, length);

    int descriptor = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (descriptor < 0) return -errno;
    int result;
    do {
        result = connect(descriptor, (struct sockaddr *)&address, sizeof address);
    } while (result < 0 && errno == EINTR);
    if (result < 0) {
        int error = errno;
        close(descriptor);
        return -error;
    }
    return descriptor;
}

int coffer_client_peer_uid(int socket, uint32_t *uid) {
    struct ucred credentials;
    socklen_t size = sizeof credentials;
    if (getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &credentials, &size) < 0) return -errno;
    *uid = credentials.uid;
    return 0;
}

long coffer_client_send(int socket, const void *bytes, size_t count) {
    ssize_t result;
    do {
        result = send(socket, bytes, count, MSG_NOSIGNAL | MSG_DONTWAIT);
    } while (result < 0 && errno == EINTR);
    return result < 0 ? -(long)errno : (long)result;
}

long coffer_client_receive(int socket, void *bytes, size_t count) {
    ssize_t result;
    do {
        result = recv(socket, bytes, count, MSG_DONTWAIT);
    } while (result < 0 && errno == EINTR);
    return result < 0 ? -(long)errno : (long)result;
}

void *coffer_client_map(size_t count) {
    void *bytes = mmap(NULL, count, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (bytes == MAP_FAILED) return NULL;
    // Best effort: without the right or the quota to lock pages, secrets are still wiped and kept out of dumps.
    (void)mlock(bytes, count);
    (void)madvise(bytes, count, MADV_DONTDUMP);
    return bytes;
}

void coffer_client_unmap(void *bytes, size_t count) { (void)munmap(bytes, count); }

void coffer_client_wipe(void *bytes, size_t count) { explicit_bzero(bytes, count); }

int coffer_client_random(void *bytes, size_t count) {
    unsigned char *next = bytes;
    while (count > 0) {
        ssize_t got = getrandom(next, count, 0);
        if (got < 0) {
            if (errno == EINTR) continue;
            return -errno;
        }
        next += got;
        count -= (size_t)got;
    }
    return 0;
}

struct start {
    void (*body)(void *);
    void *argument;
};

static void *run(void *context) {
    struct start start = *(struct start *)context;
    free(context);
    start.body(start.argument);
    return NULL;
}

int coffer_client_thread(void (*body)(void *), void *argument, const char *name) {
    struct start *start = malloc(sizeof *start);
    if (start == NULL) return ENOMEM;
    *start = (struct start){body, argument};

    // The thread inherits the mask: the signals stay with the threads of the program.
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    pthread_t thread;
    int error = pthread_create(&thread, NULL, run, start);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (error != 0) {
        free(start);
        return error;
    }
    pthread_setname_np(thread, name);
    pthread_detach(thread);
    return 0;
}

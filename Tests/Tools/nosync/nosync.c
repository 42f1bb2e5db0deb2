// The planted fault of sync_test.py: LMDB opens every environment with MDB_NOSYNC, so commits are not synced.
//
// Build:  clang -shared -fPIC -O2 -Wall -o nosync.so nosync.c        (gcc takes the same line)
// Use:    NOSYNC_MARK=/path/to/file LD_PRELOAD=/path/to/nosync.so program …
//
// The file of NOSYNC_MARK is made by the first open that was changed: a test that finds none has planted nothing.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/types.h>
#include <unistd.h>

#define MDB_NOSYNC 0x10000u

int mdb_env_open(void *environment, const char *path, unsigned flags, mode_t mode) {
    int (*real)(void *, const char *, unsigned, mode_t) = (int (*)(void *, const char *, unsigned, mode_t))dlsym(RTLD_NEXT, "mdb_env_open");
    if (real == NULL) abort();
    const char *mark = getenv("NOSYNC_MARK");
    if (mark != NULL) {
        int fd = open(mark, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
        if (fd >= 0) close(fd);
    }
    return real(environment, path, flags | MDB_NOSYNC, mode);
}

// A planted fault of faults_test.py: a failed fdatasync or fsync is taken for success.
//
// Build:  clang -shared -fPIC -O2 -Wall -o swallow.so swallow.c -ldl        (gcc takes the same line)
// Use:    LD_PRELOAD="swallow.so recorder.so faults.so" program …        (it must come first)
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>

static int swallowed(const char *name, int fd) {
    int (*next)(int) = (int (*)(int))dlsym(RTLD_NEXT, name);
    if (next == NULL) abort();
    (void)next(fd);
    return 0;
}

int fdatasync(int fd) { return swallowed("fdatasync", fd); }
int fsync(int fd) { return swallowed("fsync", fd); }

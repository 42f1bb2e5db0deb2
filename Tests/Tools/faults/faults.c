// Lets the n-th call of a kind fail, in a program that knows nothing of it.
//
// Build:  clang -shared -fPIC -O2 -Wall -o faults.so faults.c callers.c -ldl        (gcc takes the same line)
// Use:    FAULTS_FILE=/path/to/page FAULTS_ROOT=/path/to/folder LD_PRELOAD=/path/to/faults.so program …
//
// faults.h describes the page; it must be there, 4,096 bytes long, when the program starts. Calls on files count where
// the file lies below FAULTS_ROOT; sockets, logs and libraries are left alone. mmap counts in the program itself and in
// liblmdb, libsodium and libcurl, malloc in those three libraries only: where Swift's own allocation fails the process
// ends, as it should (platform.md). The program's own `realloc` (formats.md 18) hides those of the libraries.
//
// A failed call does nothing at all: a failed fdatasync has synced nothing, a failed write has written nothing.
//
// Beneath the recorder: LD_PRELOAD="recorder.so faults.so". The recorder makes its calls by syscall(2)'s wrapper, which
// is defined here too, so it records what came of them.
#define _GNU_SOURCE
#include "faults.h"
#include "callers.h"
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

static struct faults *page;
static char root[PATH_MAX];
static size_t root_length;

// The system call itself: glibc's wrapper is what is replaced here.
static long raw(long number, long a, long b, long c, long d, long e, long f) {
#if defined(__x86_64__)
    register long r10 __asm__("r10") = d;
    register long r8 __asm__("r8") = e;
    register long r9 __asm__("r9") = f;
    long result;
    __asm__ volatile("syscall" : "=a"(result) : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9) : "rcx", "r11", "memory");
#elif defined(__aarch64__)
    register long x8 __asm__("x8") = number;
    register long result __asm__("x0") = a;
    register long x1 __asm__("x1") = b;
    register long x2 __asm__("x2") = c;
    register long x3 __asm__("x3") = d;
    register long x4 __asm__("x4") = e;
    register long x5 __asm__("x5") = f;
    __asm__ volatile("svc 0" : "+r"(result) : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5) : "memory");
#else
#error "unknown machine"
#endif
    if (result < 0 && result > -4096) {
        errno = (int)-result;
        return -1;
    }
    return result;
}

__attribute__((constructor)) static void begin(void) {
    const char *file = getenv("FAULTS_FILE"), *folder = getenv("FAULTS_ROOT");
    if (file == NULL || folder == NULL) return;
    find_callers();
    int fd = (int)raw(SYS_openat, AT_FDCWD, (long)file, O_RDWR | O_CLOEXEC, 0, 0, 0);
    void *mapped = fd < 0 ? MAP_FAILED : (void *)raw(SYS_mmap, 0, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (mapped == MAP_FAILED || realpath(folder, root) == NULL) {
        // A test that injects nothing must not look like one that found nothing.
        static const char message[] = "faults.so: FAULTS_FILE or FAULTS_ROOT cannot be used\n";
        raw(SYS_write, 2, (long)message, sizeof message - 1, 0, 0, 0);
        _exit(99);
    }
    raw(SYS_close, fd, 0, 0, 0, 0, 0);
    root_length = strlen(root);
    page = mapped;
}

// ---- which calls count

static int below_root(const char *path) {
    return strncmp(path, root, root_length) == 0 && (path[root_length] == '/' || path[root_length] == 0);
}

static int path_of_fd(int fd, char *out, size_t size) {
    char link[64];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = raw(SYS_readlinkat, AT_FDCWD, (long)link, (long)out, (long)size - 1, 0, 0);
    if (length < 0) return 0;
    out[length] = 0;
    return 1;
}

static int path_of_name(int folder, const char *name, char *out, size_t size) {
    if (name == NULL) return 0;
    if (name[0] == '/') return snprintf(out, size, "%s", name) < (int)size;
    char base[PATH_MAX];
    if (folder == AT_FDCWD ? getcwd(base, sizeof base) == NULL : !path_of_fd(folder, base, sizeof base)) return 0;
    return snprintf(out, size, "%s/%s", base, name) < (int)size;
}

// Whether this call is the one. Returns the error to fail with, or 0. `where` may be NULL.
static int32_t strikes(enum fault_call call, const char *where, void *caller) {
    uint64_t number = atomic_fetch_add(&page->seen[call], 1) + 1;
    if (atomic_load(&page->call) != (uint32_t)call || number < page->first || number - page->first >= page->many) return 0;
    if (atomic_fetch_add(&page->injected, 1) == 0) {
        int saved = errno;
        char name[256];
        name_of_caller(caller, name, sizeof name);
        int length = snprintf(page->where, sizeof page->where, "%s from %s", where ? where + (below_root(where) ? root_length : 0) : "-", name);
        atomic_store(&page->where_length, (uint32_t)(length < (int)sizeof page->where ? length : (int)sizeof page->where - 1));
        errno = saved;
    }
    return page->error;
}

static int32_t strikes_fd(enum fault_call call, int fd, void *caller) {
    if (page == NULL || fd < 0) return 0;
    int saved = errno;
    char path[PATH_MAX];
    int counts = path_of_fd(fd, path, sizeof path) && below_root(path);
    errno = saved;
    return counts ? strikes(call, path, caller) : 0;
}

static int32_t strikes_name(enum fault_call call, int folder, const char *name, void *caller) {
    if (page == NULL) return 0;
    int saved = errno;
    char path[2 * PATH_MAX];
    int counts = path_of_name(folder, name, path, sizeof path) && below_root(path);
    errno = saved;
    return counts ? strikes(call, path, caller) : 0;
}

#define CALLER __builtin_return_address(0)
#define FAIL(error)          \
    do {                     \
        errno = (int)(error); \
        return -1;           \
    } while (0)

// ---- the calls. Each is made by `checked`, whether it comes by its own name or by syscall(2)'s wrapper.

static long write_half(long number, long fd, long a, long b, long offset) {
    if (number == SYS_write || number == SYS_pwrite64) return raw(number, fd, a, b > 1 ? b / 2 : b, offset, 0, 0);
    // One piece less, or half of the only one.
    const struct iovec *pieces = (const struct iovec *)a;
    if (b > 1) return raw(number, fd, a, b / 2, offset, 0, 0);
    struct iovec half = {pieces[0].iov_base, pieces[0].iov_len > 1 ? pieces[0].iov_len / 2 : pieces[0].iov_len};
    return raw(number, fd, (long)&half, 1, offset, 0, 0);
}

static long checked(void *caller, long number, long a, long b, long c, long d, long e, long f) {
    int32_t error = 0;
    switch (number) {
    case SYS_openat: error = strikes_name(CALL_OPEN, (int)a, (const char *)b, caller); break;
#ifdef SYS_open
    case SYS_open: error = strikes_name(CALL_OPEN, AT_FDCWD, (const char *)a, caller); break;
#endif
    // Where the position is only asked for, nothing can fail.
    case SYS_lseek: error = b == 0 && c == SEEK_CUR ? 0 : strikes_fd(CALL_LSEEK, (int)a, caller); break;
    case SYS_write: error = strikes_fd(CALL_WRITE, (int)a, caller); break;
    case SYS_writev: error = strikes_fd(CALL_WRITEV, (int)a, caller); break;
    case SYS_pwrite64: error = strikes_fd(CALL_PWRITE, (int)a, caller); break;
    case SYS_pwritev: case SYS_pwritev2: error = strikes_fd(CALL_PWRITEV, (int)a, caller); break;
    case SYS_ftruncate: error = strikes_fd(CALL_FTRUNCATE, (int)a, caller); break;
    case SYS_fallocate: error = strikes_fd(CALL_FALLOCATE, (int)a, caller); break;
#ifdef SYS_rename
    case SYS_rename: error = strikes_name(CALL_RENAME, AT_FDCWD, (const char *)a, caller); break;
#endif
    case SYS_renameat: case SYS_renameat2: error = strikes_name(CALL_RENAME, (int)a, (const char *)b, caller); break;
    case SYS_fsync: error = strikes_fd(CALL_FSYNC, (int)a, caller); break;
    case SYS_fdatasync: error = strikes_fd(CALL_FDATASYNC, (int)a, caller); break;
    default: break;
    }
    if (error == SHORT_WRITE) return write_half(number, a, b, c, d);
    if (error) FAIL(error);
    return raw(number, a, b, c, d, e, f);
}

long syscall(long number, ...) {
    va_list list;
    va_start(list, number);
    long a = va_arg(list, long), b = va_arg(list, long), c = va_arg(list, long);
    long d = va_arg(list, long), e = va_arg(list, long), f = va_arg(list, long);
    va_end(list);
    return checked(CALLER, number, a, b, c, d, e, f);
}

static mode_t mode_argument(int flags, va_list list) {
    return flags & O_CREAT || (flags & O_TMPFILE) == O_TMPFILE ? va_arg(list, mode_t) : 0;
}

#define OPEN_HOOK(name)                                                                      \
    int name(const char *path, int flags, ...) {                                             \
        va_list list;                                                                        \
        va_start(list, flags);                                                               \
        mode_t mode = mode_argument(flags, list);                                            \
        va_end(list);                                                                        \
        return (int)checked(CALLER, SYS_openat, AT_FDCWD, (long)path, flags, mode, 0, 0);    \
    }
#define OPENAT_HOOK(name)                                                                    \
    int name(int folder, const char *path, int flags, ...) {                                 \
        va_list list;                                                                        \
        va_start(list, flags);                                                               \
        mode_t mode = mode_argument(flags, list);                                            \
        va_end(list);                                                                        \
        return (int)checked(CALLER, SYS_openat, folder, (long)path, flags, mode, 0, 0);      \
    }
OPEN_HOOK(open)
OPEN_HOOK(open64)
OPENAT_HOOK(openat)
OPENAT_HOOK(openat64)
int __open_2(const char *path, int flags) { return (int)checked(CALLER, SYS_openat, AT_FDCWD, (long)path, flags, 0, 0, 0); }
int __open64_2(const char *path, int flags) { return (int)checked(CALLER, SYS_openat, AT_FDCWD, (long)path, flags, 0, 0, 0); }
int __openat_2(int folder, const char *path, int flags) { return (int)checked(CALLER, SYS_openat, folder, (long)path, flags, 0, 0, 0); }
int __openat64_2(int folder, const char *path, int flags) { return (int)checked(CALLER, SYS_openat, folder, (long)path, flags, 0, 0, 0); }

off_t lseek(int fd, off_t offset, int whence) { return checked(CALLER, SYS_lseek, fd, offset, whence, 0, 0, 0); }
off64_t lseek64(int fd, off64_t offset, int whence) { return checked(CALLER, SYS_lseek, fd, offset, whence, 0, 0, 0); }

ssize_t write(int fd, const void *bytes, size_t size) { return checked(CALLER, SYS_write, fd, (long)bytes, (long)size, 0, 0, 0); }
ssize_t writev(int fd, const struct iovec *pieces, int count) { return checked(CALLER, SYS_writev, fd, (long)pieces, count, 0, 0, 0); }
ssize_t pwrite(int fd, const void *bytes, size_t size, off_t offset) { return checked(CALLER, SYS_pwrite64, fd, (long)bytes, (long)size, offset, 0, 0); }
ssize_t pwrite64(int fd, const void *bytes, size_t size, off64_t offset) { return checked(CALLER, SYS_pwrite64, fd, (long)bytes, (long)size, offset, 0, 0); }
ssize_t pwritev(int fd, const struct iovec *pieces, int count, off_t offset) { return checked(CALLER, SYS_pwritev, fd, (long)pieces, count, offset, 0, 0); }
ssize_t pwritev64(int fd, const struct iovec *pieces, int count, off64_t offset) { return checked(CALLER, SYS_pwritev, fd, (long)pieces, count, offset, 0, 0); }

int ftruncate(int fd, off_t size) { return (int)checked(CALLER, SYS_ftruncate, fd, size, 0, 0, 0, 0); }
int ftruncate64(int fd, off64_t size) { return (int)checked(CALLER, SYS_ftruncate, fd, size, 0, 0, 0, 0); }
int fallocate(int fd, int mode, off_t offset, off_t length) { return (int)checked(CALLER, SYS_fallocate, fd, mode, offset, length, 0, 0); }
int fallocate64(int fd, int mode, off64_t offset, off64_t length) { return (int)checked(CALLER, SYS_fallocate, fd, mode, offset, length, 0, 0); }
// Answers by its result and leaves errno alone.
int posix_fallocate(int fd, off_t offset, off_t length) {
    int saved = errno;
    int result = checked(CALLER, SYS_fallocate, fd, 0, offset, length, 0, 0) == 0 ? 0 : errno;
    errno = saved;
    return result;
}
int posix_fallocate64(int fd, off64_t offset, off64_t length) { return posix_fallocate(fd, offset, length); }

int rename(const char *old, const char *new) { return (int)checked(CALLER, SYS_renameat2, AT_FDCWD, (long)old, AT_FDCWD, (long)new, 0, 0); }
int renameat(int from, const char *old, int to, const char *new) { return (int)checked(CALLER, SYS_renameat2, from, (long)old, to, (long)new, 0, 0); }
int renameat2(int from, const char *old, int to, const char *new, unsigned flags) {
    return (int)checked(CALLER, SYS_renameat2, from, (long)old, to, (long)new, flags, 0);
}

int fsync(int fd) { return (int)checked(CALLER, SYS_fsync, fd, 0, 0, 0, 0, 0); }
int fdatasync(int fd) { return (int)checked(CALLER, SYS_fdatasync, fd, 0, 0, 0, 0, 0); }

// ---- memory

void *mmap(void *address, size_t size, int protection, int flags, int fd, off_t offset) {
    int32_t error = page && counts_for_mmap(CALLER) ? strikes(CALL_MMAP, NULL, CALLER) : 0;
    if (error) {
        errno = error;
        return MAP_FAILED;
    }
    return (void *)raw(SYS_mmap, (long)address, (long)size, protection, flags, fd, offset);
}
void *mmap64(void *address, size_t size, int protection, int flags, int fd, off64_t offset) __attribute__((alias("mmap")));

extern void *__libc_malloc(size_t);
extern void *__libc_calloc(size_t, size_t);
extern void *__libc_realloc(void *, size_t);
extern void *__libc_memalign(size_t, size_t);

static int no_memory(void *caller) {
    if (page == NULL || !counts_for_malloc(caller) || !strikes(CALL_MALLOC, NULL, caller)) return 0;
    errno = ENOMEM;
    return 1;
}

void *malloc(size_t size) { return no_memory(CALLER) ? NULL : __libc_malloc(size); }
void *calloc(size_t count, size_t size) { return no_memory(CALLER) ? NULL : __libc_calloc(count, size); }
void *realloc(void *old, size_t size) { return no_memory(CALLER) ? NULL : __libc_realloc(old, size); }
void *aligned_alloc(size_t alignment, size_t size) { return no_memory(CALLER) ? NULL : __libc_memalign(alignment, size); }
void *memalign(size_t alignment, size_t size) { return no_memory(CALLER) ? NULL : __libc_memalign(alignment, size); }
int posix_memalign(void **out, size_t alignment, size_t size) {
    if (no_memory(CALLER)) return ENOMEM;
    void *block = __libc_memalign(alignment, size);
    if (block == NULL) return ENOMEM;
    *out = block;
    return 0;
}

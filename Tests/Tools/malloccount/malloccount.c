// Counts a process's allocations where another process can read the count while it runs.
//
// Build:  clang -shared -fPIC -O2 -Wall -o malloccount.so malloccount.c        (gcc takes the same line)
// Use:    MALLOCCOUNT_FILE=/path/to/file LD_PRELOAD=/path/to/malloccount.so program …
//
// The file is made 4,096 bytes long and mapped shared. Little-endian, from its beginning:
//   u64 calls   malloc, calloc, realloc, aligned_alloc, posix_memalign, memalign, valloc, pvalloc
//   u64 bytes   the sum of the sizes asked for
//   u64 owner   pid of the process that is counted; 0 while there is none
// Without MALLOCCOUNT_FILE it counts into itself and nobody sees it.
//
// One file counts one process: a fork's child and programs that it starts count nowhere, so the reader never
// takes their work for the daemon's. A wrapper that execs (taskset, setpriv) keeps its pid and is continued:
// read the counter before and after, the difference is what counts.
//
// Why __libc_malloc and not dlsym(RTLD_NEXT): dlsym allocates, so it would call back into a malloc that does
// not have its function yet. The entries exist in every glibc. `free` is left alone: cofferd has its own, and
// its own `realloc` too, which goes through the public malloc and is seen here (formats.md 18). reallocarray,
// strdup, getline and the like reach these entries from inside glibc and are counted. mmap is not counted.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

extern void *__libc_malloc(size_t);
extern void *__libc_calloc(size_t, size_t);
extern void *__libc_realloc(void *, size_t);
extern void *__libc_memalign(size_t, size_t);
extern void *__libc_valloc(size_t);
extern void *__libc_pvalloc(size_t);

#define FILE_SIZE 4096

struct counters {
    _Atomic uint64_t calls;
    _Atomic uint64_t bytes;
    _Atomic uint64_t owner;
};

// Where counts go before the file is mapped, and in processes that the file does not belong to.
static struct counters private_counters;
static _Atomic(struct counters *) current = &private_counters;

static inline void count(size_t bytes) {
    struct counters *to = atomic_load_explicit(&current, memory_order_relaxed);
    atomic_fetch_add_explicit(&to->calls, 1, memory_order_relaxed);
    atomic_fetch_add_explicit(&to->bytes, bytes, memory_order_relaxed);
}

void *malloc(size_t size) {
    count(size);
    return __libc_malloc(size);
}

void *calloc(size_t items, size_t size) {
    // An overflowing product fails inside; then what is added here does not matter.
    count(items * size);
    return __libc_calloc(items, size);
}

void *realloc(void *old, size_t size) {
    count(size);
    return __libc_realloc(old, size);
}

void *memalign(size_t alignment, size_t size) {
    count(size);
    return __libc_memalign(alignment, size);
}

void *aligned_alloc(size_t alignment, size_t size) {
    count(size);
    return __libc_memalign(alignment, size);
}

int posix_memalign(void **out, size_t alignment, size_t size) {
    if (alignment % sizeof(void *) != 0 || alignment == 0 || (alignment & (alignment - 1)) != 0) return EINVAL;
    count(size);
    int saved = errno;
    void *memory = __libc_memalign(alignment, size);
    errno = saved;  // posix_memalign answers by its result and leaves errno alone
    if (memory == NULL) return ENOMEM;
    *out = memory;
    return 0;
}

void *valloc(size_t size) {
    count(size);
    return __libc_valloc(size);
}

void *pvalloc(size_t size) {
    count(size);
    return __libc_pvalloc(size);
}

// The mapping is shared with the parent: without this the child would count into the parent's file.
static void after_fork_in_child(void) {
    atomic_store(&current, &private_counters);
}

static void fail(const char *what) {
    // Nobody should take a number from a counter that does not count.
    const char *prefix = "malloccount: cannot use MALLOCCOUNT_FILE: ";
    size_t length = 0;
    while (prefix[length]) length++;
    if (write(2, prefix, length) < 0) _exit(98);
    for (length = 0; what[length]; length++) {}
    if (write(2, what, length) < 0 || write(2, "\n", 1) < 0) _exit(98);
    _exit(98);
}

// Whether this process may count into the file: it is free, ours already (exec), or its owner is gone.
static int claim(struct counters *shared) {
    uint64_t self = (uint64_t)getpid();
    for (;;) {
        uint64_t owner = 0;
        if (atomic_compare_exchange_strong(&shared->owner, &owner, self) || owner == self) return 1;
        if (kill((pid_t)owner, 0) == 0 || errno != ESRCH) return 0;
        if (atomic_compare_exchange_strong(&shared->owner, &owner, self)) {
            atomic_store(&shared->calls, 0);
            atomic_store(&shared->bytes, 0);
            return 1;
        }
    }
}

__attribute__((constructor)) static void start(void) {
    const char *path = getenv("MALLOCCOUNT_FILE");
    if (path == NULL || *path == 0) return;
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0) fail("open");
    if (ftruncate(fd, FILE_SIZE) != 0) fail("ftruncate");
    struct counters *shared = mmap(NULL, FILE_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (shared == MAP_FAILED) fail("mmap");
    close(fd);
    if (!claim(shared)) {
        munmap(shared, FILE_SIZE);
        return;
    }
    pthread_atfork(NULL, NULL, after_fork_in_child);
    // What was counted before is carried over; the constructor runs before the program's own threads.
    atomic_fetch_add(&shared->calls, atomic_load(&private_counters.calls));
    atomic_fetch_add(&shared->bytes, atomic_load(&private_counters.bytes));
    atomic_store(&current, shared);
}

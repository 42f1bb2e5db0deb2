#include "cwipe.h"
#include <malloc.h>
#include <stddef.h>
#include <string.h>

#if defined(__SANITIZE_ADDRESS__) || (defined(__has_feature) && (__has_feature(address_sanitizer) || __has_feature(thread_sanitizer)))
int coffer_wipes_freed_memory(void) { return 0; }
#else

extern void __libc_free(void *);
extern void *malloc(size_t);

int coffer_wipes_freed_memory(void) { return 1; }

// The executable's own definition comes before every library's.
void free(void *pointer) {
    if (!pointer) return;
    explicit_bzero(pointer, malloc_usable_size(pointer));
    __libc_free(pointer);
}

// Through the public malloc, so that a preloaded counter sees it; the old block is wiped like every freed one.
void *realloc(void *pointer, size_t size) {
    if (!pointer) return malloc(size);
    if (size == 0) {
        free(pointer);
        return NULL;
    }
    size_t usable = malloc_usable_size(pointer);
    if (size <= usable && size >= usable / 2) return pointer;
    void *fresh = malloc(size);
    if (!fresh) return NULL;
    memcpy(fresh, pointer, usable < size ? usable : size);
    free(pointer);
    return fresh;
}
#endif

// Asks the processor for memory before it is needed.
#ifndef COFFER_PREFETCH_H
#define COFFER_PREFETCH_H

// So many cache lines of 64 bytes from `address` on. It may point anywhere: nothing is read.
static inline void coffer_prefetch(const void *address, int lines) {
    for (int line = 0; line < lines; line++) __builtin_prefetch((const char *)address + 64 * line);
}

#endif

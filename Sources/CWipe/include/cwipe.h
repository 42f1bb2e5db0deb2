// Freed memory is wiped: copies of secrets that libraries and the runtime leave behind do not stay (formats.md 18).
#ifndef COFFER_CWIPE_H
#define COFFER_CWIPE_H

// Whether this build wipes; 0 in sanitizer builds, which have an allocator of their own.
int coffer_wipes_freed_memory(void);

#endif

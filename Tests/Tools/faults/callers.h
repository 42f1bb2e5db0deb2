// Who made a call: the program itself, or one of the libraries whose failures count.
#ifndef CALLERS_H
#define CALLERS_H

#include <stddef.h>

void find_callers(void);
int counts_for_malloc(const void *caller);
int counts_for_mmap(const void *caller);
// "function in module", for the report; the module and an offset where the function has no name.
void name_of_caller(void *caller, char *out, size_t size);

#endif

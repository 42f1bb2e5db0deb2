// The page through which a test and faults.so talk, mapped shared from FAULTS_FILE: 4,096 bytes, little-endian.
// Tests/Durability/faults.py reads and writes it.
#ifndef FAULTS_H
#define FAULTS_H

#include <stdatomic.h>
#include <stdint.h>

enum fault_call {
    CALL_OPEN = 1, CALL_LSEEK, CALL_WRITE, CALL_WRITEV, CALL_PWRITE, CALL_PWRITEV, CALL_FTRUNCATE, CALL_FALLOCATE,
    CALL_RENAME, CALL_FSYNC, CALL_FDATASYNC, CALL_MMAP, CALL_MALLOC, CALL_COUNT,
};

// Written by the test before `call`, which arms the fault: from the `first` call of that kind on (1 is the next one
// after `seen` was set to 0), `many` of them fail. `error`: an errno; SHORT_WRITE: half of the bytes are written.
enum { SHORT_WRITE = -1 };

struct faults {
    _Atomic uint32_t call;
    int32_t error;
    uint64_t first, many;
    // Written by the library. A call counts wherever it is made: threads and child processes share the page.
    _Atomic uint64_t seen[16];
    _Atomic uint64_t injected;
    _Atomic uint32_t where_length;   // of what follows: the path, and the function and module that called
    char where[512];
};

#endif

// The recorder's log: its format, and how a hook appends to it. Read by Tests/Durability/replay.py.
//
// A log is a sequence of records; a record is a header of 64 bytes, then `text_length` bytes of text, then data
// up to `length`. Little-endian, no padding:
//
//   u32 length        whole record, this field included
//   u16 type          below
//   u16 flags         1: the descriptor was opened with O_DSYNC or O_SYNC; 2: data is cut off
//   u32 pid
//   u32 tid
//   i32 fd            -1 where the call has none
//   u32 text_length
//   u64 sequence      grows by one with each record of this process (since its last exec)
//   u64 time          CLOCK_MONOTONIC, ns
//   i64 offset        of the file, or what the type says
//   i64 value         the call's result (-errno where it failed), or what the type says
//   u64 reference     the sequence of the record that this one completes
//
// Paths are relative to RECORDER_ROOT, with symbolic links in their folders resolved. Types:
//
//   START             a process begins (also after exec: its table of descriptors starts empty)
//   OPEN              text path, offset = flags, value = size of the file after the call, reference = st_mode
//   CLOSE             of a recorded file or of a socket that answers were sent through
//   LSEEK             offset = where the descriptor stands now
//   WRITE             data as written at offset, value = result. On an O_DSYNC descriptor: *before* the call,
//                     and the call's result comes as WRITE_DONE
//   WRITE_DONE        reference = the WRITE, offset = where it went, value = result
//   TRUNCATE          value = new size
//   ALLOCATE          offset and value = start and length, reference = mode of fallocate (0: grows the file)
//   RENAME SYMLINK LINK   text = "old NUL new" (symlink: target NUL path; a rename out of the root has an empty new,
//                     one into it an empty old). A call of these that failed is not recorded.
//   UNLINK RMDIR MKDIR    text = path
//   SYNC              fsync or fdatasync begins (offset 1: fdatasync)
//   SYNC_DONE         reference = the SYNC, value = result
//   ANSWER            a send or write on an AF_UNIX stream socket is about to happen; value = bytes asked for,
//                     data = the first 65,536 of them
//   ANSWER_DONE       reference = the ANSWER, value = bytes sent, or -errno
//
// Order. All records of a process are written under one lock, each with one write(2) to an O_APPEND descriptor, so
// the log has one order. Calls that only touch the page cache run under that lock: they are where they stand. Calls
// that wait for the disk, and sends, run outside it (a lock held during fdatasync would delay an answer that is sent
// too early until it is no longer too early) and leave two records. So what a SYNC covers stands before SYNC, it
// counts from SYNC_DONE on, and an ANSWER stands before the moment at which the peer could see it.
#ifndef RECORDER_LOG_H
#define RECORDER_LOG_H

#include <stdint.h>
#include <sys/types.h>
#include <sys/uio.h>

enum record_type {
    START = 1, OPEN, CLOSE, LSEEK, WRITE, WRITE_DONE, TRUNCATE, ALLOCATE, RENAME, SYMLINK, LINK, UNLINK, RMDIR,
    MKDIR, SYNC, SYNC_DONE, ANSWER, ANSWER_DONE,
};

enum { FLAG_DSYNC = 1, FLAG_CUT = 2 };

struct record {
    uint32_t length;
    uint16_t type, flags;
    uint32_t pid, tid;
    int32_t fd;
    uint32_t text_length;
    uint64_t sequence, time;
    int64_t offset, value;
    uint64_t reference;
};
_Static_assert(sizeof(struct record) == 64, "the format has 64 bytes");

// What the recorder knows of a descriptor. Not kept across dup: nothing here duplicates its files.
enum fd_kind { FD_UNKNOWN = 0, FD_FILE, FD_FILE_DSYNC, FD_SOCKET };
#define FD_LIMIT 65536
extern unsigned char fd_table[FD_LIMIT];

static inline enum fd_kind fd_kind(int fd) {
    return fd >= 0 && fd < FD_LIMIT ? (enum fd_kind)fd_table[fd] : FD_UNKNOWN;
}
static inline int is_file(int fd) { return fd_kind(fd) == FD_FILE || fd_kind(fd) == FD_FILE_DSYNC; }

// Whether this process records at all.
extern int recording;

void log_lock(void);
void log_unlock(void);

// Appends one record; the lock is held. Text and data may be empty. Returns the record's sequence.
uint64_t log_append(enum record_type type, int fd, int64_t offset, int64_t value, uint64_t reference,
                    const char *text, size_t text_length, const struct iovec *data, int count, size_t data_limit);

// log_append for a record of numbers only.
static inline uint64_t log_numbers(enum record_type type, int fd, int64_t offset, int64_t value, uint64_t reference) {
    return log_append(type, fd, offset, value, reference, 0, 0, 0, 0, 0);
}

// Where an open descriptor lies, relative to the root. Returns 0 where that is not below the root.
int path_of_fd(int fd, char *out, size_t size);

// The same for a name that need not exist: its folder's real place, and the last part as it was given.
int path_of_name(int folder, const char *name, char *out, size_t size);

#endif

"""The page of Tests/Tools/faults: which call is to fail, and which one did. faults.h describes it."""
import errno
import mmap
import os
import struct

CALLS = ("open", "lseek", "write", "writev", "pwrite", "pwritev", "ftruncate", "fallocate", "rename", "fsync", "fdatasync", "mmap", "malloc")
NUMBERS = {name: at + 1 for at, name in enumerate(CALLS)}
SHORT = -1   # as an error: half of the bytes are written
EVERY = (errno.EIO, errno.ENOSPC, errno.EINTR, errno.EMFILE, errno.ENOMEM)

HEAD = struct.Struct("<IiQQ")
SEEN, INJECTED, WHERE = HEAD.size, HEAD.size + 128, HEAD.size + 136


def errors_of(call):
    """What a call is let fail with. Of memory there is only too little."""
    if call in ("malloc", "mmap"):
        return (errno.ENOMEM,)
    return EVERY + ((SHORT,) if call.startswith(("write", "pwrite")) else ())


def name_of(error):
    return "SHORT" if error == SHORT else errno.errorcode[error]


class Faults:
    """A new page in a file of its own."""

    def __init__(self, path, root, tools):
        self.path, self.root, self.tools = path, root, os.path.abspath(tools)
        with open(path, "wb") as file:
            file.write(bytes(4096))
        self._file = open(path, "r+b")
        self._page = mmap.mmap(self._file.fileno(), 4096)

    def environment(self, *before, **more):
        """The environment of a program under faults. `before`: libraries that are preloaded above it."""
        preload = [os.path.join(self.tools, name) for name in (*before, "faults.so")]
        return {"LD_PRELOAD": ":".join(preload), "FAULTS_FILE": self.path, "FAULTS_ROOT": self.root, **more}

    def arm(self, call, first=1, error=errno.EIO, many=1):
        """The `first` call of a kind from now on fails, and those behind it, `many` in all."""
        HEAD.pack_into(self._page, 0, 0, error, first, many)
        self._page[SEEN:WHERE + 516] = bytes(WHERE + 516 - SEEN)
        struct.pack_into("<I", self._page, 0, NUMBERS[call])

    def disarm(self):
        struct.pack_into("<I", self._page, 0, 0)

    def seen(self):
        """How many calls of each kind were made since `arm`."""
        counts = struct.unpack_from("<16Q", self._page, SEEN)
        return {name: counts[number] for name, number in NUMBERS.items()}

    @property
    def injected(self):
        return struct.unpack_from("<Q", self._page, INJECTED)[0]

    @property
    def where(self):
        length, = struct.unpack_from("<I", self._page, WHERE)
        return bytes(self._page[WHERE + 4:WHERE + 4 + min(length, 512)]).decode(errors="replace")

    def close(self):
        self._page.close()
        self._file.close()

"""A disk as a crash would leave it: what each file holds for certain, and what only the page cache held.

The model, for one file:
  * a write through O_DSYNC counts when the call has returned; until then it is pending like any other;
  * every other write, ftruncate and fallocate is pending until an fsync or fdatasync of the file (through any
    descriptor) that began after it has returned 0;
  * where an fsync or fdatasync fails, everything that it should have covered is gone for good (the kernel marks such
    pages as clean, so that a later sync says 0 and writes nothing): only writing it again brings it back;
  * pending changes may be lost, or may have reached the disk, page by page and in any mixture of pages, but of
    one page only as it was at one moment.
Names (create, rename, symlink, link, unlink, mkdir) count at once. A journalling filesystem keeps their order but
may lose the last of them without an fsync of the folder: that this fsync happens is not proven here.
"""
import os
import stat

PAGE = 4096
KEEP_SIZE, PUNCH_HOLE, ZERO_RANGE = 1, 2, 16


class Change:
    """One change of a file's bytes. `order` is the index of its event."""

    __slots__ = ("order", "kind", "offset", "data", "size")

    def __init__(self, order, kind, offset=0, data=b"", size=0):
        self.order, self.kind, self.offset, self.data, self.size = order, kind, offset, data, size


def apply(image, change):
    """Carries a change out on a bytearray."""
    if change.kind == "write":
        end = change.offset + len(change.data)
        if len(change.data) and len(image) < end:
            image.extend(bytes(end - len(image)))
        image[change.offset:end] = change.data
    elif change.kind == "truncate":
        if change.size < len(image):
            del image[change.size:]
        else:
            image.extend(bytes(change.size - len(image)))
    elif change.kind == "zero":
        end = min(change.offset + change.size, len(image))
        if end > change.offset:
            image[change.offset:end] = bytes(end - change.offset)
    elif change.kind == "grow":
        if change.offset > len(image):
            image.extend(bytes(change.offset - len(image)))


class File:
    """A regular file: its bytes on the disk and, in order, the changes that are not there for certain."""

    def __init__(self, mode=0o600, content=b""):
        self.mode = stat.S_IMODE(mode)
        self.durable = bytearray(content)
        self.pending = []
        # Durable changes through O_DSYNC that are younger than a pending one: they must win over it again when
        # the pending one becomes durable.
        self.overtaking = []
        # The size that the running program sees, to notice changes that were not recorded.
        self.size = len(self.durable)

    def change(self, change):
        self.pending.append(change)
        if change.kind == "write" and len(change.data):
            self.size = max(self.size, change.offset + len(change.data))
        elif change.kind == "truncate":
            self.size = change.size
        elif change.kind == "grow":
            self.size = max(self.size, change.offset)

    def finish_direct(self, order, offset, written):
        """The call behind the O_DSYNC write of event `order` has returned."""
        at = next((i for i, change in enumerate(self.pending) if change.order == order), None)
        if at is None:
            return
        change = self.pending.pop(at)
        if written <= 0:
            return
        change.offset, change.data = offset, change.data[:written]
        self.size = max(self.size, offset + written)
        apply(self.durable, change)
        if any(other.order < order for other in self.pending):
            self.overtaking.append(change)

    def synced(self, before, direct):
        """A sync that began at event `before` has succeeded. `direct`: orders of O_DSYNC writes in flight, which
        count only by their own return."""
        now = [c for c in self.pending if c.order < before and c.order not in direct]
        if not now:
            return
        oldest = now[0].order
        again = [c for c in self.overtaking if c.order > oldest]
        for change in sorted(now + again, key=lambda c: c.order):
            apply(self.durable, change)
        self.pending = [c for c in self.pending if c.order >= before or c.order in direct]
        left = self.pending[0].order if self.pending else None
        self.overtaking = [c for c in self.overtaking if left is not None and c.order > left]

    def failed(self, before, direct):
        """A sync that began at event `before` has failed."""
        self.pending = [c for c in self.pending if c.order >= before or c.order in direct]
        left = self.pending[0].order if self.pending else None
        self.overtaking = [c for c in self.overtaking if left is not None and c.order > left]

    def image(self, chooser=None):
        """The bytes after a crash: without `chooser` the durable ones alone, with one (a random.Random) also some
        of what was pending."""
        image = bytearray(self.durable)
        if chooser is None or not self.pending:
            return image
        # For each page the number of pending writes, oldest first, that had reached it.
        touching = {}
        for change in self.pending:
            if change.kind == "write":
                for page in _pages(change):
                    touching[page] = touching.get(page, 0) + 1
        reached = {page: chooser.randint(0, count) for page, count in sorted(touching.items())}
        kept = {id(c): chooser.random() < 0.5 for c in self.pending if c.kind != "write"}
        for change in sorted(self.pending + self.overtaking, key=lambda c: c.order):
            if change in self.overtaking or kept.get(id(change)):
                apply(image, change)
            elif change.kind == "write":
                for page in _pages(change):
                    if reached[page] > 0:
                        reached[page] -= 1
                        apply(image, _part(change, page))
        return image


def read_folder(base):
    """What lies below a folder: path -> File, None (a folder) or str (a symbolic link's target)."""
    found = {}
    for folder, folders, files in os.walk(base):
        for name in folders + files:
            place = os.path.join(folder, name)
            path = os.path.relpath(place, base)
            if os.path.islink(place):
                found[path] = os.readlink(place)
            elif os.path.isdir(place):
                found[path] = None
            else:
                with open(place, "rb") as file:
                    found[path] = File(os.stat(place).st_mode, file.read())
    return found


def _pages(change):
    if not len(change.data):
        return range(0)
    return range(change.offset // PAGE, (change.offset + len(change.data) - 1) // PAGE + 1)


def _part(change, page):
    start = max(change.offset, page * PAGE)
    end = min(change.offset + len(change.data), (page + 1) * PAGE)
    return Change(change.order, "write", start, change.data[start - change.offset:end - change.offset])

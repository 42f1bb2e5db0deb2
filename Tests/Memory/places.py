"""Where a secret may have stayed: the memory of a process, its command line and environment, files."""
import os
import re


def regions(pid):
    """Readable, writable private memory: heap, stacks, anonymous maps."""
    with open("/proc/%d/maps" % pid) as maps:
        for line in maps:
            match = re.match(r"([0-9a-f]+)-([0-9a-f]+) (\S+) \S+ (\S+) \S+\s*(.*)", line)
            start, end, mode, device, name = match.groups()
            if mode.startswith("rw") and device == "00:00" and name not in ("[vvar]", "[vsyscall]"):
                yield int(start, 16), int(end, 16), name


def hits(pid, needles):
    """Where the needles lie in memory, at most a few for each."""
    found = {needle: [] for needle in needles}
    longest = max(map(len, needles), default=0)
    with open("/proc/%d/mem" % pid, "rb", 0) as memory:
        for start, end, name in regions(pid):
            position, tail = start, b""
            while position < end:
                try:
                    memory.seek(position)
                    piece = memory.read(min(16 << 20, end - position))
                except OSError:
                    break
                if not piece:
                    break
                for needle in needles:
                    at = (tail + piece).find(needle)
                    if at >= 0 and len(found[needle]) < 5:
                        found[needle].append("%x %s" % (position - len(tail) + at, name or "anonymous"))
                tail, position = piece[-longest:], position + len(piece)
    return found


def around(pid, place, before=48, behind=80):
    """What stands there, for a report: printable bytes, others as dots."""
    with open("/proc/%d/mem" % pid, "rb", 0) as memory:
        memory.seek(int(place.split()[0], 16) - before)
        return "".join(chr(byte) if 32 <= byte < 127 else "." for byte in memory.read(before + behind))


def of_process(pid):
    """Texts that others can read: command line, environment, names of threads."""
    for name in ("cmdline", "environ", "comm", "status"):
        with open("/proc/%d/%s" % (pid, name), "rb") as file:
            yield "/proc/PID/" + name, file.read()
    for thread in os.listdir("/proc/%d/task" % pid):
        with open("/proc/%d/task/%s/comm" % (pid, thread), "rb") as file:
            yield "name of a thread", file.read()


def files(*folders):
    """(path, content) of every regular file; the path's own bytes count as content."""
    for folder in folders:
        for at, _, names in os.walk(folder):
            for name in names:
                path = os.path.join(at, name)
                if os.path.isfile(path) and not os.path.islink(path):
                    with open(path, "rb") as file:
                        yield path, os.fsencode(path) + b"\0" + file.read()

"""The recorder and replay.py against programs whose writes are known, and against LMDB with its syncs and without.

Builds the recorder with clang, cc or gcc, whichever is there. The programs under test are this file, run again
under the recorder with the name of a program as its argument.
"""
import ctypes
import ctypes.util
import os
import shutil
import socket
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
RECORDER = os.path.join(HERE, "..", "Tools", "recorder")
PAIRS, NOSYNC = 40, 0x10000


def program_files():
    """Writes in each way that counts differently, and says after each what must hold from then on."""
    here, peer = socket.socketpair()
    say = lambda text: here.send(text.encode())
    os.mkdir("deep")
    plain = os.open("deep/plain", os.O_RDWR | os.O_CREAT, 0o600)
    os.write(plain, b"A" * 5000)
    say("plain not synced")
    os.fdatasync(plain)
    say("plain synced")
    os.lseek(plain, 4096, os.SEEK_SET)
    os.writev(plain, [b"B" * 100, b"C" * 100])
    os.pwrite(plain, b"D" * 10, 0)
    say("overwritten not synced")
    direct = os.open("deep/plain", os.O_WRONLY | os.O_DSYNC)
    os.pwrite(direct, b"E" * 4, 2)
    say("direct at once")
    os.fsync(direct)
    say("all synced, direct wins")
    os.ftruncate(plain, 3)
    os.posix_fallocate(plain, 0, 20)
    say("shorter not synced")
    os.fsync(plain)
    say("shorter synced")
    os.symlink("deep", "current.new")
    os.rename("current.new", "current")
    through = os.open("current/appended", os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_SYNC, 0o640)
    os.write(through, b"one")
    os.writev(through, [b"two", b"!"])
    os.close(through)
    os.rename("deep/appended", "deep/renamed")
    os.unlink("deep/plain")
    os.write(here.fileno(), b"names")
    here.sendmsg([b"by ", b"sendmsg"])
    here.close()


class Library:
    """As much of LMDB as a test needs."""

    def __init__(self):
        self.library = ctypes.CDLL(ctypes.util.find_library("lmdb") or "liblmdb.so.0")

    def __call__(self, name, *arguments):
        result = getattr(self.library, name)(*arguments)
        if result:
            raise OSError(result, f"{name}: {result}")

    def environment(self, folder, flags):
        environment = ctypes.c_void_p()
        self("mdb_env_create", ctypes.byref(environment))
        self("mdb_env_set_mapsize", environment, ctypes.c_size_t(64 << 20))
        self("mdb_env_open", environment, folder.encode(), ctypes.c_uint(flags), 0o600)
        return environment

    def begin(self, environment, read_only=0):
        transaction, table = ctypes.c_void_p(), ctypes.c_uint()
        self("mdb_txn_begin", environment, None, ctypes.c_uint(0x20000 if read_only else 0), ctypes.byref(transaction))
        self("mdb_dbi_open", transaction, None, ctypes.c_uint(0), ctypes.byref(table))
        return transaction, table


class Value(ctypes.Structure):
    _fields_ = [("size", ctypes.c_size_t), ("data", ctypes.c_char_p)]


def pair(number):
    return b"key %06d" % number, b"value %d " % number * 150


def program_lmdb(flags="0"):
    library, (here, peer) = Library(), socket.socketpair()
    os.mkdir("store")
    environment = library.environment("store", int(flags))
    for number in range(PAIRS):
        transaction, table = library.begin(environment)
        key, value = pair(number)
        library("mdb_put", transaction, table, ctypes.byref(Value(len(key), key)),
                ctypes.byref(Value(len(value), value)), ctypes.c_uint(0))
        library("mdb_txn_commit", transaction)
        here.send(b"committed %d" % number)


def program_check(folder, count):
    """Ends with 0 where the store opens and holds the first `count` pairs."""
    library = Library()
    transaction, table = library.begin(library.environment(folder, 0), read_only=1)
    for number in range(int(count)):
        (key, value), found = pair(number), Value()
        library("mdb_get", transaction, table, ctypes.byref(Value(len(key), key)), ctypes.byref(found))
        held = ctypes.string_at(ctypes.cast(ctypes.byref(found, Value.data.offset), ctypes.POINTER(ctypes.c_void_p))[0], found.size)
        if held != value:
            sys.exit(f"pair {number} holds another value")


class Selftest:
    def __init__(self, work):
        self.work, self.failures, self.folders = work, 0, 0
        compiler = next(name for name in ("clang", "cc", "gcc") if shutil.which(name))
        self.recorder = os.path.join(work, "recorder.so")
        sources = [os.path.join(RECORDER, name) for name in ("recorder.c", "changes.c", "log.c")]
        subprocess.run([compiler, "-shared", "-fPIC", "-O2", "-Wall", "-o", self.recorder] + sources, check=True)

    def expect(self, what, found, wanted):
        good = found == wanted
        print(("ok      " if good else "FAILED  ") + what + ("" if good else f": {found!r}, not {wanted!r}"))
        self.failures += not good

    def record(self, name, *arguments):
        from replay import Recording
        root, log = os.path.join(self.work, name), os.path.join(self.work, name + ".log")
        os.mkdir(root)
        environment = dict(os.environ, LD_PRELOAD=self.recorder, RECORDER_ROOT=root, RECORDER_LOG=log)
        program = [sys.executable, "-B", os.path.abspath(__file__), name.split("-")[0]] + list(arguments)
        subprocess.run(program, cwd=root, env=environment, check=True)
        return root, Recording(log, ignore=["*lock.mdb"])

    def rebuilt(self, recording, event, **options):
        self.folders += 1
        folder = os.path.join(self.work, f"rebuilt-{self.folders}")
        recording.materialise(event, folder, **options)
        return folder

    def files(self):
        root, recording = self.record("files")
        answers = {answer.data.decode(): answer for answer in recording.answers()}

        def content(answer, **options):
            folder = self.rebuilt(recording, answers[answer].index, **options)
            with open(os.path.join(folder, "deep/plain"), "rb") as file:
                return file.read()

        first = b"A" * 5000
        self.expect("a plain write does not count before the sync", content("plain not synced"), b"")
        self.expect("and counts after it", content("plain synced"), first)
        self.expect("lseek, writev, pwrite do not count yet", content("overwritten not synced"), first)
        mixed = first[:2] + b"EEEE" + first[6:]
        self.expect("O_DSYNC counts at once, alone", content("direct at once"), mixed)
        after = b"DDEEEEDDDD" + first[10:4096] + b"B" * 100 + b"C" * 100 + first[4296:]
        self.expect("a sync through another descriptor counts; order is kept", content("all synced, direct wins"), after)
        self.expect("ftruncate and fallocate wait for the sync", content("shorter not synced"), after)
        self.expect("and count after it", content("shorter synced"), b"DDE" + bytes(17))
        seen = {content("overwritten not synced", unsynced="random", seed=seed) for seed in range(40)}
        second = first[:4096] + after[4096:]
        self.expect("random: each page old or new, no other mixture",
                    seen, {first, b"D" * 10 + first[10:], second, b"D" * 10 + second[10:]})
        again = [content("overwritten not synced", unsynced="random", seed=3) for _ in range(2)]
        self.expect("random: the same seed gives the same files", again[0], again[1])
        folder = self.rebuilt(recording, len(recording.events))
        for path in ("deep/renamed", "current/renamed"):
            with open(os.path.join(folder, path), "rb") as file:
                self.expect(f"{path}: O_SYNC, O_APPEND, rename, symlink", file.read(), b"onetwo!")
        self.expect("unlink", sorted(os.listdir(os.path.join(folder, "deep"))), ["renamed"])
        self.expect("answers by send, write, sendmsg", list(answers)[-2:], ["names", "by sendmsg"])
        same = subprocess.run(["diff", "-r", root, folder]).returncode
        self.expect("at the end the rebuilt files are the real ones", same, 0)

    def lmdb(self, name, flags, unsynced="none"):
        """The number of answers whose change the rebuilt store does not hold."""
        root, recording = self.record(name, str(flags))
        lost = answers = 0
        for number, answer in enumerate(recording.answers()):
            answers += answer.data == b"committed %d" % number
            folder = self.rebuilt(recording, answer.index, unsynced=unsynced, seed=number)
            check = [sys.executable, "-B", os.path.abspath(__file__), "check", os.path.join(folder, "store"), str(number + 1)]
            lost += subprocess.run(check, stderr=subprocess.DEVNULL).returncode != 0
            shutil.rmtree(folder)
        self.expect(f"{name}: an answer for each commit", answers, PAIRS)
        return lost


def main():
    with tempfile.TemporaryDirectory() as work:
        test = Selftest(os.path.realpath(work))
        test.files()
        try:
            Library()
        except OSError as error:
            print(f"SKIPPED the LMDB part: {error}")
            return 1
        test.expect("lmdb: each acknowledged commit is held by what was synced", test.lmdb("lmdb-sync", 0), 0)
        test.expect("lmdb: and with a part of the rest", test.lmdb("lmdb-random", 0, "random"), 0)
        lost = test.lmdb("lmdb-nosync", NOSYNC)
        test.expect(f"lmdb with MDB_NOSYNC turns red (lost {lost} of {PAIRS})", lost > 0, True)
    print("selftest: " + (f"{test.failures} FAILED" if test.failures else "all good"))
    return 1 if test.failures else 0


if __name__ == "__main__":
    globals()["program_" + sys.argv[1]](*sys.argv[2:])

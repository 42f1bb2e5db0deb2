"""Runs a command at a terminal of its own and types a passphrase at each prompt: `age` asks nowhere else.

Usage: at_terminal.py PASSPHRASE COMMAND ARGUMENT... Ends as the command does; what it shows is not printed."""

import os
import pty
import select
import sys
import time


def run(passphrase, arguments, timeout=60):
    """(exit code, what was shown)"""
    pid, terminal = pty.fork()
    if pid == 0:
        try:
            os.execvp(arguments[0], arguments)
        finally:
            os._exit(127)
    shown, asked = b"", 0
    end = time.monotonic() + timeout
    while time.monotonic() < end:
        if not select.select([terminal], [], [], 0.2)[0]:
            continue
        try:
            more = os.read(terminal, 4096)
        except OSError:
            break
        if not more:
            break
        shown += more
        # Whatever the words of the prompt, it ends in a colon and waits.
        if shown.rstrip(b" ").endswith(b":") and len(shown) > asked:
            asked = len(shown)
            os.write(terminal, passphrase.encode() + b"\n")
    else:
        os.kill(pid, 9)
    code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    os.close(terminal)
    return code, shown


if __name__ == "__main__":
    sys.exit(run(sys.argv[1], sys.argv[2:])[0])

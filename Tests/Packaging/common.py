"""The harness of Tests/Identity, for the tests of this folder, and what only they need."""

import os
import sys
import unittest  # noqa: F401

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "Identity"))

from harness import *  # noqa: E402,F401,F403
from harness import as_user, binary, run, shutil, space  # noqa: E402,F401

HERE = os.path.dirname(os.path.abspath(__file__))
TREE = os.path.dirname(os.path.dirname(HERE))
ROOT_ONLY = unittest.skipUnless(os.geteuid() == 0, "needs root")


def tool(name):
    """The path of a program that the tests can do without; the test is left out where it is not here."""
    found = shutil.which(name, path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")
    if not found:
        raise unittest.SkipTest("NOTE: there is no %s here: what needs it is not tested" % name)
    return found


def text_of(*parts):
    """A file of the tree."""
    with open(os.path.join(TREE, *parts), encoding="utf-8") as file:
        return file.read()

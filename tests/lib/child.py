"""Processes that die with the tests, whatever ends these."""

import concurrent.futures
import ctypes
import os
import signal
import subprocess

PR_SET_PDEATHSIG = 1

# The kernel's "parent" is the thread that started the process, and a test's thread may end long
# before the test: so all are started by this one, which lives as long as the tests.
_STARTER = concurrent.futures.ThreadPoolExecutor(max_workers=1)
_OWNER = os.getpid()


def _die_with_parent():
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def start(arguments, **options):
    """As subprocess.Popen."""
    if os.getpid() != _OWNER:  # a test forked: only the thread that did so lives here
        return subprocess.Popen(arguments, preexec_fn=_die_with_parent, **options)
    return _STARTER.submit(subprocess.Popen, arguments, preexec_fn=_die_with_parent,
                           **options).result()

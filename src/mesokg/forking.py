"""Runs a share of the work in a copy of this process: a second core works on the same memory, and nothing is sent to it.

Only where that is safe, on Linux and while this process has one thread. Elsewhere the caller does the work itself, or in
a fresh process.
"""

from __future__ import annotations

import os
import sys
import threading
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar

from mesokg.errors import MesokgError

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

__all__ = ["can_fork", "forked"]

T = TypeVar("T")


def can_fork() -> bool:
    """Whether a copy of this process can go on safely: a lock that another thread holds would never be freed in it."""
    from multiprocessing import current_process

    try:
        # a daemon of multiprocessing may have no children
        return sys.platform == "linux" and len(os.listdir("/proc/self/task")) == 1 and not current_process().daemon
    except OSError:
        return False


@contextmanager
def forked(work: Callable[[], T]) -> Iterator[Callable[[], T]]:
    """Do ``work`` in a copy of this process while the block runs.

    What the block is given waits for the end of the work and returns its result, or raises what it raised. Where the
    block fails, or this process ends in whatever way, the copy is stopped. Where the system refuses another process, the
    work is done in this one, once its result is asked for.
    """
    import multiprocessing

    context = multiprocessing.get_context("fork")
    receiver, sender = context.Pipe(duplex=False)
    copy = context.Process(target=_do, args=(work, sender), daemon=True)
    try:
        copy.start()
        started = True
    except OSError:
        started = False
    sender.close()
    if not started:
        receiver.close()
        yield work
        return

    def result() -> T:
        try:
            done, found = receiver.recv()
        except (EOFError, OSError):
            copy.join()
            raise RuntimeError(f"the second process ended early, with {copy.exitcode}") from None
        if done:
            return found
        raise found

    try:
        yield result
    finally:
        copy.kill()
        copy.join()
        receiver.close()


def _do(work: Callable[[], object], sender: Connection) -> None:
    threading.Thread(target=_stop_with_the_parent, daemon=True).start()
    try:
        answer: tuple[bool, object] = (True, work())
    except KeyboardInterrupt:
        # the parent is told too, and says so
        return
    except (MesokgError, OSError) as error:
        answer = (False, error)
    except BaseException:  # a fault of ours: its traceback goes where it is read
        answer = (False, RuntimeError(f"in the second process:\n{traceback.format_exc()}"))
    sender.send(answer)


def _stop_with_the_parent() -> None:
    import multiprocessing

    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
    os._exit(1)

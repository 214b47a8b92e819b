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
from queue import SimpleQueue
from typing import TYPE_CHECKING, TypeVar

from mesokg.errors import MesokgError

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

__all__ = ["can_fork", "forked"]

T = TypeVar("T")
_FOUND, _RAISED, _ENDED = "found", "raised", "ended"


def can_fork() -> bool:
    """Whether a copy of this process can go on safely: a lock that another thread holds would never be freed in it."""
    from multiprocessing import current_process

    try:
        # a daemon of multiprocessing may have no children
        return sys.platform == "linux" and len(os.listdir("/proc/self/task")) == 1 and not current_process().daemon
    except OSError:
        return False


@contextmanager
def forked(work: Callable[[], Iterator[T]]) -> Iterator[Iterator[T]]:
    """Do ``work`` in a copy of this process while the block runs.

    What the block is given waits for what the work yields, one after another, and raises what it raised. The copy goes on
    without waiting until something is asked for. Where the block fails, or this process ends in whatever way, the copy is
    stopped. Where the system refuses another process, the work is done in this one, as far as its results are asked for.
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
        yield work()
        return

    def results() -> Iterator[T]:
        while True:
            try:
                told, found = receiver.recv()
            except (EOFError, OSError):
                copy.join()
                raise RuntimeError(f"the second process ended early, with {copy.exitcode}") from None
            if told == _RAISED:
                raise found
            if told == _ENDED:
                return
            yield found

    try:
        yield results()
    finally:
        copy.kill()
        copy.join()
        receiver.close()


def _do(work: Callable[[], Iterator[object]], sender: Connection) -> None:
    threading.Thread(target=_stop_with_the_parent, daemon=True).start()
    answers: SimpleQueue[tuple[str, object]] = SimpleQueue()
    # a pipe holds little, and this process has better things to do than to wait until somebody reads from it
    sending = threading.Thread(target=_send, args=(answers, sender))
    sending.start()
    last: tuple[str, object] = (_ENDED, None)
    try:
        for found in work():
            answers.put((_FOUND, found))
    except KeyboardInterrupt:
        # the parent is told too, and says so
        os._exit(1)
    except (MesokgError, OSError) as error:
        last = (_RAISED, error)
    except BaseException:  # a fault of ours: its traceback goes where it is read
        last = (_RAISED, RuntimeError(f"in the second process:\n{traceback.format_exc()}"))
    answers.put(last)
    sending.join()


def _send(answers: SimpleQueue[tuple[str, object]], sender: Connection) -> None:
    while True:
        answer = answers.get()
        sender.send(answer)
        if answer[0] != _FOUND:
            return


def _stop_with_the_parent() -> None:
    import multiprocessing

    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
    os._exit(1)

"""The holder: one process that loads the graph once and forks the workers, which share its memory.

A fork takes milliseconds and copies no triple, so a worker that was killed is replaced at once. The holder has a
single thread and never answers queries. It stops, continues and kills workers too, as only their parent can be sure of
a process id. One that is stopped when the holder goes is continued by the system (Linux), so that its alarm ends it.
"""

from __future__ import annotations

import contextlib
import ctypes
import gc
import json
import os
import select
import signal
import socket
import sys
from concurrent.futures import ThreadPoolExecutor

from mesokg.errors import MesokgError
from mesokg.server.settings import Settings
from mesokg.server.worker import Answerer, limit_process, open_answerer, serve

__all__ = ["main"]

_PR_SET_PDEATHSIG = 1
# found before the fork, as a worker opens no file
_prctl = ctypes.CDLL(None).prctl if sys.platform == "linux" else None


def _become_worker(answerer: Answerer, control: socket.socket, pipe: socket.socket) -> None:
    settings = answerer.settings
    try:
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        if _prctl is not None:
            _prctl(_PR_SET_PDEATHSIG, signal.SIGCONT)
        control.close()
        limit_process(settings, files=not (settings.endpoint or settings.services))
        with pipe.makefile("rb") as requests, pipe.makefile("wb") as answers:
            serve(answerer, requests, answers)
    except (BrokenPipeError, ConnectionResetError):
        pass
    finally:
        os._exit(0)


def _fork() -> tuple[socket.socket, socket.socket, int]:
    """The ends of a pipe, of the new process and of the server, and what fork gives. Raises OSError where the system has no room."""
    ours, theirs = socket.socketpair()
    try:
        return ours, theirs, os.fork()
    except OSError:
        ours.close()
        theirs.close()
        raise


def _hold(answerer: Answerer, control: socket.socket) -> None:
    children: set[int] = set()
    # the server may go at any moment, also while it is told of the end of a child
    with contextlib.suppress(BrokenPipeError, ConnectionResetError):
        _follow_orders(answerer, control, children)
    # the socket goes before the last child does
    signal.set_wakeup_fd(-1)
    for pid in children:
        os.kill(pid, signal.SIGKILL)


def _follow_orders(answerer: Answerer, control: socket.socket, children: set[int]) -> None:
    """Fork and kill workers as the server says, until it is gone; ``children`` holds those that live."""
    woken, wake = socket.socketpair()
    woken.setblocking(False)
    wake.setblocking(False)
    signal.signal(signal.SIGCHLD, lambda number, frame: None)
    signal.set_wakeup_fd(wake.fileno(), warn_on_full_buffer=False)
    rest = b""

    def say(**message: object) -> None:
        control.sendall(json.dumps(message).encode() + b"\n")

    say(event="ready")
    while True:
        ready, _, _ = select.select([control, woken], [], [])
        if woken in ready:
            with contextlib.suppress(BlockingIOError):
                while woken.recv(4096):
                    pass
        while children:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if pid == 0:
                break
            children.discard(pid)
            say(event="ended", pid=pid, signal=os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0)
        if control not in ready:
            continue
        data = control.recv(65536)
        if not data:
            break
        *lines, rest = (rest + data).split(b"\n")
        for line in lines:
            order = json.loads(line)
            if order["do"] == "fork":
                try:
                    ours, theirs, pid = _fork()
                except OSError as error:
                    # there is no room for one more now: those that there are go on, and their pauses are told here
                    # a log that nobody reads any more is no end of the server
                    with contextlib.suppress(OSError):
                        print(f"mesokg: no process could be started: {error.strerror}", file=sys.stderr, flush=True)
                    say(event="not forked")
                    continue
                if pid == 0:
                    # first of all: a signal now would be written to a closed descriptor
                    signal.set_wakeup_fd(-1)
                    theirs.close()
                    woken.close()
                    wake.close()
                    _become_worker(answerer, control, ours)
                ours.close()
                children.add(pid)
                message = json.dumps({"event": "forked", "pid": pid}).encode() + b"\n"
                socket.send_fds(control, [message], [theirs.fileno()])
                theirs.close()
            elif order["pid"] in children:
                os.kill(order["pid"], {"kill": signal.SIGKILL, "stop": signal.SIGSTOP, "continue": signal.SIGCONT}[order["do"]])


def _prepare(settings: Settings) -> Answerer:
    answerer = open_answerer(settings)
    answerer.warm()
    return answerer


def main() -> None:
    """Run as a process of its own; the file descriptor of the control socket is the only argument."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    control = socket.socket(fileno=int(sys.argv[1]))
    settings = Settings.from_json(os.environ.pop("MESOKG_SERVER_SETTINGS"))
    # What a worker imports after its limits are set would fail: it can open no file.
    import mesokg.server.explorer
    import mesokg.server.graph_store
    import mesokg.server.results
    import mesokg.server.updates  # noqa: F401
    import rdflib.plugins.sparql.parser  # noqa: F401

    try:
        # in a thread that ends before the first fork: the engine keeps a random generator for each thread, and workers
        # that inherited one would all draw the same UUIDs
        with ThreadPoolExecutor(1) as once:
            answerer = once.submit(_prepare, settings).result()
    except MesokgError as error:
        # for whoever started the server, who has no use for a trace; written before the socket closes with this frame
        print(f"mesokg: {error}", file=sys.stderr, flush=True)
        sys.exit(1)
    gc.collect()
    gc.freeze()
    _hold(answerer, control)


if __name__ == "__main__":
    main()

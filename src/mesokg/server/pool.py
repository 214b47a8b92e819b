"""The pool: worker processes, the course of a request through them, and their replacement.

A request waits for one of a few ready workers and has a short first turn there. Past it, its worker goes on at lower priority or
is paused, as :mod:`mesokg.server.turns` says, and a fresh one takes its place at once. At the deadline, which counts from
the arrival of the request, the worker is killed, as the engine cannot be told to stop.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import socket
import subprocess
import sys
import time
from collections import deque
from pathlib import Path
from typing import Any

from mesokg.server.failures import Failure
from mesokg.server.frames import pack, read_frame
from mesokg.server.settings import Settings
from mesokg.server.turns import Line, Turns, busy

__all__ = ["Pool", "Reply"]

Reply = tuple[dict[str, Any], bytes]

_LONG_NICE, _LONGEST_NICE = 5, 19
# processes that are ready in front of another server, where nobody waits
_LEAST = 2


def _crashed(settings: Settings) -> Failure:
    """One of its own for each request, as the trace of an exception keeps what the request held."""
    fix = "ask for less, or send an update in parts" if settings.allow_update else "ask for less: fewer variables, a FILTER, or a LIMIT inside a subquery"
    return Failure(400, "the request ended the engine: it needs more memory than one gets, or is nested too deeply", fix)


def _advice(settings: Settings) -> str:
    """What to do where the deadline is over."""
    if settings.allow_update:
        return "ask for less, send an update in parts, or start the server with a longer --deadline"
    return "ask for less" if settings.endpoint else "ask for less, or download the data and ask them at home"


def _lower(pid: int, nice: int) -> None:
    # not SCHED_IDLE: where other programs keep all processors busy, that would never end
    if hasattr(os, "setpriority"):
        with contextlib.suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, pid, nice)


def _processor_seconds(pid: int) -> float | None:
    """Processor time of another process of ours, None where the system does not tell (Linux does)."""
    if sys.platform != "linux":
        return None
    try:
        # the clock of a process, as clock_getcpuclockid(3) makes it
        return time.clock_gettime((~pid << 3) | 2)
    except OSError:
        return None


def _memory(pid: int) -> tuple[int, int]:
    """Bytes of memory of another process, those that it shares included, and of all pages that it was given since its start.

    Zeros where the system does not tell (Linux does).
    """
    try:
        # as proc_pid_stat(5) counts them: fields 24 and 10, after the name, which may hold spaces
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        page = os.sysconf("SC_PAGE_SIZE")
        return int(fields[21]) * page, int(fields[7]) * page
    except (AttributeError, IndexError, OSError, ValueError):
        return 0, 0


class _Gone(Exception):
    """The worker ended without an answer."""


class _Span:
    """What one request may take, from its arrival on, and for how long of that it ran."""

    def __init__(self, seconds: float, advice: str = "ask for less") -> None:
        self._clock = asyncio.get_running_loop().time
        self.seconds, self.advice, self.begun, self.ran = seconds, advice, self._clock(), 0.0
        self._since: float | None = None

    @property
    def left(self) -> float:
        return self.begun + self.seconds - self._clock()

    @property
    def had(self) -> float:
        """Seconds for which it ran so far."""
        return self.ran + (0.0 if self._since is None else self._clock() - self._since)

    def run(self) -> None:
        """A worker has it from now on."""
        self._since = self._clock()

    def rest(self) -> None:
        """No worker has it from now on, or one that is paused."""
        self.ran, self._since = self.had, None

    def late(self) -> Failure:
        """Its deadline is over."""
        self.rest()
        waited = max(0.0, self._clock() - self.begun - self.ran)
        spent = f"ran for {self.seconds:g} seconds" if waited < 0.1 else f"waited for {waited:.1f} and ran for {self.ran:.1f} of {self.seconds:g} seconds"
        return Failure(504, f"the request {spent}, the most this server gives to one", self.advice)


class _Worker:
    """One worker process and the stream to it. ``resident`` is its memory before its first request, in bytes."""

    def __init__(self, pid: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, process: Any = None) -> None:
        self.pid, self.reader, self.writer, self.process = pid, reader, writer, process
        self.resident, _ = _memory(pid)

    async def ask(self, message: bytes) -> Reply:
        try:
            self.writer.write(message)
            await self.writer.drain()
            return await read_frame(self.reader)
        except (asyncio.IncompleteReadError, ConnectionError, OSError, ValueError) as error:
            raise _Gone from error

    def close(self) -> None:
        with contextlib.suppress(Exception):
            self.writer.close()


class _Run:
    """One request at work in one worker, told what to do by its turns (:class:`mesokg.server.turns.Run`)."""

    def __init__(self, pool: Pool, worker: _Worker, span: _Span, header: dict[str, Any], body: bytes) -> None:
        self._pool, self.worker, self._span = pool, worker, span
        resident, self._given = _memory(worker.pid)
        self._grown = resident - worker.resident
        # in front of another server a worker takes no processor time
        self._before = None if pool.settings.endpoint else _processor_seconds(worker.pid)
        span.run()
        self.task = asyncio.get_running_loop().create_task(worker.ask(pack({**header, "seconds": max(0.1, span.left)}, body)))

    def spent(self) -> float:
        now = None if self._before is None else _processor_seconds(self.worker.pid)
        return self._span.had if now is None or self._before is None else now - self._before

    def size(self) -> int:
        resident, given = _memory(self.worker.pid)
        # a page of the graph that the engine writes into is copied: it takes memory, and no more pages are resident
        return max(0, resident - self.worker.resident, min(resident, self._grown + given - self._given))

    def lower(self, *, most: bool) -> None:
        _lower(self.worker.pid, _LONGEST_NICE if most else _LONG_NICE)

    def pause(self) -> None:
        self._span.rest()
        self._pool.tell(self.worker, "stop")

    def resume(self) -> None:
        self._span.run()
        self._pool.tell(self.worker, "continue")

    def end(self) -> None:
        """End the worker too, which is not used again."""
        self._span.rest()
        self.task.cancel()
        self.task.add_done_callback(lambda done: done.cancelled() or done.exception())
        self._pool.kill(self.worker)


def _held_workers(settings: Settings, *, forks: bool) -> int:
    """How many requests are held past their first turn, paused ones included."""
    if settings.endpoint:
        return settings.held_workers
    if not forks:
        return settings.running_workers
    if _memory(os.getpid()) != (0, 0):
        return settings.held_workers
    # as if each took all that one may; of fewer than these none would be paused
    return min(settings.held_workers, max(settings.running_workers + 2, settings.held_bytes // settings.memory_bytes))


def _environment(settings: Settings) -> dict[str, str]:
    return {**os.environ, "MESOKG_SERVER_SETTINGS": settings.to_json()}


class Pool:
    """Answers requests through workers. ``start`` before use, ``stop`` after."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.forks = settings.fork and settings.read_only and hasattr(os, "fork") and hasattr(socket, "send_fds")
        # a store that changes has one process, and nothing to fall back to
        self.size = 1 if settings.allow_update else settings.workers
        # in front of another server they only wait, so there are many; but each takes memory, so more than these are started
        # when somebody waits for one
        self._least = min(self.size, _LEAST) if settings.endpoint else self.size
        # processes for first turns: at rest, at work there, and being started
        self._places = self._least
        self._starting = 0
        # a process that is not forked keeps a processor busy for a second: the more start together, the later is each ready
        self._at_once = self.size if self.forks else os.cpu_count() or 1
        self._idle: deque[_Worker] = deque()
        # a worker that is not forked takes seconds to start, and the work of a server behind does not pause: there a turn
        # is long, and only so many are given up for it as can run
        self._pauses = self.forks and not settings.endpoint
        self._line = Line(settings.queue_length, self.size, settings.turn_seconds if self._pauses else settings.fast_seconds, in_order=settings.allow_update)
        self._turns = Turns(settings, _held_workers(settings, forks=self.forks), pauses=self._pauses)
        self._holder: subprocess.Popen[bytes] | None = None
        self._control: socket.socket | None = None
        self._forks: deque[asyncio.Future[_Worker]] = deque()
        self._text = b""
        self._orders, self._blocked = b"", False
        self._descriptors: deque[int] = deque()
        self._stopping = False
        self._tasks: set[asyncio.Task[None]] = set()
        self._ready: asyncio.Future[None] | None = None

    # ------------------------------------------------------------ life

    async def start(self) -> None:
        if self.forks:
            await self._start_holder()
        for worker in await asyncio.gather(*(self._new() for _ in range(self._least))):
            self._put(worker)

    async def stop(self) -> None:
        self._stopping = True
        for task in list(self._tasks):
            task.cancel()
        for worker in self._idle:
            worker.close()
            if worker.process is not None:
                with contextlib.suppress(ProcessLookupError):
                    worker.process.kill()
                await worker.process.wait()
        # closed already where the holder was lost
        if self._control is not None and self._control.fileno() >= 0:
            self._close_control()
        if self._holder is not None:
            await asyncio.get_running_loop().run_in_executor(None, self._holder.wait)

    async def _start_holder(self) -> None:
        loop = asyncio.get_running_loop()
        if self._holder is not None:
            # one that was lost, of which the system keeps how it ended until it is told
            await loop.run_in_executor(None, self._holder.wait)
        ours, theirs = socket.socketpair()
        self._holder = subprocess.Popen(
            [sys.executable, "-m", "mesokg.server.holder", str(theirs.fileno())],
            pass_fds=[theirs.fileno()], env=_environment(self.settings), stdin=subprocess.DEVNULL,
        )
        theirs.close()
        ours.setblocking(False)
        self._control = ours
        self._ready = loop.create_future()
        loop.add_reader(ours, self._on_control)
        await self._ready

    def _on_control(self) -> None:
        assert self._control is not None
        try:
            data, descriptors, _, _ = socket.recv_fds(self._control, 65536, 64)
        except BlockingIOError:
            return
        except OSError:
            data, descriptors = b"", []
        self._descriptors.extend(descriptors)
        if not data:
            self._lost_holder()
            return
        *lines, self._text = (self._text + data).split(b"\n")
        for line in lines:
            event = json.loads(line)
            if event["event"] == "ready" and self._ready and not self._ready.done():
                self._ready.set_result(None)
            elif event["event"] == "forked" and self._descriptors:
                self._spawn_task(self._adopt(event["pid"], self._descriptors.popleft(), self._forks.popleft()))
            elif event["event"] in ("forked", "not forked"):
                if event["event"] == "forked":
                    # the pipe was lost, as this process may open no more files now
                    self._order(do="kill", pid=event["pid"])
                future = self._forks.popleft()
                if not future.done():
                    future.set_exception(busy(2, "no process could be started for the request"))
            elif event["event"] == "ended":
                # one that was at rest, ended from outside; one at work is noticed by whoever waits for it
                for worker in [one for one in self._idle if one.pid == event["pid"]]:
                    self._idle.remove(worker)
                    worker.close()
                    self._vacate()

    def _lost_holder(self) -> None:
        self._close_control()
        held = self._ready is not None and self._ready.done()
        # a failure for each who waits, as each that raises it adds to its trace
        if self._ready and not self._ready.done():
            self._ready.set_exception(_holder_ended())
        while self._forks:
            future = self._forks.popleft()
            if not future.done():
                future.set_exception(_holder_ended())
        if held and not self._stopping:
            # idle workers still answer; the next one needed is forked by a new holder
            self._spawn_task(self._hold_again())

    async def _hold_again(self) -> None:
        """Start another holder; one that is lost before it is ready is followed by the next, after a longer and longer pause."""
        pause = 0.0
        while True:
            await asyncio.sleep(pause)
            try:
                await self._start_holder()
                return
            except (Failure, OSError):
                if self._stopping:
                    return
                pause = min(60.0, 2 * pause + 0.2)

    def _close_control(self) -> None:
        assert self._control is not None
        asyncio.get_running_loop().remove_reader(self._control)
        asyncio.get_running_loop().remove_writer(self._control)
        self._orders, self._blocked, self._text = b"", False, b""
        self._control.close()

    def _order(self, **order: object) -> bool:
        """Whether the holder is there to take the order. While it has no room for more, the order waits behind others."""
        self._orders += json.dumps(order).encode() + b"\n"
        return self._send_orders()

    def _send_orders(self) -> bool:
        control = self._control
        if control is None:
            return False
        try:
            self._orders = self._orders[control.send(self._orders) :]
        except BlockingIOError:
            pass
        except OSError:
            self._orders = b""
            return False
        loop = asyncio.get_running_loop()
        if self._orders:
            loop.add_writer(control, self._send_orders)
        elif self._blocked:
            loop.remove_writer(control)
        self._blocked = bool(self._orders)
        return True

    async def _adopt(self, pid: int, descriptor: int, future: asyncio.Future[_Worker]) -> None:
        pipe = socket.socket(fileno=descriptor)
        try:
            reader, writer = await asyncio.open_connection(sock=pipe, limit=4 * 1024 * 1024)
        except OSError:
            # the system watches no more files for this process now
            pipe.close()
            self._order(do="kill", pid=pid)
            if not future.done():
                future.set_exception(busy(2, "no process could be started for the request"))
            return
        worker = _Worker(pid, reader, writer)
        if future.cancelled():
            worker.close()
        else:
            future.set_result(worker)

    def _spawn_task(self, coroutine: Any) -> None:
        task = asyncio.get_running_loop().create_task(coroutine)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _new(self) -> _Worker:
        return await (self._fork() if self.forks else self._launch())

    async def _new_for(self, span: _Span) -> _Worker:
        """A new worker for one request, which waits for it until its deadline at most."""
        try:
            async with asyncio.timeout(max(0.0, span.left)):
                return await self._new()
        except TimeoutError:
            raise busy(int(span.seconds) or 1, "no process could be started for the request before its deadline") from None

    async def _fork(self) -> _Worker:
        if self._ready is not None and not self._ready.done():
            await asyncio.shield(self._ready)
        if not self._order(do="fork"):
            raise _holder_ended()
        # workers come in the order in which they were ordered
        future: asyncio.Future[_Worker] = asyncio.get_running_loop().create_future()
        self._forks.append(future)
        try:
            return await future
        except asyncio.CancelledError:
            # a worker that came in the same moment would belong to nobody
            if future.done() and not future.cancelled() and future.exception() is None:
                self.kill(future.result())
            raise

    async def _launch(self) -> _Worker:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "mesokg.server.worker", stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE, env=_environment(self.settings), limit=4 * 1024 * 1024,
        )
        assert process.stdin is not None
        assert process.stdout is not None
        worker = _Worker(process.pid, process.stdout, process.stdin, process)
        try:
            await read_frame(worker.reader)
        except asyncio.IncompleteReadError as error:
            # whatever of it is open when the loop closes would say so in a trace
            self.kill(worker)
            await process.wait()
            with contextlib.suppress(OSError):
                await worker.writer.wait_closed()
            raise Failure(500, "a worker could not start", "look at the log of the server") from error
        except asyncio.CancelledError:
            self.kill(worker)
            raise
        # its graph is no memory of a request
        worker.resident, _ = _memory(worker.pid)
        return worker

    def tell(self, worker: _Worker, what: str) -> None:
        """Stop, continue or kill a forked worker, through its parent; one whose parent is gone goes on until its alarm."""
        self._order(do=what, pid=worker.pid)

    def kill(self, worker: _Worker) -> None:
        if worker.process is not None:
            with contextlib.suppress(ProcessLookupError):
                worker.process.kill()
        else:
            self.tell(worker, "kill")
        worker.close()

    def _put(self, worker: _Worker) -> None:
        if not self._line.serve(worker):
            self._idle.append(worker)

    def _open(self) -> None:
        """One more place for first turns, for which a process is started."""
        self._places += 1
        self._starting += 1
        self._spawn_task(self._replace())

    def _vacate(self) -> None:
        """The process of a place is gone, or has more to do than one turn; another one is started where it is needed."""
        self._places -= 1
        if self._places < self._least or self._lacks():
            self._open()

    def _lacks(self) -> bool:
        """Whether more wait than processes are being started for, and there may be one more place, which can be started now."""
        return not self._stopping and self._places < self.size and len(self._line) > self._starting < self._at_once

    async def _replace(self) -> None:
        started = False
        try:
            for pause in (0.0, 0.2, 1.0, 5.0):
                await asyncio.sleep(pause)
                try:
                    self._put(await self._new())
                    started = True
                    return
                except (Failure, OSError):
                    if self._stopping:
                        return
        finally:
            self._starting -= 1
            if not started:
                self._places -= 1
            # for those who wait still; where nobody does, the next one who waits tries again
            if self._lacks():
                self._open()

    async def _take(self, most: float) -> _Worker:
        if self._idle:
            return self._idle.popleft()
        future: asyncio.Future[_Worker] = self._line.join()
        if self._lacks():
            self._open()
        try:
            async with asyncio.timeout(min(most, max(self.settings.queue_seconds, self.settings.fast_seconds * 2))):
                return await future
        except TimeoutError:
            # a worker that came in the same moment would belong to nobody
            if future.done() and not future.cancelled():
                return future.result()
            raise busy(2) from None
        except asyncio.CancelledError:
            if future.done() and not future.cancelled() and future.exception() is None:
                self._put(future.result())
            raise
        finally:
            self._line.leave(future)

    # ------------------------------------------------------------ one request

    async def run(self, header: dict[str, Any], body: bytes = b"") -> Reply:
        """The reply of a worker. Raises Failure at the deadline, when there is no room for it, or when the worker crashed."""
        span = _Span(self.settings.deadline_seconds, _advice(self.settings))
        clock = asyncio.get_running_loop().time
        for attempt in (1, 2):
            # the second try is by a worker that is certainly alive
            worker = await self._take(span.left) if attempt == 1 else await self._new_for(span)
            run, begun = _Run(self, worker, span, header, body), clock()
            # whether it is one of those that are ready for the next request
            counts, good = attempt == 1, False
            try:
                if await self._first_turn(run, span):
                    reply, good = run.task.result(), counts
                    return reply
                if counts:
                    counts = False
                    self._vacate()
                return await self._further_turns(run, span)
            except _Gone:
                # killed from outside, perhaps: one more try, unless it ran long enough to be its own doing
                if attempt == 1 and clock() - begun <= 0.5 and not self.settings.allow_update:
                    continue
                # on a busy machine this process may look later than the alarm with which the worker ends itself
                raise (span.late() if span.left < 0.5 else _crashed(self.settings)) from None
            finally:
                if good:
                    self._put(worker)
                else:
                    run.end()
                    if counts:
                        self._vacate()
        raise AssertionError("the second try ends in an answer or a failure")

    async def _first_turn(self, run: _Run, span: _Span) -> bool:
        """Whether it is done after its first turn; where there is one worker only, that lasts. Raises Failure at its deadline."""
        clock = asyncio.get_running_loop().time
        # one that waits for a processor keeps its place for so long at most
        end = clock() + (self.settings.deadline_seconds if self.settings.allow_update else self.settings.fast_seconds)
        while not run.task.done():
            if span.left <= 0:
                raise span.late()
            rest = min(end - clock(), self._line.seconds - run.spent()) if self._pauses else end - clock()
            if rest <= 0:
                return False
            await asyncio.wait({run.task}, timeout=min(span.left, max(0.005, rest)))
        return True

    async def _further_turns(self, run: _Run, span: _Span) -> Reply:
        standing = self._turns.enter(run)
        try:
            await asyncio.wait({run.task, standing.refused}, timeout=max(0.0, span.left), return_when=asyncio.FIRST_COMPLETED)
            if run.task.done():
                return run.task.result()
            raise busy(int(span.seconds) or 1, "too many long requests are at work") if standing.refused.done() else span.late()
        finally:
            self._turns.leave(standing)


def _holder_ended() -> Failure:
    return Failure(500, "the process that holds the graph ended", "tell the maintainers of this server")

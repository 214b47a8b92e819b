"""The pool: workers in two lanes, their deadlines, their queue, and their replacement.

A request starts in the fast lane. Past ``steady_seconds`` of processor time its worker goes on at lower priority and a
fresh one takes its place at once, for up to ``steady_workers`` such requests; for more it is replaced when it is done. Past
``fast_seconds`` on the clock it moves to the slow lane at the lowest priority, so that runaway queries do not hold the
fast lane; where the slow lane is full it is ended, waits, and starts again there. At the deadline, which counts from the
arrival of the request, the worker is killed, as the engine cannot be told to stop.
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
from typing import Any

from mesokg.server.failures import Failure
from mesokg.server.frames import pack, read_frame
from mesokg.server.settings import Settings

__all__ = ["Pool", "Reply"]

Reply = tuple[dict[str, Any], bytes]

_STEADY_NICE, _SLOW_NICE = 10, 19


def _crashed(fix: str = "ask for less: fewer variables, a FILTER, or a LIMIT inside a subquery") -> Failure:
    """One of its own for each request, as the trace of an exception keeps what the request held."""
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

    def run(self) -> None:
        """A worker has it from now on."""
        self._since = self._clock()

    def rest(self) -> None:
        """No worker has it from now on."""
        if self._since is not None:
            self.ran += self._clock() - self._since
            self._since = None

    def late(self) -> Failure:
        """Its deadline is over."""
        self.rest()
        waited = max(0.0, self._clock() - self.begun - self.ran)
        spent = f"ran for {self.seconds:g} seconds" if waited < 0.1 else f"waited for {waited:.1f} and ran for {self.ran:.1f} of {self.seconds:g} seconds"
        return Failure(504, f"the request {spent}, the most this server gives to one", self.advice)


class _Worker:
    """One worker process and the stream to it."""

    def __init__(self, pid: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, process: Any = None) -> None:
        self.pid, self.reader, self.writer, self.process = pid, reader, writer, process

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


def _environment(settings: Settings) -> dict[str, str]:
    return {**os.environ, "MESOKG_SERVER_SETTINGS": settings.to_json()}


class Pool:
    """Answers requests through workers. ``start`` before use, ``stop`` after."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.forks = settings.fork and settings.read_only and hasattr(os, "fork") and hasattr(socket, "send_fds")
        # a store that changes has one process, and nothing to fall back to
        self.size = 1 if settings.allow_update else settings.workers
        self._idle: deque[_Worker] = deque()
        self._waiting: deque[asyncio.Future[_Worker]] = deque()
        self._slow = asyncio.Semaphore(settings.slow_workers)
        self._slow_waiting = 0
        # a worker that is not forked takes seconds to start, so that none is given up for having been lowered
        self._steady_left = settings.steady_workers if self.forks else 0
        self._holder: subprocess.Popen[bytes] | None = None
        self._control: socket.socket | None = None
        self._forks: deque[asyncio.Future[_Worker]] = deque()
        self._text = b""
        self._descriptors: deque[int] = deque()
        self._stopping = False
        self._tasks: set[asyncio.Task[None]] = set()
        self._ready: asyncio.Future[None] | None = None
        self.slow_keys: dict[bytes, None] = {}

    # ------------------------------------------------------------ life

    async def start(self) -> None:
        if self.forks:
            await self._start_holder()
        for worker in await asyncio.gather(*(self._new() for _ in range(self.size))):
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
            asyncio.get_running_loop().remove_reader(self._control)
            self._control.close()
        if self._holder is not None:
            await asyncio.get_running_loop().run_in_executor(None, self._holder.wait)

    async def _start_holder(self) -> None:
        loop = asyncio.get_running_loop()
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
            elif event["event"] == "forked":
                self._spawn_task(self._adopt(event["pid"], self._descriptors.popleft(), self._forks.popleft()))
            elif event["event"] == "ended":
                # one that was at rest, ended from outside; one at work is noticed by whoever waits for it
                for worker in [one for one in self._idle if one.pid == event["pid"]]:
                    self._idle.remove(worker)
                    worker.close()
                    self._spawn_task(self._replace())

    def _lost_holder(self) -> None:
        assert self._control is not None
        asyncio.get_running_loop().remove_reader(self._control)
        self._control.close()
        # a failure for each who waits, as each that raises it adds to its trace
        if self._ready and not self._ready.done():
            self._ready.set_exception(_holder_ended())
        while self._forks:
            future = self._forks.popleft()
            if not future.done():
                future.set_exception(_holder_ended())
        if not self._stopping and self._ready and self._ready.done() and not self._ready.exception():
            # idle workers still answer; the next one needed is forked by a new holder
            self._spawn_task(self._start_holder())

    async def _adopt(self, pid: int, descriptor: int, future: asyncio.Future[_Worker]) -> None:
        pipe = socket.socket(fileno=descriptor)
        reader, writer = await asyncio.open_connection(sock=pipe, limit=4 * 1024 * 1024)
        worker = _Worker(pid, reader, writer)
        if future.cancelled():
            worker.close()
        else:
            future.set_result(worker)

    def _spawn_task(self, coroutine: Any) -> None:
        task = asyncio.get_running_loop().create_task(coroutine)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _new(self, *, slow: bool = False) -> _Worker:
        worker = await (self._fork() if self.forks else self._launch())
        if slow:
            _lower(worker.pid, _SLOW_NICE)
        return worker

    async def _new_for(self, span: _Span, *, slow: bool = False) -> _Worker:
        """A new worker for one request, which waits for it until its deadline at most."""
        try:
            async with asyncio.timeout(max(0.0, span.left)):
                return await self._new(slow=slow)
        except TimeoutError:
            raise _busy(int(span.seconds) or 1, "no process could be started for the request before its deadline") from None

    async def _fork(self) -> _Worker:
        if self._ready is not None and not self._ready.done():
            await asyncio.shield(self._ready)
        assert self._control is not None
        try:
            self._control.send(json.dumps({"do": "fork"}).encode() + b"\n")
        except BlockingIOError:
            raise _busy(2, "too many processes are being started") from None
        except OSError as error:
            raise _holder_ended() from error
        # workers come in the order in which they were ordered
        future: asyncio.Future[_Worker] = asyncio.get_running_loop().create_future()
        self._forks.append(future)
        try:
            return await future
        except asyncio.CancelledError:
            # a worker that came in the same moment would belong to nobody
            if future.done() and not future.cancelled() and future.exception() is None:
                self._kill(future.result())
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
            self._kill(worker)
            await process.wait()
            with contextlib.suppress(OSError):
                await worker.writer.wait_closed()
            raise Failure(500, "a worker could not start", "look at the log of the server") from error
        except asyncio.CancelledError:
            self._kill(worker)
            raise
        return worker

    def _kill(self, worker: _Worker) -> None:
        if worker.process is not None:
            with contextlib.suppress(ProcessLookupError):
                worker.process.kill()
        elif self._control is not None:
            with contextlib.suppress(OSError):
                self._control.send(json.dumps({"do": "kill", "pid": worker.pid}).encode() + b"\n")
        worker.close()

    def _put(self, worker: _Worker) -> None:
        while self._waiting:
            future = self._waiting.popleft()
            if not future.done():
                future.set_result(worker)
                return
        self._idle.append(worker)

    async def _replace(self) -> None:
        for pause in (0.0, 0.2, 1.0, 5.0):
            await asyncio.sleep(pause)
            try:
                self._put(await self._new())
                return
            except (Failure, OSError):
                if self._stopping:
                    return

    async def _take(self, most: float) -> _Worker:
        if self._idle:
            return self._idle.popleft()
        if len(self._waiting) >= self.settings.queue_length:
            raise _busy(2)
        future: asyncio.Future[_Worker] = asyncio.get_running_loop().create_future()
        self._waiting.append(future)
        try:
            async with asyncio.timeout(min(most, max(self.settings.queue_seconds, self.settings.fast_seconds * 2))):
                return await future
        except TimeoutError:
            # a worker that came in the same moment would belong to nobody
            if future.done() and not future.cancelled():
                return future.result()
            raise _busy(2) from None
        except asyncio.CancelledError:
            if future.done() and not future.cancelled():
                self._put(future.result())
            raise
        finally:
            if future in self._waiting:
                self._waiting.remove(future)

    # ------------------------------------------------------------ one request

    async def run(self, header: dict[str, Any], body: bytes = b"", *, key: bytes | None = None) -> Reply:
        """The reply of a worker. Raises Failure at the deadline, when the queue is full, or when the worker crashed.

        ``key`` names the request, so that one known to be slow goes to the slow lane at once.
        """
        span = _Span(self.settings.deadline_seconds, _advice(self.settings))
        loop = asyncio.get_running_loop()
        if self.settings.allow_update:
            return await self._run_alone(header, body, span)
        if key is not None and key in self.slow_keys:
            return await self._run_slow(header, body, span)
        for attempt in (1, 2):
            # the second try is by a worker that is certainly alive
            worker = await self._take(span.left) if attempt == 1 else await self._new_for(span)
            # whether another must take its place when it is given up, and whether it counts as one that is steady
            replace, steady, lowered = attempt == 1, False, False
            span.run()
            begun, used = loop.time(), _processor_seconds(worker.pid)
            task = loop.create_task(worker.ask(pack({**header, "seconds": max(0.1, span.left)}, body)))
            try:
                while not task.done() and (left := min(begun + self.settings.fast_seconds - loop.time(), span.left)) > 0:
                    await asyncio.wait({task}, timeout=left if lowered else min(left, self.settings.steady_seconds))
                    if self.forks and not task.done() and not lowered and self._is_steady(worker, used):
                        _lower(worker.pid, _STEADY_NICE)
                        lowered = True
                        if replace and self._steady_left:
                            self._steady_left -= 1
                            steady, replace = True, False
                            self._spawn_task(self._replace())
                if task.done():
                    reply = task.result()
                    if attempt == 1 and not lowered:
                        self._put(worker)
                    else:
                        # a priority once lowered cannot be raised again
                        self._discard(worker, task, replace=replace)
                    return reply
            except _Gone:
                self._discard(worker, task, replace=replace)
                # killed from outside, perhaps: one more try, unless it ran long enough to be its own doing
                if attempt == 2 or loop.time() - begun > 0.5:
                    raise _crashed() from None
                span.rest()
                continue
            except asyncio.CancelledError:
                self._discard(worker, task, replace=replace)
                raise
            finally:
                self._steady_left += steady
            # from here on whoever is called ends the worker, so that it is replaced once
            if span.left <= 0:
                self._discard(worker, task, replace=replace)
                raise span.late()
            if key is not None:
                self._remember(key)
            if not self._slow.locked():
                async with self._slow:
                    return await self._demote(worker, task, span, replace=replace)
            self._discard(worker, task, replace=replace)
            span.rest()
            return await self._run_slow(header, body, span)
        raise _crashed()

    def _is_steady(self, worker: _Worker, used: float | None) -> bool:
        """Whether the worker has been computing for so long, rather than waiting for a processor."""
        now = _processor_seconds(worker.pid)
        return used is None or now is None or now - used >= self.settings.steady_seconds * 0.8

    def _discard(self, worker: _Worker, task: asyncio.Task[Reply], *, replace: bool = True) -> None:
        task.cancel()
        task.add_done_callback(lambda done: done.cancelled() or done.exception())
        self._kill(worker)
        if replace:
            self._spawn_task(self._replace())

    def _remember(self, key: bytes) -> None:
        self.slow_keys[key] = None
        while len(self.slow_keys) > 1000:
            del self.slow_keys[next(iter(self.slow_keys))]

    async def _demote(self, worker: _Worker, task: asyncio.Task[Reply], span: _Span, *, replace: bool) -> Reply:
        if replace:
            self._spawn_task(self._replace())
        _lower(worker.pid, _SLOW_NICE)
        return await self._finish(worker, task, span)

    async def _finish(self, worker: _Worker, task: asyncio.Task[Reply], span: _Span) -> Reply:
        """Wait for a worker that will not be used again."""
        try:
            await asyncio.wait({task}, timeout=max(0.0, span.left))
            if not task.done():
                raise span.late()
            return task.result()
        except _Gone:
            # on a busy machine this process may look later than the alarm with which the worker ends itself
            raise span.late() if span.left < 0.5 else _crashed() from None
        finally:
            task.cancel()
            task.add_done_callback(lambda done: done.cancelled() or done.exception())
            self._kill(worker)

    async def _run_slow(self, header: dict[str, Any], body: bytes, span: _Span) -> Reply:
        if self._slow_waiting >= self.settings.slow_queue_length:
            raise _busy(int(span.seconds) or 1)
        self._slow_waiting += 1
        try:
            async with asyncio.timeout(max(0.0, span.left)):
                await self._slow.acquire()
        except TimeoutError:
            raise _busy(int(span.seconds) or 1) from None
        finally:
            self._slow_waiting -= 1
        try:
            worker = await self._new_for(span, slow=True)
            span.run()
            task = asyncio.get_running_loop().create_task(worker.ask(pack({**header, "seconds": max(0.1, span.left)}, body)))
            return await self._finish(worker, task, span)
        finally:
            self._slow.release()

    async def _run_alone(self, header: dict[str, Any], body: bytes, span: _Span) -> Reply:
        worker = await self._take(span.left)
        span.run()
        task = asyncio.get_running_loop().create_task(worker.ask(pack({**header, "seconds": max(0.1, span.left)}, body)))
        try:
            await asyncio.wait({task}, timeout=max(0.0, span.left))
            if not task.done():
                raise span.late()
            reply = task.result()
        except (_Gone, Failure, asyncio.CancelledError) as error:
            self._discard(worker, task)
            if isinstance(error, _Gone):
                raise _crashed("ask for less, or send an update in parts") from None
            raise
        self._put(worker)
        return reply


def _holder_ended() -> Failure:
    return Failure(500, "the process that holds the graph ended", "tell the maintainers of this server")


def _busy(seconds: int, what: str = "too many requests are waiting") -> Failure:
    return Failure(503, what, f"try again in {seconds} seconds", headers=(("Retry-After", str(seconds)),))

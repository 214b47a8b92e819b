"""Turns: which requests run, which wait, and which are refused where there is more to do than processors to do it.

Most requests are short, and which ones are is known only by letting them run. So each gets a short first turn at full
priority (:class:`Line`), and its place is free again after that. Those that need more (:class:`Turns`) are served by the
processor time that they had, the least first, as who had much will need much more. A few run, the others are paused
with what they have done. Where more are held than there is room for, those that had most are refused: runaway queries
hold up one another, and a short one for about a turn.
"""

from __future__ import annotations

import asyncio
import itertools
import math
from collections import deque
from dataclasses import dataclass
from typing import Any, Protocol

from mesokg.server.failures import Failure
from mesokg.server.settings import Settings

__all__ = ["Line", "Run", "Standing", "Turns", "busy"]

# of a whole turn; a fresh worker takes half of this to get going
_HURRIED = 0.4


def busy(seconds: int, what: str = "too many requests are waiting") -> Failure:
    """A failure of its own for each request: there is no room now, but will be in so many seconds."""
    return Failure(503, what, f"try again in {seconds} seconds", headers=(("Retry-After", str(seconds)),))


class Line:
    """Requests that wait for the first turn, and how long that is.

    They are served in the order of their arrival, until the first has waited for more than two turns. Then three of four that
    are served are the newest, as the others came with a flood. Where ``length`` wait already, the oldest is refused for a
    new one; with ``in_order``, for updates, the new one is, and all are served in order.
    """

    def __init__(self, length: int, workers: int, turn: float, *, in_order: bool = False) -> None:
        self._length, self._workers, self._turn, self._in_order = length, workers, turn, in_order
        self._waiting: deque[tuple[float, asyncio.Future[Any]]] = deque()
        self._served = 0

    @property
    def seconds(self) -> float:
        """Of processor time in one turn: less where more wait than can have a whole one within ten turns."""
        return self._turn * (_HURRIED if len(self._waiting) > 10 * self._workers else 1.0)

    def __len__(self) -> int:
        """How many wait."""
        return len(self._waiting)

    def join(self) -> asyncio.Future[Any]:
        """What is set for the one who joins when it is its turn. Raises Failure where there is no room."""
        loop = asyncio.get_running_loop()
        if len(self._waiting) >= self._length:
            if self._in_order or not self._waiting:
                raise busy(2)
            _, oldest = self._waiting.popleft()
            if not oldest.done():
                oldest.set_exception(busy(2))
        future: asyncio.Future[Any] = loop.create_future()
        self._waiting.append((loop.time(), future))
        return future

    def leave(self, future: asyncio.Future[Any]) -> None:
        """It waits no longer, served or not."""
        for one in self._waiting:
            if one[1] is future:
                self._waiting.remove(one)
                return

    def serve(self, worker: Any) -> bool:
        """Give the worker to whose turn it is; False where nobody waits."""
        now = asyncio.get_running_loop().time()
        while self._waiting:
            self._served += 1
            flooded = not self._in_order and now - self._waiting[0][0] > 2 * self._turn
            _, future = self._waiting.pop() if flooded and self._served % 4 else self._waiting.popleft()
            if not future.done():
                future.set_result(worker)
                return True
        return False


class Run(Protocol):
    """One request at work in a process of its own."""

    def spent(self) -> float:
        """Seconds of processor time that it took; on the clock where that is not told."""

    def size(self) -> int:
        """Bytes of memory that it took; 0 where that is not told."""

    def lower(self, *, most: bool) -> None:
        """Lower its priority, to the lowest where ``most``."""

    def pause(self) -> None: ...

    def resume(self) -> None: ...


@dataclass(eq=False)
class Standing:
    """Where a run stands in the order of service. ``refused`` is done when it has to end; ``lowest`` is its priority."""

    run: Run
    refused: asyncio.Future[None]
    number: int
    level: int = 0
    size: int = 0
    running: bool = True
    lowest: bool = False


class Turns:
    """Runs past their first turn: ``running_workers`` of them run, up to ``places`` are held, with up to ``held_bytes`` together.

    The level of a run goes up by one each time its processor time doubles, from two turns on. The lowest level goes first;
    in a level half of the places are for the first that came, the others for the newest, which a flood before it would
    hold up. Refused are those of the highest level, the first that came before others, as long as some are paused. Where
    it is memory that lacks, only those are that have more than half of an equal share. Where runs cannot be paused, all that
    are held run and a new one is refused.
    """

    def __init__(self, settings: Settings, places: int, *, pauses: bool) -> None:
        self._settings, self._places, self._pauses = settings, places, pauses
        self._numbers = itertools.count()
        self._held: list[Standing] = []
        self._timer: asyncio.TimerHandle | None = None

    def enter(self, run: Run) -> Standing:
        one = Standing(run, asyncio.get_running_loop().create_future(), next(self._numbers))
        run.lower(most=False)
        self._held.append(one)
        self._order()
        return one

    def leave(self, one: Standing) -> None:
        if one in self._held:
            self._held.remove(one)
            self._order()

    def _order(self) -> None:
        """Look at those that run, refuse those for whom there is no room, and choose those that run now."""
        for one in self._held:
            if one.running:
                self._look(one)
        while len(self._held) > self._places:
            self._refuse(self._held)
        while len(self._held) > 1 and sum(one.size for one in self._held) > self._settings.held_bytes:
            # the end of one that has much less than its share makes no room
            self._refuse([one for one in self._held if 2 * one.size * len(self._held) > self._settings.held_bytes])
        if self._pauses:
            chosen = self._chosen()
            for one in self._held:
                if one.running != (one in chosen):
                    one.running = not one.running
                    (one.run.resume if one.running else one.run.pause)()
        if self._timer is not None:
            self._timer.cancel()
        self._timer = asyncio.get_running_loop().call_later(self._settings.turn_seconds, self._order) if self._held else None

    def _refuse(self, some: list[Standing]) -> None:
        """The last of some that are held."""
        last = max([one for one in some if not one.running] or some, key=_newest_first) if self._pauses else some[-1]
        self._held.remove(last)
        last.refused.set_result(None)

    def _look(self, one: Standing) -> None:
        one.size, spent = one.run.size(), one.run.spent()
        level = max(0, math.floor(math.log2(max(spent, 0.001) / self._settings.turn_seconds)))
        if level > one.level:
            one.level, one.number = level, next(self._numbers)
        if spent >= self._settings.fast_seconds and not one.lowest:
            one.lowest = True
            one.run.lower(most=True)

    def _chosen(self) -> list[Standing]:
        running = self._settings.running_workers
        by_age = sorted(self._held, key=lambda one: (one.level, one.number))
        half = (running + 1) // 2
        return by_age[:half] + sorted(by_age[half:], key=_newest_first)[: running - half]


def _newest_first(one: Standing) -> tuple[int, int]:
    return one.level, -one.number

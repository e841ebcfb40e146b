"""A builder beside others: it takes the resources that wait in a library on a server, one at a time."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from seekpoint.index.address import Address
from seekpoint.index.errors import LostLease
from seekpoint.index.models.encoder import LazyEncoder, check_model
from seekpoint.index.open import open_worker
from seekpoint.index.store import QUESTION_ENGINE, Queue, Taken, Writer
from seekpoint.index.types import Encoder
from seekpoint.indexer.build.aliases import Aliases
from seekpoint.indexer.build.build import keep_translations
from seekpoint.indexer.build.calibration import calibrate
from seekpoint.indexer.build.planner import Choices, Planner
from seekpoint.indexer.build.question_engine import find_question_engine
from seekpoint.indexer.build.runner import Run
from seekpoint.indexer.build.youtube_backoff import Clock, YouTubeBackoffs
from seekpoint.indexer.events import BuildEvents
from seekpoint.indexer.fetch.pace import SharedPace
from seekpoint.indexer.sources import Sources

_YOUTUBE = "youtube"
# How often it looks whether another builder left something.
_POLL_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class WorkReport:
    """What a worker did: the resources that it took, those that it indexed, and the embedded passages."""

    taken: int
    updated: int
    embedded: int


def shared_pace(queue: Queue, seconds: float) -> SharedPace:
    """The pace for YouTube that all builders of a library keep together."""
    return SharedPace(seconds, lambda reserved: queue.turn(_YOUTUBE, reserved))


def work(
    library: Address,
    sources_of: Callable[[Queue], Sources],
    choices: Choices,
    *,
    encoder: Encoder | None = None,
    events: BuildEvents | None = None,
    clock: Clock = time.time,
) -> WorkReport:
    """Take resources and index them until none waits and no other builder is at work.

    Raises LibraryError or ModelError.
    """
    events = events or BuildEvents()
    writer, queue = open_worker(library)
    with queue, writer:
        if encoder:
            check_model(writer.card, encoder.card)
        lazy_encoder = LazyEncoder(writer.card, encoder)
        worker = _Worker(writer, lazy_encoder, sources_of(queue), choices, events, clock)
        tried: set[str] = set()
        while (taken := queue.take(clock(), tried)) or queue.is_shared():
            if taken is None:
                time.sleep(_POLL_SECONDS)
                continue
            tried.add(taken.resource_id)
            try:
                worker.run(taken)
            except LostLease as lost:
                events.say(f"{taken.resource_id}: {lost}")
            finally:
                queue.give_back()
        if worker.updated:
            keep_translations(writer)
            if encoder is None:
                _measure(writer, lazy_encoder)
    return WorkReport(len(tried), worker.updated, worker.embedded)


def _measure(writer: Writer, encoder: LazyEncoder) -> None:
    """Measure another model as a build does; an engine that was found stays, which this machine may not have."""
    calibrate(writer, encoder)
    if writer.setting(QUESTION_ENGINE) is None:
        find_question_engine(writer, encoder)


class _Worker:
    """Runs the jobs of single resources: what a library says of blocks and of other addresses is read before each."""

    def __init__(
        self,
        writer: Writer,
        encoder: LazyEncoder,
        sources: Sources,
        choices: Choices,
        events: BuildEvents,
        clock: Clock,
    ) -> None:
        self.updated = 0
        self.embedded = 0
        self._writer = writer
        self._encoder = encoder
        self._sources = sources
        self._choices = choices
        self._events = events
        self._clock = clock

    def run(self, taken: Taken) -> None:
        """Index a resource, or store why not."""
        now, route = self._clock(), self._sources.web.route
        [resource] = self._writer.resources([taken.resource_id]).values()
        is_new_route = YouTubeBackoffs(self._writer, now).is_new_route(route, now)
        standings = {taken.resource_id: taken.standing}
        planner = Planner(standings, {}, self._choices, now, is_new_route=is_new_route)
        aliases = Aliases.stored(self._writer, now)
        run = Run(self._writer, self._encoder, self._sources, self._events, self._clock, self._choices, aliases)
        run.all([planner.plan(resource)])
        self.updated += run.updated
        self.embedded += run.embedded

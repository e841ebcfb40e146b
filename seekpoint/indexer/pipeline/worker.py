"""A builder beside others: it takes the resources that wait in a library on a server, one at a time."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection
from dataclasses import dataclass

from seekpoint.index.address import Address
from seekpoint.index.errors import LostLease
from seekpoint.index.models.encoder import LazyEncoder, check_model, load_encoder
from seekpoint.index.open import library_exists, open_worker, open_writer
from seekpoint.index.store import Queue, Taken, Writer
from seekpoint.index.types import Encoder, Kind, State
from seekpoint.indexer.build_options import BuildEvents, BuildOptions, Sources
from seekpoint.indexer.fetch.retries import SharedPace
from seekpoint.indexer.pipeline.build import caption_files_of, keep_translations, list_playlists, read_lists
from seekpoint.indexer.pipeline.model_settings import calibrate, find_question_engine
from seekpoint.indexer.pipeline.planner import FROM_DISK, Planner, Step
from seekpoint.indexer.pipeline.runner import Run

_YOUTUBE = "youtube"


@dataclass(frozen=True, slots=True)
class WorkReport:
    """The numbers of resources that a worker took and indexed, and of embedded passages."""

    taken: int
    updated: int
    embedded: int


def shared_pace(queue: Queue, seconds: float) -> SharedPace:
    """The pace for YouTube that all builders of a library keep together."""
    return SharedPace(seconds, lambda reserved: queue.turn(_YOUTUBE, reserved))


def work(
    library: Address,
    sources_of: Callable[[Queue], Sources],
    options: BuildOptions,
    *,
    encoder: Encoder | None = None,
    events: BuildEvents | None = None,
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
        sources = sources_of(queue)
        tried: set[str] = set()
        updated = embedded = 0
        while taken := queue.take(time.time, tried) or _to_hear(queue, writer, tried, options):
            tried.add(taken.resource_id)
            try:
                # Other builders may store blocks and aliases at any time: both are read before each resource.
                run = Run(writer, lazy_encoder, sources, events, time.time, options)
                planner = run.planner({taken.resource_id: taken.standing}, {})
                run.all([planner.plan(status.resource) for status in writer.statuses([taken.resource_id])])
                updated, embedded = updated + run.updated, embedded + run.embedded
            except LostLease as lost:
                events.say(f"{taken.resource_id}: {lost}")
        if updated and options.translate:
            keep_translations(writer)
        if updated and encoder is None:
            calibrate(writer, lazy_encoder)
            if writer.settings.question_engine is None:  # else it stays: this machine may not have its file
                find_question_engine(writer, lazy_encoder)
    return WorkReport(len(tried), updated, embedded)


def _to_hear(queue: Queue, writer: Writer, tried: Collection[str], options: BuildOptions) -> Taken | None:
    """Take what has no transcript, as another worker found that doesn't listen, if this one does."""
    if not options.whisper:
        return None
    planner = Planner(writer.standings(), {}, options, time.time())
    silent = (status.resource for status in writer.statuses() if status.state is State.NO_TRANSCRIPT)
    ids = [one.id for one in silent if not one.is_local and planner.plan(one).step is Step.TRANSCRIBE]
    return queue.take(time.time, tried, ids) if ids else None


def enqueue(
    options: BuildOptions,
    library: Address,
    sources_of: Callable[[Queue], Sources],
    *,
    encoder: Encoder | None = None,
    events: BuildEvents | None = None,
) -> int:
    """Register the lists' resources and index those on this machine's disk; returns the number that wait.

    Raises SourceError, ModelError or LibraryError.
    """
    events = events or BuildEvents()
    if not library_exists(library):
        card = (encoder or load_encoder(options.model, events.say)).card
        with open_writer(library, card):
            pass
    writer, queue = open_worker(library)
    with queue, writer:
        sources = sources_of(queue)
        lists = read_lists(options, library, sources.web, events.say)
        caption_files = caption_files_of(options, lists)
        run = Run(writer, LazyEncoder(writer.card, encoder), sources, events, time.time, options)
        resources, planner = list_playlists(writer, lists, run, run.planner({}, caption_files), set())
        jobs = planner.jobs(resource for resource in resources.values() if resource.kind is not Kind.PLAYLIST)
        run.all([job for job in jobs if job.step in (*FROM_DISK, Step.REFUSE, Step.NOTHING)])
        standings = (standing for key, standing in writer.standings().items() if key in resources)
        return sum(standing.state in (State.PENDING, State.DEFERRED) for standing in standings)

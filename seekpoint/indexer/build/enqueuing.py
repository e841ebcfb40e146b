"""Listing what workers are to index: lists and playlists are read, and what is on the web is left to the queue."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace

from seekpoint.index.address import Address
from seekpoint.index.models.encoder import LazyEncoder, load_encoder
from seekpoint.index.open import library_exists, open_worker, open_writer
from seekpoint.index.store import Queue
from seekpoint.index.types import Encoder, Kind, State
from seekpoint.indexer.build.aliases import Aliases
from seekpoint.indexer.build.build import Request, caption_files_of, list_playlists
from seekpoint.indexer.build.planner import Planner
from seekpoint.indexer.build.runner import Run
from seekpoint.indexer.build.steps import FROM_DISK, Step
from seekpoint.indexer.build.windows import want_windows
from seekpoint.indexer.build.youtube_backoff import Clock, YouTubeBackoffs
from seekpoint.indexer.events import BuildEvents
from seekpoint.indexer.reading_list.parse import read_source
from seekpoint.indexer.reading_list.playlists import unavailable_entries
from seekpoint.indexer.sources import Sources


def enqueue(
    request: Request,
    library: Address,
    sources_of: Callable[[Queue], Sources],
    *,
    encoder: Encoder | None = None,
    events: BuildEvents | None = None,
    clock: Clock = time.time,
) -> int:
    """Register what the lists name, and index what is on this machine's disk; returns how many resources wait.

    Raises SourceError, ModelError or LibraryError.
    """
    events = events or BuildEvents()
    if not library_exists(library):
        card = (encoder or load_encoder(request.model, events.say)).card
        with open_writer(library, card):
            pass
    writer, queue = open_worker(library)
    with queue, writer:
        sources, now = sources_of(queue), clock()
        if request.windows:
            want_windows(writer)
        lists = [read_source(source, sources.web) for source in request.sources]
        caption_files = caption_files_of(request, lists)
        aliases = Aliases.stored(writer, now)
        lazy = LazyEncoder(writer.card, encoder)
        run = Run(writer, lazy, sources, events, clock, request.choices, aliases, request.limit)
        is_new_route = YouTubeBackoffs(writer, now).is_new_route(sources.web.route, now)
        planner = Planner({}, caption_files, request.choices, now, is_new_route=is_new_route)
        resources, playlists = list_playlists(writer, aliases.applied(lists), run, planner, set())
        planner = replace(planner, standings=writer.standings(), faults=unavailable_entries(playlists))
        jobs = planner.jobs(one for one in resources.values() if one.kind is not Kind.PLAYLIST)
        run.all([job for job in jobs if job.step in (*FROM_DISK, Step.REFUSE)])
        standings = writer.standings()
        return sum(standings[one].state in (State.PENDING, State.DEFERRED) for one in resources if one in standings)

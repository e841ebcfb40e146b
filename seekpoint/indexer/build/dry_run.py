"""The plan of a build, without running it: `build --dry-run`."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import NamedTuple

from seekpoint.index.address import Address
from seekpoint.index.errors import LibraryNotFound
from seekpoint.index.models.encoder import model_name
from seekpoint.index.open import check_vacant, open_reader
from seekpoint.index.types import Kind, Playlist, Standing
from seekpoint.indexer.build.aliases import Aliases
from seekpoint.indexer.build.build import Request, caption_files_of, resources_of
from seekpoint.indexer.build.planner import Planner
from seekpoint.indexer.build.steps import Step
from seekpoint.indexer.build.windows import are_due
from seekpoint.indexer.build.youtube_backoff import YouTubeBackoffs
from seekpoint.indexer.fetch.session import Web
from seekpoint.indexer.reading_list.parse import read_source
from seekpoint.indexer.reading_list.playlists import unavailable_entries

# The watch page and the player's JSON; each transcript takes one more.
_REQUESTS_BESIDE_TRANSCRIPTS = 2


@dataclass(frozen=True, slots=True)
class DryRunReport:
    """The number of resources per step.

    `requests` counts those for videos only; a playlist takes one per 100 entries. `closed_until` is when a block by
    YouTube ends, in Unix seconds, or 0.
    """

    resources: int
    steps: dict[Step, int]
    playlists: int
    requests: int
    closed_until: float


def preview(request: Request, library: Address, web: Web, now: float | None = None) -> DryRunReport:
    """Plan a build without requests to YouTube and without changing the library; raises SeekpointError."""
    now = time.time() if now is None else now
    lists = [read_source(source, web) for source in request.sources]
    state = _library_state(library, web.route, now, windows=request.windows)
    resources = resources_of(state.aliases.applied(lists), state.playlists)
    is_other_model = request.reembed and model_name(request.model or state.model) != state.model
    planner = Planner(
        state.standings,
        caption_files_of(request, lists),
        request.choices,
        now,
        unavailable_entries(state.playlists),
        state.is_new_route,
        reembeds=is_other_model or state.windows_are_due,
    )
    jobs = [planner.plan(resource) for resource in resources.values()]
    steps = [job.step for job in jobs if job.resource.kind is not Kind.PLAYLIST]
    transcripts = max(len(request.choices.languages), 1)
    return DryRunReport(
        resources=len(resources),
        steps={step: steps.count(step) for step in Step},
        playlists=sum(job.resource.kind is Kind.PLAYLIST and job.step is not Step.WAIT for job in jobs),
        requests=steps.count(Step.ASK_YOUTUBE) * (_REQUESTS_BESIDE_TRANSCRIPTS + transcripts),
        closed_until=state.closed_until if now < state.closed_until and not request.choices.retry else 0.0,
    )


class _LibraryState(NamedTuple):
    standings: dict[str, Standing]
    playlists: dict[str, Playlist]
    closed_until: float
    is_new_route: bool
    model: str = ""
    aliases: Aliases = Aliases()
    windows_are_due: bool = False


def _library_state(library: Address, route: str, now: float, *, windows: bool) -> _LibraryState:
    try:
        with open_reader(library) as reader:
            backoffs = YouTubeBackoffs(reader, now)
            until, is_new_route = backoffs.of(route).until, backoffs.is_new_route(route, now)
            state = (reader.standings(), reader.playlists(), until, is_new_route, reader.card.name)
            return _LibraryState(*state, Aliases.stored(reader, now), are_due(reader, wanted=windows))
    except LibraryNotFound:
        check_vacant(library)
        return _LibraryState({}, {}, 0.0, False)

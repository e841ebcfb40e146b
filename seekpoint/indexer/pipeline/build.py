"""Builds a library: read the lists, list their playlists, plan, run. A dry run ends with the plan."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import urlsplit

from seekpoint.index.address import Address, is_added_list
from seekpoint.index.errors import DamagedLibrary, LibraryNotFound
from seekpoint.index.models.encoder import LazyEncoder, check_model, load_encoder, model_name, other_model
from seekpoint.index.open import check_vacant, library_exists, open_reader, open_writer
from seekpoint.index.store import Writer
from seekpoint.index.text.clean import counted
from seekpoint.index.types import (
    Encoder,
    Kind,
    NamedBy,
    Playlist,
    Resource,
    ResourceStatus,
    Section,
    Standing,
    State,
    union,
)
from seekpoint.indexer.build_options import BuildEvents, BuildOptions, Clock, Sources
from seekpoint.indexer.fetch.http_session import Web
from seekpoint.indexer.pipeline.model_settings import calibrate, find_question_engine
from seekpoint.indexer.pipeline.planner import Planner, Step
from seekpoint.indexer.pipeline.resolution import Aliases, ShownVideos
from seekpoint.indexer.pipeline.runner import Run
from seekpoint.indexer.pipeline.youtube_gate import OPEN, is_new_route, stored_backoffs
from seekpoint.indexer.reading_list.parser import ReadingList, expand_playlists, read_source, unavailable_entries
from seekpoint.indexer.sources.captions import find_captions
from seekpoint.indexer.sources.recordings.transcription import check_installed
from seekpoint.indexer.transcript.embedding import Embedder, embed_questions, reembed
from seekpoint.indexer.vocabulary.dictionary import BilingualDictionaries, Pair, read_glossary


@dataclass(frozen=True, slots=True)
class Report:
    """The result of a build, and the states of its lists' resources; it took `seconds`.

    `given_up` is the number of resources whose transcripts were damaged, and which it couldn't index again, `unlisted`
    that of those in the library that no list names. `outdated` are the ids of the lists' resources that are indexed as
    their sources were earlier.
    """

    entries: int
    states: dict[State, int]
    updated: int = 0
    embedded: int = 0
    removed: int = 0
    seconds: float = 0.0
    sections: tuple[Section, ...] = ()
    given_up: int = 0
    unlisted: int = 0
    outdated: tuple[str, ...] = ()

    @property
    def resources(self) -> int:
        """The number of distinct resources, including those in playlists."""
        return sum(self.states.values())


@dataclass(frozen=True, slots=True)
class DryRunReport:
    """The number of resources per step, and those that are `refused`, with their reasons.

    `requests` counts those for videos only; a playlist takes one per 100 entries. `closed_until` is when a block by
    YouTube ends, in Unix seconds, or 0. `remarks` are those of the lists. `waits` are the seconds that the pace between
    requests to the same host takes.
    """

    resources: int
    steps: dict[Step, int]
    playlists: int
    requests: int
    closed_until: float
    remarks: tuple[str, ...] = ()
    waits: float = 0.0
    refused: tuple[ResourceStatus, ...] = ()


def build(
    options: BuildOptions,
    library: Address,
    sources: Sources,
    *,
    encoder: Encoder | None = None,
    events: BuildEvents | None = None,
    clock: Clock = time.time,
) -> Report:
    """Update the library at `library` to the lists; raises UsageError, SourceError, ModelError or LibraryError.

    A build that meets damage which the next one would mend begins again.
    """
    started = time.monotonic()
    if options.whisper:
        check_installed()
    events = events or BuildEvents()
    lost: set[str] = set()
    try:
        report = _update(options, library, sources, encoder, events, clock, lost)
    except DamagedLibrary as error:
        if not error.is_mendable:
            raise
        events.say("the library is damaged: the build begins again, to mend what it can")
        report = _update(options, library, sources, encoder, events, clock, lost)
    embed_questions(library, encoder, events.say)
    return replace(report, seconds=time.monotonic() - started)


def _update(
    options: BuildOptions,
    library: Address,
    sources: Sources,
    encoder: Encoder | None,
    events: BuildEvents,
    clock: Clock,
    lost: set[str],
) -> Report:
    """Build once. `lost` gets the ids of the resources whose transcripts are given up since they are damaged."""
    lists = read_lists(options, library, sources.web, events.say)
    caption_files = caption_files_of(options, lists)
    glossary = read_glossary(options.glossary) if options.glossary else None
    is_new = not library_exists(library)
    loaded = encoder or (load_encoder(options.model, events.say) if is_new else None)
    with open_writer(library, loaded.card if loaded and is_new else None, events.say) as writer:
        lazy_encoder = _encoder(writer, options, loaded, events.say)
        own = encoder if encoder and encoder.card == writer.card else None
        lost.update(writer.mend(Embedder(writer, LazyEncoder(writer.card, own), events).embed))
        lists = _named(lists, options.named_by, writer)
        reembedded = reembed(writer, lazy_encoder.get(), events) if options.reembed else 0
        if not options.reembed and (card := writer.unfinished_successor()):
            goes_on = f"--model {card.name} --reembed goes on with it"
            events.say(f"embedding all again for {card.name} isn't complete: {goes_on}")
        run = Run(writer, lazy_encoder, sources, events, clock, options)
        resources = _run_all(writer, lists, run, run.planner({}, caption_files))
        removed = _prune(writer, lists, events.say) if options.prune else 0
        unlisted = [path.name for name, paths in caption_files.items() if name not in resources for path in paths]
        if options.captions and unlisted:  # no error, but an id may be misspelt
            count = counted(len(unlisted), "caption file") + (" are" if len(unlisted) > 1 else " is")
            events.say(f"{options.captions}: {count} of videos that the lists don't name, such as {unlisted[0]}")
        if options.translate:
            keep_translations(writer, glossary)
        if encoder is None:
            calibrate(writer, lazy_encoder)
            find_question_engine(writer, lazy_encoder)
        report = _report(writer, lists, options, lost)
    return replace(report, updated=run.updated, embedded=run.embedded + reembedded, removed=removed)


def _report(writer: Writer, lists: Sequence[ReadingList], options: BuildOptions, lost: set[str]) -> Report:
    """Count the resources of the lists by their states."""
    standings, stored = writer.standings(), writer.sections()
    listed = {reading_list.source for reading_list in lists}
    sections = tuple(section for section in stored if section.source in listed)
    others = Section("", (), {key: standings[key].state for key in options.stored if key in standings})
    whole = union([*sections, others])
    states = whole.states
    return Report(
        entries=sum(reading_list.entries for reading_list in lists) + len(others.entries),
        states={state: states[state] for state in State},
        sections=sections,
        given_up=sum(key not in standings or not standings[key].is_indexed for key in lost),
        unlisted=len(union(section for section in stored if not section.source).entries),
        outdated=tuple(key for key in whole.entries if (one := standings.get(key)) and one.is_indexed and one.reason),
    )


def read_lists(options: BuildOptions, library: Address, web: Web, say: Callable[[str], None]) -> list[ReadingList]:
    """Read the sources of a build, and say the remarks on them; raises SourceError."""
    lists = [read_source(source, web, is_trusted=not is_added_list(source, library)) for source in options.sources]
    for remark in (remark for listed in lists for remark in listed.remarks):
        say(remark)
    return lists


def caption_files_of(options: BuildOptions, lists: Sequence[ReadingList]) -> dict[str, tuple[Path, ...]]:
    """Caption files by video id, from --captions and from lists that are folders."""
    caption_files = {} if options.captions is None else find_captions(options.captions)
    for listed in lists:
        if listed.folder and any(resource.kind is Kind.VIDEO for resource in listed.resources):
            caption_files = find_captions(listed.folder) | caption_files
    return caption_files


def _named(lists: Sequence[ReadingList], named_by: NamedBy, writer: Writer) -> list[ReadingList]:
    """The lists with who names them: the owner in this request, or whoever did so first; an import doesn't count."""
    known = () if named_by is NamedBy.OWNER else writer.sections()
    first = {section.source: section.named_by for section in known if section.named_by is not NamedBy.IMPORT}
    return [replace(listed, named_by=first.get(listed.source, named_by)) for listed in lists]


def _encoder(writer: Writer, options: BuildOptions, encoder: Encoder | None, say: Callable[[str], None]) -> LazyEncoder:
    """The model to embed with, the library's unless all is embedded again; raises ModelMismatch or ModelError."""
    if options.reembed:
        encoder = encoder or load_encoder(options.model or writer.card.name, say)
        return LazyEncoder(encoder.card, encoder)
    if encoder:
        check_model(writer.card, encoder.card)
    elif options.model and model_name(options.model) != writer.card.name:
        raise other_model(writer.card, options.model)
    return LazyEncoder(writer.card, encoder)


def _run_all(writer: Writer, lists: Sequence[ReadingList], run: Run, planner: Planner) -> dict[str, Resource]:
    """Run the jobs of all resources, then those of the ones that some turned out to be; returns all by id."""
    requested: set[str] = set()
    tried: set[str] = set()
    changes_before = -1
    while (changes := len(run.ends | run.listed) + run.shown.changes) > changes_before:
        changes_before = changes
        requested |= run.listed
        resources, planner = list_playlists(writer, lists, run, planner, requested)
        if stored := planner.options.stored:
            resources |= {status.id: status.resource for status in writer.statuses([*stored, *run.ends])}
        tried -= run.due_again
        run.due_again.clear()
        new = (resource for resource in resources.values() if resource.id not in tried)
        run.all(planner.jobs(resource for resource in new if resource.kind is not Kind.PLAYLIST))
        tried |= resources.keys()
    return resources


def list_playlists(
    writer: Writer, lists: Sequence[ReadingList], run: Run, planner: Planner, requested: set[str]
) -> tuple[dict[str, Resource], Planner]:
    """List all playlists but those `requested` before, and register the resources.

    Returns the resources by id, and a planner of their jobs.
    """
    while True:
        playlists = writer.playlists()
        resources: dict[str, Resource] = {}
        for listed in run.shown.applied(run.aliases.applied(lists)):
            expanded = expand_playlists(listed.resources, playlists)
            writer.register(listed.source, expanded, listed.named_by)
            resources |= {resource.id: resource for resource in expanded}
        private = run.aliases.private(lists)
        private |= run.shown.private(private)
        planner = replace(planner, standings=writer.standings(), private=private)
        unrequested = [
            resource
            for resource in resources.values()
            if resource.kind is Kind.PLAYLIST and resource.id not in requested
        ]
        if not unrequested:
            return resources, replace(planner, faults=unavailable_entries(playlists))
        for playlist in unrequested:
            requested.add(playlist.id)
            run.list_playlist(planner.plan(playlist))


def _prune(writer: Writer, lists: Sequence[ReadingList], say: Callable[[str], None]) -> int:
    """Remove the resources that only these lists, or lists that are gone, named; returns their number."""
    listed = [reading_list.source for reading_list in lists]
    own = dict.fromkeys(section.source for section in writer.sections() if section.named_by is not NamedBy.IMPORT)
    for source in own:
        path = Path(source)
        # A list was deleted or renamed. If its folder is missing too, a disk may just not be mounted.
        if path.is_absolute() and path.parent.is_dir() and not path.exists():
            say(f"{source} is no longer there: what it alone listed is taken out")
            writer.register(source, ())
            listed.append(source)
    return writer.remove(unlisted_by=listed)


def keep_translations(writer: Writer, glossary: Sequence[Pair] | None = None) -> None:
    """Store the translations that the library can use; a glossary is kept for later builds."""
    if glossary is not None:
        writer.put_settings(glossary=glossary)
    dictionaries = BilingualDictionaries(writer.settings.glossary)
    writer.keep_translations(dictionaries.version, dictionaries.into)


# The watch page and the player's JSON; each transcript takes one more.
_REQUESTS_BESIDE_TRANSCRIPTS = 2


def preview(options: BuildOptions, library: Address, web: Web, now: float | None = None) -> DryRunReport:
    """Plan a build without requests to YouTube and without changing the library; raises SeekpointError."""
    now = time.time() if now is None else now
    remarks: list[str] = []
    lists = read_lists(options, library, web, remarks.append)
    standings: dict[str, Standing] = {}
    playlists: dict[str, Playlist] = {}
    closed_until, is_route_new, reembeds, listed = 0.0, False, False, lists
    try:
        with open_reader(library) as reader:
            standings, playlists = reader.standings(), reader.playlists()
            listed = ShownVideos.stored(reader).applied(Aliases.stored(reader, now).applied(lists))
            backoffs = stored_backoffs(reader, now)
            closed_until = backoffs.get(web.route, OPEN).until
            is_route_new = is_new_route(backoffs, web.route, now)
            reembeds = options.reembed and model_name(options.model or reader.card.name) != reader.card.name
    except LibraryNotFound:
        check_vacant(library)
    expanded = (resource for each in listed for resource in expand_playlists(each.resources, playlists))
    resources = {resource.id: resource for resource in expanded}
    faults = unavailable_entries(playlists)
    caption_files = caption_files_of(options, lists)
    planner = Planner(standings, caption_files, options, now, faults, is_route_new, reembeds)
    jobs = [planner.plan(resource) for resource in resources.values()]
    steps = [job.step for job in jobs if job.resource.kind is not Kind.PLAYLIST or job.step is Step.WAIT]
    transcripts = max(len(options.languages), 1)
    return DryRunReport(
        resources=len(resources),
        steps={step: steps.count(step) for step in Step},
        playlists=sum(job.resource.kind is Kind.PLAYLIST and job.step is not Step.WAIT for job in jobs),
        requests=steps.count(Step.ASK_YOUTUBE) * (_REQUESTS_BESIDE_TRANSCRIPTS + transcripts),
        closed_until=closed_until if now < closed_until and not options.retry else 0.0,
        remarks=tuple(remarks),
        refused=tuple(
            ResourceStatus(job.resource, State.INDEXED if job.standing.is_indexed else job.state, job.reason)
            for job in jobs
            if job.step is Step.REFUSE
        ),
        waits=_waits((job.resource.url for job in jobs if job.step is Step.FETCH), options.site_pace),
    )


def _waits(urls: Iterable[str], pace: float) -> float:
    """The seconds until the last of these addresses may be asked for, one after the other, `pace` apart at a host."""
    now, due = 0.0, dict[str, float]()
    for host in (urlsplit(url).hostname or "" for url in urls):
        now = max(now, due.get(host, 0.0))
        due[host] = now + pace
    return now

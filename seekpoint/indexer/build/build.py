"""A build: read the lists, open their playlists, plan, and let the run do the rest."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Container, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from seekpoint.index.models.encoder import LazyEncoder, check_model, load_encoder, model_name, other_model
from seekpoint.index.open import library_exists, open_writer
from seekpoint.index.sections import Section, union
from seekpoint.index.store import Writer
from seekpoint.index.types import Encoder, Kind, Playlist, Resource, State
from seekpoint.indexer.build.events import BuildEvents
from seekpoint.indexer.build.planner import Choices, Planner
from seekpoint.indexer.build.reembed import reembed, say_what_is_begun
from seekpoint.indexer.build.runner import Run
from seekpoint.indexer.build.youtube_backoff import Clock, YouTubeBackoffs
from seekpoint.indexer.reading_list.parse import ReadingList, read_source
from seekpoint.indexer.reading_list.playlists import expand_playlists, faults
from seekpoint.indexer.sources import Sources
from seekpoint.indexer.sources.captions.folders import find_captions
from seekpoint.indexer.sources.recordings.transcription import check_installed
from seekpoint.indexer.vocabulary.dictionary import BilingualDictionaries
from seekpoint.indexer.vocabulary.glossary import Pair, read_glossary

_GLOSSARY = "glossary"


@dataclass(frozen=True, slots=True)
class Request:
    """What a build is asked for. `captions` is a folder of caption files, which spare asking YouTube.

    `limit` is how many videos of a channel are taken, the newest first; `None` for all. `translate` chooses the
    translations by which questions find words in another language; a `glossary` of the user's is kept for later builds.
    `reembed` embeds all that is stored again where `model` is another than the library's.
    """

    sources: Sequence[str]
    captions: Path | None = None
    choices: Choices = field(default_factory=Choices)
    model: str | None = None
    prune: bool = False
    limit: int | None = None
    translate: bool = True
    glossary: Path | None = None
    reembed: bool = False


@dataclass(frozen=True, slots=True)
class Report:
    """What a build did, and where the resources of its lists stand now. `seconds` is how long it took."""

    entries: int
    states: dict[State, int]
    updated: int
    embedded: int
    removed: int = 0
    seconds: float = 0.0
    sections: tuple[Section, ...] = ()

    @property
    def resources(self) -> int:
        """How many different resources the lists hold, those in playlists included."""
        return sum(self.states.values())


def build(
    request: Request,
    folder: Path,
    sources: Sources,
    *,
    encoder: Encoder | None = None,
    events: BuildEvents | None = None,
    clock: Clock = time.time,
) -> Report:
    """Bring the library in `folder` up to the lists; raises UsageError, SourceError, ModelError or LibraryError."""
    started = time.monotonic()
    if request.choices.whisper:
        check_installed()
    events = events or BuildEvents()
    lists = [read_source(source, sources.web) for source in request.sources]
    shelf = shelf_of(request, lists)
    glossary = read_glossary(request.glossary) if request.glossary else None
    writer, lazy_encoder = _open(folder, request, encoder, events.say)
    with writer:
        again = _reembed(request, writer, lazy_encoder, events)
        run = Run(writer, lazy_encoder, sources, events, clock, request.choices, request.limit)
        is_new_route = YouTubeBackoffs(writer).are_evaded(sources.web.route, clock())
        planner = Planner({}, shelf, request.choices, clock(), is_new_route=is_new_route)
        resources, playlists = _open_playlists(writer, lists, run, planner)
        removed = _prune(writer, lists, events.say) if request.prune else 0
        if request.captions:
            _say_what_is_not_listed(request.captions, shelf, resources, events.say)
        planner = replace(planner, standings=writer.standings(), faults=faults(playlists))
        run.all(planner.jobs(resource for resource in resources.values() if resource.kind is not Kind.PLAYLIST))
        if request.translate:
            _translate(writer, glossary)
        report = _report(writer, lists, run)
    embedded = report.embedded + again
    return replace(report, embedded=embedded, removed=removed, seconds=time.monotonic() - started)


def _report(writer: Writer, lists: Sequence[ReadingList], run: Run) -> Report:
    """What a run did, and where what the lists hold stands now."""
    sources = {listed.source for listed in lists}
    sections = tuple(section for section in writer.sections() if section.source in sources)
    states = union(sections).states
    return Report(
        entries=sum(listed.entries for listed in lists),
        states={state: states[state] for state in State},
        updated=run.updated,
        embedded=run.embedded,
        sections=sections,
    )


def resources_of(lists: Sequence[ReadingList], playlists: Mapping[str, Playlist]) -> dict[str, Resource]:
    """What the lists name and what their playlists hold, by id."""
    return {resource.id: resource for listed in lists for resource in expand_playlists(listed.resources, playlists)}


def shelf_of(request: Request, lists: Sequence[ReadingList]) -> dict[str, tuple[Path, ...]]:
    """Caption files by video id: from --captions, and from lists that are folders themselves."""
    shelf = {} if request.captions is None else find_captions(request.captions)
    for listed in lists:
        if listed.folder and any(resource.kind is Kind.VIDEO for resource in listed.resources):
            shelf = find_captions(listed.folder) | shelf
    return shelf


def _open(
    folder: Path, request: Request, encoder: Encoder | None, say: Callable[[str], None]
) -> tuple[Writer, LazyEncoder]:
    model = request.model
    if not library_exists(folder):
        encoder = encoder or load_encoder(model, say)
        return open_writer(folder, encoder.card), LazyEncoder(encoder.card, encoder)
    writer = open_writer(folder)
    try:
        if request.reembed:
            encoder = encoder or load_encoder(model or writer.card.name, say)
            return writer, LazyEncoder(encoder.card, encoder)
        if encoder:
            check_model(writer.card, encoder.card)
        elif model and model_name(model) != writer.card.name:
            raise other_model(writer.card, model)
    except BaseException:
        writer.__exit__(None, None, None)
        raise
    return writer, LazyEncoder(writer.card, encoder)


def _reembed(request: Request, writer: Writer, encoder: LazyEncoder, events: BuildEvents) -> int:
    if request.reembed:
        return reembed(writer, encoder.get(), events)
    say_what_is_begun(writer, events.say)
    return 0


def _open_playlists(
    writer: Writer, lists: Sequence[ReadingList], run: Run, planner: Planner
) -> tuple[dict[str, Resource], dict[str, Playlist]]:
    """Ask what each playlist holds, and the playlists in it; note what the lists name with all that, and give it."""
    asked: set[str] = set()
    while True:
        playlists = writer.playlists()
        named: dict[str, Resource] = {}
        for listed in lists:
            resources = expand_playlists(listed.resources, playlists)
            writer.register(listed.source, resources)
            named |= {resource.id: resource for resource in resources}
        unasked = [
            resource for resource in named.values() if resource.kind is Kind.PLAYLIST and resource.id not in asked
        ]
        if not unasked:
            return named, playlists
        planner = replace(planner, standings=writer.standings())
        for playlist in unasked:
            asked.add(playlist.id)
            run.list_playlist(planner.plan(playlist))


def _sources(writer: Writer) -> list[str]:
    """The lists that name something."""
    return list(dict.fromkeys(section.source for section in writer.sections() if section.source))


def _prune(writer: Writer, lists: Sequence[ReadingList], say: Callable[[str], None]) -> int:
    vanished = [source for source in _sources(writer) if _has_vanished(source)]
    for source in vanished:
        say(f"{source} is no longer there: what it alone listed is taken out")
        writer.register(source, ())
    gone = writer.unlisted([*(listed.source for listed in lists), *vanished])
    writer.remove(gone)
    return len(gone)


def _translate(writer: Writer, glossary: Sequence[Pair] | None) -> None:
    if glossary is not None:
        writer.put_setting(_GLOSSARY, json.dumps(glossary, ensure_ascii=False))
    kept = json.loads(writer.setting(_GLOSSARY) or "[]")
    writer.keep_translations(BilingualDictionaries([(term, translation) for term, translation in kept]))


def _has_vanished(source: str) -> bool:
    """Whether a list was deleted or renamed. Where its folder is missing too, a disk may not be mounted."""
    path = Path(source)
    return path.is_absolute() and path.parent.is_dir() and not path.exists()


def _say_what_is_not_listed(
    captions: Path, shelf: Mapping[str, Sequence[Path]], known: Container[str], say: Callable[[str], None]
) -> None:
    """Files in the folder of captions whose videos no list names are no fault, but may be a misspelt id."""
    strange = [path.name for video_id, paths in shelf.items() if video_id not in known for path in paths]
    if strange:
        count = f"{len(strange)} caption files are" if len(strange) > 1 else "1 caption file is"
        say(f"{captions}: {count} of videos that the lists don't name, such as {strange[0]}")

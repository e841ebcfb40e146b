"""Plans the next step of each resource, before anything is fetched."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum, auto
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

from seekpoint.index.reasons import Reason
from seekpoint.index.types import Kind, Resource, Standing, State
from seekpoint.indexer.build_options import BuildOptions
from seekpoint.indexer.fetch.retries import DAY, MONTH
from seekpoint.indexer.reading_list.addresses import local_path
from seekpoint.indexer.reading_list.parser import NOWHERE
from seekpoint.indexer.sources.captions.folders import CaptionFolders, Selection, language_of, select
from seekpoint.indexer.sources.provenance import (
    FromListing,
    FromPage,
    FromSpeech,
    FromYouTube,
    Provenance,
    decode,
    too_large,
    version_of,
)

# Seconds after which a page is checked for changes.
_PAGE_LIFETIME = DAY
_READABLE = ("http", "https", "file")


@dataclass(frozen=True, slots=True)
class Job:
    """A resource with its next step, the provenance of its transcripts, and the state it gets if it is refused.

    `spare` are further caption files in the languages of `captions`. The provenance of a page is the indexed version;
    `private` says whether it may be in a private network.
    """

    resource: Resource
    step: Step
    standing: Standing
    captions: tuple[Path, ...] = ()
    spare: tuple[Path, ...] = ()
    provenance: Provenance | None = None
    state: State = State.DEFERRED
    reason: Reason | None = None
    private: bool = False


@dataclass(frozen=True, slots=True)
class Planner:
    """Plans the jobs of resources.

    `caption_files` and `faults`, the reasons for entries missing from playlists, are by resource id. `now` is in Unix
    seconds. With `is_new_route`, deferred requests are sent at once, because the block was on another route. With
    `reembeds`, stored transcripts are embedded again. `private` holds the ids of the resources that may be in a private
    network.
    """

    standings: Mapping[str, Standing]
    caption_files: Mapping[str, tuple[Path, ...]]
    options: BuildOptions
    now: float
    faults: Mapping[str, Reason] = field(default_factory=dict)
    is_new_route: bool = False
    reembeds: bool = False
    private: Container[str] = frozenset()
    _folders: CaptionFolders = field(default_factory=CaptionFolders)

    def jobs(self, resources: Iterable[Resource]) -> list[Job]:
        """The jobs in order: new resources as listed, then those to retry, the longest overdue first."""
        jobs = [self.plan(resource) for resource in resources]
        return sorted(jobs, key=lambda job: job.standing.retry_after or 0.0)

    def plan(self, resource: Resource) -> Job:
        """The job of a resource; an indexed one is embedded again if there is nothing else to do."""
        job = self._plan(resource)
        is_due = self.reembeds and job.standing.is_indexed
        if is_due and job.step in (Step.NOTHING, Step.WAIT):
            return replace(job, step=Step.EMBED_AGAIN)
        return job

    def _plan(self, resource: Resource) -> Job:
        standing = self.standings.get(resource.id, Standing(State.PENDING))
        captions = self.caption_files.get(resource.id, ())
        if resource.kind is Kind.RECORDING:
            return self._plan_recording(resource, standing)
        if selection := select(captions, self.options.languages):
            return self._plan_captions(resource, standing, selection)
        if fault := self.faults.get(resource.id):
            return replace(_refuse(resource, standing, State.UNAVAILABLE, fault), provenance=FromListing())
        if resource.kind is Kind.VIDEO:
            return self._plan_video(resource, standing)
        if resource.kind is Kind.PLAYLIST:
            return Job(resource, self._when_due(standing, Step.ASK_YOUTUBE), standing)
        return self._plan_text(resource, standing)

    def _plan_video(self, resource: Resource, standing: Standing) -> Job:
        wanted = FromYouTube(self.options.languages)
        speech = FromSpeech(self.options.whisper) if self.options.whisper else None
        tried = _tried(decode(standing.inputs), wanted, speech)
        is_due = self._when_due(standing, Step.ASK_YOUTUBE) is not Step.WAIT
        rule = decide(standing.state, tried, bool(wanted.languages), bool(speech), is_due, self.options.retry)
        provenance = speech if rule.step is Step.TRANSCRIBE else wanted
        return Job(resource, rule.step, standing, provenance=provenance)

    def _plan_recording(self, resource: Resource, standing: Standing) -> Job:
        path = local_path(resource.url)
        if captions := self._folders.beside(path):
            if selection := select(captions, self.options.languages):
                return self._plan_captions(resource, standing, selection)
            return _refuse(resource, standing, State.NO_TRANSCRIPT, _other_languages(captions, self.options))
        if not path.exists():
            return _refuse(resource, standing, State.UNAVAILABLE, _missing(path))
        if self.options.whisper:
            heard = FromSpeech(self.options.whisper, _identity(path))
            return Job(resource, self._unless_done(standing, heard, Step.TRANSCRIBE), standing, provenance=heard)
        names = f"{path.stem}.LANGUAGE.vtt (.srt, .json3, …)"
        reason = Reason("no_captions_beside", names=names, folder=path.parent)
        return _refuse(resource, standing, State.NO_TRANSCRIPT, reason)

    def _plan_captions(self, resource: Resource, standing: Standing, selection: Selection) -> Job:
        stored = decode(standing.inputs)
        read = version_of("files", (*selection.chosen, *selection.spare), stored, self.now)
        done = standing.is_indexed and stored == read
        return Job(resource, Step.NOTHING if done else Step.READ_CAPTIONS, standing, *selection, read)

    def _plan_text(self, resource: Resource, standing: Standing) -> Job:
        if reason := _why_unread(resource):
            return _refuse(resource, standing, State.UNAVAILABLE, reason)
        stored = decode(standing.inputs)
        if urlsplit(resource.url).scheme == "file":
            read = version_of("file", [local_path(resource.url)], stored, self.now)
            return Job(resource, self._unless_done(standing, read, Step.READ_TEXT), standing, provenance=read)
        page = stored if isinstance(stored, FromPage) and standing.is_indexed else None
        is_fresh = page and (page.final or (abs(self.now - page.at) < _PAGE_LIFETIME and not self.options.retry))
        step = Step.NOTHING if is_fresh else self._when_due(standing, Step.FETCH_TEXT)
        return Job(resource, step, standing, provenance=page, private=resource.id in self.private)

    def _unless_done(self, standing: Standing, provenance: Provenance, step: Step) -> Step:
        """No step if the same was tried before, even without success: the result would be the same."""
        is_same = decode(standing.inputs) == provenance and standing.state is not State.PENDING
        return Step.NOTHING if is_same and (standing.is_indexed or not self.options.retry) else step

    def _when_due(self, standing: Standing, step: Step) -> Step:
        # A later time than any wait leads to was stored by a clock that was ahead.
        longest = DAY if standing.state is State.DEFERRED else MONTH
        is_early = self.now < (standing.retry_after or self.now) <= self.now + longest
        ignores_wait = self.options.retry or (self.is_new_route and standing.state is State.DEFERRED)
        return Step.WAIT if is_early and not ignores_wait else step


def _tried(stored: Provenance | None, wanted: FromYouTube, speech: FromSpeech | None) -> Tried:
    if isinstance(stored, FromYouTube):
        return Tried.YOUTUBE if stored == wanted else Tried.OTHER_LANGUAGES
    if isinstance(stored, FromSpeech):
        return Tried.MODEL if stored == speech else Tried.OTHER_MODEL
    return Tried.ELSE


def _why_unread(resource: Resource) -> Reason | None:
    """The fault of an address or a file, as far as known without reading it."""
    try:
        address = urlsplit(resource.url)
    except ValueError:
        return Reason("no_address")
    if address.netloc == NOWHERE:
        return Reason("link_without_address")
    if address.scheme not in _READABLE:
        return Reason("scheme_unread", scheme=address.scheme)
    if address.scheme != "file":
        return None
    if address.netloc not in ("", "localhost"):
        return Reason("file_elsewhere", host=address.netloc)
    path = local_path(resource.url)
    if path.is_dir():
        return Reason("file_is_folder", path=path)
    if not path.is_file():
        return Reason("file_is_device", path=path) if path.exists() else _missing(path)
    return too_large(path)


def _identity(path: Path) -> str:
    """The size and time of a recording, which identify its version: a digest would take too long."""
    stat = path.stat()
    return f"{stat.st_size}:{stat.st_mtime_ns}"


def _other_languages(captions: Sequence[Path], options: BuildOptions) -> Reason:
    available = ", ".join(sorted(language_of(path) or "und" for path in captions))
    return Reason("no_captions_in", wanted=", ".join(options.languages), available=available)


def _missing(path: Path) -> Reason:
    if "\ufffd" in str(path):
        return Reason("file_name_unreadable", path=path)
    return Reason("file_missing", path=path)


def _refuse(resource: Resource, standing: Standing, state: State, reason: Reason) -> Job:
    """Refuse a resource, unless it is indexed: then its source may be missing only temporarily."""
    step = Step.NOTHING if standing.is_indexed else Step.REFUSE
    return Job(resource, step, standing, state=state, reason=reason)


class Step(Enum):
    """The next step of a resource."""

    NOTHING = auto()
    WAIT = auto()
    READ_CAPTIONS = auto()
    EMBED_AGAIN = auto()
    ASK_YOUTUBE = auto()
    READ_TEXT = auto()
    FETCH_TEXT = auto()
    TRANSCRIBE = auto()
    REFUSE = auto()


FROM_DISK = (Step.READ_CAPTIONS, Step.READ_TEXT)
"""Steps that read local files only."""


class Tried(Enum):
    """The origin of a video's state, compared with the options of this build."""

    YOUTUBE = auto()  # YouTube was asked for the same languages
    OTHER_LANGUAGES = auto()  # YouTube was asked for others
    MODEL = auto()  # the same speech model transcribed it
    OTHER_MODEL = auto()  # another one did, or no model is wanted now
    ELSE = auto()  # captions on disk, a playlist's entry, or nothing yet


class Rule(NamedTuple):
    """A row of the table: the values that it fits, the step, and the reason."""

    states: Container[State]
    tried: Container[Tried]
    languages: Container[bool]
    transcribe: Container[bool]
    is_due: Container[bool]
    retry: Container[bool]
    step: Step
    reason: str


_YES, _NO, _ANY = (True,), (False,), (True, False)
_INDEXED, _SILENT = (State.INDEXED,), (State.NO_TRANSCRIPT,)
_ASKED, _OTHERS, _UNASKED = (Tried.YOUTUBE,), (Tried.OTHER_LANGUAGES,), (Tried.OTHER_LANGUAGES, Tried.ELSE)
_HEARD, _LISTENED = (Tried.MODEL,), (Tried.MODEL, Tried.OTHER_MODEL)
_EACH, _TRIED = tuple(State), tuple(Tried)

# The first rule that fits decides.
# fmt: off
VIDEO_RULES = (
    #    state     tried     lang. trans. due  retry
    Rule(_INDEXED, _OTHERS,   _YES, _ANY, _YES, _ANY, Step.ASK_YOUTUBE, "it is indexed in other languages"),
    Rule(_INDEXED, _OTHERS,   _YES, _ANY, _NO,  _ANY, Step.WAIT, "it isn't yet time to ask for these languages again"),
    Rule(_INDEXED, _TRIED,    _ANY, _ANY, _ANY, _ANY, Step.NOTHING, "it is indexed"),
    Rule(_SILENT,  _LISTENED, _ANY, _NO,  _ANY, _ANY, Step.WAIT, "a speech model heard nothing in it"),
    Rule(_SILENT,  _HEARD,    _ANY, _YES, _ANY, _NO,  Step.NOTHING, "this speech model heard nothing in it"),
    Rule(_SILENT,  _LISTENED, _ANY, _YES, _ANY, _ANY, Step.TRANSCRIBE, "another try of a speech model may hear more"),
    Rule(_SILENT,  _ASKED,    _ANY, _YES, _ANY, _ANY, Step.TRANSCRIBE, "YouTube has no captions of it"),
    Rule(_SILENT,  _UNASKED,  _ANY, _ANY, _ANY, _ANY, Step.ASK_YOUTUBE, "YouTube wasn't asked for these languages"),
    Rule(_EACH,    _TRIED,    _ANY, _ANY, _YES, _ANY, Step.ASK_YOUTUBE, "it is due"),
    Rule(_EACH,    _TRIED,    _ANY, _ANY, _NO,  _ANY, Step.WAIT, "it isn't due yet"),
)
# fmt: on


def decide(state: State, tried: Tried, languages: bool, transcribe: bool, is_due: bool, retry: bool) -> Rule:
    """The first rule that fits a video without captions on disk.

    `languages`, `transcribe` and `retry`: whether the user gives these options. `is_due`: whether it needn't wait.
    """
    values = (state, tried, languages, transcribe, is_due, retry)
    return next(rule for rule in VIDEO_RULES if _fits(values, rule[:6]))


def _fits(values: Iterable[object], columns: Iterable[Container[object]]) -> bool:
    return all(value in fitting for value, fitting in zip(values, columns, strict=True))

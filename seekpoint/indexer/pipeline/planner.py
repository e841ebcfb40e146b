"""Plans the next step of each resource, before anything is fetched."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import Enum, auto
from pathlib import Path
from urllib.parse import urlsplit

from seekpoint.index.reasons import Reason
from seekpoint.index.types import NOWHERE, Kind, Resource, Standing, State
from seekpoint.indexer.build_options import BuildOptions
from seekpoint.indexer.fetch.retries import DAY, MONTH
from seekpoint.indexer.reading_list.addresses import is_unread, local_path
from seekpoint.indexer.sources.captions import CaptionFolders, Selection, language_of, select
from seekpoint.indexer.sources.provenance import (
    FromListing,
    FromPage,
    FromSpeech,
    FromSubtitles,
    FromTracks,
    Provenance,
    decode,
    too_large,
    version_of,
)
from seekpoint.indexer.sources.recordings.subtitles import (
    SUBTITLED,
    can_read_subtitles,
    has_subtitles,
    without_captions,
)

# Seconds after which a page is checked for changes.
_PAGE_LIFETIME = DAY
_READABLE = ("http", "https", "file")


class Step(Enum):
    """The next step of a resource."""

    NOTHING = auto()
    WAIT = auto()
    READ_CAPTIONS = auto()
    READ_SUBTITLES = auto()
    EMBED_AGAIN = auto()
    ASK_YOUTUBE = auto()
    READ_TEXT = auto()
    FETCH = auto()
    TRANSCRIBE = auto()
    REFUSE = auto()


FROM_DISK = (Step.READ_CAPTIONS, Step.READ_SUBTITLES, Step.READ_TEXT)
"""Steps that read local files only."""


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
        standing = self.standings.get(resource.id, Standing(State.PENDING))
        is_page_of_video = resource.kind is Kind.PAGE and isinstance(decode(standing.inputs), FromTracks | FromSpeech)
        if resource.kind is Kind.RECORDING and resource.is_local:
            job = self._plan_recording(resource, standing)
        elif selection := select(self.caption_files.get(resource.id, ()), self.options.languages):
            job = self._plan_captions(resource, standing, selection)
        elif fault := self.faults.get(resource.id):
            job = replace(_refuse(resource, standing, State.UNAVAILABLE, fault), provenance=FromListing())
        elif resource.kind.plays or is_page_of_video:
            job = self._plan_video(resource, standing)
        elif resource.kind is Kind.PLAYLIST:
            step = Step.ASK_YOUTUBE if resource.is_on_youtube else Step.FETCH
            private = resource.id in self.private
            stored = decode(standing.inputs)
            job = Job(resource, self._when_due(standing, step), standing, provenance=stored, private=private)
        else:
            job = self._plan_text(resource, standing)
        if self.reembeds and standing.is_indexed and job.step in (Step.NOTHING, Step.WAIT):
            return replace(job, step=Step.EMBED_AGAIN)
        return job

    def _plan_video(self, resource: Resource, standing: Standing) -> Job:
        """The job of a video, or a recording on the web, without captions on disk."""
        options, stored = self.options, decode(standing.inputs)
        wanted = FromTracks("youtube" if resource.is_on_youtube else "site", options.languages)
        ask = Step.ASK_YOUTUBE if resource.is_on_youtube else Step.FETCH
        speech = FromSpeech(options.whisper) if options.whisper else None
        step = self._when_due(standing, ask)
        if standing.is_indexed:
            is_like_wanted = isinstance(stored, FromTracks) and stored.kind == wanted.kind
            is_in_others = is_like_wanted and stored != wanted and wanted.languages
            has_others = resource.kind is Kind.RECORDING and isinstance(stored, FromListing)
            step = step if is_in_others or has_others else Step.NOTHING
        elif standing.state is State.NO_TRANSCRIPT:
            if isinstance(stored, FromSpeech) and not speech:
                step = Step.WAIT
            elif isinstance(stored, FromSpeech):  # it heard nothing: another model, or another try, may hear more
                step = Step.NOTHING if stored == speech and not options.retry else Step.TRANSCRIBE
            elif stored != wanted:  # it wasn't asked for in these languages
                step = ask
            elif speech:
                step = Step.TRANSCRIBE
        provenance = speech if step is Step.TRANSCRIBE else wanted
        return Job(resource, step, standing, provenance=provenance, private=resource.id in self.private)

    def _plan_recording(self, resource: Resource, standing: Standing) -> Job:
        path, options = local_path(resource.url), self.options
        if captions := self._folders.beside(path):
            if selection := select(captions, options.languages):
                return self._plan_captions(resource, standing, selection)
            available = ", ".join(sorted(language_of(path) or "und" for path in captions))
            reason = Reason("no_captions_in", wanted=", ".join(options.languages), available=available)
            return _refuse(resource, standing, State.NO_TRANSCRIPT, reason)
        if not path.exists():
            return _refuse(resource, standing, State.UNAVAILABLE, _missing(path))
        stat, stored = path.stat(), decode(standing.inputs)
        version = f"{stat.st_size}:{stat.st_mtime_ns}"  # a digest would take too long
        inside = FromSubtitles(tuple(options.languages), version)
        may_hold_subtitles = path.suffix.lower() in SUBTITLED and can_read_subtitles()
        if may_hold_subtitles:
            if stored == inside and standing.is_indexed:
                return Job(resource, Step.NOTHING, standing, provenance=inside)
            is_known = stored == inside or (isinstance(stored, FromSpeech) and stored.recording == version)
            if (not is_known or options.retry) and has_subtitles(path):
                return Job(resource, Step.READ_SUBTITLES, standing, provenance=inside)
        if options.whisper:
            heard = FromSpeech(options.whisper, version)
            return Job(resource, self._unless_done(standing, heard, Step.TRANSCRIBE), standing, provenance=heard)
        refused = _refuse(resource, standing, State.NO_TRANSCRIPT, without_captions(path))
        return replace(refused, provenance=inside) if may_hold_subtitles else refused

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
        step = Step.NOTHING if is_fresh else self._when_due(standing, Step.FETCH)
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
    if is_unread(path):
        return Reason("format_unread", format=path.suffix.lower())
    return too_large(path)


def _missing(path: Path) -> Reason:
    return Reason("file_name_unreadable" if "\ufffd" in str(path) else "file_missing", path=path)


def _refuse(resource: Resource, standing: Standing, state: State, reason: Reason) -> Job:
    """Refuse a resource. An indexed one stays, as its source may be missing only temporarily; of files that is told."""
    step = Step.REFUSE
    if standing.is_indexed:
        if not (resource.is_local and state is State.UNAVAILABLE):
            step = Step.NOTHING
        elif standing.reason == reason:
            step = Step.WAIT
    return Job(resource, step, standing, state=state, reason=reason)

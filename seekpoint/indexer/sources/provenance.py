"""The provenance of transcripts, as a library stores it: a build compares it with what it would use now."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Literal, NamedTuple, Protocol, TypeAlias

from seekpoint.file_formats import DOCUMENTS
from seekpoint.files import parsed_json, read_file
from seekpoint.index.reasons import Reason
from seekpoint.index.store import LISTED
from seekpoint.index.types import Details, Kind, Playlist, Resource, Transcript


@dataclass(frozen=True, slots=True)
class FromTracks:
    """Captions of YouTube, or of another video site, in these languages; without any, in the spoken one."""

    kind: Literal["youtube", "site"]
    languages: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class FromFiles:
    """Caption files (`files`) or a document (`file`); the stamp is of sizes and times, empty if unreliable."""

    kind: Literal["files", "file"]
    digest: str
    stamp: str = ""


@dataclass(frozen=True, slots=True)
class FromSpeech:
    """A speech model; `recording` is the size and time of a local file."""

    model: str
    recording: str = ""


@dataclass(frozen=True, slots=True)
class FromSubtitles:
    """The subtitles in a recording in these languages, or all; `recording` is the size and time of the file."""

    languages: tuple[str, ...] = ()
    recording: str = ""


@dataclass(frozen=True, slots=True)
class FromPage:
    """A web page as it was at `at`, in Unix seconds.

    `etag` and `modified` are the server's validators, `digest` covers the text. A `final` page isn't fetched again:
    papers don't change.
    """

    at: float
    digest: str
    etag: str | None = None
    modified: str | None = None
    final: bool = False

    def is_same_text(self, other: Provenance | None) -> bool:
        """Whether another version has the same text."""
        return isinstance(other, FromPage) and other.digest == self.digest


@dataclass(frozen=True, slots=True)
class FromListing:
    """A playlist: one that lists a video as unavailable, or the version of a feed.

    `etag` and `modified` are the validators of a feed, `limit` the number of its newest episodes that were listed.
    `guids` are the ids of its episodes by their guids, with digests of the addresses of their transcripts; `None` for
    one that was listed before they were kept. An episode that is from a listing has other transcripts there now.
    """

    etag: str | None = None
    modified: str | None = None
    limit: int | None = None
    guids: str | None = None


Provenance: TypeAlias = FromTracks | FromFiles | FromSpeech | FromSubtitles | FromPage | FromListing

_SPEECH = re.compile(r"(.+):(\d+:\d+|)", re.DOTALL)


def encode(provenance: Provenance | None) -> str:
    """The text that a library stores as a resource's `inputs`."""
    match provenance:
        case None:
            return ""
        case FromTracks(kind, languages):
            return f"{kind}:{','.join(languages)}"
        case FromFiles(kind, digest, stamp):
            return f"{kind}:{digest}" + (f":{stamp}" if stamp else "")
        case FromSpeech(model, recording):
            return f"transcribed:{model}:{recording}"
        case FromSubtitles(languages, recording):
            return f"subtitles:{','.join(languages)}:{recording}"
        case FromPage():
            return f"web:{json.dumps(asdict(provenance))}"
        case FromListing():
            stated = asdict(provenance)
            if provenance.guids is None:
                del stated["guids"]
            return LISTED if provenance == FromListing() else f"{LISTED}:{json.dumps(stated)}"


def decode(inputs: str | None) -> Provenance | None:
    """The provenance in a resource's `inputs`; `None` for a text that `encode` doesn't write."""
    match (inputs or "").partition(":"):
        case ("youtube" | "site") as kind, _, languages:
            return FromTracks(kind, tuple(filter(None, languages.split(","))))
        case ("files" | "file") as kind, _, digests:
            digest, _, stamp = digests.partition(":")
            return FromFiles(kind, digest, stamp)
        case "transcribed", _, model if speech := _SPEECH.fullmatch(model):
            return FromSpeech(speech[1], speech[2])
        case "subtitles", _, inside:
            languages, _, recording = inside.partition(":")
            return FromSubtitles(tuple(filter(None, languages.split(","))), recording)
        case "web", _, page:
            with suppress(ValueError, TypeError):
                match FromPage(**parsed_json(page)):
                    case FromPage(float(), str(), str() | None, str() | None, bool()) as version:
                        return version
        case "listed", _, version:
            with suppress(ValueError, TypeError):
                match FromListing(**parsed_json(version or "{}")):
                    case FromListing(str() | None, str() | None, int() | None, str() | None) as listing:
                        return listing
    return None


_MOST_BYTES = {suffix: form.most_bytes for form in DOCUMENTS for suffix in form.suffixes}
# The 9,000 words of an hour, each with its time in JSON, take about one megabyte.
_MOST_BYTES_OF_CAPTIONS = 20_000_000
# Nanoseconds. FAT stores times in steps of 2 s: a change within one step may leave the file's times as they are.
_TICK = 2_000_000_000


def version_of(
    kind: Literal["files", "file"], paths: Sequence[Path], stored: Provenance | None, now: float
) -> FromFiles:
    """The version of some files; the stored one if they haven't changed since.

    If its stamp is still the same, the files aren't read: reading ten thousand takes seconds. `now` is in Unix seconds.
    """
    known = stored if isinstance(stored, FromFiles) and stored.kind == kind else None
    stamp = _stamp(paths, now)
    if known and stamp and stamp == known.stamp:
        return known
    hashed = hashlib.blake2b(digest_size=16)
    for path in paths:
        content = None
        with suppress(OSError):  # the build reports it when it reads the file
            content = None if too_large(path) else read_file(path)
        if content is None:
            content, stamp = b"", ""
        hashed.update(f"{path.name} {len(content)} ".encode(errors="surrogatepass") + content)
    digest = hashed.hexdigest()
    return known if known and digest == known.digest else FromFiles(kind, digest, stamp)


def too_large(path: Path) -> Reason | None:
    """Why a local file isn't read: it is too large. Downloads are limited in `fetch`."""
    size, most = path.stat().st_size, _MOST_BYTES.get(path.suffix.lower(), _MOST_BYTES_OF_CAPTIONS)
    return None if size <= most else Reason("file_too_large", size=f"{size / 1e6:.0f}", most=f"{most / 1e6:.0f}")


def _stamp(paths: Sequence[Path], now: float) -> str:
    """A digest of names, sizes and times; empty if a file is missing, or so new that it may still be written.

    Besides mtime it covers ctime, which also changes when a copy brings an older mtime.
    """
    digest = hashlib.blake2b(digest_size=8)
    for path in paths:
        try:
            stat = path.stat()
        except OSError:
            return ""
        if max(stat.st_mtime_ns, stat.st_ctime_ns) > now * 1e9 - _TICK:
            return ""
        line = f"{path.name} {stat.st_size} {stat.st_mtime_ns} {stat.st_ctime_ns} "
        digest.update(line.encode(errors="surrogatepass"))
    return digest.hexdigest()


@dataclass(frozen=True, slots=True)
class FetchResult:
    """The transcripts and details of one resource.

    `kind` is set if the resource turned out to be of another kind than its address suggests. `provenance` is
    given if only fetching tells it; without transcripts it means: unchanged. `messages` are for the user.

    `end` is the resource at the address where the requested one ended, which may be the same; a video has no
    transcripts then. `is_permanent` says whether the address will always end there. `playlist` is given if the resource
    turned out to be one. `videos` are those that a page shows beside its text.
    """

    transcripts: tuple[Transcript, ...]
    details: Details = field(default_factory=Details)
    kind: Kind | None = None
    provenance: Provenance | None = None
    messages: tuple[str, ...] = ()
    end: Resource | None = None
    is_permanent: bool = True
    playlist: Playlist | None = None
    videos: tuple[Resource, ...] = ()

    @property
    def is_unchanged(self) -> bool:
        """Whether the indexed version is still the current one."""
        return not self.transcripts and self.provenance is not None


class FetchedAudio(NamedTuple):
    """The file with the sound of a resource, and the resource's details."""

    path: Path
    details: Details


@dataclass(frozen=True, slots=True)
class Listing:
    """The contents of a playlist outside YouTube; no `playlist` says that nothing has changed since the last version.

    `end` is the playlist that the address leads to for good, if that is another one. `written` are the ids of entries
    that have transcripts which they hadn't when they were listed before, each with whether they were. `messages` are
    for the user. If it `is_cut`, the entries that it had before stay.
    """

    playlist: Playlist | None
    provenance: FromListing = field(default_factory=FromListing)
    end: Resource | None = None
    written: Mapping[str, bool] = field(default_factory=dict)
    messages: tuple[str, ...] = ()
    is_cut: bool = False


class WebSource(Protocol):
    """A source of recordings or videos on the web: of their words, their sound, and the entries of playlists.

    All raise Unfetched. A resource may be in a private network if `private`.
    """

    def fetch(
        self, resource: Resource, now: float, earlier: FromPage | None = None, *, private: bool = False
    ) -> FetchResult:
        """Fetch the words of a resource, at `now` in Unix seconds; no transcripts if unchanged since `earlier`."""
        ...

    def details(self, resource: Resource, *, private: bool = False) -> Details: ...

    def sound(self, resource: Resource, folder: Path, *, private: bool = False) -> FetchedAudio:
        """Download the sound of a resource into a folder, or resume that."""
        ...

    def fetch_listing(
        self, playlist: Resource, earlier: FromListing | None = None, *, private: bool = False
    ) -> Listing: ...


class VideoSource(Protocol):
    """A source of video transcripts; raises Unfetched, or Halt if further requests would fail as well."""

    def fetch(self, video_id: str) -> FetchResult: ...

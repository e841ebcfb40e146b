"""Captions: files, their names and folders, formats by content, and the tracks of a source to take."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from os import PathLike
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

from seekpoint.file_formats import CAPTION_SUFFIXES
from seekpoint.files import read_file
from seekpoint.index.errors import SourceError, Unfetched
from seekpoint.index.reasons import Reason
from seekpoint.index.text.clean import clean
from seekpoint.index.text.language_identification import certain_language_of
from seekpoint.index.text.languages import UNKNOWN, primary
from seekpoint.index.types import Origin, State, Transcript
from seekpoint.indexer.fetch.retries import MONTH
from seekpoint.indexer.sources.caption_formats import FORMATS, parse
from seekpoint.indexer.sources.pages.charset import decoded
from seekpoint.indexer.sources.provenance import too_large
from seekpoint.indexer.sources.sandbox import sandboxed
from seekpoint.indexer.transcript.cues import spoken, tidy

AnyPath: TypeAlias = str | PathLike[str]

# ISO 639-1 and the longer codes that YouTube uses. A closed list: `Intro to Node.js.vtt` is no talk in "js".
_LANGUAGES = (
    "aa|ab|ae|af|ak|am|an|ar|as|av|ay|az|ba|be|bg|bh|bi|bm|bn|bo|br|bs|ca|ce|ch|co|cr|cs|cu|cv|cy|da|de|dv|dz|ee|el|en|"
    "eo|es|et|eu|fa|ff|fi|fj|fo|fr|fy|ga|gd|gl|gn|gu|gv|ha|he|hi|ho|hr|ht|hu|hy|hz|ia|id|ie|ig|ii|ik|in|io|is|it|iu|iw|"
    "ja|jv|ka|kg|ki|kj|kk|kl|km|kn|ko|kr|ks|ku|kv|kw|ky|la|lb|lg|li|ln|lo|lt|lu|lv|mg|mh|mi|mk|ml|mn|mo|mr|ms|mt|my|na|"
    "nb|nd|ne|ng|nl|nn|no|nr|nv|ny|oc|oj|om|or|os|pa|pi|pl|ps|pt|qu|rm|rn|ro|ru|rw|sa|sc|sd|se|sg|sh|si|sk|sl|sm|sn|so|"
    "sq|sr|ss|st|su|sv|sw|ta|te|tg|th|ti|tk|tl|tn|to|tr|ts|tt|tw|ty|ug|uk|ur|uz|ve|vi|vo|wa|wo|xh|yi|yo|za|zh|zu|"
    "ase|asf|bgc|bho|brx|ceb|chr|ckb|cmn|doi|dsb|fil|gom|gsw|haw|hmn|hsb|ilo|kha|kok|kri|lus|mai|mni|mul|nan|new|nso|"
    "pcm|pap|sat|sco|sdp|tlh|tpi|und|vro|war|wuu|yue"
)
_NAME = re.compile(
    rf"(?P<stem>.+?)(?:\.(?:transcript|cc))?(?:\.(?:a\.)?(?P<language>(?:{_LANGUAGES})(?:-[A-Za-z0-9_]+)*))?\."
    r"(?:vtt|srt|sbv|lrc|ttml|dfxp|srv[13]|json3?)",
    re.IGNORECASE | re.DOTALL,
)
# Zoom's `GMT20240101-120000_Recording_1920x1080.mp4`, beside which is `…_Recording.transcript.vtt` or `.cc.vtt`.
_ZOOM_VIEW = re.compile(r"(GMT\d{8}-\d{6}_.+?)(?:_(?:as|avo|gallery|gvo))?_\d{3,4}x\d{3,4}", re.DOTALL)
_LANGUAGE_TAG = re.compile(r"[A-Za-z]{2,3}(?:-[A-Za-z0-9]+)*")
_VIDEO_ID = re.compile(r"\[([A-Za-z0-9_-]{11})\]\Z")


def stem_of(path: AnyPath) -> str:
    """The name without language and suffix: `Any title [VIDEO_ID]` of `Any title [VIDEO_ID].LANG.vtt`."""
    stem = Path(path).stem
    named = _NAME.fullmatch(Path(path).name) or _ZOOM_VIEW.fullmatch(stem)
    return named[1] if named else stem


def language_of(path: AnyPath) -> str | None:
    """The language tag before the suffix, such as `zh-TW`."""
    named = _NAME.fullmatch(Path(path).name)
    return named["language"] if named else None


def video_id_of(path: AnyPath) -> str | None:
    """The YouTube id in brackets at the end of the stem."""
    bracket = _VIDEO_ID.search(stem_of(path))
    return bracket[1] if bracket else None


def title_of(path: AnyPath) -> str:
    """The stem without the video id."""
    return clean(_VIDEO_ID.sub("", stem_of(path)))


def is_captions(path: AnyPath) -> bool:
    """Whether a file is named like captions; a `.json` file only as `Any title [VIDEO_ID].LANG.json`."""
    suffix = Path(path).suffix.lower()
    return suffix in CAPTION_SUFFIXES or (suffix == ".json" and bool(language_of(path) and video_id_of(path)))


def find_captions(folder: Path) -> dict[str, tuple[Path, ...]]:
    """The caption files under a folder, by the video id in their names; raises SourceError if there are none."""
    if not folder.is_dir():
        raise _error(folder, "not a folder" if folder.exists() else "no such folder")

    def fail(error: OSError) -> None:
        raise _error(error.filename, Reason("captions_unreadable", error=error.strerror)) from error

    by_video: dict[str, tuple[Path, ...]] = {}
    for parent, folders, names in os.walk(folder, onerror=fail):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for path in filter(_is_caption_file, (Path(parent, name) for name in sorted(names))):
            if video_id := video_id_of(path):
                by_video[video_id] = (*by_video.get(video_id, ()), path)
    if not by_video:
        raise _error(folder, 'no file is named like "Any title [VIDEO_ID].en.vtt" (or .srt, .json3, …)')
    return by_video


class CaptionFolders:
    """An index of caption files by folder and stem; each folder is listed once."""

    def __init__(self) -> None:
        self._by_stem: dict[Path, dict[str, set[Path]]] = {}

    def beside(self, media: Path) -> tuple[Path, ...]:
        """The caption files that share folder and stem with a recording or with another caption file."""
        folder = media.parent
        if folder not in self._by_stem:
            by_stem: dict[str, set[Path]] = {}
            for path in filter(_is_caption_file, folder.iterdir() if folder.is_dir() else ()):
                for stem in (stem_of(path), path.stem):
                    by_stem.setdefault(stem, set()).add(path)
            self._by_stem[folder] = by_stem
        captions = self._by_stem[folder]
        return tuple(sorted(captions.get(stem_of(media), set()) | captions.get(media.name, set())))


class Selection(NamedTuple):
    """The caption files of a resource that are read, one a language, and the spare ones in these languages."""

    chosen: tuple[Path, ...]
    spare: tuple[Path, ...]


def select(captions: Iterable[Path], languages: Sequence[str]) -> Selection | None:
    """The files in the wanted languages, compared by primary subtag; `None` if there are none.

    WebVTT is preferred to other formats, and Zoom's transcript to its live captions. A file without a language in its
    name matches any: it isn't read for that.
    """
    wanted = {primary(tag) for tag in languages}
    tags = {path: language_of(path) for path in captions}
    matching = [path for path, tag in tags.items() if not wanted or not tag or primary(tag) in wanted]
    by_language: dict[str, Path] = {}
    for path in sorted(matching, key=lambda path: (path.suffix.lower() != ".vtt", path.stem.lower().endswith(".cc"))):
        by_language.setdefault((tags[path] or "").lower(), path)
    chosen = tuple(by_language.values())
    return Selection(chosen, tuple(path for path in matching if path not in chosen)) if chosen else None


def read_all(paths: Iterable[Path]) -> tuple[tuple[Transcript, ...], tuple[str, ...]]:
    """One transcript a language, and messages about the files that are left out; raises Unfetched if none is read.

    Files with a language in their name come first.
    """
    transcripts: dict[str, tuple[Path, Transcript]] = {}
    errors: list[Reason] = []
    left_out = []
    for path in sorted(paths, key=lambda path: language_of(path) is None):
        try:
            transcript = read_captions(path)
        except SourceError as error:
            errors.append(Reason.of(error.args[0]))
            continue
        used, _ = transcripts.setdefault(transcript.language.lower(), (path, transcript))
        if used is not path:
            left_out.append(f'captions "{path.name}": left out, "{used.name}" has the same language')
    if not transcripts:
        raise Unfetched(
            State.NO_TRANSCRIPT, errors[0] if len(errors) == 1 else Reason("several", reasons=tuple(errors))
        )
    messages = (*(f"{error}; indexed without it" for error in errors), *left_out)
    return tuple(transcript for _, transcript in transcripts.values()), messages


def read_captions(path: Path) -> Transcript:
    """Read a caption file of any format in any encoding; raises SourceError.

    Captions without a language are in that of their words, where these leave no doubt.
    """
    try:
        if reason := too_large(path):
            raise _error(path.name, reason)
        data = read_file(path)
    except OSError as error:
        raise _error(path.name, Reason("captions_unreadable", error=error.strerror)) from error
    try:
        transcript = sandboxed(parse_captions, data, path.name)
    except Unfetched as failure:
        raise _error(path.name, failure.reason) from failure
    if transcript.language != UNKNOWN:
        return transcript
    return replace(transcript, language=certain_language_of([cue.text for cue in transcript.cues]))


def parse_captions(data: bytes, name: str) -> Transcript:
    """Parse captions, in the language of the name, else of the file, else `und`; raises SourceError, which names it.

    Call it in the sandbox.
    """
    if not data.strip():
        raise _error(name, Reason("captions_empty"))
    text = re.sub(r"\r\n?", "\n", decoded(data))
    if "\0" in text and "-->" not in text:
        raise _error(name, Reason("captions_binary", formats=FORMATS))
    try:
        read, language = parse(text)
        cues = tidy(spoken(read))
    except ValueError as error:
        raise _error(name, Reason.of(error.args[0])) from error
    except RecursionError as error:
        raise _error(name, Reason("captions_too_deep")) from error
    if not cues:
        raise _error(name, Reason("captions_without_cues", formats=FORMATS))
    declared = language if _LANGUAGE_TAG.fullmatch(language) else UNKNOWN
    return Transcript(language_of(name) or declared, Origin.LOCAL, cues)


def _error(name: AnyPath, reason: str) -> SourceError:
    return SourceError(Reason("captions", name=name, reason=reason))


def _is_caption_file(path: Path) -> bool:
    return is_captions(path) and not path.name.startswith(".") and path.is_file()


@dataclass(frozen=True, slots=True, eq=False)
class Track:
    """A caption track: its language, a tag or empty, and the object or description by which its source reads it."""

    language: str
    is_generated: bool = False
    source: Any = None

    @property
    def origin(self) -> Origin:
        return Origin.GENERATED if self.is_generated else Origin.MANUAL


def choose(tracks: Sequence[Track], wanted: Sequence[str], spoken: str = "") -> list[Track]:
    """The track for each wanted language, by default for the spoken one, else the first; raises Unfetched for none.

    If `spoken` is empty, the first generated track is in the spoken language.
    """
    heard = spoken or next((track.language for track in tracks if track.is_generated), "")
    chosen = nearest(tracks, wanted or [heard] * bool(heard))
    if not chosen and (wanted or not tracks):
        raise no_track_in(wanted, (track.language or "und" for track in tracks))
    return chosen or [tracks[0]]


def nearest(tracks: Sequence[Track], languages: Iterable[str]) -> list[Track]:
    """The track nearest to each language, each once: of its own subtag, made by people, and with its very tag."""

    def distance(track: Track, language: str) -> tuple[bool, bool, bool]:
        code, exact = track.language.lower(), language.lower()
        return code.split("-")[0] != exact.split("-")[0], track.is_generated, code != exact

    chosen: dict[Track, None] = {}
    for language in languages:
        same = [track for track in tracks if primary(track.language) == primary(language)]
        if same:
            chosen[min(same, key=lambda track: distance(track, language))] = None
    return list(chosen)


def no_track_in(wanted: Sequence[str], available: Iterable[str], wait: float = MONTH) -> Unfetched:
    """The failure of a resource that has no track in the wanted languages, or none at all."""
    there = ", ".join(dict.fromkeys(map(clean, available))) or Reason("none")
    in_languages = Reason("no_track_in", wanted=", ".join(wanted), available=there)
    return Unfetched(State.NO_TRANSCRIPT, in_languages if wanted else Reason("no_track", available=there), wait)

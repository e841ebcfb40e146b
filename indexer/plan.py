"""What a build has to do for each resource, decided before anything is fetched."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import url2pathname

from index.catalogue import Standing
from index.languages import primary
from index.types import Kind, Resource, State
from indexer.sources.captions import captions_beside, language_of

_READABLE = ("http://", "https://", "file://")


class Step(Enum):
    """What is to be done for a resource."""

    NOTHING = auto()
    WAIT = auto()
    READ_CAPTIONS = auto()
    ASK_YOUTUBE = auto()
    REFUSE = auto()


@dataclass(frozen=True, slots=True)
class Job:
    """A resource with its next step, what its transcripts will be made from, and why it is refused."""

    resource: Resource
    step: Step
    standing: Standing
    captions: tuple[Path, ...] = ()
    inputs: str = ""
    state: State = State.DEFERRED
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Choices:
    """What the user asked of a build. `languages` are the wanted primary subtags, none for what is spoken."""

    languages: tuple[str, ...] = ()
    retry: bool = False


def plan(
    resource: Resource, standing: Standing, shelf: Mapping[str, tuple[Path, ...]], choices: Choices, now: float
) -> Job:
    """The job for one resource. `shelf` holds caption files by resource id; `now` is in Unix seconds."""
    captions = shelf.get(resource.id, ())
    if resource.kind is Kind.RECORDING:
        return _plan_recording(resource, standing, choices)
    if _wanted(captions, choices):
        return _plan_captions(resource, standing, captions, choices)
    if resource.kind is Kind.VIDEO:
        return _plan_video(resource, standing, choices, now)
    if resource.url.startswith("file:") and not local_path(resource.url).exists():
        return _refuse(resource, standing, State.UNAVAILABLE, _missing(local_path(resource.url)))
    if not resource.url.startswith(_READABLE):
        reason = (
            f"addresses that begin with {urlsplit(resource.url).scheme}: aren't read: give one of https:// or a file"
        )
        return _refuse(resource, standing, State.UNAVAILABLE, reason)
    return _refuse(resource, standing, State.DEFERRED, "not read yet")


def _plan_captions(resource: Resource, standing: Standing, captions: Sequence[Path], choices: Choices) -> Job:
    wanted = _wanted(captions, choices)
    if not wanted:
        here = ", ".join(sorted(language_of(path) or "und" for path in captions))
        reason = f"no captions in {', '.join(choices.languages)} (there is: {here}): widen --languages"
        return _refuse(resource, standing, State.NO_TRANSCRIPT, reason)
    inputs = f"files:{_digest(wanted)}"
    done = standing.is_indexed and standing.inputs == inputs
    return Job(resource, Step.NOTHING if done else Step.READ_CAPTIONS, standing, wanted, inputs)


def _plan_recording(resource: Resource, standing: Standing, choices: Choices) -> Job:
    path = local_path(resource.url)
    if captions := captions_beside(path):
        return _plan_captions(resource, standing, captions, choices)
    if not path.exists():
        return _refuse(resource, standing, State.UNAVAILABLE, _missing(path))
    reason = f"no captions beside it: put {path.stem}.LANGUAGE.vtt (or .srt) into {path.parent}"
    return _refuse(resource, standing, State.NO_TRANSCRIPT, reason)


def _plan_video(resource: Resource, standing: Standing, choices: Choices, now: float) -> Job:
    inputs = f"youtube:{','.join(choices.languages)}"
    made_elsewhere = not (standing.inputs or "").startswith("youtube:")
    asks_otherwise = standing.state is State.NO_TRANSCRIPT and standing.inputs != inputs
    if standing.is_indexed and (made_elsewhere or not choices.languages or standing.inputs == inputs):
        step = Step.NOTHING
    elif now < (standing.retry_after or now) and not choices.retry and not asks_otherwise:
        step = Step.WAIT
    else:
        step = Step.ASK_YOUTUBE
    return Job(resource, step, standing, inputs=inputs)


def _missing(path: Path) -> str:
    return f"there is no file {path}: correct the list or put it there"


def _refuse(resource: Resource, standing: Standing, state: State, reason: str) -> Job:
    """What is indexed stays so: its source may only be away for now."""
    step = Step.NOTHING if standing.is_indexed else Step.REFUSE
    return Job(resource, step, standing, state=state, reason=reason)


def _one_a_language(captions: Iterable[Path]) -> Iterable[Path]:
    """Of the same captions in several formats the first, WebVTT before SRT."""
    chosen: dict[str, Path] = {}
    for path in sorted(captions, key=lambda path: path.suffix.lower() != ".vtt"):
        chosen.setdefault((language_of(path) or "").lower(), path)
    return chosen.values()


def _wanted(captions: Iterable[Path], choices: Choices) -> tuple[Path, ...]:
    """The files in the wanted languages; one that doesn't say its language may be in any."""
    wanted = {primary(tag) for tag in choices.languages}
    return tuple(
        path
        for path in _one_a_language(captions)
        if not wanted or (language := language_of(path)) is None or primary(language) in wanted
    )


def _digest(paths: Iterable[Path]) -> str:
    digest = hashlib.blake2b(digest_size=16)
    for path in paths:
        data = _content(path)
        digest.update(f"{path.name} {len(data)} ".encode() + data)
    return digest.hexdigest()


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:  # the build says so when it reads the captions themselves
        return b""


def local_path(url: str) -> Path:
    """The path of a `file://` address."""
    return Path(url2pathname(urlsplit(url).path))

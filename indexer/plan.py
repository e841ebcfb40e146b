"""What a build has to do for each resource, decided before anything is fetched."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import url2pathname

from index.languages import primary
from index.types import Kind, Resource, State
from index.writer import Standing
from indexer.sources.captions import captions_beside, language_of


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
    was_indexed: bool
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
    if captions:
        return _plan_captions(resource, standing, captions, choices)
    if resource.kind is Kind.VIDEO:
        return _plan_video(resource, standing, choices, now)
    return _refuse(resource, standing, State.DEFERRED, "not read yet")


def _plan_captions(resource: Resource, standing: Standing, captions: Sequence[Path], choices: Choices) -> Job:
    wanted = tuple(path for path in captions if _is_wanted(language_of(path), choices.languages))
    if not wanted:
        here = ", ".join(sorted(language_of(path) or "und" for path in captions))
        reason = f"no captions in {', '.join(choices.languages)} (there is: {here}): widen --languages"
        return _refuse(resource, standing, State.NO_TRANSCRIPT, reason)
    inputs = f"files:{_digest(wanted)}"
    done = standing.is_indexed and standing.inputs == inputs
    return Job(resource, Step.NOTHING if done else Step.READ_CAPTIONS, standing.is_indexed, wanted, inputs)


def _plan_recording(resource: Resource, standing: Standing, choices: Choices) -> Job:
    path = local_path(resource.url)
    if captions := captions_beside(path):
        return _plan_captions(resource, standing, captions, choices)
    if not path.exists():
        return _refuse(resource, standing, State.UNAVAILABLE, f"there is no file {path}: correct the list or put it there")
    reason = f"no captions beside it: put {path.stem}.LANGUAGE.vtt (or .srt) into {path.parent}"
    return _refuse(resource, standing, State.NO_TRANSCRIPT, reason)


def _plan_video(resource: Resource, standing: Standing, choices: Choices, now: float) -> Job:
    inputs = f"youtube:{','.join(choices.languages)}"
    if standing.is_indexed:
        made_elsewhere = not (standing.inputs or "").startswith("youtube:")
        done = made_elsewhere or not choices.languages or standing.inputs == inputs
        return Job(resource, Step.NOTHING if done else Step.ASK_YOUTUBE, True, inputs=inputs)
    if standing.retry_after is not None and now < standing.retry_after and not choices.retry:
        return Job(resource, Step.WAIT, False)
    return Job(resource, Step.ASK_YOUTUBE, False, inputs=inputs)


def _refuse(resource: Resource, standing: Standing, state: State, reason: str) -> Job:
    """What is indexed stays so: its source may only be away for now."""
    step = Step.NOTHING if standing.is_indexed else Step.REFUSE
    return Job(resource, step, standing.is_indexed, state=state, reason=reason)


def _is_wanted(language: str | None, languages: Iterable[str]) -> bool:
    wanted = {primary(tag) for tag in languages}
    return not wanted or language is None or primary(language) in wanted


def _digest(paths: Iterable[Path]) -> str:
    digest = hashlib.blake2b(digest_size=16)
    for path in paths:
        data = path.read_bytes()
        digest.update(f"{path.name} {len(data)} ".encode() + data)
    return digest.hexdigest()


def local_path(url: str) -> Path:
    """The path of a `file://` address."""
    return Path(url2pathname(urlsplit(url).path))

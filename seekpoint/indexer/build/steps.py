"""The steps of resources, and the decision table that gives a video its step."""

from __future__ import annotations

from collections.abc import Container, Iterable
from enum import Enum, auto
from typing import NamedTuple

from seekpoint.index.types import State


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
    """What gave a video its state, compared with what the user wants now."""

    YOUTUBE = auto()  # YouTube was asked for the same languages
    OTHER_LANGUAGES = auto()  # YouTube was asked for others
    MODEL = auto()  # the same speech model listened to it
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

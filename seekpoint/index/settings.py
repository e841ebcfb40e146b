"""The settings that builds store in a library, each as JSON under the name of its field.

An ill-formed setting, which only a foreign library can have, counts as missing.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, fields
from typing import Any, NamedTuple, Self

from seekpoint.files import parsed_json
from seekpoint.index.text.clean import clean
from seekpoint.index.types import ModelCard, Vectors


class QuestionEngine(NamedTuple):
    """The ONNX `file` that agrees with the `model` (a fingerprint), by its name in the folder; empty if none does.

    `version` identifies the files that were looked at, or with a `file` those that are used. `prompt` and `longest` are
    as for OnnxQuestions.
    """

    model: str
    version: str
    file: str = ""
    prompt: str = ""
    longest: int | None = None


class CosineScale(NamedTuple):
    """The scale of the cosines of a `model` (a fingerprint), measured when the library had that many chunks."""

    model: str
    scale: float
    chunks: int


class QuestionVectors(NamedTuple):
    """The vectors of a `model` (a fingerprint) for kept questions, by the digests of the texts that were embedded.

    LibrarySettings, which each question reads, has them read only on demand. They leave the library with a question
    that is dropped. No archive has them: nobody could tell whether an imported vector is that of its text.
    """

    model: str
    vectors: Mapping[str, Vectors]

    @property
    def text(self) -> str:
        """The text that is stored: JSON, with each vector as base64 of float32."""
        from base64 import b64encode

        rows = {key: b64encode(vector.astype("<f4").tobytes()).decode() for key, vector in self.vectors.items()}
        return json.dumps([self.model, rows])

    @classmethod
    def of(cls, text: str | None, card: ModelCard) -> Self:
        """Those in a stored text, for a model; without those of another model, and those that no model gives."""
        from base64 import b64decode

        import numpy as np

        vectors: dict[str, Vectors] = {}
        with suppress(ValueError, TypeError, AttributeError):
            model, rows = parsed_json(text or "[]")
            for key, encoded in rows.items() if model == card.fingerprint else ():
                vector = np.frombuffer(b64decode(encoded), "<f4")
                is_unit = np.isfinite(vector).all() and abs(np.linalg.norm(vector.astype(float)) - 1) < _UNEVEN
                if is_unit and len(vector) == card.dimension:
                    vectors[key] = vector
        return cls(card.fingerprint, vectors)


LEAST_SCALE, MOST_SCALE = 0.25, 4.0
"""Scales beyond these say that the two models see nothing alike."""


MOST_CHANGES, _MOST_HEADINGS = 500, 100
"""The changes of headings that count, the last ones; and the headings of both paths of one."""

MOST_QUESTIONS = 200
"""The most questions that a library keeps: each is asked after each build."""

MOST_WORDINGS = 4
"""The most wordings beside a question: each costs as much time as the question."""


@dataclass(frozen=True, slots=True)
class LibrarySettings:
    """The settings of a library.

    `is_without_pieces` marks a library whose model gives no token vectors, of which pieces are made. `aliases` maps the
    id of an alias to the address that it stands for, the Unix second until which it does (`None`: for good), and the
    alias's own address where a list names it, else an empty string.
    `shown` are the videos that pages show beside their text: by a page's id its address, and addresses and titles.
    `backoffs` are the ends (Unix seconds) and lengths of pauses before YouTube is asked again, by route. `glossary`
    holds pairs of a term and one translation of it. `questions` are the kept ones, each with the Unix second at which
    it was kept, and `wordings` the other wordings of some of them. `headings` are the changes of headings, in their
    order: the source, the path that was changed, and its new one. `stored` gives the text that is stored under a name.
    """

    is_without_pieces: bool = False
    question_engine: QuestionEngine | None = None
    cosine_scale: CosineScale | None = None
    aliases: Mapping[str, tuple[str, float | None, str]] = field(default_factory=dict)
    shown: Mapping[str, tuple[str, tuple[tuple[str, str], ...]]] = field(default_factory=dict)
    backoffs: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    glossary: Sequence[tuple[str, str]] = ()
    questions: Sequence[tuple[str, float]] = ()
    wordings: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    headings: Sequence[tuple[str, tuple[str, ...], tuple[str, ...]]] = ()
    stored: Callable[[str], str | None] = field(default=lambda name: None, repr=False, compare=False)

    @classmethod
    def read(cls, stored: Callable[[str], str | None]) -> Self:
        """The settings, by what gives the text that is stored under a name."""
        settings: dict[str, Any] = {}
        for name in NAMES:
            text = stored(name)
            with suppress(ValueError, TypeError, AttributeError, LookupError, OverflowError):
                if text and (value := _SHAPES[name](parsed_json(text))) is not None:
                    settings[name] = value
        wordings = settings.pop("wordings", {})
        kept = {text: wordings[text] for text, _ in settings.get("questions", ()) if text in wordings}
        return cls(**settings, wordings=kept, stored=stored)

    def joined(self, theirs: Self) -> dict[str, object]:
        """The questions and wordings of both, as `put_settings` takes them.

        These settings' come last and count where both have a question; of theirs the first that there is room for stay.
        """
        own = dict(self.questions)
        more = [(text, when) for text, when in theirs.questions if text not in own][: MOST_QUESTIONS - len(own)]
        wordings = {text: theirs.wordings[text] for text, _ in more if text in theirs.wordings}
        return {"questions": [*more, *self.questions], "wordings": {**wordings, **self.wordings}}

    @property
    def listed(self) -> dict[str, tuple[str, ...]]:
        """The addresses that lists name, by the address that each of them led to."""
        named: dict[str, tuple[str, ...]] = {}
        for address, _, listed in self.aliases.values():
            url = address.removeprefix("feed:")
            if listed and listed != url:
                named[url] = (*named.get(url, ()), listed)
        return named

    def placed(self, source: str, listed: str) -> tuple[str, ...]:
        """The headings that stand for those that a source gives, a JSON array; a change holds for all below it."""
        path = tuple(parsed_json(listed))
        for changed, old, new in self.headings:
            if changed == source and path[: len(old)] == old and (old or not path):
                path = (*new, *path[len(old) :])
        return path

    def scale_of(self, card: ModelCard) -> CosineScale | None:
        """The scale of a model; `None` if it is another model's."""
        known = self.cosine_scale
        return known if known and known.model == card.fingerprint else None

    def engine_of(self, card: ModelCard) -> QuestionEngine | None:
        """The engine for the questions of a model; `None` if it is another model's."""
        known = self.question_engine
        return known if known and known.model == card.fingerprint else None

    def question_vectors(self, card: ModelCard) -> QuestionVectors:
        """The vectors of kept questions by a model that digests stored."""
        return QuestionVectors.of(self.stored(QUESTION_VECTORS), card)


NAMES = tuple(field.name for field in fields(LibrarySettings) if field.compare)
"""The names that settings are stored under."""

QUESTION_VECTORS = "question_vectors"
"""The name that QuestionVectors are stored under."""


def encoded(name: str, value: object) -> str | None:
    """The stored text of a setting; `None` for its default, which isn't stored. Raises ValueError for other names."""
    if name not in NAMES:
        raise ValueError(f"there is no setting {name}")
    return json.dumps(value, ensure_ascii=False) if value else None


def _engine(values: Any) -> QuestionEngine | None:  # noqa: ANN401 - JSON
    engine = QuestionEngine(*values)
    is_valid = all(isinstance(text, str) for text in engine[:4]) and isinstance(engine.longest, int | None)
    return engine if is_valid else None


def _scale(values: Any) -> CosineScale | None:  # noqa: ANN401 - JSON
    model, scale, chunks = values
    return CosineScale(str(model), float(scale), int(chunks)) if LEAST_SCALE <= float(scale) <= MOST_SCALE else None


# The most that the length of a model's vector differs from 1.
_UNEVEN = 0.01

_SHAPES: Mapping[str, Callable[[Any], Any]] = {
    "is_without_pieces": bool,
    "question_engine": _engine,
    "cosine_scale": _scale,
    "aliases": lambda rows: {
        name: (str(url), None if until is None else float(until), str(listed[0]) if listed else "")
        for name, (url, until, *listed) in rows.items()
    },
    "shown": lambda rows: {
        page: (str(url), tuple((str(address), str(title)) for address, title in videos))
        for page, (url, videos) in rows.items()
    },
    "backoffs": lambda rows: {route: (float(until), float(seconds)) for route, (until, seconds) in rows.items()},
    "glossary": lambda pairs: tuple((str(term), str(meaning)) for term, meaning in pairs),
    "questions": lambda pairs: tuple(
        (text, float(added)) for question, added in [*pairs][:MOST_QUESTIONS] if (text := clean(str(question)))
    ),
    "wordings": lambda rows: {
        clean(question): tuple(text for each in also if (text := clean(str(each))))[:MOST_WORDINGS]
        for question, also in rows.items()
        if isinstance(also, list)
    },
    "headings": lambda changes: tuple(
        (str(source), tuple(map(str, old)), tuple(map(str, new)))
        for source, old, new in [*changes][-MOST_CHANGES:]
        if len(old) + len(new) <= _MOST_HEADINGS
    ),
}

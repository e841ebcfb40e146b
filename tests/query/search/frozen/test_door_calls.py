"""How often a question crosses the door: a bounded number of times, whatever the library's size."""

from __future__ import annotations

from collections import Counter
from typing import cast

import pytest

from seekpoint.index.open import open_reader
from seekpoint.index.store import Reader
from seekpoint.query.search.pipeline import ask
from seekpoint.query.search.settings import AskOptions
from tests.query.search.frozen.encoder import FrozenEncoder

pytestmark = pytest.mark.slow

# The calls of a question whose moments play and whose words are known, in a library of two languages.
_ONCE = (
    *("languages", "scope", "translations", "titles", "frequencies", "candidates"),
    *("evidence", "stretches", "kept", "pieces", "statuses", "cues"),
)
_MOST, _MOST_WITH_UNKNOWN_WORDS = 15, 20


class Counted:
    """A reader that counts the calls of its methods."""

    def __init__(self, reader: Reader) -> None:
        self.calls: Counter[str] = Counter()
        self._reader = reader

    def __getattr__(self, name: str) -> object:
        found = getattr(self._reader, name)
        if callable(found):
            self.calls[name] += 1
        return found


def calls(reader: Reader, question: str, k: int = 5, *, explained: bool = False) -> Counter[str]:
    counted = Counted(reader)
    ask(question, cast("Reader", counted), FrozenEncoder(), AskOptions(k, explained=explained))
    return counted.calls


def test_no_question_makes_more_calls_than_documented(frozen: Reader) -> None:
    with open_reader(frozen.address) as reader:
        for question in ("Why must they sum to one?", "怎样才看不到未来？"):
            assert calls(reader, question) == Counter(_ONCE)
        assert calls(reader, "What goes on in parallel?", 50) == calls(reader, "What goes on in parallel?", 1)
        for question in (
            "In the Copenhagen seminar, what is the slope of Ostrowski?",
            "《苏州夜话》里柯西的误差是什么？",
            "Who saw distillation of the knowledge in a neural network?",
        ):
            found = calls(reader, question, 20, explained=True)
            assert sum(found.values()) <= (_MOST_WITH_UNKNOWN_WORDS if found["vocabulary"] else _MOST)
            assert set(found) - {"vocabulary"} == set(_ONCE)

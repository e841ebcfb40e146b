"""Queries as they are read, made by hand."""

from __future__ import annotations

from typing import cast

import numpy as np

from seekpoint.index.store import Reader
from seekpoint.index.text.terms import content_terms, has_content, terms
from seekpoint.index.types import Encoder, Language, Scope
from seekpoint.query.search.literal import QuestionSyntax
from seekpoint.query.search.question import ParsedQuestion, Query, QueryTerms, TitleMatch
from seekpoint.query.search.settings import TUNING, AskOptions

NOTHING = np.zeros(2, np.float32)
_NO_TERMS = QueryTerms([], {}, {}, {}, TitleMatch(frozenset(), ()), frozenset(), {}, (), {}, {}, {}, set())


def parsed(text: str, language: str = "en") -> ParsedQuestion:
    """A question without meaning."""
    return ParsedQuestion(text, terms(text), content_terms(text), language, NOTHING, has_content(text), NOTHING)


def query(
    text: str = "mask", language: str = "en", *, k: int = 5, is_spoken: bool = True, chunks: int = 9, **words: object
) -> Query:
    """A question to a library of so many chunks; `words` are fields of its terms, of which others are empty."""
    languages = {language: Language(chunks, NOTHING, None, 10 * chunks)} if is_spoken else {}
    looked_up = _NO_TERMS._replace(**words)  # type: ignore[arg-type]
    reader, encoder, scope = cast("Reader", None), cast("Encoder", None), cast("Scope", range(chunks))
    syntax, question, options = QuestionSyntax(text), parsed(text, language), AskOptions(k)
    return Query(syntax, question, looked_up, (), languages, 10.0, reader, encoder, scope, options, TUNING)

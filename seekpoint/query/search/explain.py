"""Explaining why a moment was found: its scores and matching words. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence, Set
from typing import TYPE_CHECKING

from seekpoint.index.text.language_tags import primary
from seekpoint.index.text.terms import fold, located_terms, terms
from seekpoint.query.answers import Explanation, Hit, Translation, Window
from seekpoint.query.search.localise import marks
from seekpoint.query.search.question import QueryTerms
from seekpoint.query.search.settings import AHEAD, AROUND, Tuning
from seekpoint.query.search.translation import TranslatedWord

if TYPE_CHECKING:
    from seekpoint.query.search.window_scores import Windows


def explain(
    hit: Hit, said: str, question: str, query: QueryTerms, covered: float, windows: Windows | None, tuning: Tuning
) -> Explanation:
    """Explain a hit: `said` is the text of its chunk, and `covered` its coverage of the question's own words."""
    language, chunk_terms = primary(hit.chunk.language), set(terms(said))
    return Explanation(
        meaning=round(hit.dense, 4),
        words=round(hit.lexical, 4),
        share=tuning.dense_share,
        stands_in=hit.lexical > covered,
        matched=_surfaces(question, query.weights.keys() & chunk_terms),
        translated=tuple(_translated(query.translated.get(language, ()), said, chunk_terms)),
        windows=tuple(_nearest(windows)) if windows else (),
        named=tuning.named if hit.chunk.resource_id in query.names.resources else 0.0,
        reranked=None if hit.fused is None else round(hit.score, 4),
    )


def _surfaces(text: str, wanted: Set[str]) -> tuple[str, ...]:
    """The wanted terms as they are written in a text, each once, ignoring case."""
    spellings: dict[str, str] = {}
    for start, stop in marks(located_terms(text, wanted)):
        spellings.setdefault(fold(text[start:stop]), text[start:stop])
    return tuple(spellings.values())


def _translated(words: Sequence[TranslatedWord], said: str, chunk_terms: Set[str]) -> Iterator[Translation]:
    """The question's words with a translation in the chunk, and that translation as it is written there."""
    for word in words:
        matched = {term for alternative in word.alternatives if chunk_terms >= set(alternative) for term in alternative}
        if matched:
            yield Translation(word.word, _surfaces(said, matched))


def _nearest(windows: Windows) -> Iterator[Window]:
    """The window ahead and the window around with the highest cosines."""
    for cosines, before, after in ((windows.ahead, 0.0, AHEAD), (windows.around, AROUND / 2, AROUND / 2)):
        best = max(range(len(cosines)), key=cosines.__getitem__)
        start = windows.starts[best]
        yield Window(max(start - before, 0.0), start + after, round(cosines[best], 4))

"""Why a moment was found, from the scores and words that found it. Pure."""

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
    """Explain a hit whose chunk says `said` and covers the question's own words so far."""
    language, here = primary(hit.chunk.language), set(terms(said))
    return Explanation(
        meaning=round(hit.dense, 4),
        words=round(hit.lexical, 4),
        share=tuning.dense_share,
        stands_in=hit.lexical > covered,
        matched=_surfaces(question, query.weights.keys() & here),
        translated=tuple(_translated(query.translated.get(language, ()), said, here)),
        windows=tuple(_nearest(windows)) if windows else (),
        named=tuning.named if hit.chunk.resource_id in query.names.resources else 0.0,
    )


def _surfaces(text: str, wanted: Set[str]) -> tuple[str, ...]:
    """How terms are written in a text, each once, be it with a capital or not."""
    written: dict[str, str] = {}
    for start, stop in marks(located_terms(text, wanted)):
        written.setdefault(fold(text[start:stop]), text[start:stop])
    return tuple(written.values())


def _translated(words: Sequence[TranslatedWord], said: str, here: Set[str]) -> Iterator[Translation]:
    """The words of which a translation is said, with what is said."""
    for word in words:
        found = {term for alternative in word.alternatives if here >= set(alternative) for term in alternative}
        if found:
            yield Translation(word.word, _surfaces(said, found))


def _nearest(windows: Windows) -> Iterator[Window]:
    """The window ahead and the one around that are nearest to the question."""
    for cosines, before, after in ((windows.ahead, 0.0, AHEAD), (windows.around, AROUND / 2, AROUND / 2)):
        best = max(range(len(cosines)), key=cosines.__getitem__)
        at = windows.starts[best]
        yield Window(max(at - before, 0.0), at + after, round(cosines[best], 4))

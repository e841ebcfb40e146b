"""From hits to moments: the second where each answer begins, what is said there, and the link."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from dataclasses import replace
from itertools import takewhile
from math import inf
from pathlib import PurePath
from typing import TYPE_CHECKING, NamedTuple

from seekpoint.index.errors import DamagedLibrary
from seekpoint.index.store import Reader
from seekpoint.index.text.chapters import begun, title_at
from seekpoint.index.text.language_tags import primary
from seekpoint.index.text.terms import Term, fold, located_terms, terms
from seekpoint.index.types import Cue, CueSpan, Details, Resource, StoredChunk
from seekpoint.query.answers import Explanation, Hit, Moment, Translation, Window
from seekpoint.query.links import link, text_link
from seekpoint.query.search.literal import Pattern, QuestionSyntax
from seekpoint.query.search.localise import QUOTE_COLUMNS, Passage, best_beginning, marks, quoted, salient
from seekpoint.query.search.question import ParsedQuestion, QueryTerms, TranslatedWord, lit_terms
from seekpoint.query.search.settings import AHEAD, AROUND, Tuning

if TYPE_CHECKING:
    from seekpoint.query.search.windows import Windows


# How many cues of a recording are read before a passage, in which its first sentence may begin, and after it, so that
# a quote from its end isn't cut off.
_BESIDE = 8
# Browsers show plain text line by line; of Markdown they show the beginning, whatever the link says.
_PLAIN, _MARKDOWN = ".txt", ".md"


class MomentContext(NamedTuple):
    """The question, the library, and what the search found beside the hits.

    The phrases of `syntax` are said in every hit. `openings` are the chunks in which hits may begin, `windows` those of
    chunks that have any, `words` how far chunks cover the question's own words, and `begins` the seconds where a
    reranker lets moments begin; all by chunk id. `more` are the numbers of moments that aren't shown, by resource.
    """

    syntax: QuestionSyntax
    question: ParsedQuestion
    terms: QueryTerms
    reader: Reader
    tuning: Tuning
    openings: Mapping[int, StoredChunk]
    windows: Mapping[int, Windows]
    words: Mapping[int, float]
    more: Mapping[str, int]
    begins: Mapping[int, float]


class _Quote(NamedTuple):
    """Where an answer begins in its passage, the cues shown from there, and the question's content terms in them."""

    passage: Passage
    begin: int
    quoted: Sequence[Cue]
    terms: Sequence[Term]

    @property
    def span(self) -> tuple[int, int]:
        """The quoted cues, as a span [first, stop) of the transcript; the first one may be quoted in part."""
        first = self.passage.position + self.passage.cue_at(self.begin)
        return first, first + len(self.quoted)


def moments(hits: Sequence[Hit], context: MomentContext, *, explained: bool) -> Iterator[Moment]:
    """A moment for each hit, in their order. Hits whose answers begin in the same place give one moment."""
    ids = [hit.chunk.resource_id for hit in hits]
    statuses = {status.id: status for status in context.reader.statuses(set(ids))}
    resources = {key: status.resource for key, status in statuses.items()}
    details = {key: status.details for key, status in statuses.items()}
    quotes = _quotes(hits, resources, details, context)
    links = _links(hits, quotes, resources, details, context)
    explanations = _explanations(hits, resources, context) if explained else [None] * len(hits)
    begun = set[tuple[int, tuple[int, int]]]()
    for hit, quote, address, why in zip(hits, quotes, links, explanations, strict=True):
        resource_id = hit.chunk.resource_id
        if (hit.chunk.transcript_id, quote.span) in begun:
            continue
        begun.add((hit.chunk.transcript_id, quote.span))
        moment = _moment(len(begun), hit, quote, resources[resource_id], details[resource_id], address)
        yield replace(moment, explanation=why, more=context.more.get(resource_id, 0))


def _quotes(
    hits: Sequence[Hit], resources: Mapping[str, Resource], details: Mapping[str, Details], context: MomentContext
) -> list[_Quote]:
    openings = [context.openings[hit.chunk.id] for hit in hits]
    plays = [resources[hit.chunk.resource_id].kind.plays for hit in hits]
    beside = 0 if context.syntax.excluded else _BESIDE  # what is excluded may be said there
    spans = [
        CueSpan(hit.chunk.transcript_id, max(opening.first - beside * spoken, 0), hit.chunk.stop + beside * spoken)
        for hit, opening, spoken in zip(hits, openings, plays, strict=True)
    ]
    quotes, marked = [], lit_terms(context.question, context.terms)
    for hit, opening, span, cues, spoken in zip(hits, openings, spans, context.reader.cues(spans), plays, strict=True):
        if len(cues) < hit.chunk.stop - span.first:
            raise DamagedLibrary(
                f"the library {context.reader.address} is damaged: {hit.chunk.resource_id} has too few cues. "
                "Run `seekpoint build SOURCE` again"
            )
        passage = Passage(cues, span.first, opening.first - span.first, hit.chunk.stop - span.first, plays=spoken)
        quotes.append(_quote(hit.chunk, opening, passage, details[hit.chunk.resource_id], context, marked))
    return quotes


def _quote(
    chunk: StoredChunk,
    opening: StoredChunk,
    passage: Passage,
    details: Details,
    context: MomentContext,
    marked: Set[str],
) -> _Quote:
    weights = _weights(chunk, context.terms)
    chapters = begun(details.chapters, opening.start, chunk.end)
    terms = _terms_in(passage, salient(context.terms.weights).keys() | weights.keys())
    nearness = _nearness(chunk, opening, context.windows)
    within = [term for term in terms if term.start < passage.end]
    phrases = _begin_at_phrases(passage, context.syntax.phrases)
    if not phrases and chunk.id in context.begins:
        passage.begin_at(context.begins[chunk.id])
    begin = best_beginning(passage, within, weights, chapters, nearness, context.tuning.reach)
    shown = quoted(passage.cues_from(begin))
    stop = begin + sum(len(cue.text) + 1 for cue in shown)
    lit = [term for term in terms if begin <= term.start < stop and term.text in marked]
    lit += [Term("", start, min(end, stop - 1)) for start, end in phrases if begin <= start < stop]
    return _Quote(passage, begin, shown, sorted(lit, key=lambda term: term.start))


def _terms_in(passage: Passage, wanted: Set[str]) -> list[Term]:
    """The wanted terms from the first place where the answer may begin to the last one that a quote may show."""
    first, stop = passage.beginnings[0], passage.end + QUOTE_COLUMNS
    located = located_terms(passage.text[first : passage.end_of_cue_at(stop)], wanted)
    return [Term(term.text, first + term.start, first + term.stop) for term in located]


def _begin_at_phrases(passage: Passage, phrases: Sequence[Pattern]) -> list[tuple[int, int]]:
    """Let an answer begin only where a phrase is said, if there are phrases; returns the spans of these."""
    found = [span for phrase in phrases for span in phrase.spans(passage.text)]
    spans = [span for span in found if passage.beginnings[0] <= span[0] < passage.end]
    begins = {_beginning_of(span, passage) for span in spans}
    passage.beginnings = sorted(begins) or passage.beginnings
    return spans


def _beginning_of(span: tuple[int, int], passage: Passage) -> int:
    """The beginning of the sentence in which a span stands, or of its cue if the quote would end before it does."""
    begin = passage.beginnings[bisect_right(passage.beginnings, span[0]) - 1]
    shown = quoted(passage.cues_from(begin))
    is_shown = span[1] < begin + sum(len(cue.text) + 1 for cue in shown)
    return begin if is_shown else passage.offset_of(span[0])


def _weights(chunk: StoredChunk, terms: QueryTerms) -> dict[str, float]:
    """The weights of the terms that tell where in a chunk the answer is, translations among them."""
    names = terms.name_terms if chunk.resource_id in terms.names.resources else frozenset()
    own = {term: weight for term, weight in terms.weights.items() if term not in names}
    return {**salient(own), **terms.translation_weights.get(primary(chunk.language), {})}


def _nearness(
    chunk: StoredChunk, opening: StoredChunk, windows: Mapping[int, Windows]
) -> Callable[[float], float] | None:
    """The cosine of the window from a second on, in the chunk or before it; `None` where there are no windows."""
    if chunk.id not in windows or opening.id not in windows:
        return None
    return lambda second: windows[(opening if second < chunk.start else chunk).id].ahead_at(second)


def _moment(rank: int, hit: Hit, quote: _Quote, resource: Resource, details: Details, address: str) -> Moment:
    last = _duration(details)
    start = min(quote.quoted[0].start, last)
    plays = resource.kind.plays
    return Moment(
        rank=rank,
        score=round(hit.score, 4),
        resource=resource,
        language=hit.chunk.language,
        start=start if plays else None,
        end=min(max(hit.chunk.end, quote.quoted[-1].end), last) if plays else None,
        quote=" ".join(cue.text for cue in quote.quoted),
        link=address,
        marks=marks(quote.terms, quote.begin),
        chapter=title_at(details.chapters, start),
        page=quote.quoted[0].page,
        cues=quote.span,
    )


def _duration(details: Details) -> float:
    """Where a recording ends, in seconds; captions of another cut go on beyond it."""
    return inf if details.duration is None else details.duration


# Links


def _links(
    hits: Sequence[Hit],
    quotes: Sequence[_Quote],
    resources: Mapping[str, Resource],
    details: Mapping[str, Details],
    context: MomentContext,
) -> list[str]:
    """The link of each moment. A text fragment needs all that stands before it, which is read at once for all."""
    found = [(resources[hit.chunk.resource_id], details[hit.chunk.resource_id]) for hit in hits]
    links = [_link(quote, *described) for quote, described in zip(quotes, found, strict=True)]
    missing = [place for place, address in enumerate(links) if address is None]
    spans = [CueSpan(hits[place].chunk.transcript_id, 0, quotes[place].span[1]) for place in missing]
    for place, cues in zip(missing, context.reader.cues(spans) if spans else (), strict=True):
        links[place] = _text_link(quotes[place], cues, *found[place])
    return [address or "" for address in links]


def _link(quote: _Quote, resource: Resource, details: Details) -> str | None:
    """The link to a second, a page or a heading; `None` where the words have to be found in the text."""
    if resource.kind.plays:
        return link(resource, min(quote.quoted[0].start, _duration(details)))
    is_markdown = PurePath(resource.url).suffix.lower() == _MARKDOWN
    if quote.quoted[0].page is not None or _headings(quote, details) == len(quote.quoted) or is_markdown:
        return text_link(resource, quote.quoted[0])
    return None


def _headings(quote: _Quote, details: Details) -> int:
    """How many of the first quoted cues are headings, which may stand in a table of contents too."""
    starts = {chapter.start for chapter in details.chapters}
    return sum(1 for _ in takewhile(lambda cue: cue.start in starts, quote.quoted))


def _text_link(quote: _Quote, cues: Sequence[Cue], resource: Resource, details: Details) -> str:
    """The link that finds the first quoted words; `cues` are all up to the last quoted one."""
    from seekpoint.query.links import line_fragments, text_fragment

    fragment = line_fragments if PurePath(resource.url).suffix.lower() == _PLAIN else text_fragment
    position = len(cues) - len(quote.quoted) + _headings(quote, details)
    return text_link(resource, quote.quoted[0], fragment([cue.text for cue in cues], position))


# Explanations


def _explanations(
    hits: Sequence[Hit], resources: Mapping[str, Resource], context: MomentContext
) -> list[Explanation | None]:
    spans = [CueSpan(hit.chunk.transcript_id, hit.chunk.first, hit.chunk.stop) for hit in hits]
    return [
        _explanation(hit, cues, resources[hit.chunk.resource_id], context)
        for hit, cues in zip(hits, context.reader.cues(spans), strict=True)
    ]


def _explanation(hit: Hit, cues: Sequence[Cue], resource: Resource, context: MomentContext) -> Explanation:
    said = " ".join(cue.text for cue in cues)
    windows = context.windows.get(hit.chunk.id) if resource.kind.plays else None  # texts have no seconds
    covered = context.words.get(hit.chunk.id, 0.0)
    return explain(hit, said, context.question.text, context.terms, covered, windows, context.tuning)


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

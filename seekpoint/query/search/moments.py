"""From ranked hits to moments: the sentence where each answer begins, its second, the quote from there, the link."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from itertools import accumulate, pairwise, takewhile
from math import fsum, inf

from seekpoint.index.errors import DamagedLibrary
from seekpoint.index.text.languages import primary
from seekpoint.index.text.terms import Term, fold, located_terms, terms
from seekpoint.index.text.transcript_text import (
    CueText,
    attributed,
    begun,
    columns,
    names_before,
    rounding,
    title_at,
)
from seekpoint.index.types import Chapter, Cue, CueSpan, Filters, ResourceStatus
from seekpoint.query.answers import Explanation, Moment, Translation, Window
from seekpoint.query.links import is_found_by_words, link, quote_link
from seekpoint.query.search.literal import Pattern, texts_of
from seekpoint.query.search.question import Query
from seekpoint.query.search.ranking import Hit
from seekpoint.query.search.settings import AHEAD, AROUND, SALIENT_SHARE, TUNING

# Cues of a recording that are read before a passage, in which its first sentence may begin, and after it, so that a
# quote from its end isn't cut off.
_BESIDE = 8
# About three lines of a terminal, and one of them.
_QUOTE_COLUMNS, _LEAST_COLUMNS = 240, 80


class Passage(CueText):
    """Consecutive cues of a transcript; `text` is what they say, joined by spaces.

    The answer begins within cues [first, stop), or in the sentence that goes on there; the cues before them tell where
    that sentence begins. `position` is that of the first of all cues in the transcript. The cues of a text are
    sentences, those of a recording needn't be. `quote_from` sets `begin`, the offset at which the answer begins, and
    `quoted`, the cues that are shown from there.
    """

    begin = 0
    quoted: Sequence[Cue] = ()
    marks: tuple[tuple[int, int], ...] = ()
    """The spans of the quote that match the question."""

    def __init__(self, cues: Sequence[Cue], position: int, first: int, stop: int, *, plays: bool) -> None:
        super().__init__(cues)
        self.position = position
        self.plays = plays
        places = self.sentences(is_opening=not position) if plays else self.offsets
        last = min(stop, len(cues)) - 1  # a damaged chunk may claim more cues than its transcript has
        self.own = range(min(first, last), last + 1)
        begin = self.offsets[self.own.start]
        self.end = end = self.offsets[last] + len(cues[last].text)
        low = max(bisect_right(places, begin) - 1, 0)
        self.beginnings = places[low : max(bisect_left(places, end), low + 1)]
        """The offsets at which the answer may begin: a sentence, else what follows a pause, else any cue."""
        self.starts = [self.second_at(offset) for offset in self.beginnings]
        """The second of each beginning."""

    def begin_at_phrases(self, phrases: Sequence[Pattern]) -> list[tuple[int, int]]:
        """Let the answer begin only at sentences with a phrase, if any has one; returns the spans of the phrases.

        A cue takes the sentence's place if the quote from there would end before the phrase does.
        """
        said = [span for phrase in phrases for span in phrase.spans(self.text)]
        spans = [span for span in said if self.beginnings[0] <= span[0] < self.end]
        begins = set()
        for start, stop in spans:
            begin = self.beginnings[bisect_right(self.beginnings, start) - 1]
            begins.add(begin if stop < self.quote_from(begin) else self.offsets[self.cue_at(start)])
        if begins:
            self.beginnings = sorted(begins)
            self.starts = [self.second_at(offset) for offset in self.beginnings]
        return spans

    def quote_from(self, offset: int) -> int:
        """Let the answer begin at an offset; returns the one behind the quote.

        The quote is the longest sequence of cues of one speaker that fits into three lines; at least as many, also of
        others, as fill one line.
        """
        cues = self.cues_from(offset)
        ends = list(accumulate(columns(cue.text) + 1 for cue in cues))
        turn = sum(1 for _ in takewhile(lambda cue: cue.speaker == cues[0].speaker, cues))
        most, least = bisect_right(ends, _QUOTE_COLUMNS), bisect_left(ends, _LEAST_COLUMNS) + 1
        self.begin = offset
        self.quoted = cues[: max(min(most, turn), least)]
        return offset + sum(len(cue.text) + 1 for cue in self.quoted)

    def behind_heading(self, offset: int, headings: Set[float]) -> int:
        """The offset of what stands below the heading at an offset, in the same place: the heading is shown above."""
        number = self.cue_at(offset)
        for cue, below in pairwise(self.cues[number:]):
            if cue.start not in headings or (cue.anchor, cue.page) != (below.anchor, below.page):
                break
            number += 1
        return max(self.offsets[number], offset)

    def begin_where_spoken(self, filters: Filters) -> None:
        """Let the answer begin only where someone speaks whom the filter names: at a sentence, else at a cue."""
        for offsets in (self.beginnings, [self.offsets[number] for number in self.own]):
            if spoken := [each for each in offsets if filters.is_spoken_by(self.cues[self.cue_at(each)].speaker)]:
                self.beginnings, self.starts = spoken, [self.second_at(offset) for offset in spoken]
                return

    @property
    def quote(self) -> str:
        """What is quoted, with a name where another speaker goes on."""
        return attributed(self.quoted, self.quoted[0].speaker)

    def mark(self, terms: Iterable[Term]) -> None:
        """Mark terms in the quote."""
        shifts = [*accumulate(map(len, names_before(self.quoted, self.quoted[0].speaker)))]
        starts = [*accumulate((len(cue.text) + 1 for cue in self.quoted), initial=0)]

        def shown(offset: int) -> int:
            return offset + shifts[bisect_right(starts, offset, hi=len(shifts)) - 1]

        self.marks = tuple((shown(start), shown(stop - 1) + 1) for start, stop in marks(terms, self.begin))

    @property
    def span(self) -> tuple[int, int]:
        """The quoted cues, as a span [first, stop) of the transcript; the first one may be quoted in part."""
        first = self.position + self.cue_at(self.begin)
        return first, first + len(self.quoted)


def moments(hits: Sequence[Hit], more: Mapping[str, int], query: Query) -> Iterator[Moment]:
    """A moment for each hit, in their order; `more` is the number of further hits by resource.

    Hits whose answers begin in the same place give one moment.
    """
    statuses = {status.id: status for status in query.reader.statuses({hit.chunk.resource_id for hit in hits})}
    passages = _passages(hits, query, statuses)
    before = _read_before(hits, passages, statuses, query)
    explanations = _explanations(hits, query, statuses) if query.options.explained else [None] * len(hits)
    begun = set[tuple[int, tuple[int, int]]]()
    for number, (hit, passage, why) in enumerate(zip(hits, passages, explanations, strict=True)):
        key, place = hit.chunk.resource_id, (hit.chunk.transcript_id, passage.span)
        if place in begun:
            continue
        begun.add(place)
        resource, details = statuses[key].resource, statuses[key].details
        headings = {chapter.start for chapter in details.chapters}
        last = inf if details.duration is None else details.duration  # captions of another cut go on beyond it
        quoted, plays = passage.quoted, resource.kind.plays
        start = min(quoted[0].start, last)
        address = link(resource, start) if plays else quote_link(resource, quoted, before.get(number, ()), headings)
        yield Moment(
            rank=len(begun),
            score=round(hit.score, 4),
            resource=resource,
            language=hit.chunk.language,
            start=start if plays else None,
            end=min(max(hit.chunk.end, quoted[-1].end), last) if plays else None,
            quote=passage.quote,
            link=address,
            marks=passage.marks,
            chapter=title_at(details.chapters, start, plays=plays),
            page=quoted[0].page,
            speaker=quoted[0].speaker,
            published=details.published,
            added=statuses[key].added,
            explanation=why,
            cues=passage.span,
            more=more.get(key, 0),
        )


def _passages(hits: Sequence[Hit], query: Query, statuses: Mapping[str, ResourceStatus]) -> list[Passage]:
    """The passage of each hit, with its quote from where the answer begins."""
    spans = []
    for hit in hits:
        reads_beside = statuses[hit.chunk.resource_id].resource.kind.plays and not query.syntax.excluded
        beside = _BESIDE if reads_beside else 0  # what is excluded may be said there
        first = max((hit.opening or hit).chunk.first - beside, 0)
        spans.append(CueSpan(hit.chunk.transcript_id, first, hit.chunk.stop + beside))
    passages = []
    for hit, span, cues in zip(hits, spans, query.reader.cues(spans), strict=True):
        if len(cues) < hit.chunk.stop - span.first:
            raise DamagedLibrary(
                f"the library {query.reader.address} is damaged: {hit.chunk.resource_id} has too few cues. "
                "Run `seekpoint build SOURCE` again"
            )
        status, opening = statuses[hit.chunk.resource_id], (hit.opening or hit).chunk
        bounds = opening.first - span.first, hit.chunk.stop - span.first
        passage = Passage(cues, span.first, *bounds, plays=status.resource.kind.plays)
        _localise(passage, hit, begun(status.details.chapters, opening.start, hit.chunk.end), query)
        passages.append(passage)
    return passages


def _localise(passage: Passage, hit: Hit, chapters: Sequence[Chapter], query: Query) -> None:
    """Let a passage's answer begin at its best beginning, and find the terms and phrases that its quote marks."""
    chunk, words = hit.chunk, query.terms
    names = words.name_terms if chunk.resource_id in words.names.resources else frozenset()
    own = {term: weight for term, weight in words.weights.items() if term not in names}
    weights = {**salient(own), **words.translation_weights.get(primary(chunk.language), {})}
    wanted = salient(words.weights).keys() | weights.keys()
    # From the first beginning to the last place that a quote may show.
    first, last = passage.beginnings[0], passage.cue_at(passage.end + _QUOTE_COLUMNS)
    said = passage.text[first : passage.offsets[last] + len(passage.cues[last].text)]
    near = [Term(text, first + start, first + stop) for text, start, stop in located_terms(said, wanted)]
    within = [term for term in near if term.start < passage.end]
    phrases = passage.begin_at_phrases(query.syntax.phrases)
    if query.options.filters.speaker:
        passage.begin_where_spoken(query.options.filters)
    if not phrases and hit.begin is not None:
        last = max(bisect_right(passage.starts, hit.begin) - 1, 0)
        passage.beginnings, passage.starts = [passage.beginnings[last]], [passage.starts[last]]
    own_windows, opening_windows = hit.windows, (hit.opening or hit).windows
    nearness = None
    if own_windows and opening_windows:

        def nearness(second: float) -> float:
            windows = opening_windows if second < chunk.start else own_windows
            return windows.ahead[max(bisect_right(windows.starts, second) - 1, 0)]  # of the piece that has the second

    begin = best_beginning(passage, within, weights, chapters, nearness, query.tuning.reach)
    if not passage.plays and not phrases:
        begin = passage.behind_heading(begin, {chapter.start for chapter in chapters})
    stop = passage.quote_from(begin)
    marked = [term for term in near if begin <= term.start < stop and term.text in words.lit]
    marked += [Term("", start, min(end, stop - 1)) for start, end in phrases if begin <= start < stop]
    passage.mark(sorted(marked, key=lambda term: term.start))


def salient(weights: Mapping[str, float]) -> dict[str, float]:
    """The terms rare enough to tell where the answer is: at least SALIENT_SHARE of the heaviest term's weight."""
    least = SALIENT_SHARE * max(weights.values(), default=0.0)
    return {term: weight for term, weight in weights.items() if weight >= least}


def best_beginning(
    passage: Passage,
    said: Sequence[Term],
    weights: Mapping[str, float],
    chapters: Sequence[Chapter] = (),
    nearness: Callable[[float], float] | None = None,
    reach: float = TUNING.reach,
) -> int:
    """The offset of the beginning in a passage with the highest sum of two scores; the first one if all are equal.

    The scores are the share of the weights of the terms that are said within `reach` seconds from there on, and the
    `nearness` of its second: the cosine of what is said from that second on. `said` are the terms in the passage,
    including all that have weights. The title of a chapter counts as said where the chapter begins.
    """
    starts = passage.starts
    titles: dict[int, set[str]] = {}
    for chapter in chapters:
        first = bisect_left(starts, chapter.start - rounding(plays=passage.plays))
        matching = set(terms(chapter.title)) & weights.keys()
        if first < len(starts) and matching:
            titles[first] = titles.get(first, set()) | matching
    matches = [titles.get(number, set()) for number in range(len(starts))]
    for term in said:
        number = bisect_right(passage.beginnings, term.start) - 1
        if number >= 0 and term.text in weights:
            matches[number] = matches[number] | {term.text}
    total = fsum(weights.values()) or 1.0
    scores = []
    for first, start in enumerate(starts):
        within = set[str]()
        if matches[first]:  # else its own sentence has none of the terms
            within = within.union(*matches[first : bisect_left(starts, start + reach, lo=first)])
        # fsum is independent of the order of the set, which differs between processes.
        scores.append(fsum(weights[term] for term in within) / total + (nearness(start) if nearness else 0.0))
    # With equal scores the beginning of a chapter wins over a sentence that announces it.
    return passage.beginnings[max(range(len(starts)), key=lambda first: (scores[first], first in titles))]


def _read_before(
    hits: Sequence[Hit], passages: Sequence[Passage], statuses: Mapping[str, ResourceStatus], query: Query
) -> dict[int, Sequence[Cue]]:
    """All that stands before a quote that is linked by its words, by the number of the hit; read at once."""
    spans = {
        number: CueSpan(hit.chunk.transcript_id, 0, passage.span[0])
        for number, (hit, passage) in enumerate(zip(hits, passages, strict=True))
        if passage.span[0] and is_found_by_words(statuses[hit.chunk.resource_id].resource, passage.quoted)
    }
    return dict(zip(spans, query.reader.cues([*spans.values()]), strict=True)) if spans else {}


def marks(terms: Iterable[Term], begin: int = 0) -> tuple[tuple[int, int], ...]:
    """The spans of terms, as offsets from `begin`; spans that touch or overlap are merged."""
    spans: list[tuple[int, int]] = []
    for _, start, stop in terms:
        if spans and start - begin <= spans[-1][1]:
            spans[-1] = (spans[-1][0], max(spans[-1][1], stop - begin))
        else:
            spans.append((start - begin, stop - begin))
    return tuple(spans)


def _explanations(hits: Sequence[Hit], query: Query, statuses: Mapping[str, ResourceStatus]) -> list[Explanation]:
    explanations, words = [], query.terms
    for hit, said in zip(hits, texts_of([hit.chunk for hit in hits], query.reader), strict=True):
        of_chunk = set(terms(said))
        translated = []
        for word in words.translated.get(primary(hit.chunk.language), ()):
            if matched := {term for each in word.alternatives if of_chunk >= {*each} for term in each}:
                translated.append(Translation(word.word, _surfaces(said, matched)))
        windows, nearest, share = hit.windows, [], query.tuning.dense_share
        is_named = hit.chunk.resource_id in words.names.resources
        left = 1 - share * hit.dense - (1 - share) * hit.lexical
        if windows and statuses[hit.chunk.resource_id].resource.kind.plays:  # texts have no seconds
            for cosines, before, after in ((windows.ahead, 0.0, AHEAD), (windows.around, AROUND / 2, AROUND / 2)):
                best = max(range(len(cosines)), key=cosines.__getitem__)
                start = windows.starts[best]
                nearest.append(Window(max(start - before, 0.0), start + after, round(cosines[best], 4)))
        explanations.append(
            Explanation(
                meaning=round(hit.dense, 4),
                words=round(hit.lexical, 4),
                share=share,
                stands_in=hit.lexical > hit.said,
                matched=_surfaces(query.question.text, words.weights.keys() & of_chunk),
                translated=tuple(translated),
                windows=tuple(nearest),
                named=round(min(query.tuning.named, left), 4) if is_named else 0.0,
                verbatim=round(hit.verbatim, 4),
                noted=round(hit.noted, 4),
                answers=hit.like.question.text if hit.like else None,
                reranked=None if hit.fused is None else round(hit.score, 4),
            )
        )
    return explanations


def _surfaces(text: str, wanted: Set[str]) -> tuple[str, ...]:
    """The wanted terms as they are written in a text, each once, ignoring case."""
    spellings: dict[str, str] = {}
    for start, stop in marks(located_terms(text, wanted)):
        spellings.setdefault(fold(text[start:stop]), text[start:stop])
    return tuple(spellings.values())

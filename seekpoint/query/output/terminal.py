"""Answers as text for a terminal."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from typing import TextIO

import regex

from seekpoint.index.text.clean import clean, counted, printable
from seekpoint.index.text.languages import UNKNOWN, primary
from seekpoint.index.types import Resource
from seekpoint.query.answers import Answer, CitedSentence, Confidence, Estimate, Explanation, Moment
from seekpoint.query.links import page_label, timestamp
from seekpoint.query.output.references import byline
from seekpoint.safe_links import is_openable

_BOLD, _DIM, _RESET = "\x1b[1m", "\x1b[2m", "\x1b[0m"
_INDENT = "   "


def is_styled(stream: TextIO | None) -> bool:
    """Whether a stream is a terminal that shows bold text and links."""
    return stream is not None and stream.isatty() and os.environ.get("TERM", "").lower() not in ("dumb", "unknown")


def to_text(answer: Answer, *, styled: bool, width: int | None = None) -> str:
    """The answer for reading; `styled` with bold text and clickable links, `width` in columns."""
    blocks = [wrapped(line, width)] if (line := verdict(answer)) else []
    blocks += [list(moment_lines(moment, styled, width)) for moment in answer.moments]
    if answer.estimate:
        blocks.append(wrapped(estimate_text(answer.estimate), width))
    return "\n\n".join("\n".join(block) for block in blocks)


def sentence_text(sentence: CitedSentence, *, styled: bool) -> str:
    """A sentence of a reader, with the ranks of the moments that it cites; `styled` with clickable ones."""
    numbers = dict.fromkeys((f"[{each.moment}]", each.link if styled else "") for each in sentence.citations)
    return f"{clean(sentence.text)} {''.join(clickable(number, link) for number, link in numbers)}"


def clickable(text: str, address: str) -> str:
    """A text that opens an address; terminals that don't know the escape sequence OSC 8 show the text alone."""
    return f"\x1b]8;;{printable(address)}\x1b\\{text}\x1b]8;;\x1b\\" if is_openable(address) else text


def title_text(resource: Resource, *, styled: bool) -> str:
    """A resource's title in one line; `styled` it is bold."""
    title = clean(resource.title) or clean(resource.id)
    return f"{_BOLD}{title}{_RESET}" if styled else title


def chapter_text(title: str, *, styled: bool) -> str:
    """The line that names a chapter or heading; `styled` it is bold."""
    mark, unmark = (_BOLD, _RESET) if styled else ("*", "*")
    return f"in: {mark}{clean(title)}{unmark}"


def moment_lines(moment: Moment, styled: bool, width: int | None) -> Iterator[str]:
    """The lines of a moment: its title and place, headings, quote, link and explanation."""
    dim, reset = (_DIM, _RESET) if styled else ("", "")
    mark, unmark = (_BOLD, _RESET) if styled else ("*", "*")
    place = " · ".join(filter(None, [*positions(moment), *known_language(moment)]))
    yield from wrapped(
        f"{title_text(moment.resource, styled=styled)}  {place}".rstrip(), width, f"{moment.rank}. ", _INDENT
    )
    if by := byline(moment.resource):
        yield from wrapped(by, width, _INDENT, _INDENT)
    for path in moment.resource.sections:
        yield from wrapped(f"{dim}{heading_path(path)}{reset}", width, _INDENT, _INDENT)
    if moment.chapter:
        yield from wrapped(chapter_text(moment.chapter, styled=styled), width, _INDENT, _INDENT)
    parts = ((printable(text), is_match) for text, is_match in quote_parts(moment))
    quote = "".join(f"{mark}{text}{unmark}" if is_match else text for text, is_match in parts)
    name = f"{clean(moment.speaker)}: " if moment.speaker else ""
    yield from wrapped(f"{name}“{quote}”", width, _INDENT, f"{_INDENT} ")
    yield _INDENT + clickable(printable(moment.link), moment.link if styled else "")
    if app := moment.app_link:
        yield _INDENT + (f"\x1b]8;;{app}\x1b\\{app}\x1b]8;;\x1b\\" if styled else app)
    if moment.explanation:
        for line in explanation_lines(moment.score, moment.explanation):
            yield from wrapped(f"{dim}{line}{reset}", width, _INDENT, f"{_INDENT}  ")


def explanation_lines(score: float, explanation: Explanation) -> Iterator[str]:
    """How the score came about, and what the question and the moment have in common, a line each."""
    meaning, words, share = explanation.meaning, explanation.words, explanation.share
    named, verbatim, noted = explanation.named, explanation.verbatim, explanation.noted
    reworded = f" + {explanation.reworded:.3f} (found by another wording, too)" if explanation.reworded else ""
    if explanation.reranked is not None:
        score = share * meaning + (1 - share) * words + named + verbatim + noted
        yield f"score {explanation.reranked:.3f}, given by the reranker{reworded}"
    added = f" + {named:.3g} (the question names it)" if named else ""
    added += f" + {verbatim:.3f} (its words stand here in a row)" if verbatim else ""
    added += f" + {noted:.3f} (answers a question like it)" if noted else ""
    added += reworded if explanation.reranked is None else ""
    yield f"score {score:.3f} = {share:.2f} × meaning {meaning:.3f} + {1 - share:.2f} × words {words:.3f}{added}"
    if explanation.answers:
        yield f"answers, as noted here: {clean(explanation.answers)}"
    if explanation.stands_in:
        yield "found in another language than the question's: meaning and translations stand in for words"
    if explanation.matched:
        yield f"words said here: {clean(', '.join(explanation.matched))}"
    if explanation.translated:
        pairs = (f"{word} → {', '.join(said)}" for word, said in explanation.translated)
        yield f"said here in translation: {clean('; '.join(pairs))}"
    if explanation.windows:
        spans = (f"{timestamp(start)} to {timestamp(end)} ({cosine:.2f})" for start, end, cosine in explanation.windows)
        yield f"nearest in meaning: {', and around a place '.join(spans)}"


def estimate_text(estimate: Estimate) -> str:
    """How likely there is an answer, and that it is the first moment, and from what that is estimated."""
    return (
        f"There is an answer here with a probability of {estimate.probability:.2f}, and it is the first moment with "
        f"{estimate.right:.2f}: meaning {estimate.meaning:.3f}, rarity of the words not said "
        f"there {estimate.unsaid:.2f}, score {estimate.ahead:.3f} above the next five, of which "
        f"{estimate.together:.0%} are of the same resource."
    )


# Characters that can't begin a line, and those that can't end one, by classes of Unicode's line breaking (UAX #14).
_CLOSING = r"[\p{lb=CL}\p{lb=CP}\p{lb=EX}\p{lb=NS}\p{lb=IS}\p{lb=SY}\p{lb=IN}\p{lb=CJ}\p{Pf}—]"
_OPENING = r"[\p{lb=OP}\p{Pi}]"
_CHARACTER = r"[\p{Han}\p{Hiragana}\p{Katakana}]\p{M}*"
_BREAKABLE = rf"(\s+|{_OPENING}*{_CHARACTER}{_CLOSING}*)"
_NARROWEST = 20


def wrapped(text: str, width: int | None, first: str = "", rest: str = "") -> list[str]:
    """The lines of a text, of at most `width` columns; `first` and `rest` indent the first one and those after it.

    A wide character takes two columns. Lines also break between characters that need no spaces. A style that begins in
    a line and ends in another holds in both. Without a width it stays one line.
    """
    if width is None:
        return [first + text]
    from wcwidth import propagate_sgr
    from wcwidth.textwrap import SequenceTextWrapper

    wrapper = SequenceTextWrapper(
        max(width, _NARROWEST), initial_indent=first, subsequent_indent=rest, break_on_hyphens=False, tabsize=1
    )
    wrapper.wordsep_simple_re = regex.compile(_BREAKABLE)
    return propagate_sgr(wrapper.wrap(text)) or [first]


def verdict(answer: Answer) -> str:
    """The line above the moments: what of the question isn't there, and whether the first one answers; or nothing."""
    said = [f"Nothing here mentions {clean(word)}; searched for {clean(meant)}." for word, meant in answer.respelled]
    if answer.unknown:
        said.append(f"Nothing here mentions {clean(', '.join(answer.unknown))}.")
    if answer.missing:
        said.append(f"No passage has {_quoted_list(answer.missing, 'and')}.")
    if answer.undated:
        said.append(f"{counted(answer.undated, 'resource')} without a date left out.")
    if answer.nearer:
        said.append("Nearer passages lack what is in quotation marks: omit the quotation marks.")
    if answer.excluded and not answer.moments:
        said.append(f"All that is near has {_quoted_list(answer.excluded, 'or')}.")
    if answer.confidence is Confidence.NONE:
        said.append(f"Nothing here answers that{'; nearest:' if answer.moments else '.'}")
    elif answer.confidence is Confidence.LOW:
        said.append("One of these may answer it:")
    return " ".join(said)


def _quoted_list(texts: Sequence[str], last: str) -> str:
    """Texts of the question in quotation marks: “a”, “b” and “c”."""
    shown = [f"“{clean(text)}”" for text in texts]
    return f" {last} ".join(filter(None, [", ".join(shown[:-1]), shown[-1]]))


def positions(moment: Moment) -> Iterator[str]:
    """The moment's time (`12:34`), page (`p. 7`) or slide (`slide 7`); nothing for a place on a web page."""
    if moment.start is not None:
        yield timestamp(moment.start) or ""
    if moment.page is not None:
        yield page_label(moment.resource.kind, moment.page)


def known_language(moment: Moment) -> Iterator[str]:
    """The tag of the moment's language; nothing where that isn't known."""
    if primary(moment.language) != UNKNOWN:
        yield moment.language


def heading_path(path: tuple[str, ...]) -> str:
    """A heading path in one line."""
    return " › ".join(map(clean, path))


def quote_parts(moment: Moment) -> Iterator[tuple[str, bool]]:
    """The quote in parts, each with whether it matches the question; a part may be empty."""
    offset = 0
    for start, stop in moment.marks:
        yield moment.quote[offset:start], False
        yield moment.quote[start:stop], True
        offset = stop
    yield moment.quote[offset:], False

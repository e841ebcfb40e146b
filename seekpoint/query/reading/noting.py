"""The checks of what a language model, or an assistant, notes of a stretch of a transcript."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from math import inf
from typing import NamedTuple

import numpy as np

from seekpoint.index.models.centring import background, centred
from seekpoint.index.store import Reader
from seekpoint.index.text.clean import SENTENCE_END, clean
from seekpoint.index.text.language_identification import may_be_in
from seekpoint.index.text.languages import is_told_by_script, language_of, primary, to_embed
from seekpoint.index.text.stretches import LONGEST_SUMMARY
from seekpoint.index.text.terms import has_content, terms
from seekpoint.index.text.transcript_text import columns
from seekpoint.index.types import CandidateQuery, Chapter, Encoder, Filters, NotedQuestion, ReadStretch, Vectors
from seekpoint.query.reading.citations import ADDRESS, TAG, ends, without_markup, without_thoughts
from seekpoint.query.reading.unread_stretches import EXAMPLES, VERSION, UnreadStretch

NO_LINE, NO_MARK, OTHER_LANGUAGE = "not in the form asked for", "at no mark", "in another language"
NO_QUESTION, NO_TITLE, NO_SENTENCES, TWICE = "no question", "no title", "no plain sentences", "said twice"
ELSEWHERE, TOO_MANY, COPIED = "not about what is said there", "more than asked for", "copied from the rules"
_LONGEST_QUESTION, _MOST_TITLE_COLUMNS, _MOST_TITLES, _MOST_DROPPED = 200, 90, 4, 100
_MOST_SENTENCES = 3
_LINE = re.compile(
    r"[\[(【［]?\s?(\d{1,3})\s?[\])】］]?[\s.:：,、|)-]*"
    r"(?:(?P<title>#)[#\s]*|[\[(【]?(?P<tag>[A-Za-z]{2,3}(?:[-_][A-Za-z]{2,8})?)[\])】]?(?:\s*[:：|–-]+\s*|\s+))(?P<text>\S.*)"
)
_AROUND, _QUOTES = " \t-•·>|*_", " \"“”「」'|*_"
# A title's language, which nobody asked for, and a mark behind a question.
_TAG_BEFORE, _MARK_BEHIND = re.compile(r"^[a-z]{2}(?=\s|[:：])[:：\s]+"), re.compile(r"\s*[\[【]\d{1,3}[\]】]$")
_SENTENCE_END, _MARKUP = re.compile(SENTENCE_END), re.compile(r"[{}|\\]|\]\(|[?？]\W*\Z")
_FENCE = re.compile(r"`{3,}\w*")
_NONE = re.compile(r"\W*none\W*", re.IGNORECASE)
# Before a summary: Markdown's headings, a line in bold, a first one that announces it or stands alone, a label, and
# "This talk", against the rules.
_HEADINGS = re.compile(
    r"^[ \t]*(?:#.*|\*\*[^*\n]+\*\*)[ \t]*\n"
    r"|\A[^\n.。!！]*[:：][ *]*\n|\A[^\n.。!！]+\n\s*\n(?=[^\W\d_][^.。!！]*[.。!！])",
    re.MULTILINE,
)
_LABEL = re.compile(
    r"\A(?:summary|摘要|总结|概要|概述|简介|résumé|resumen|zusammenfassung|要約)\s*[:：]\s*", re.IGNORECASE
)
_THIS_TALK = re.compile(
    r"\A(?:in )?this (?:talk|video|lecture|text|article|paper|episode)(?: is about|,)? (?=\S)"
    r"|\A在?[本这這该該][个個段篇场場次期节節堂集]?(?:演[讲講]|[讲講]座|[视視][频頻]|影片|[课課]程?|文章|[节節]目)"
    r"[中里裡]?[，,]?(?!的)",
    re.IGNORECASE,
)
_LAST_NONE = re.compile(r"(?:\A|[.。!！])\W{0,9}none\W*\Z", re.IGNORECASE)
_LATIN = re.compile(r"[A-Za-z0-9_]+")

# benchmarks/noted_checks.py: a question's nearest chunk in its stretch has these shares of the cosine of the nearest
# chunk anywhere, and of the nearest one in its recording, and at least this cosine, where there is little else.
OF_ALL, OF_RECORDING, LEAST = 0.5, 0.65, 0.1
# The first share for a title, which says less: other parts of a recording may be nearer to it.
OF_ALL_TITLE = 0.4
# The first share and the least cosine for a summary, which is near to much of its talk. Of 57 summaries of talks in
# English and Chinese all are kept, in a library of their talk alone too; .94 of those of another talk are dropped, and
# .78 of those on bread, football or Mozart; with the limits of a question .86 and .42.
OF_ALL_SUMMARY, LEAST_SUMMARY = 0.6, 0.2
# Chunks anywhere among which the nearest one is.
_NEAREST = 8


@dataclass(frozen=True, slots=True)
class Notes:
    """The questions and titles that passed the checks, a vector for each question, and why other lines were dropped.

    `says_none` is whether the model said that nothing is answered.
    """

    questions: tuple[NotedQuestion, ...]
    titles: tuple[Chapter, ...]
    vectors: Vectors | None
    dropped: tuple[tuple[str, str], ...]
    says_none: bool

    @property
    def is_usable(self) -> bool:
        """Whether the stretch counts as read."""
        return bool(self.questions or self.titles or (self.says_none and not self.dropped))

    def as_read(self, item: UnreadStretch, reader: str, before: ReadStretch | None = None) -> ReadStretch:
        """The stretch as `reader` has read it, with what was noted `before`."""
        questions, titles, vectors = self.questions, self.titles, self.vectors
        if before:
            questions += before.questions
            rows = [each for each in (vectors, before.vectors) if each is not None]
            vectors = np.concatenate(rows) if sum(map(len, rows)) == len(questions) > 0 else None
            new = {title.start for title in titles}
            kept = [title for title in before.titles if title.start not in new]
            titles = tuple(sorted([*titles, *kept], key=lambda title: title.start))
        number, digest = item.stretch.number, item.stretch.digest
        by = f"{reader}, {VERSION}"
        return ReadStretch(item.resource.id, number, item.language, digest, by, questions, titles, vectors)


def checked(
    text: str, item: UnreadStretch, library: Reader, encoder: Encoder, before: Sequence[NotedQuestion] = ()
) -> Notes:
    """The parts of a model's text that pass the checks; lines that say what was noted `before` are dropped."""
    if item.is_whole:
        return _summarised(text, item, library, encoder)
    return _lines_noted(text, item, library, encoder, before)


def _lines_noted(
    text: str, item: UnreadStretch, library: Reader, encoder: Encoder, before: Sequence[NotedQuestion]
) -> Notes:
    marks = {mark.label: mark.start for mark in item.marks}
    questions, titles, vectors = list[NotedQuestion](), dict[str, Chapter](), list[Vectors]()
    said = {(each.language, *terms(each.text)) for each in before}
    dropped, says_none = list[tuple[str, str]](), False
    for row in "".join(without_thoughts([text])).splitlines():
        plain = clean(_FENCE.sub("", row)).replace("**", "").replace("`", "").strip(_AROUND)
        says_none = says_none or bool(_NONE.fullmatch(plain))
        if not plain or _NONE.fullmatch(plain):
            continue
        line = parsed(plain)
        reason = NO_LINE if not line else fault(line, item) or ("" if line.label in marks else NO_MARK)
        if line and not reason and line.is_title:
            is_there = is_titled(encoder.question(to_embed(line.text)), item, library)
            reason = TOO_MANY if len(titles) == _MOST_TITLES else "" if is_there else ELSEWHERE
            if not reason:
                titles.setdefault(line.label, Chapter(marks[line.label], line.text, generated=True))
        elif line and not reason:
            key = (line.language, *terms(line.text))
            if key in said:
                reason = TWICE
            elif sum(tag == line.language for tag, *_ in said) >= 2 * item.most or len(dropped) > _MOST_DROPPED:
                reason = TOO_MANY
            elif not is_answered(vector := encoder.question(to_embed(line.text)), line.language, item, library):
                reason = ELSEWHERE
            else:
                said.add(key)
                questions.append(NotedQuestion(marks[line.label], line.language, line.text))
                vectors.append(vector)
        if reason:
            dropped.append((plain, reason))
    rows = np.stack(vectors) if vectors else None
    chapters = tuple(sorted(titles.values(), key=lambda title: title.start))
    return Notes(tuple(questions), chapters, rows, tuple(dropped), says_none)


def _summarised(text: str, item: UnreadStretch, library: Reader, encoder: Encoder) -> Notes:
    """The first sentences of a model's text on a whole transcript, in the place of a title, if they pass the checks."""
    written = "\n".join(_FENCE.sub("", "".join(without_thoughts([text]))).strip().splitlines())
    rows = (_HEADINGS.sub("", f"{written}\n").strip() or written).splitlines()  # a sentence may go on in the next one
    plain = _LABEL.sub("", without_markup(" ".join(map(without_markup, rows))).strip(_QUOTES))
    if (own := _THIS_TALK.sub("", plain)) != plain:
        plain = own[:1].upper() + own[1:]
    if not plain or _LAST_NONE.search(plain):
        return Notes((), (), None, (), bool(plain))
    stops = [*(end.end() for end in _SENTENCE_END.finditer(plain) if ends(plain, end)), len(plain)]
    short = [stop for stop in stops[:_MOST_SENTENCES] if columns(plain[:stop]) <= LONGEST_SUMMARY]
    said, language, reason = plain[: max(short, default=0)], item.languages[0], ""
    if not has_content(said) or ADDRESS.search(said) or _MARKUP.search(said):
        reason = NO_SENTENCES
    elif not (_is_in(language, said) and (is_told_by_script(language) or may_be_in(language, said))):
        reason = OTHER_LANGUAGE
    elif not is_summary(encoder.question(to_embed(said)), language, item, library):
        reason = ELSEWHERE
    kept = () if reason else (Chapter(0.0, said, generated=True),)
    return Notes((), kept, None, ((plain, reason),) if reason else (), says_none=False)


class Line(NamedTuple):
    """A line in the form that is asked for: the label of a mark, a language (a primary subtag), and a text."""

    label: str
    language: str
    text: str
    is_title: bool


def parsed(plain: str) -> Line | None:
    """A line of a model's text; `None` if it has another form. A title's language is empty."""
    found = _LINE.fullmatch(plain)
    if not found:
        return None
    text = _MARK_BEHIND.sub("", TAG.sub("", found["text"])).strip(_QUOTES)
    is_title = bool(found["title"]) or text.startswith("#")
    if is_title:
        text = _TAG_BEFORE.sub("", text.lstrip("# "))
    return Line(str(int(found[1])), "" if is_title else primary(found["tag"] or ""), text, is_title)


def fault(line: Line, item: UnreadStretch) -> str:
    """Why a line can't be kept, whatever is said at its mark; empty if nothing is wrong with it."""
    language, text = line.language or item.languages[0], line.text
    if text in EXAMPLES:
        return COPIED
    if language not in item.languages or not _is_in(language, text):
        return OTHER_LANGUAGE
    is_plain = has_content(text) and not ADDRESS.search(text)
    if line.is_title:
        return "" if is_plain and columns(text) <= _MOST_TITLE_COLUMNS else NO_TITLE
    is_question = is_plain and len(text) <= _LONGEST_QUESTION and not text.endswith((".", "。", "!", "！"))
    return "" if is_question else NO_QUESTION


def _is_in(language: str, text: str) -> bool:
    """Whether a text may be in a language, by its script; Latin names in Chinese don't count."""
    if is_told_by_script(language):
        return language_of(_LATIN.sub("", text), None) == language
    return not is_told_by_script(language_of(text, None))


def is_answered(vector: Vectors, language: str, item: UnreadStretch, library: Reader) -> bool:
    """Whether a question, by its vector, may be answered in a stretch: nothing else is much nearer in meaning."""
    return _is_near(vector, language, item, library, OF_ALL, OF_RECORDING)


def is_titled(vector: Vectors, item: UnreadStretch, library: Reader) -> bool:
    """Whether a title, by its vector, may be that of a part of a stretch."""
    return _is_near(vector, item.languages[0], item, library, OF_ALL_TITLE, 0.0)


def is_summary(vector: Vectors, language: str, item: UnreadStretch, library: Reader) -> bool:
    """Whether a summary, by its vector, may be that of a whole transcript."""
    return _is_near(vector, language, item, library, OF_ALL_SUMMARY, 0.0, LEAST_SUMMARY)


def _is_near(
    vector: Vectors,
    language: str,
    item: UnreadStretch,
    library: Reader,
    of_all: float,
    of_recording: float,
    least: float = LEAST,
) -> bool:
    known = library.languages().get(language)
    mean = known.mean if known else background(library.card.name).get(language)
    question = vector if mean is None else centred(vector, mean)
    scope = library.scope(Filters(resource=item.resource.id))
    queries = CandidateQuery(question, {}, (), len(scope), scope), CandidateQuery(question, {}, (), _NEAREST)
    evidence = library.evidence(sorted({key for query in queries for key in library.candidates(query)}), question)
    first, last = item.stretch.cues[0].start, item.stretch.cues[-1].end
    there = in_recording = anywhere = -inf
    for chunk, cosine in zip(evidence.chunks, evidence.cosines, strict=True):
        anywhere = max(anywhere, cosine)
        if chunk.resource_id == item.resource.id:
            in_recording = max(in_recording, cosine)
            if chunk.end > first and chunk.start < last:
                there = max(there, cosine)
    scale = library.settings.scale_of(library.card)
    least /= scale.scale if scale else 1.0
    return there >= max(of_all * anywhere, of_recording * in_recording, least)

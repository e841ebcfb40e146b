"""Questions that a library's recordings ask themselves, as examples of what one may ask."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import regex

from seekpoint.index.text.clean import SENTENCE_END, clean
from seekpoint.index.text.terms import content_terms, has_content, is_whole_word
from seekpoint.index.text.transcript_text import columns
from seekpoint.index.types import Cue, Transcript

# Columns: shorter questions lean on what was said before, longer ones don't fit on a line.
_SHORTEST, _LONGEST = 20, 84
# Content words: questions with fewer could be about anything. A pair of Chinese characters is half a word.
_FEWEST_WORDS = 2.0
_MOST_WORDS = 6.0
_ASKS_CHINESE = "(?:为什么|為什麼|怎么|怎麼|如何|什么是|什麼是)"
_ASKS = regex.compile(
    rf"^(?:why|how|what(?:'s| is| are| does| do| happens)|when|where)\b|^{_ASKS_CHINESE}", regex.IGNORECASE
)
_ENDS = regex.compile(rf"(?:{SENTENCE_END})\s*")
# A question that leans on its neighbours: "what is this?", "why did he do that?".
_LEANS = regex.compile(
    r"\b(?:this|that|these|those|he|she|they|him|her|them|here|it|its|there|i|my|you|your)\b|这|這|那|他|她|它|你|我",
    regex.IGNORECASE,
)
# Words that lead to a question: "so,", "现在来讲第二个问题，".
_OPENING = regex.compile(
    rf"^(?:(?:so|and|but|now|okay|well|then),?\s+|(?!{_ASKS_CHINESE}).*?[，、：;；]\s*(?={_ASKS_CHINESE}))",
    regex.IGNORECASE,
)
# Words that ask for agreement instead: "right?", "对吧？".
_TAG = regex.compile(r"(?:\b(?:right|okay|yeah|no)|对吧|對吧|对不对|對不對|是吧|好吗|好嗎)\W*$", regex.IGNORECASE)


def example_questions(transcripts: Iterable[Transcript], count: int) -> list[str]:
    """At most `count` questions, each the best of a transcript, in the order of the transcripts."""
    questions = []
    for transcript in transcripts:
        best = max(_questions(transcript.cues), key=_telling, default=None)
        if best is not None and _telling(best) >= _FEWEST_WORDS:
            questions.append(best)
        if len(questions) == count:
            break
    return questions


def _questions(cues: Sequence[Cue]) -> Iterator[str]:
    """The sentences that ask something by themselves."""
    text = "".join(f"{cue.text} " for cue in cues)
    start = 0
    for end in _ENDS.finditer(text):
        sentence, start = text[start : end.start() + 1].strip(), end.end()
        question = clean(_OPENING.sub("", sentence))
        stands_alone = _ASKS.search(question) and not _LEANS.search(question) and not _TAG.search(question)
        if question.endswith(("?", "？")) and stands_alone and _SHORTEST <= columns(question) <= _LONGEST:
            yield question[:1].upper() + question[1:]


def _telling(question: str) -> float:
    """How many content words a question has."""
    words = {term.text for term in content_terms(question)} if has_content(question) else set[str]()
    return min(sum(1.0 if is_whole_word(word) else 0.5 for word in words), _MOST_WORDS)

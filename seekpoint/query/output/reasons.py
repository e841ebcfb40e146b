"""Rendering of explanations: why a moment was found, in words and as JSON."""

from __future__ import annotations

from collections.abc import Iterator

from seekpoint.index.text.clean import clean
from seekpoint.query.answers import Doubt, Explanation
from seekpoint.query.links.timestamps import timestamp


def to_json(explanation: Explanation) -> dict[str, object]:
    """What `ask --explain --json` adds to a moment."""
    return {
        "meaning": explanation.meaning,
        "words": explanation.words,
        "share": explanation.share,
        "named": explanation.named,
        "stands_in": explanation.stands_in,
        "matched": list(explanation.matched),
        "translated": [{"word": word, "said": list(said)} for word, said in explanation.translated],
        "windows": [window._asdict() for window in explanation.windows],
    }


def doubt_json(doubt: Doubt) -> dict[str, object]:
    """What `ask --explain --json` adds to an answer."""
    return {"least_score": doubt.least_score, "unknown": list(doubt.unknown)}


def to_lines(score: float, explanation: Explanation) -> Iterator[str]:
    """The reasons as a person reads them, a line each."""
    meaning, words, share = explanation.meaning, explanation.words, explanation.share
    named = f" + {explanation.named:.2f}, for the question names it" if explanation.named else ""
    yield f"score {score:.3f} = {share:.2f} × meaning {meaning:.3f} + {1 - share:.2f} × words {words:.3f}{named}"
    if explanation.stands_in:
        yield "found in another language than the question's: meaning and translations stand in for words"
    if explanation.matched:
        yield f"words said here: {clean(', '.join(explanation.matched))}"
    if explanation.translated:
        pairs = (f"{word} → {', '.join(said)}" for word, said in explanation.translated)
        yield f"said here in translation: {clean('; '.join(pairs))}"
    if explanation.windows:
        nearest = (
            f"{timestamp(window.start)} to {timestamp(window.end)} ({window.cosine:.2f})"
            for window in explanation.windows
        )
        yield f"nearest in meaning: {', and around a place '.join(nearest)}"


def doubt_text(doubt: Doubt) -> str:
    """What an answer needs."""
    if not doubt.least_score:
        return "With this model nothing is known of what a score means, so every moment counts as an answer."
    unknown = f", since nothing here says {clean(', '.join(doubt.unknown))}" if doubt.unknown else ""
    return f"The first moment is an answer from a score of {doubt.least_score:.3f} on{unknown}."

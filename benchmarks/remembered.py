"""Asks for sentences that somebody remembers: runs of words, cut at random out of the transcripts of libraries.

    python -m benchmarks.remembered LIBRARY... [--count N]

A row for each library, language, length and kind says how often the place comes first, without the weight of what is
said word for word and with it, and how often the confidence is high. A run is asked for as it is, with another word in
place of one, or within a question. A place is right within 45 s of the first word.
"""

from __future__ import annotations

import argparse
import random
from collections.abc import Iterator
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from benchmarks.question_sets import Remembering
from seekpoint.index.models.encoder import LazyEncoder
from seekpoint.index.open import open_reader
from seekpoint.index.store import Reader
from seekpoint.index.text.languages import primary
from seekpoint.index.text.terms import located_words
from seekpoint.query.answers import Answer, Confidence
from seekpoint.query.search.pipeline import ask
from seekpoint.query.search.settings import TUNING, AskOptions

LENGTHS = ((4, 5), (6, 9), (10, 14))
"""Words of a run; of Chinese, twice as many characters."""
OTHER = {"en": "something", "zh": "啊"}
QUESTION = {"en": "where does she say that {}?", "zh": "哪里说到{}？"}
WITHOUT = replace(TUNING, verbatim=0.0)
_NEAR, _CUES = 45.0, 8


class Run(NamedTuple):
    """A run of words, and where its first one is said: the id of the recording, and the second."""

    text: str
    resource: str
    start: float


def runs(reader: Reader, language: str, lengths: tuple[int, int], seed: int = 5) -> Iterator[Run]:
    """Runs of as many words as the lengths say, from cues at random, without end."""
    rng = random.Random(seed)
    statuses = [one for one in reader.statuses() if one.chunks and one.kind.plays]
    spoken = [one for one in statuses if language in map(primary, one.languages)]
    while spoken:
        resource = rng.choice(spoken).id
        transcripts = [one for one in reader.transcripts(resource) if primary(one.language) == language]
        cues = transcripts[0].cues
        first = rng.randrange(len(cues))
        text = " ".join(cue.text for cue in cues[first : first + _CUES])
        words = list(located_words(text))
        count = rng.randint(*lengths) * (1 if language == "en" else 2)
        if len(words) > count:
            yield Run(text[words[0].start : words[count - 1].stop], resource, cues[first].start)


def is_right(answer: Answer, run: Run) -> bool:
    """Whether the first moment is where the run is said."""
    if not answer.moments:
        return False
    first = answer.moments[0]
    return first.resource.id == run.resource and first.start is not None and abs(first.start - run.start) <= _NEAR


def asked(run: Run, language: str) -> dict[str, str]:
    """The questions for a run, by their kind."""
    words = list(located_words(run.text))
    middle = words[len(words) // 2]
    other = f"{run.text[: middle.start]}{OTHER[language]}{run.text[middle.stop :]}"
    return {"as it is": run.text, "a word replaced": other, "in a question": QUESTION[language].format(run.text)}


def main() -> None:
    options = argparse.ArgumentParser(prog="python -m benchmarks.remembered", description=__doc__.splitlines()[0])
    options.add_argument("libraries", nargs="+", type=Path)
    options.add_argument("--count", type=int, default=50, help="runs of each language and length")
    given = options.parse_args()
    print("| library | language | words | asked | right first, without | right first | high |")
    print("|---|---|---|---|---|---|---|")
    for library in given.libraries:
        with open_reader(library) as reader:
            encoder = Remembering(LazyEncoder(reader.card).get())
            for language, lengths in ((language, each) for language in ("en", "zh") for each in LENGTHS):
                span = "–".join(str(each if language == "en" else 2 * each) for each in lengths)
                found = list(islice(runs(reader, language, lengths), given.count))
                questions = [asked(run, language) for run in found]
                for kind in questions[0] if questions else ():
                    cells = [library.parent.name, language, span, kind]
                    for tuning in (WITHOUT, TUNING):
                        answers = [ask(each[kind], reader, encoder, AskOptions(tuning=tuning)) for each in questions]
                        cells.append(f"{sum(map(is_right, answers, found)) / len(found):.2f}")
                    cells.append(f"{sum(one.confidence is Confidence.HIGH for one in answers) / len(found):.2f}")
                    print(f"| {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()

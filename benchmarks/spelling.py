"""Measures which misspelt words are read as the right ones, which correct ones are left alone, and how long it takes.

    python -m benchmarks.spelling WORK_DIR

WORK_DIR is that of benchmarks.quality, with its libraries. The words are those of questions/misspelt.tsv: each was
misspelt by hand, as one who types or one who only heard it would, and each library lacks the correct ones. What was
tuned was tuned on lectures alone. A word is right if it has the stem of the one that is meant.
"""

from __future__ import annotations

import argparse
import csv
import time
from collections import Counter, defaultdict
from pathlib import Path
from statistics import median

import numpy as np

from benchmarks.machine import describe
from seekpoint.index.open import open_reader
from seekpoint.index.store import Reader
from seekpoint.index.text.terms import content_terms, has_content, terms
from seekpoint.query.search.question import ParsedQuestion, look_up
from seekpoint.query.search.spelling import respellings

WORDS = Path(__file__).parent / "questions" / "misspelt.tsv"
# A question without unknown words.
_KNOWN = "learning"


def judged(word: str, meant: str, library: Reader) -> str:
    """Whether a word is read `right` or `wrong`, or is `left` as it is."""
    found = dict(spelt(word, library)).get(word)
    return "left" if found is None else "right" if terms(found) == terms(meant) else f"wrong ({word} → {found})"


def spelt(word: str, library: Reader) -> list[tuple[str, str]]:
    languages = library.languages()
    nothing = np.zeros(1, np.float32)
    question = ParsedQuestion(word, terms(word), content_terms(word), "en", nothing, has_content(word), nothing)
    chunks = sum(language.chunks for language in languages.values())
    rarities = look_up(question, library, languages).rarities
    return [*respellings(word, question.content, rarities, library, chunks)]


def milliseconds(word: str, library: Reader) -> float:
    started = time.perf_counter()
    spelt(word, library)
    return 1000 * (time.perf_counter() - started)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("work_dir", type=Path)
    rows = list(csv.DictReader(WORDS.read_text("utf-8").splitlines(), delimiter="\t"))
    arguments = parser.parse_args()
    print("| library | words | right | wrong | left |\n|---|---|---|---|---|")
    taken: dict[str, list[float]] = defaultdict(list)
    wrong = []
    for name in dict.fromkeys(row["library"] for row in rows):
        with open_reader(arguments.work_dir / name / "library") as library:
            for kind in dict.fromkeys(row["kind"] for row in rows):
                own = [row for row in rows if (row["library"], row["kind"]) == (name, kind)]
                found = [judged(row["word"], row["meant"], library) for row in own]
                counts = Counter(outcome.split()[0] for outcome in found)
                wrong += [outcome for outcome in found if outcome.startswith("wrong")]
                # A correct word that is replaced is wrong, by whichever word.
                print(f"| {name} | {kind}: {len(own)} | {counts['right']} | {counts['wrong']} | {counts['left']} |")
                taken[f"{name}, {kind}"] += [milliseconds(row["word"], library) for row in own]
            taken[f"{name}, known"] += [milliseconds(_KNOWN, library) for _ in range(len(rows))]
    print(*wrong, sep="\n")
    print(*(f"{kind}: {median(times):.2f} ms, at most {max(times):.2f}" for kind, times in taken.items()), sep="\n")
    print(describe())


if __name__ == "__main__":
    main()

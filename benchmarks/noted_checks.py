"""Holds the check of a reading's questions against those of a careful reader: a third of them also at wrong places.

    python -m benchmarks.noted_checks LIBRARY READING.jsonl...

A line of a reading has `v`, a resource's id, `t`, a second, and a question in each language, `en` and `zh`, or a
`title`. Prints how many are kept where they belong, and how many are dropped at a stretch of another recording, and at
another one of the same, with the constants of seekpoint/query/reading/noting.py, and what the other checks drop of the
genuine questions.
"""

from __future__ import annotations

import argparse
import json
import random
from collections import Counter
from pathlib import Path

from benchmarks.question_sets import Remembering
from seekpoint.index.address import parse_address
from seekpoint.index.models.encoder import LazyEncoder
from seekpoint.index.open import open_reader
from seekpoint.index.text.languages import to_embed
from seekpoint.index.text.stretches import number_at
from seekpoint.query.reading.noting import fault, is_answered, is_titled, parsed
from seekpoint.query.reading.unread_stretches import stretches_of

_LANGUAGES = ("en", "zh")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("library")
    parser.add_argument("readings", nargs="+", type=Path)
    arguments = parser.parse_args()
    rows = [json.loads(line) for file in arguments.readings for line in file.read_text("utf-8").splitlines()]
    rng, kept, asked, faults = random.Random(3), Counter[str](), Counter[str](), Counter[str]()
    with open_reader(parse_address(arguments.library)) as library:
        encoder = Remembering(LazyEncoder(library.card).get())
        named = {row["v"] for row in rows}
        items = {
            status.id: {item.stretch.number: item for item in stretches_of(library, status.resource)}
            for status in library.statuses()
            if status.chunks and status.id in named
        }
        for row in (row for row in rows if row["v"] in items):
            own, number = items[row["v"]], number_at(row["t"])
            for language in (tag for tag in _LANGUAGES if tag in row and number in own):
                line = parsed(f"3 {language} {row[language]}")
                faults[(line and fault(line, own[number])) or "" if line else "no line"] += 1
                places = {"own": own[number]}
                if rng.random() < 1 / 3:
                    others = [key for key in items if key != row["v"]]
                    places["another recording"] = rng.choice([*items[rng.choice(others)].values()])
                    if elsewhere := [each for key, each in own.items() if key != number]:
                        places["the same recording"] = rng.choice(elsewhere)
                vector = encoder.question(to_embed(row[language]))
                for name, item in places.items():
                    asked[name] += 1
                    kept[name] += is_answered(vector, language, item, library)
            if "title" in row and number in own:
                vector = encoder.question(to_embed(row["title"]))
                other = rng.choice([*items[rng.choice([key for key in items if key != row["v"]])].values()])
                for name, item in (("titles", own[number]), ("titles of another recording", other)):
                    asked[name] += 1
                    kept[name] += is_titled(vector, item, library)
    for name in ("own", "titles"):
        print(f"{asked[name]} {'questions' if name == 'own' else name}: kept {kept[name] / max(asked[name], 1):.3f}")
    for name in ("another recording", "the same recording", "titles of another recording"):
        print(f"{asked[name]}, {name}: dropped {1 - kept[name] / max(asked[name], 1):.3f}")
    print("other checks:", {reason or "pass": count for reason, count in faults.most_common()})


if __name__ == "__main__":
    main()

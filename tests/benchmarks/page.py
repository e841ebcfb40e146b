"""Measures the page in Chromium: how soon an answer comes and is painted, and the bytes of long transcripts.

    python -m tests.benchmarks.page LIBRARY QUESTIONS [--most 60] [--json FILE]

QUESTIONS has one a line. Each is asked once on a page of its own, after five that open what is opened once. The server
is a process of its own, and another one is asked the same questions without a browser.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import median, quantiles
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urlencode

from seekpoint.index.open import open_reader
from tests.benchmarks import machine
from tests.benchmarks.serving import one_client, serving
from tests.browser import chromium_tab

if TYPE_CHECKING:
    from playwright.sync_api import Page

_WARM_UP = 5
_LONGEST = 5
_TIMES = """() => {
    const [visit] = performance.getEntriesByType("navigation")
    const paint = performance.getEntriesByName("first-contentful-paint")[0]
    return [visit.responseStart - visit.requestStart, visit.responseEnd - visit.requestStart, paint?.startTime ?? 0,
            visit.encodedBodySize]
}"""


class Visit(NamedTuple):
    """Milliseconds from the request to the first byte and to the last one, from the start to the first paint; bytes."""

    first_byte: float
    last_byte: float
    paint: float
    size: float


def main() -> None:
    options = argparse.ArgumentParser(
        prog="python -m tests.benchmarks.page", description=(__doc__ or "").split("\n")[0]
    )
    options.add_argument("library", type=Path)
    options.add_argument("questions", type=Path)
    options.add_argument("--most", type=int, default=60)
    options.add_argument("--json", type=Path)
    arguments = options.parse_args()
    questions = [line for line in arguments.questions.read_text("utf-8").splitlines() if line.strip()]
    asked = [f"/?{urlencode({'q': question})}" for question in questions[: arguments.most + _WARM_UP]]
    with serving(arguments.library) as served:
        one_client(served.address, "/", [*questions[_WARM_UP : arguments.most + _WARM_UP], *questions[:_WARM_UP]])
    with serving(arguments.library) as served, chromium_tab() as tab:
        answers = list(visits(tab.page, served.address, asked))[_WARM_UP:]
        empty = list(visits(tab.page, served.address, ["/"] * 5))
        long = list(visits(tab.page, served.address, longest(arguments.library)))
    print(f"{len(answers)} answers: {times(answers)}; {median(one.size for one in answers) / 1000:.0f} kB")
    print(f"the empty page, first and later: paint {empty[0].paint:.0f}, {median(one.paint for one in empty):.0f} ms")
    print("the longest recordings:", ", ".join(f"{one.size / 1000:.0f} kB, paint {one.paint:.0f} ms" for one in long))
    machine.save(arguments.json, {"machine": machine.describe(), "answers": answers, "empty": empty, "long": long})


def visits(page: Page, address: str, paths: Sequence[str]) -> Iterator[Visit]:
    """What each path takes."""
    for path in paths:
        page.goto(address + path, wait_until="load")
        page.wait_for_timeout(50)
        yield Visit(*page.evaluate(_TIMES))


def times(found: Sequence[Visit]) -> str:
    """The median and the 95th percentile of each time."""
    columns = {name: [getattr(one, name) for one in found] for name in ("first_byte", "last_byte", "paint")}
    return ", ".join(
        f"{name} {median(column):.0f} / {quantiles(column, n=20)[-1]:.0f} ms" for name, column in columns.items()
    )


def longest(library: Path) -> list[str]:
    """The pages of the longest recordings."""
    with open_reader(library) as reader:
        statuses = sorted(reader.statuses(), key=lambda status: -status.seconds)
    return [f"/resource/{status.id}" for status in statuses[:_LONGEST]]


if __name__ == "__main__":
    main()

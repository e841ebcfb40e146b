"""Measures the page in Chromium: how soon an answer comes and is painted, and the bytes of long transcripts.

    python -m benchmarks.page LIBRARY QUESTIONS [--most 60] [--json FILE]

QUESTIONS has one a line. Each is asked once on a page of its own, after five that open what is opened once, and once on
a page that is open, as a reader does. The servers are processes of their own: one for each way, and one that is asked
the same questions without a browser.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import median, quantiles
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urlencode

from benchmarks import machine
from benchmarks.serving import one_client, serving
from seekpoint.index.open import open_reader
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


# Nothing looks at the page while it waits, which would take time from the server.
_ASK = """(question) => new Promise((resolve) => {
    const form = document.getElementById("ask"), results = document.getElementById("results")
    new MutationObserver((_, observer) => (observer.disconnect(), resolve())).observe(results, { childList: true })
    form.elements.q.value = question
    form.requestSubmit()
})"""
_TIMES_IN_PLACE = """() => {
    const fetched = performance.getEntriesByName(location.href, "resource").at(-1)
    return [fetched.responseStart - fetched.requestStart, fetched.responseEnd - fetched.requestStart]
}"""


class Visit(NamedTuple):
    """Milliseconds from the request to the first byte and to the last one, from the start to the first paint; bytes."""

    first_byte: float
    last_byte: float
    paint: float
    size: float


def main() -> None:
    options = machine.command_line("benchmarks.page", __doc__)
    options.add_argument("library", type=Path)
    options.add_argument("questions", type=Path)
    options.add_argument("--most", type=int, default=60)
    arguments = options.parse_args()
    questions = [line for line in arguments.questions.read_text("utf-8").splitlines() if line.strip()]
    asked = [f"/?{urlencode({'q': question})}" for question in questions[: arguments.most + _WARM_UP]]
    with serving(arguments.library) as served:
        one_client(served.address, "/", [*questions[_WARM_UP : arguments.most + _WARM_UP], *questions[:_WARM_UP]])
    with serving(arguments.library) as served, chromium_tab() as tab:
        answers = list(visits(tab.page, served.address, asked))[_WARM_UP:]
        empty = list(visits(tab.page, served.address, ["/"] * 5))
        long = list(visits(tab.page, served.address, longest(arguments.library)))
    with serving(arguments.library) as served, chromium_tab() as tab:
        in_place = list(asked_in_place(tab.page, served.address, questions[: arguments.most + _WARM_UP]))[_WARM_UP:]
    print(f"{len(answers)} answers: {times(answers)}; {median(one.size for one in answers) / 1000:.0f} kB")
    print(f"{len(in_place)} asked on an open page: {times(in_place)}")
    print(f"the empty page, first and later: paint {empty[0].paint:.0f}, {median(one.paint for one in empty):.0f} ms")
    print("the longest recordings:", ", ".join(f"{one.size / 1000:.0f} kB, paint {one.paint:.0f} ms" for one in long))
    machine.save(
        arguments.json,
        {"machine": machine.describe(), "answers": answers, "in place": in_place, "empty": empty, "long": long},
    )


class Fetched(NamedTuple):
    """Milliseconds from the request of an open page to the first byte and to the last one."""

    first_byte: float
    last_byte: float


def asked_in_place(page: Page, address: str, questions: Sequence[str]) -> Iterator[Fetched]:
    """What each question takes on one page."""
    page.goto(address, wait_until="load")
    for question in questions:
        page.evaluate(_ASK, question)
        page.wait_for_timeout(500)  # until the answer is painted
        yield Fetched(*page.evaluate(_TIMES_IN_PLACE))


def visits(page: Page, address: str, paths: Sequence[str]) -> Iterator[Visit]:
    """What each path takes."""
    for path in paths:
        page.goto(address + path, wait_until="load")
        page.wait_for_timeout(50)
        yield Visit(*page.evaluate(_TIMES))


def times(found: Sequence[Visit] | Sequence[Fetched]) -> str:
    """The median and the 95th percentile of each time."""
    names = [name for name in found[0]._fields if name != "size"]
    columns = {name: [getattr(one, name) for one in found] for name in names}
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

"""The digest: for each kept question, the moments that answer it in what came into the library since a time.

docs/asking.md states the rule by which a moment is listed, and benchmarks/digest.py measures it.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import NamedTuple

from seekpoint.index.address import Address
from seekpoint.index.errors import UsageError
from seekpoint.index.open import open_keeper
from seekpoint.index.store import Reader
from seekpoint.index.text.clean import clean
from seekpoint.index.text.terms import terms
from seekpoint.index.types import Filters, KeptQuestion, Resource, iso_time
from seekpoint.query.answers import Answer, Confidence, Moment, Reading
from seekpoint.query.search.literal import read_syntax
from seekpoint.query.search.settings import LONGEST_QUESTION, AskOptions
from seekpoint.query.search.wordings import check_wordings

LEAST = 0.36
"""The least value of a listed moment: the probability that the first new one answers × (share of its score)².

On three steps of a podcast (benchmarks/digest.py) .34 finds .57 of the answers, and .62 of what is listed answers; .38
finds .43, and .68 answers.
"""

# The most moments that are listed for a question, and of one resource; and those that a language model reads.
_MOST, _PER_RESOURCE, _READ = 5, 2, 20
_SHOWN = 60


class News(NamedTuple):
    """The new moments that answer a kept question in any of its wordings, best first; none where nothing new does."""

    question: str
    moments: tuple[Moment, ...] = ()
    also: tuple[str, ...] = ()

    @property
    def resources(self) -> int:
        """The number of resources that the moments are of."""
        return len({moment.resource.id for moment in self.moments})


@dataclass(frozen=True, slots=True)
class Digest:
    """What came into a library `since` a time (ISO 8601), and the news on each kept question, in their order.

    `problem` says in a line why the language model didn't read everything.
    """

    since: str
    resources: tuple[Resource, ...]
    questions: tuple[News, ...]
    problem: str | None = None


def digest(
    library: Reader,
    ask: Callable[[str, AskOptions], Answer],
    since: float,
    questions: Sequence[str] | None = None,
    read: Callable[[Answer], Reading] | None = None,
) -> Digest:
    """The digest of what came since a Unix time, in whole seconds, on these questions or all that are kept.

    With `read`, the moments are those that a language model cites; where it fails, they are chosen as without it.
    """
    since, problem, settings = int(since), None, library.settings
    asked = [text for text, _ in settings.questions] if questions is None else questions
    new, news = came_since(library, since), []
    options = AskOptions(_READ if read else _MOST, Filters(added=since), _PER_RESOURCE, estimated=True)
    for question in asked:
        moments, also = tuple[Moment, ...](), settings.wordings.get(question, ())
        with suppress(UsageError):  # of a question that only another's library can keep
            answer = ask(question, replace(options, also=also)) if new else Answer(question, Confidence.NONE, ())
            reading = read(answer) if read and answer.moments and not problem else None
            problem = problem or (reading.problem if reading else None)
            moments = _probable(answer) if not reading or reading.problem else _begun(reading)
        news.append(News(question, moments[:_MOST], also))
    return Digest(iso_time(since), tuple(new), tuple(news), problem)


def came_since(library: Reader, since: float) -> list[Resource]:
    """The resources that can be searched since a Unix second, in the order of the lists."""
    began = iso_time(int(since))
    return [status.resource for status in library.statuses() if status.chunks and (status.added or "") >= began]


def _probable(answer: Answer) -> tuple[Moment, ...]:
    """The moments that probably answer."""
    if not (answer.moments and answer.estimate) or answer.missing:
        return ()
    right, first = answer.estimate.right, answer.moments[0].score or 1.0
    likely, of_resource = list[Moment](), Counter[str]()
    for moment in answer.moments:
        of_resource[moment.resource.id] += 1
        if right * (moment.score / first) ** 2 >= LEAST and of_resource[moment.resource.id] <= _PER_RESOURCE:
            likely.append(moment)
    return tuple(likely)


def _begun(reading: Reading) -> tuple[Moment, ...]:
    """The place where a model's answer begins, and one more that it cites there; the others support details."""
    there = [moment for moment in reading.moments if moment.resource.id == reading.moments[0].resource.id]
    return tuple(there[:_PER_RESOURCE])


def check_kept(text: str, library: Reader, listing: str) -> None:
    """Raise UsageError unless the library keeps this question; `listing` lists those that it keeps."""
    if clean(text) not in dict(library.settings.questions):
        raise UsageError(f"no question “{clean(text)[:_SHOWN]}” is kept: {listing} lists them")


def keep_question(library: Address, text: str, also: Sequence[str] = (), *, kept: bool = True) -> None:
    """Keep a question with other wordings, or no longer; raises UsageError for what can't be asked, or one too many."""
    question, *others = dict.fromkeys(map(clean, (text, *also)))
    if kept:
        check_wordings(question, others)
    for wording in (question, *others) if kept else ():
        if len(wording) > LONGEST_QUESTION:
            raise UsageError(f"the question has {len(wording):,} characters: ask in {LONGEST_QUESTION:,} at most")
        if not terms(read_syntax(wording).text):
            raise UsageError("the question has no words: ask in your own words")
    with open_keeper(library) as keeper:
        keeper.keep(KeptQuestion(question, time.time(), kept, tuple(others)))

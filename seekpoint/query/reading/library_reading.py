"""Reads all of a library once by a language model, a stretch at a time; each is kept at once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Generator, Iterator
from contextlib import closing
from time import monotonic, time

from seekpoint.index.address import Address
from seekpoint.index.errors import ReaderError
from seekpoint.index.models.encoder import LazyEncoder, stored_engine
from seekpoint.index.open import open_keeper, open_reader
from seekpoint.index.store import Queue, Reader
from seekpoint.index.text.clean import counted
from seekpoint.index.types import Encoder
from seekpoint.query.reading.citations import without_thoughts
from seekpoint.query.reading.language_reader import ChatModel
from seekpoint.query.reading.noting import checked
from seekpoint.query.reading.unread_stretches import UnreadStretch, stretches_of, unread

SECONDS = 600.0
"""The seconds for each stretch: a processor alone reads some thirty tokens a second, and writes ten."""

# Stretches in a row without anything to keep, after which reading ends.
_MOST_FAILURES = 3
# Characters, after which reading ends: four times what is asked for.
_MOST_READ = 10_000


class LibraryReading:
    """The reading of all that isn't read yet, and what came of it; `problem` says why it ended early.

    With a `queue` others read the same library, each a resource at a time.
    """

    def __init__(
        self,
        library: Address,
        model: ChatModel,
        name: str,
        seconds: float = SECONDS,
        encoder: Encoder | None = None,
        queue: Queue | None = None,
    ) -> None:
        self.read = self.failed = self.questions = self.titles = self.summaries = self.by_others = 0
        self.dropped = Counter[str]()
        self.problem = self.last_problem = ""
        self._library, self._model, self._name, self._seconds = library, model, name, seconds
        self._encoder, self._queue = encoder, queue
        with open_reader(library) as reader:
            self.waiting = _waiting(reader, name)
            """The stretches to read of each resource, by its id; none where only a summary is wanted."""

    def steps(self) -> Generator[UnreadStretch, None, None]:
        """Read all, and tell each stretch when it has been read; what can't be read doesn't raise."""
        failures = 0
        for resource_id in self._resources():
            for item in self._items(resource_id):
                try:
                    text = self._text(item)
                    with open_reader(self._library) as reader:
                        problem = self._note(text, item, reader)
                except ReaderError as error:
                    problem = str(error)
                failures = failures + 1 if problem else 0
                self.failed += bool(problem)
                self.last_problem = problem or self.last_problem
                yield item
                if failures == _MOST_FAILURES:
                    self.problem = f"reading ends after {failures} stretches in a row that gave nothing: {problem}"
                    return
        if self.failed and not (self.read or self.summaries):
            self.problem = f"nothing could be read: {self.last_problem}"

    def _items(self, resource_id: str) -> Iterator[UnreadStretch]:
        """The stretches to read of a resource as it is now, since a build may have changed it; then the whole."""
        for are_whole in (False, True):
            with open_reader(self._library) as reader:
                items = [item for item in unread(reader, [resource_id], self._name) if item.is_whole == are_whole]
            yield from items

    def _resources(self) -> Iterator[str]:
        """The resources to read: all, or one at a time those that the queue doesn't leave to other readers."""
        if self._queue is None:
            yield from self.waiting
            return
        tried, ids = set[str](), {*self.waiting}
        while taken := self._queue.take(time, tried, ids):
            tried.add(taken.resource_id)
            yield taken.resource_id
            with open_reader(self._library) as reader:  # others read and build meanwhile
                left = _waiting(reader, self._name)
            ids, self.by_others = {*left}, max(self.waiting.total() - self.read - left.total(), 0)

    def _note(self, text: str, item: UnreadStretch, library: Reader) -> str:
        """Keep what was noted of a stretch; returns why there is nothing to keep, empty if there is."""
        indexed = (status.resource for status in library.statuses([item.resource.id]) if status.chunks)
        if not any(each.stretch == item.stretch for resource in indexed for each in stretches_of(library, resource)):
            return ""  # a build has changed it meanwhile
        if self._encoder is None or self._encoder.card != library.card:
            self._encoder = LazyEncoder(library.card, engine=stored_engine(library)).get()
        notes = checked(text, item, library, self._encoder)
        reasons = Counter(reason for _, reason in notes.dropped)
        self.dropped += reasons
        if not (notes.is_usable or item.is_whole):  # another model is asked for a summary again, this one isn't
            return (
                f"no line of the model's could be kept ({told(reasons) or 'it wrote none'}): choose another "
                "model with --llm-model"
            )
        with open_keeper(self._library) as keeper:
            keeper.keep(notes.as_read(item, self._name))
        if item.is_whole:
            self.summaries += len(notes.titles)
            return ""
        self.read += 1
        self.questions += len(notes.questions)
        self.titles += len(notes.titles)
        return ""

    def _text(self, item: UnreadStretch) -> str:
        until, text = monotonic() + self._seconds, ""
        with closing(self._model.stream(item.messages)) as pieces:
            for piece in without_thoughts(pieces):
                text += piece
                is_long = "\n" in piece and sum(map(bool, text.splitlines())) > item.most_lines
                if is_long or len(text) > _MOST_READ:
                    text = text[: text.rfind("\n") + 1]  # the last line may be cut
                    break
                if monotonic() > until:
                    raise ReaderError(
                        f"the language model took longer than {self._seconds:.0f} s: choose a smaller one with "
                        "--llm-model, or give it longer with --llm-seconds"
                    )
        return self._model.masked(text)

    @property
    def summary(self) -> str:
        """What came of it, in a line or two."""
        read, total, left = self.read, self.waiting.total(), self.waiting.total() - self.read - self.by_others
        noted = f"{counted(self.questions, 'question')}, {counted(self.titles, 'title')}"
        noted += f" and {counted(self.summaries, 'summary')} noted"
        lines = [f"Read by {self._name}: {read:,} of {total:,} stretches, {noted}"]
        if self.dropped:
            lines.append(f"{counted(self.dropped.total(), 'line')} dropped: {told(self.dropped)}")
        if self.by_others:
            lines.append(f"{self.by_others:,} stretches were read by others")
        if left:
            lines.append(f"{left:,} stretches are left: `seekpoint build --llm URL` goes on with them")
        if self.last_problem and not self.problem:
            lines.append(f"{self.failed:,} couldn't be read, the last one since {self.last_problem}")
        return "\n".join(lines)


def _waiting(library: Reader, name: str) -> Counter[str]:
    """The stretches to read of each resource that isn't read, by its id."""
    waiting = Counter[str]()
    for item in unread(library, reader=name):
        waiting[item.resource.id] += not item.is_whole
    return waiting


def told(reasons: Counter[str]) -> str:
    """How many lines were dropped for each reason, the most frequent one first."""
    return ", ".join(f"{count:,} {reason}" for reason, count in reasons.most_common())

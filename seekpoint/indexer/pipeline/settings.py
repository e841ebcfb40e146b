"""Settings that a build finds: the scale of cosines, the engine for questions; and another model."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from importlib.util import find_spec
from itertools import islice
from typing import NamedTuple, Self, TypeAlias, TypeVar

from seekpoint.index.errors import Blocked, Halt, ModelError, Unfetched, Unreachable
from seekpoint.index.models.centring import cosine_scale
from seekpoint.index.models.encoder import BUNDLED, STAND_IN, LazyEncoder, SentenceEncoder, load_encoder
from seekpoint.index.models.question_engine import OnnxQuestions, model_folder, name_in, onnx_files, version_of
from seekpoint.index.reasons import Reason
from seekpoint.index.settings import CosineScale, QuestionEngine
from seekpoint.index.store import Reader, Writer
from seekpoint.index.text.clean import counted
from seekpoint.index.text.languages import in_one_script, primary
from seekpoint.index.types import Encoder, NamedBy, Resource, State
from seekpoint.indexer.build_options import BuildEvents
from seekpoint.indexer.fetch.fetcher import is_same_server
from seekpoint.indexer.fetch.retries import DAY, HOUR, MONTH, MOST_FAULTS, ConnectionFault
from seekpoint.indexer.reading_list.addresses import address_of, resource_of
from seekpoint.indexer.reading_list.parser import ReadingList, merge
from seekpoint.indexer.transcript.cues import chunk
from seekpoint.indexer.transcript.embedding import Embedder

# With 128 passages there are 80 pairs or more above the quantile. Fewer than 24 say nothing.
_PASSAGES, _LEAST = 128, 24
# The fewest passages of a resource.
_A_RESOURCE = 4
# The growth of the number of chunks after which the scale is measured again.
_GROWTH = 4


def calibrate(writer: Writer, encoder: LazyEncoder) -> None:
    """Store the scale of the library's model; for the bundled one, and without that, there is nothing to do."""
    if writer.card.name in (BUNDLED, STAND_IN):
        return
    chunks = writer.amounts().chunks
    known = writer.settings.scale_of(writer.card)
    if known and chunks < _GROWTH * max(known.chunks, _PASSAGES):
        return
    languages, texts = zip(*islice(_passages(writer), _PASSAGES), strict=True) if chunks >= _LEAST else ((), ())
    if len(texts) - len(set(languages)) < _LEAST:  # a language's only passage has no other to compare with
        return
    try:
        reference = load_encoder(BUNDLED).passages(texts)
    except ModelError:
        return
    scale = cosine_scale(encoder.get().passages(texts), reference, languages)
    writer.put_settings(cosine_scale=CosineScale(writer.card.fingerprint, scale, chunks))


def _passages(writer: Writer) -> Iterator[tuple[str, str]]:
    """Passages with their languages, a few of each resource, from resources all over the lists."""
    indexed = [status.resource.id for status in writer.statuses() if status.state is State.INDEXED]
    each = max(_A_RESOURCE, -(-_PASSAGES // max(len(indexed), 1)))
    for resource_id in indexed[:: max(len(indexed) * each // _PASSAGES, 1)]:
        for transcript in writer.transcripts(resource_id)[:1]:
            passages = chunk(transcript.cues)
            for passage in passages[:: max(len(passages) // each, 1)][:each]:
                yield primary(transcript.language), in_one_script(passage.text)


# The least cosine of the two engines' vectors of a question, as between the two engines of the bundled model.
_LEAST_COSINE = 0.99
_QUESTIONS = (
    "Why do we scale the dot product?",
    "why is the learning rate warmed up at first, and what happens WITHOUT it",
    "为什么点积要除以维度的平方根？",
    "掩码遮住了什么",
    "что делает маска в 2 слоях?",
    "what the mask hides, 掩码遮住的内容 " * 60,
)


def find_question_engine(writer: Writer, encoder: LazyEncoder) -> None:
    """Store the ONNX file by which questions are embedded without PyTorch: the smallest that agrees with the model.

    The files of the library's model are measured once, and again when they change.
    """
    folder = None if writer.card.name == BUNDLED else model_folder(writer.card.name)
    files = onnx_files(folder) if folder else []
    if not folder or not files:
        writer.put_settings(question_engine=None)
        return
    known = writer.settings.engine_of(writer.card)
    versions = {name_in(folder, file): version_of(folder, file) for file in files}
    # Without a file that agrees, the version is of all.
    versions[""] = hashlib.sha256("".join(versions.values()).encode()).hexdigest()
    if (known and known.version == versions.get(known.file)) or not find_spec("onnxruntime"):
        return
    model = encoder.get()
    if not isinstance(model, SentenceEncoder):
        return
    fingerprint, prompt, longest = model.card.fingerprint, model.question_prompt or "", model.longest
    found = QuestionEngine(fingerprint, versions[""])
    expected = [model.question(question) for question in _QUESTIONS]
    for file in files:
        try:
            engine = OnnxQuestions(folder, file, prompt, longest)
            vectors = [engine.question(question) for question in _QUESTIONS]
            cosines = [float(one @ other) for one, other in zip(vectors, expected, strict=True)]
        except Exception:  # onnxruntime and tokenizers raise exceptions of their own
            continue
        if min(cosines) >= _LEAST_COSINE:
            name = name_in(folder, file)
            found = QuestionEngine(fingerprint, versions[name], name, prompt, longest)
            break
    writer.put_settings(question_engine=found)


# Resources ahead, whose passages may fill a batch of the embedder.
_AHEAD = 16


def reembed(writer: Writer, encoder: Encoder, events: BuildEvents) -> int:
    """Convert a library to another model, from the stored transcripts; returns the number of embedded passages.

    The library keeps answering with its old vectors until all is embedded. An interruption costs one resource at most.
    """
    if writer.card == encoder.card:
        writer.succeed(None)
        return 0
    with writer.successor(encoder.card, events.say) as successor:
        editions = {item.resource.id: item.edition for item in successor.due}
        if editions:
            events.say(
                f"embedding {counted(len(editions), 'resource')} again with {encoder.card.name}, nothing is fetched; "
                f"until that is done, the library answers with {writer.card.name}"
            )
        embedder = Embedder(successor.writer, LazyEncoder(encoder.card, encoder), events)
        due = [item.resource for item in successor.due]
        events.begin(due)
        for index, resource in enumerate(due, 1):
            ahead = due[index : index + _AHEAD]
            coming = ((after.id, transcript) for after in ahead for transcript in writer.transcripts(after.id))
            events.work_on(resource)
            embedded = [embedder.embed(resource.id, one, coming) for one in writer.transcripts(resource.id)]
            [status] = writer.statuses([resource.id])
            successor.writer.commit(resource.id, embedded, status.details, editions[resource.id])
            events.finish(resource)
    writer.succeed(successor)
    return embedder.embedded


class Alias(NamedTuple):
    """The address of the resource that another address stands for, until a time in Unix seconds, or for good.

    A feed's begins with `feed:`. `listed` is that other address if a list names it.
    """

    url: str
    until: float | None = None
    listed: str = ""


class Aliases:
    """The aliases that earlier fetches found, by the ids that their addresses would have."""

    def __init__(self, by_id: Mapping[str, Alias]) -> None:
        self._by_id = dict(by_id)

    @classmethod
    def stored(cls, library: Reader, now: float) -> Self:
        """The aliases in a library; expired ones, and those of resources that were removed, are left out."""
        aliases = {name: Alias(*alias) for name, alias in library.settings.aliases.items()}
        known = library.standings() if aliases else {}
        return cls(
            {
                name: alias
                for name, alias in aliases.items()
                if now < (alias.until or now + 1) and (end := resource_of(alias.url)) and end.id in known
            }
        )

    def resolve(self, resource: Resource) -> Resource:
        """The resource that a listed one stands for, with its title and sections."""
        alias = self._by_id.get(resource.id)
        return (alias and resource_of(alias.url, resource.title, resource.sections)) or resource

    def applied(self, lists: Iterable[ReadingList]) -> list[ReadingList]:
        """The lists with the resources that theirs stand for."""
        return [replace(listed, resources=merge(map(self.resolve, listed.resources))) for listed in lists]

    def private(self, lists: Iterable[ReadingList]) -> set[str]:
        """The ids of the resources that may be in a private network: the owner's lists here name their server."""
        own = (listed for listed in lists if listed.named_by is NamedBy.OWNER and not listed.is_remote)
        named = (resource for listed in own for resource in listed.resources)
        pairs = ((self.resolve(resource), resource) for resource in named)
        return {end.id for end, resource in pairs if is_same_server(end.url, resource.url)}

    def record(self, writer: Writer, resource: Resource, end: Resource, now: float, *, is_permanent: bool) -> Resource:
        """Store where the address of a resource ends, and move its listings there; returns the resource that it is.

        A temporary address, as of a download, doesn't last: the first resource that ends there stays what it is, and
        further ones become it. They are asked again after a day, as their redirects may then lead elsewhere.
        """
        target = self.resolve(end)
        if target.id == resource.id:
            return resource
        with writer.transaction():
            if not is_permanent and target.id == end.id and not writer.statuses([end.id]):
                self._keep(writer, end, Alias(address_of(resource), now + MONTH))
                return resource
            self._keep(writer, resource, Alias(address_of(target), None if is_permanent else now + DAY, resource.url))
            writer.move(resource.id, target)
        return target

    def _keep(self, writer: Writer, resource: Resource, alias: Alias) -> None:
        """Store an alias, also for those of the resource that it replaces: an alias never leads to another one."""
        others = {
            name: other._replace(url=alias.url) if other.url == address_of(resource) else other
            for name, other in self._by_id.items()
        }
        self._by_id = others | {resource.id: alias}
        writer.put_settings(aliases=self._by_id)


Clock: TypeAlias = Callable[[], float]
_Response = TypeVar("_Response")

_LONGEST = DAY


class Backoff(NamedTuple):
    """The end of a pause after a block, in Unix seconds, and its length."""

    until: float
    seconds: float


OPEN = Backoff(0.0, 0.0)


def stored_backoffs(library: Reader, now: float) -> dict[str, Backoff]:
    """The blocks stored in a library, by route: another proxy or other cookies are another route.

    A block that ends more than a day after `now` (Unix seconds) was stored by a clock that was ahead, and one that
    lasts longer isn't ours: they are ignored.
    """
    backoffs = {route: Backoff(*one) for route, one in library.settings.backoffs.items()}
    return {name: one for name, one in backoffs.items() if one.until <= now + _LONGEST and one.seconds <= _LONGEST}


def is_new_route(backoffs: Mapping[str, Backoff], route: str, now: float) -> bool:
    """Whether this route is open while another one is blocked: requests deferred there can be sent now."""
    return backoffs.get(route, OPEN).until <= now < max((other.until for other in backoffs.values()), default=0.0)


class YouTubeGate:
    """Guards the requests to YouTube: closed during a backoff or an outage; `closed` is the reason.

    `clock` returns Unix seconds. `regardless` ignores the backoff of an earlier run. `answers` counts YouTube's answers
    in this run, refusals too.
    """

    def __init__(self, writer: Writer, clock: Clock, route: str, *, regardless: bool) -> None:
        self._writer = writer
        self._clock = clock
        self._route = route
        now = clock()
        self._backoffs = stored_backoffs(writer, now)
        self.is_new_route = is_new_route(self._backoffs, route, now)
        left = self._backoffs.get(route, OPEN).until - now
        self.closed: Halt | None = None if regardless or left <= 0 else Blocked(Reason("youtube_refused"), left)
        self.answers = 0
        self._faults = 0

    def through(self, ask: Callable[[], _Response], say: Callable[[str], None]) -> _Response:
        """Send a request by `ask`; raises Unfetched, and Halt if the gate is closed. `say` reports that it closes."""
        if self.closed:
            raise self.closed
        try:
            answer = ask()
        except ConnectionFault as fault:
            self._faults += 1
            if self._faults < MOST_FAULTS:
                raise
            raise self._close(Unreachable(fault.reason), say) from None
        except Halt as halt:
            raise self._close(halt, say) from None
        except Unfetched:
            self._count_answer()
            raise
        self._count_answer()
        self._keep_backoff(OPEN)
        return answer

    def _count_answer(self) -> None:
        self.answers += 1
        self._faults = 0

    def _close(self, halt: Halt, say: Callable[[str], None]) -> Halt:
        """Send no more requests in this run; after a block, none until YouTube's pause or the backoff ends."""
        say(f"{halt}; nothing more is asked of YouTube in this run")
        if isinstance(halt, Blocked):
            doubled = min(max(2 * self._backoffs.get(self._route, OPEN).seconds, HOUR), _LONGEST)
            seconds = halt.retry_after or doubled
            self._keep_backoff(Backoff(self._clock() + seconds, seconds))
            halt = Blocked(halt.reason, seconds)
        self.closed = halt
        return halt

    def _keep_backoff(self, backoff: Backoff) -> None:
        others = {route: other for route, other in self._backoffs.items() if route != self._route}
        self._backoffs = others if backoff == OPEN else others | {self._route: backoff}
        self._writer.put_settings(backoffs=self._backoffs)

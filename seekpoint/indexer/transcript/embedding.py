"""Embeds transcripts: the chunks, and in the same pass the pieces of which windows are composed."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from itertools import accumulate, filterfalse, islice
from typing import NamedTuple

from seekpoint.index.address import Address
from seekpoint.index.models.encoder import LazyEncoder
from seekpoint.index.open import open_keeper, open_reader
from seekpoint.index.store import Writer
from seekpoint.index.text.clean import counted, text_digest
from seekpoint.index.text.languages import in_one_script, to_embed
from seekpoint.index.text.stretches import stretch_id
from seekpoint.index.types import Chunk, Cue, EmbeddedTranscript, Encoder, Piece, PieceVector, Transcript, Vectors
from seekpoint.indexer.build_options import BuildEvents
from seekpoint.indexer.transcript.cues import chunk, pieces

# Passages per call of the encoder: few enough for regular progress and a quick reaction to Ctrl-C.
_PASSAGES = 64


class PassageText(NamedTuple):
    """The text of a chunk with the end offsets of its cues."""

    text: str
    ends: tuple[int, ...]


class PassageVectors(NamedTuple):
    """A passage's vector, and for each cue the sum of its token vectors and the number of its tokens."""

    vector: Vectors
    sums: Iterable[Vectors] = ()
    tokens: Sequence[int] = ()


class _Draft(NamedTuple):
    """A transcript to be embedded: chunks and pieces, stored vectors and means, and the passages left to embed."""

    chunks: Sequence[Chunk]
    pieces: Sequence[Piece]
    vectors: dict[bytes, Vectors]
    means: dict[bytes, PieceVector]
    unknown: Sequence[Piece]
    passages: Mapping[Chunk, PassageText]


class Embedder:
    """Embeds transcripts, and counts the embedded passages.

    Batches that aren't full are filled with passages of the next transcripts: short notes would take twice the time
    one by one.
    """

    def __init__(self, writer: Writer, encoder: LazyEncoder, events: BuildEvents) -> None:
        self.embedded = 0
        self._writer = writer
        self._encoder = encoder
        self._events = events
        self._ahead: dict[PassageText, PassageVectors] = {}

    def embed(
        self, resource_id: str, transcript: Transcript, coming: Iterable[tuple[str, Transcript]] = ()
    ) -> EmbeddedTranscript:
        """Embed the passages without a stored vector; `coming` are the next resources' transcripts, with ids."""
        import numpy as np

        draft = self._draft(resource_id, transcript)
        drafts = (self._draft(*after) for after in coming)
        ahead = (passage for after in drafts for passage in dict.fromkeys(after.passages.values()))
        readings_of = self._read(list(dict.fromkeys(draft.passages.values())), ahead)
        fresh = {text_digest(passage.text): reading.vector for passage, reading in readings_of.items()}
        vectors = fresh | draft.vectors
        rows: Vectors = np.stack([vectors[text_digest(part.text)] for part in draft.chunks])
        if self._is_without_pieces:
            return EmbeddedTranscript(transcript, draft.chunks, rows)
        readings = {part: readings_of[passage] for part, passage in draft.passages.items()}
        means = _means(transcript.cues, draft.unknown, readings, self._writer.card.name) | draft.means
        pieces = [(piece, means[text_digest(piece.text)]) for piece in draft.pieces]
        return EmbeddedTranscript(transcript, draft.chunks, rows, pieces)

    def _draft(self, resource_id: str, transcript: Transcript) -> _Draft:
        """Split a transcript and look up stored vectors. Chinese is brought into one script, for equal vectors."""
        cues = transcript.cues
        chunks = [replace(cut, text=in_one_script(cut.text)) for cut in chunk(cues)]
        spans = [] if self._is_without_pieces else pieces(cues)
        cut = [piece._replace(text=in_one_script(piece.text)) for piece in spans]
        vectors, means = self._writer.known(resource_id)
        unknown = [piece for piece in cut if text_digest(piece.text) not in means]
        passages = {}
        for part in _needed(cues, chunks, vectors, unknown):
            stops = accumulate(len(cue.text) + 1 for cue in cues[part.first : part.stop])
            passages[part] = PassageText(part.text, tuple(stop - 1 for stop in stops))
        return _Draft(chunks, cut, vectors, means, unknown, passages)

    @cached_property
    def _is_without_pieces(self) -> bool:
        """Whether the model gives no parts; set as soon as that shows."""
        return self._writer.settings.is_without_pieces

    def _read(
        self, passages: Sequence[PassageText], coming: Iterable[PassageText]
    ) -> dict[PassageText, PassageVectors]:
        self._events.embed(0, len(passages))
        readings = {passage: self._ahead.pop(passage) for passage in passages if passage in self._ahead}
        missing = [passage for passage in passages if passage not in readings]
        for k in range(0, len(missing), _PASSAGES):
            self._events.embed(len(readings), len(passages))
            batch = missing[k : k + _PASSAGES]
            # Filled up with coming passages unless some are waiting already: the cache stays small.
            first = islice(coming, 0 if self._ahead else _PASSAGES - len(batch))
            fill = list(dict.fromkeys(filterfalse(batch.__contains__, first)))
            read = self._read_batch([*batch, *fill])
            self._events.embedded(len(read))
            self._ahead |= zip(fill, read[len(batch) :], strict=True)
            readings |= zip(batch, read, strict=False)
        self._events.embed(len(readings), len(passages))
        self.embedded += len(readings)
        return readings

    def _read_batch(self, batch: Sequence[PassageText]) -> list[PassageVectors]:
        texts, encoder = [passage.text for passage in batch], self._encoder.get()
        if not self._is_without_pieces:
            if parts := encoder.parts(texts, [passage.ends for passage in batch]):
                return [
                    PassageVectors(*reading) for reading in zip(parts.vectors, parts.sums, parts.tokens, strict=True)
                ]
            self._writer.put_settings(is_without_pieces=True)
            self._is_without_pieces = True
        return [PassageVectors(vector) for vector in encoder.passages(texts)]


def _needed(
    cues: Sequence[Cue], chunks: Sequence[Chunk], known: Container[bytes], unknown: Sequence[Piece]
) -> list[Chunk]:
    """The new chunks, and for each cue of an unknown piece the chunk in which it is most central."""
    central: dict[int, Chunk] = {}
    for part in chunks:
        for k in range(part.first, part.stop):
            if k not in central or _off_centre(cues[k], part) < _off_centre(cues[k], central[k]):
                central[k] = part
    wanted = {central[k] for piece in unknown for k in range(piece.first, piece.stop)}
    return [part for part in chunks if part in wanted or text_digest(part.text) not in known]


def _means(
    cues: Sequence[Cue], unknown: Sequence[Piece], readings: Mapping[Chunk, PassageVectors], model: str
) -> dict[bytes, PieceVector]:
    """The mean token vectors of the pieces, by the digest of their text."""
    import numpy as np

    from seekpoint.index.models.piece_vectors import quantised

    best: dict[int, tuple[tuple[bool, float], Vectors, int]] = {}
    for part, reading in readings.items():
        for k, row, tokens in zip(range(part.first, part.stop), reading.sums, reading.tokens, strict=True):
            rank = (tokens == 0, _off_centre(cues[k], part))  # no tokens: the chunk was truncated before this cue
            if k not in best or rank < best[k][0]:
                best[k] = (rank, row, tokens)
    means = {}
    for piece in unknown:
        rows, tokens = zip(*(best[k][1:] for k in range(piece.first, piece.stop)), strict=True)
        means[text_digest(piece.text)] = quantised(np.sum(rows, axis=0), sum(tokens), model)
    return means


def _off_centre(cue: Cue, part: Chunk) -> float:
    """The distance of a cue's middle from its chunk's: 0 in the middle, 1 at the ends."""
    return abs(cue.start + cue.end - part.start - part.end) / max(part.end - part.start, 1e-6)


# Stretches whose questions are read together: some megabytes of vectors.
_STRETCHES = 500


def embed_questions(library: Address, encoder: Encoder | None, say: Callable[[str], None]) -> None:
    """Embed the questions that a language model noted and that lost their vectors to another model."""
    import numpy as np

    with open_reader(library) as reader:
        if not reader.amounts().unembedded:
            return
        lazy = LazyEncoder(reader.card, encoder if encoder and encoder.card == reader.card else None)
        ids = [stretch_id(each.resource_id, each.number) for each in reader.stretches() if each.questions]
        groups = (reader.stretches(ids[first : first + _STRETCHES]) for first in range(0, len(ids), _STRETCHES))
        for count, stretch in enumerate(each for group in groups for each in group if each.vectors is None):
            if not count:
                say("embedding the noted questions again")
            vectors = np.stack([lazy.get().question(to_embed(question.text)) for question in stretch.questions])
            with open_keeper(library) as keeper:
                keeper.keep(replace(stretch, vectors=vectors))


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
            transcripts = writer.transcripts(resource.id)
            embedded = [embedder.embed(resource.id, transcript, coming) for transcript in transcripts]
            [status] = writer.statuses([resource.id])
            successor.writer.commit(resource.id, embedded, status.details, editions[resource.id])
            events.finish(resource)
    writer.succeed(successor)
    return embedder.embedded

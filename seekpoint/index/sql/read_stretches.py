"""What a language model noted of stretches, as rows and back."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import chain, groupby
from math import inf, isfinite
from typing import Any

from seekpoint.files import parsed_json
from seekpoint.index.sql.port import COLUMNS, Database
from seekpoint.index.sql.stored_rows import decode_chapters, encode_chapters
from seekpoint.index.text.stretches import number_at, stretch_id, stretches
from seekpoint.index.types import Chapter, NotedQuestion, ReadStretch, Transcript

_STRETCHES = "SELECT id, resource_id, language, digest, reader, titles FROM stretch"
_BLOCKS = "SELECT stretch_id, language, questions, vectors FROM question_block"


def insert(db: Database, stretch: ReadStretch) -> None:
    """Store what was noted of a stretch, in place of what was; within the caller's transaction."""
    key = stretch_id(stretch.resource_id, stretch.number)
    delete(db, [key])
    values = (key, stretch.resource_id, stretch.language, stretch.digest, stretch.reader)
    db.add(f"stretch ({COLUMNS['stretch']})", [(*values, encode_chapters(stretch.titles))])
    vectors = stretch.vectors if stretch.vectors is not None else [None] * len(stretch.questions)
    rows = sorted(zip(stretch.questions, vectors, strict=True), key=lambda row: (row[0].language, row[0].start))
    from seekpoint.index.sql.stored_vectors import pack_int8

    blocks = []
    for language, group in groupby(rows, lambda row: row[0].language):
        noted, packed = zip(*((question, vector) for question, vector in group), strict=True)
        data = b"".join(pack_int8(vector) for vector in packed if vector is not None)
        texts = json.dumps([(question.start, question.text) for question in noted], ensure_ascii=False)
        blocks.append((key, language, stretch.resource_id, texts, data))
    db.add(f"question_block ({COLUMNS['question_block']})", blocks)


def delete(db: Database, ids: Collection[str]) -> None:
    """Delete what was noted of stretches; within the caller's transaction."""
    db.run("DELETE FROM question_block WHERE stretch_id IN ?*", [*ids])
    db.run("DELETE FROM stretch WHERE id IN ?*", [*ids])


def delete_changed(db: Database, resource_id: str, transcripts: Iterable[Transcript]) -> None:
    """Delete what was noted of stretches whose words have changed; within the caller's transaction."""
    rows = db.rows("SELECT id, language, digest FROM stretch WHERE resource_id = ?", resource_id)
    if rows:
        said = {
            (stretch_id(resource_id, stretch.number), transcript.language, stretch.digest)
            for transcript in transcripts
            for stretch in stretches(transcript.cues)
        }
        delete(db, [key for key, language, digest in rows if (key, language, bytes(digest)) not in said])


def forget_vectors(db: Database) -> None:
    """Delete the vectors of all questions, which are another model's; within the caller's transaction."""
    db.run("UPDATE question_block SET vectors = ?", b"")


def by_id(db: Database, ids: Collection[str], language: str) -> list[ReadStretch]:
    """The stretches with these ids that were read, with the questions in one language, else in all, and vectors."""
    blocks = db.rows(f"{_BLOCKS} WHERE stretch_id IN ?* AND language = ?", [*ids], language)
    if len(blocks) < len(ids):
        have = {row[0] for row in blocks}
        blocks = [*blocks, *db.rows(f"{_BLOCKS} WHERE stretch_id IN ?*", [key for key in ids if key not in have])]
    if not blocks:
        return []
    rows = db.rows(f"{_STRETCHES} WHERE id IN ?* ORDER BY id", list({row[0] for row in blocks}))
    noted = _by_stretch(blocks)
    read = [_stretch(row, noted[row[0]]) for row in rows]
    packed = [b"".join(data for *_, data in noted[row[0]]) for row in rows]
    return [*_embedded(read, packed)]


def _embedded(read: Iterable[ReadStretch], packed: Iterable[bytes]) -> Iterator[ReadStretch]:
    """The stretches with their vectors, all of which are unpacked at once; some may have none."""
    from seekpoint.index.sql.stored_vectors import SCALE_BYTES, unpack_int8

    pairs = [*zip(read, packed, strict=True)]
    sizes = {len(data) / len(stretch.questions) for stretch, data in pairs if data}
    if len(sizes) > 1 or not all(map(float.is_integer, sizes)):
        raise ValueError("a stretch has more or fewer vectors than questions")
    size = int(max(sizes, default=SCALE_BYTES + 1))
    vectors, first = unpack_int8([data for _, data in pairs], size - SCALE_BYTES), 0
    for stretch, data in pairs:
        stop = first + len(data) // size
        yield replace(stretch, vectors=vectors[first:stop] if data else None)
        first = stop


def all_of(db: Database, resource_ids: Collection[str] | None = None) -> list[ReadStretch]:
    """The stretches of resources, or of all, that were read, without vectors; in order."""
    where, values = ("", []) if resource_ids is None else ("WHERE resource_id IN ?*", [[*resource_ids]])
    rows = db.rows(f"{_STRETCHES} {where}", *values)
    noted = _by_stretch(db.rows(f"{_BLOCKS} {where}", *values)) if rows else {}
    read = [_stretch(row, noted.get(row[0], ())) for row in rows]
    return sorted(read, key=lambda stretch: (stretch.resource_id, stretch.number))


def titled(made: Sequence[Chapter], titles: Mapping[int, Sequence[Chapter]]) -> tuple[Chapter, ...]:
    """The chapters of a recording: the titles that were noted by stretch, and those that were made in other ones."""
    if not any(titles.values()):
        return tuple(made)
    others = (chapter for chapter in made if number_at(chapter.start) not in titles)
    return tuple(sorted([*others, *chain.from_iterable(titles.values())], key=lambda chapter: chapter.start))


def _by_stretch(blocks: Iterable[Sequence[Any]]) -> dict[str, list[Sequence[Any]]]:
    noted: dict[str, list[Sequence[Any]]] = {}
    for key, *block in blocks:
        noted.setdefault(key, []).append(block)
    return noted


def _stretch(row: Sequence[Any], blocks: Iterable[Sequence[Any]]) -> ReadStretch:
    key, resource_id, language, digest, reader, titles = row
    questions = [
        NotedQuestion(_second(start), spoken, str(text))
        for spoken, texts, _ in blocks
        for start, text in parsed_json(texts)
    ]
    return ReadStretch(
        resource_id, number_of(key), language, bytes(digest), reader, tuple(questions), decode_chapters(titles)
    )


def number_of(key: str) -> int:
    """The number of the stretch with this id."""
    return int(key.rpartition(" ")[2])


def _second(value: Any) -> float:  # noqa: ANN401 - JSON
    if not isinstance(value, int | float) or not isfinite(value) or value < 0:
        raise ValueError("a question stands at no second")
    return float(value)


def check(db: Database, dimension: int, longest: float = inf) -> None:
    """Raise ValueError for what `insert` can't have written, or for a time beyond `longest` seconds."""
    for stretch in all_of(db):
        starts = [*(each.start for each in stretch.questions), *(each.start for each in stretch.titles)]
        if max(starts, default=0.0) > longest:
            raise ValueError("a question stands behind the end")
    from seekpoint.index.sql.stored_vectors import SCALE_BYTES

    for key, language, texts, data in db.rows(_BLOCKS):
        if data and len(data) != len(parsed_json(texts)) * (dimension + SCALE_BYTES):
            raise ValueError(f"the questions of {key} in {language} have other vectors")

"""What a language model noted of stretches, as rows and back."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import chain, groupby
from math import inf, isfinite
from sys import maxsize
from typing import Any

from seekpoint.files import parsed_json
from seekpoint.index.sql.cue_blocks import joined
from seekpoint.index.sql.port import COLUMNS, Database
from seekpoint.index.sql.stored_rows import decode_chapters, encode_chapters
from seekpoint.index.text.stretches import LONGEST_SUMMARY, WHOLE, number_at, stretch_id, stretches_and_whole
from seekpoint.index.types import Chapter, NotedQuestion, ReadStretch, Transcript

_STRETCHES = "SELECT id, resource_id, language, digest, reader, titles FROM stretch"
_BLOCKS = "SELECT stretch_id, language, questions, vectors FROM question_block"


def insert(db: Database, stretch: ReadStretch) -> None:
    """Store what was noted of a stretch, in place of what was; within the caller's transaction."""
    from seekpoint.index.sql.stored_vectors import pack_int8

    key = stretch_id(stretch.resource_id, stretch.number)
    delete(db, [key])
    values = (key, stretch.resource_id, stretch.language, stretch.digest, stretch.reader)
    db.add(f"stretch ({COLUMNS['stretch']})", [(*values, encode_chapters(stretch.titles))])
    vectors = stretch.vectors if stretch.vectors is not None else [None] * len(stretch.questions)
    rows = sorted(zip(stretch.questions, vectors, strict=True), key=lambda row: (row[0].language, row[0].start))
    blocks = []
    for language, group in groupby(rows, lambda row: row[0].language):
        noted, packed = zip(*((question, vector) for question, vector in group), strict=True)
        data = b"".join(pack_int8(vector) for vector in packed if vector is not None)
        texts = json.dumps([(question.start, question.text) for question in noted], ensure_ascii=False)
        blocks.append((key, language, stretch.resource_id, texts, data))
    db.add(f"question_block ({COLUMNS['question_block']})", blocks)


def is_current(db: Database, stretch: ReadStretch) -> bool:
    """Whether the library has the words that were read."""
    query = "SELECT id FROM transcript WHERE resource_id = ? AND language = ?"
    for (key,) in db.rows(query, stretch.resource_id, stretch.language):
        blocks = db.rows("SELECT first, data FROM cue_block WHERE transcript_id = ? ORDER BY first", key)
        cues = joined(((first, bytes(data)) for first, data in blocks), 0, maxsize)
        if any((each.number, each.digest) == (stretch.number, stretch.digest) for each in stretches_and_whole(cues)):
            return True
    return False


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
            for stretch in stretches_and_whole(transcript.cues)
        }
        delete(db, [key for key, language, digest in rows if (key, language, bytes(digest)) not in said])


def forget_vectors(db: Database) -> None:
    """Delete the vectors of all questions, which are another model's; within the caller's transaction."""
    db.run("UPDATE question_block SET vectors = ?", b"")


def by_id(db: Database, ids: Collection[str], language: str) -> list[ReadStretch]:
    """The stretches with these ids that were read, with the questions in one language, else in all, and vectors."""
    rows = db.rows(f"{_STRETCHES} WHERE id IN ?* ORDER BY id", [*ids])
    keys = [row[0] for row in rows]
    blocks = db.rows(f"{_BLOCKS} WHERE stretch_id IN ?* AND language = ?", keys, language) if keys else []
    if len(blocks) < len(keys):
        have = {row[0] for row in blocks}
        others = [key for key in keys if key not in have]
        blocks = [*blocks, *db.rows(f"{_BLOCKS} WHERE stretch_id IN ?* ORDER BY language", others)]
    noted = _by_stretch(blocks)
    return [_with_vectors(_stretch(row, noted.get(row[0], ())), noted.get(row[0], ())) for row in rows]


def _with_vectors(stretch: ReadStretch, blocks: Iterable[Sequence[Any]]) -> ReadStretch:
    """The stretch with its vectors, if each question has one."""
    from seekpoint.index.sql.stored_vectors import SCALE_BYTES, unpack_int8

    packed = [bytes(data) for *_, data in blocks]
    size, rest = divmod(len(b"".join(packed)), max(len(stretch.questions), 1))
    if not packed or not all(packed) or rest or size <= SCALE_BYTES:
        return stretch
    return replace(stretch, vectors=unpack_int8(packed, size - SCALE_BYTES))


def all_of(db: Database, resource_ids: Collection[str] | None = None) -> list[ReadStretch]:
    """The stretches of resources, or of all, that were read, without vectors; in order."""
    where, values = ("", []) if resource_ids is None else ("WHERE resource_id IN ?*", [[*resource_ids]])
    rows = db.rows(f"{_STRETCHES} {where}", *values)
    noted = _by_stretch(db.rows(f"{_BLOCKS} {where} ORDER BY stretch_id, language", *values)) if rows else {}
    read = [_stretch(row, noted.get(row[0], ())) for row in rows]
    return sorted(read, key=lambda stretch: (stretch.resource_id, stretch.number))


def titled(made: Sequence[Chapter], titles: Mapping[int, Sequence[Chapter]]) -> tuple[Chapter, ...]:
    """The noted titles, by stretch, and the chapters that a rule made in other stretches; none without titles."""
    if not any(titles.values()):
        return ()
    others = (chapter for chapter in made if number_at(chapter.start) not in titles)
    return tuple(sorted([*others, *chain.from_iterable(titles.values())], key=lambda chapter: chapter.start))


def apart(rows: Iterable[tuple[str, str, str]]) -> tuple[dict[int, str], tuple[str, str]]:
    """The titles of stretches as stored, by number; and the language of the transcript that has a summary, and it.

    A row has a stretch's id, its language and its titles, all of a resource.
    """
    stored = {number_of(key): (language, titles) for key, language, titles in rows}
    language, whole = stored.pop(WHOLE, ("", "[]"))
    summary = next((title.title for title in decode_chapters(whole)), "")
    return {number: titles for number, (_, titles) in stored.items()}, (language, summary[:LONGEST_SUMMARY])


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
    from seekpoint.index.sql.stored_vectors import SCALE_BYTES

    try:
        for stretch in all_of(db):
            starts = [*(each.start for each in stretch.questions), *(each.start for each in stretch.titles)]
            if max(starts, default=0.0) > longest:
                raise ValueError("a question stands behind the end")
            is_long = len(stretch.titles) > 1 or any(len(each.title) > LONGEST_SUMMARY for each in stretch.titles)
            if stretch.number == WHOLE and (stretch.questions or is_long):
                raise ValueError("a summary is longer than any that is noted")
        for _, _, questions, data in db.rows(_BLOCKS):
            pairs = parsed_json(questions)
            sizes = (0, len(pairs) * (dimension + SCALE_BYTES))
            if len(data) not in sizes or not all(type(text) is str for _, text in pairs):
                raise ValueError("questions have other texts or vectors than are stored")
    except (TypeError, AttributeError, OverflowError) as error:
        raise ValueError("what was noted of a stretch makes no sense") from error

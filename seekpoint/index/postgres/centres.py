"""The means by which the vectors in the index are centred: one for each language, fixed once and for all."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from seekpoint.index.models.centring import background, centred
from seekpoint.index.postgres.session import Session
from seekpoint.index.records import piece_blocks
from seekpoint.index.store import Language
from seekpoint.index.types import ModelCard

if TYPE_CHECKING:
    from seekpoint.index.types import Vectors

# Chunks. The mean of fewer says more about their topic than about the language.
_ENOUGH = 1000
_BATCH = 1000


def centres(session: Session, languages: Iterable[str], dimension: int) -> dict[str, Vectors]:
    """The fixed mean of each language; zero where none is fixed yet."""
    names = list(languages)
    rows = session.rows("SELECT language, mean FROM centre WHERE language = ANY(%s)", names)
    found = {language: np.frombuffer(mean, "<f4") for language, mean in rows}
    return {language: found.get(language, np.zeros(dimension, np.float32)) for language in names}


def known_centre(session: Session, language: str, card: ModelCard) -> Vectors:
    """The fixed mean of a language; for the bundled model one is fixed here, from what is known of the language."""
    known = background(card.name)
    if known:
        common: Vectors = np.mean(list(known.values()), axis=0)
        keep(session, language, known.get(language, common))
    return centres(session, [language], card.dimension)[language]


def keep(session: Session, language: str, mean: Vectors) -> None:
    """Fix the mean of a language, unless one is fixed already."""
    data = np.asarray(mean, "<f4").tobytes()
    session.run("INSERT INTO centre VALUES (%s, %s) ON CONFLICT DO NOTHING", language, data)


def settle(session: Session, languages: Mapping[str, Language], card: ModelCard, enough: int = _ENOUGH) -> None:
    """Fix the means of languages that have `enough` chunks by now, and centre their vectors again.

    Not while others add chunks, whose vectors would not be centred.
    """
    fixed = {language for (language,) in session.rows("SELECT language FROM centre")}
    for name, language in languages.items():
        if name not in fixed and language.chunks >= enough:
            with session.transaction():
                keep(session, name, language.mean)
                _centre_again(session, name, language.mean, card)


def embedding_rows(vectors: Vectors, centre: Vectors) -> list[tuple[float, str]]:
    """The length of each vector without its centre, and the unit vector, as `chunk` stores them."""
    lengths = np.linalg.norm(vectors - centre, axis=1)
    return [(float(length), halfvec(row)) for length, row in zip(lengths, centred(vectors, centre), strict=True)]


def halfvec(vector: Vectors) -> str:
    """A vector as text; a half float has three digits and a bit."""
    return f"[{','.join(map('{:.5g}'.format, vector.tolist()))}]"


def _centre_again(session: Session, language: str, mean: Vectors, card: ModelCard) -> None:
    rows: Sequence[tuple[int, bytes]] = session.rows(
        "SELECT id, vector FROM chunk JOIN body ON chunk_id = id WHERE language = %s ORDER BY id", language
    )
    for start in range(0, len(rows), _BATCH):
        batch = rows[start : start + _BATCH]
        vectors = piece_blocks.unpack_int8([vector for _, vector in batch], card.dimension)
        lengths, embeddings = zip(*embedding_rows(vectors, mean), strict=True)
        session.run(
            """UPDATE chunk SET length = new.length, embedding = new.embedding::halfvec
               FROM unnest(%s::bigint[], %s::real[], %s::text[]) AS new (id, length, embedding)
               WHERE chunk.id = new.id""",
            [chunk_id for chunk_id, _ in batch],
            list(lengths),
            list(embeddings),
        )

"""Sums over a library's chunks: the vectors of each language, and in how many chunks each term is.

A change adds rows; `fold` adds these up with what was summed up before. The sums are exact in either form.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import NamedTuple

import numpy as np

from seekpoint.index.postgres.session import Session
from seekpoint.index.records.sums import Totals, as_bytes, numbers

# The key of the advisory lock that keeps two processes from adding up the same changes.
_LOCK = 0x736B7075


class LanguageTotals(NamedTuple):
    """The totals of a language's vectors, and the number of its terms."""

    vectors: Totals
    terms: int

    @property
    def values(self) -> tuple[int, bytes, int, bytes, int]:
        """The columns of `language`, but its name."""
        chunks, total, windows, window_total = self.vectors
        return (chunks, as_bytes(total), windows, as_bytes(window_total), self.terms)


class TermIn(NamedTuple):
    """A term, by its number, in a language."""

    number: int
    language: str


def languages(session: Session) -> dict[str, LanguageTotals]:
    """The totals of each language that has chunks, in alphabetical order."""
    rows = session.rows("SELECT * FROM language UNION ALL SELECT * FROM language_change")
    summed = _summed(rows)
    return {name: summed[name] for name in sorted(summed) if summed[name].vectors.chunks > 0}


def frequencies(session: Session, terms: Iterable[str]) -> dict[str, dict[str, int]]:
    """In how many chunks each term is, by term and language."""
    rows = session.rows(
        """SELECT text, language, sum(chunks)::bigint FROM (
             SELECT * FROM frequency WHERE term IN (SELECT number FROM term WHERE text = ANY(%s))
             UNION ALL
             SELECT * FROM frequency_change WHERE term IN (SELECT number FROM term WHERE text = ANY(%s))
           ) AS counted JOIN term ON number = counted.term GROUP BY text, language HAVING sum(chunks) > 0""",
        *[list(terms)] * 2,
    )
    found: dict[str, dict[str, int]] = {}
    for term, language, chunks in rows:
        found.setdefault(term, {})[language] = chunks
    return found


def add(session: Session, language: str, totals: Totals, terms: int, sign: int = 1) -> None:
    """Add a transcript's totals to those of its language, a primary subtag, or subtract them."""
    session.run(
        "INSERT INTO language_change VALUES (%s, %s, %s, %s, %s, %s)",
        language,
        sign * totals.chunks,
        as_bytes(sign * totals.total),
        sign * totals.windows,
        as_bytes(sign * totals.window_total),
        sign * terms,
    )


def add_frequencies(session: Session, counts: Mapping[TermIn, int]) -> None:
    """Add to the document frequencies of terms."""
    rows = ((number, language, chunks) for (number, language), chunks in counts.items() if chunks)
    session.copy("frequency_change (term, language, chunks)", rows)


def fold(session: Session) -> None:
    """Add up the changes of all commits so far; readers see the same sums before and after."""
    with session.transaction():
        if session.rows("SELECT pg_try_advisory_xact_lock(%s, hashtext(current_schema()))", _LOCK) != [(True,)]:
            return
        session.run(
            """WITH gone AS (DELETE FROM frequency_change RETURNING *)
               INSERT INTO frequency SELECT term, language, sum(chunks)::bigint FROM gone GROUP BY term, language
               HAVING sum(chunks) <> 0
               ON CONFLICT (term, language) DO UPDATE SET chunks = frequency.chunks + excluded.chunks"""
        )
        session.run("DELETE FROM frequency WHERE chunks <= 0")
        changed = session.rows("DELETE FROM language_change RETURNING *")
        if changed:
            stored = session.rows("DELETE FROM language RETURNING *")
            session.run_many(
                "INSERT INTO language VALUES (%s, %s, %s, %s, %s, %s)",
                [(name, *of.values) for name, of in _summed([*stored, *changed]).items() if of.vectors.chunks],
            )


def _summed(rows: Iterable[tuple[str, int, bytes, int, bytes, int]]) -> dict[str, LanguageTotals]:
    totals: dict[str, LanguageTotals] = {}
    for name, chunks, total, windows, window_total, occurrences in rows:
        size = len(numbers(total))
        before, said = totals.get(name, LanguageTotals(Totals(0, np.zeros(size), 0, np.zeros(size)), 0))
        totals[name] = LanguageTotals(
            Totals(
                before.chunks + chunks,
                before.total + numbers(total),
                before.windows + windows,
                before.window_total + numbers(window_total),
            ),
            said + occurrences,
        )
    return totals


def chunk_counts(numbers_of_chunks: Iterable[Iterable[int]], language: str) -> Counter[TermIn]:
    """In how many of some chunks of a language each term is, from the distinct numbers of each chunk's terms."""
    return Counter(TermIn(number, language) for numbers in numbers_of_chunks for number in numbers)

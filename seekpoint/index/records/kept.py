"""Kept moments as rows."""

from __future__ import annotations

from seekpoint.index.records.catalogue import Row
from seekpoint.index.types import KeptMoment, Kind, Resource

COLUMNS = """resource_id, place, kind, title, url, language, start, page, anchor, quote, link, question,
             added, note, collection"""
"""The columns of a row, as SQL names them."""


def values_of(moment: KeptMoment) -> tuple[object, ...]:
    """The values of a moment's row, in the order of COLUMNS."""
    resource = moment.resource
    return (
        *(resource.id, moment.place, resource.kind.value, resource.title, resource.url, moment.language),
        *(moment.start, moment.page, moment.anchor, moment.quote, moment.link, moment.question),
        *(moment.added, moment.note, moment.collection),
    )


def moment_of(row: Row) -> KeptMoment:
    """A moment, from its row; raises ValueError."""
    return KeptMoment(
        resource=Resource(row["resource_id"], Kind(row["kind"]), row["title"], row["url"]),
        **{name: row[name] for name in ("language", "start", "page", "anchor", "quote", "link", "question")},
        **{name: row[name] for name in ("note", "collection", "added")},
    )

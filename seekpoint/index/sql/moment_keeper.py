"""Changes of the moments that a library keeps, in transactions of the backend's own."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass

from seekpoint.index.sql.port import Database
from seekpoint.index.sql.stored_rows import values_of
from seekpoint.index.sql.tables import COLUMNS
from seekpoint.index.store import Closing
from seekpoint.index.types import KeptMoment


@dataclass(eq=False)
class MomentKeeper(Closing):
    """Changes what a library keeps, each time in a block of `change`; `store.Keeper` documents the methods."""

    db: Database
    _change: Callable[[], AbstractContextManager[None]]
    close: Callable[[], None]

    def keep(self, moment: KeptMoment) -> None:
        values = values_of(moment)
        marks = ", ".join("?" * len(values))
        with self._change():
            self.db.run(f"INSERT INTO kept ({COLUMNS['kept']}) VALUES ({marks}) ON CONFLICT DO NOTHING", *values)

    def annotate(self, resource_id: str, place: str, note: str, collection: str) -> bool:
        with self._change():
            self.db.run(
                "UPDATE kept SET note = ?, collection = ? WHERE (resource_id, place) = (?, ?)",
                *(note, collection, resource_id, place),
            )
            return bool(self.db.rows("SELECT 1 FROM kept WHERE (resource_id, place) = (?, ?)", resource_id, place))

    def drop(self, resource_id: str, place: str) -> None:
        with self._change():
            self.db.run("DELETE FROM kept WHERE (resource_id, place) = (?, ?)", resource_id, place)

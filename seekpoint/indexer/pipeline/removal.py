"""Removes resources and sources from a library, each with what nothing else lists."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection

from seekpoint.index.store import Writer


def remove_with_entries(writer: Writer, ids: Collection[str], sources: Collection[str] = ()) -> int:
    """Remove resources, and what only these sources list; returns how many. The entries of playlists and feeds go too.

    An entry stays that some source lists more often than the playlist: by itself, or as that of another playlist.
    """
    listings: dict[str, Counter[str]] = {}
    for section in writer.sections():
        for key in section.entries:
            listings.setdefault(key, Counter())[section.source] += 1
    playlists = {key: [entry.resource.id for entry in held.entries] for key, held in writer.playlists().items()}
    gone = dict.fromkeys(ids)
    holders: dict[str, set[str]] = {}
    for one, held in playlists.items():
        for key in held:
            holders.setdefault(key, set()).add(one)
    for playlist in (queue := [*gone]):  # which grows, since a playlist may hold others
        for key in playlists.get(playlist, ()):
            is_held = holders[key] - gone.keys()
            if key in listings and key not in gone and not is_held and listings[key] <= listings[playlist]:
                gone[key] = None
                queue.append(key)
    with writer.transaction():
        for source in sources:
            writer.register(source, ())
        writer.put_settings(headings=[change for change in writer.settings.headings if change[0] not in sources])
        return writer.remove(gone, unlisted_by=sources)

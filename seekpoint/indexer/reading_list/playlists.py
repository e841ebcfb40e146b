"""What a list names with what its playlists hold."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from seekpoint.index.types import Playlist, Resource
from seekpoint.indexer.reading_list.parse import merge


def expand_playlists(listed: Sequence[Resource], playlists: Mapping[str, Playlist]) -> tuple[Resource, ...]:
    """The resources of a list, each playlist followed by its entries, which stand under its title.

    A playlist is opened once, wherever else it stands: one may hold others, and name itself. The list's words for a
    video go before the playlist's.
    """
    opened: set[str] = set()
    entries: list[Resource] = []
    waiting = list(reversed(listed))
    while waiting:
        resource = waiting.pop()
        entries.append(resource)
        if resource.id in playlists and resource.id not in opened:
            opened.add(resource.id)
            held = _held(resource, playlists[resource.id])
            waiting += [entry for entry in reversed(held) if entry.id not in opened]
    own_words = {resource.id: resource.title for resource in listed}
    return tuple(replace(entry, title=own_words.get(entry.id) or entry.title) for entry in merge(entries))


def _held(resource: Resource, playlist: Playlist) -> list[Resource]:
    title = resource.title or playlist.title or resource.url
    sections = tuple((*path, title) for path in resource.sections or ((),))
    return [replace(entry.resource, sections=sections) for entry in playlist.entries]


def faults(playlists: Mapping[str, Playlist]) -> dict[str, str]:
    """Why entries can't be had, by id, as far as no playlist shows them as there."""
    entries = [entry for playlist in playlists.values() for entry in playlist.entries]
    there = {entry.resource.id for entry in entries if entry.fault is None}
    return {entry.resource.id: entry.fault for entry in entries if entry.fault and entry.resource.id not in there}

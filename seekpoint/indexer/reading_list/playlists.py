"""Expands the playlists of a reading list."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from seekpoint.index.types import Playlist, Resource
from seekpoint.indexer.reading_list.parse import merge


def expand_playlists(listed: Sequence[Resource], playlists: Mapping[str, Playlist]) -> tuple[Resource, ...]:
    """The resources of a list, each playlist followed by its entries in a section with its title.

    A playlist is expanded once: playlists may contain each other, and themselves. The list's title for a video takes
    precedence over the playlist's.
    """
    expanded: set[str] = set()
    entries: list[Resource] = []
    stack = list(reversed(listed))
    while stack:
        resource = stack.pop()
        entries.append(resource)
        if resource.id in playlists and resource.id not in expanded:
            expanded.add(resource.id)
            playlist_entries = _entries(resource, playlists[resource.id])
            stack += [entry for entry in reversed(playlist_entries) if entry.id not in expanded]
    listed_titles = {resource.id: resource.title for resource in listed}
    return tuple(replace(entry, title=listed_titles.get(entry.id) or entry.title) for entry in merge(entries))


def _entries(resource: Resource, playlist: Playlist) -> list[Resource]:
    title = resource.title or playlist.title or resource.url
    sections = tuple((*path, title) for path in resource.sections or ((),))
    return [replace(entry.resource, sections=sections) for entry in playlist.entries]


def unavailable_entries(playlists: Mapping[str, Playlist]) -> dict[str, str]:
    """The reasons for unavailable entries, by id; entries that another playlist lists as available are left out."""
    entries = [entry for playlist in playlists.values() for entry in playlist.entries]
    available = {entry.resource.id for entry in entries if entry.fault is None}
    return {entry.resource.id: entry.fault for entry in entries if entry.fault and entry.resource.id not in available}

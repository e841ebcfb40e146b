"""Episodes stay the same resource where their sounds move, if their guids are unique in their feed."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace

from seekpoint.indexer.reading_list.addresses import short_hash
from seekpoint.indexer.sources.podcasts.feed import Episode

_PAIR = re.compile(r"([0-9a-f]{12})([0-9a-f]{12})")


def stored_ids(ids: Mapping[str, str]) -> str:
    """The ids of a feed's episodes by the keys of their guids, as a library stores them."""
    return "".join(key + found for key, found in ids.items())


def known_ids(stored: str) -> dict[str, str]:
    """The ids that `stored_ids` wrote."""
    return dict(_PAIR.findall(stored))


def identified(episodes: Sequence[Episode], known: Mapping[str, str]) -> tuple[list[Episode], dict[str, str]]:
    """The episodes of a feed with the ids that are `known` by the keys of their guids, and the ids to know next time.

    A guid that several sounds have says nothing. One that is unique beyond the feed is the id already.
    """
    keyed = [(_key(episode), episode) for episode in episodes]
    urls: dict[str, set[str]] = defaultdict(set)
    for key, episode in keyed:
        urls[key].add(episode.resource.url)
    usable = {key for key, found in urls.items() if key and len(found) == 1}
    # The ids at the addresses that these episodes have left, where another one may be now.
    left = {known[key] for key, one in keyed if key in usable and known.get(key, one.resource.id) != one.resource.id}
    same, ids = [], dict(known)
    for key, episode in keyed:
        own = episode.resource.id
        own = short_hash(f"{own} {key}") if own in left else own
        if key in usable:
            own = ids.setdefault(key, own)
        same.append(replace(episode, resource=replace(episode.resource, id=own)))
    return same, ids


def _key(episode: Episode) -> str:
    """A digest of a guid and its date, since some feeds use a guid again for another episode; empty if not needed."""
    if not episode.guid or episode.resource.id == short_hash(f"guid {episode.guid}"):
        return ""
    return short_hash(f"{episode.guid}\n{episode.published or episode.resource.title}")

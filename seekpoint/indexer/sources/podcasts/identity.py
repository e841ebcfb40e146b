"""Episodes belong to the origin of the feed that names them, and stay the same where their sounds or it move."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import islice
from typing import NamedTuple

from seekpoint.indexer.fetch.fetcher import origin_of
from seekpoint.indexer.reading_list.addresses import short_hash
from seekpoint.indexer.sources.podcasts.feed import MOST_ITEMS, Episode

_KNOWN = re.compile(r"([0-9a-f]{20})([0-9a-f]{20})([0-9a-f]{8})")
# A guid that is unique beyond its feed: a URI, or a long code. "12" and "Episode 12" aren't.
_UNIQUE = re.compile(r"[a-z][a-z0-9+.-]*:\S{4,}|(?=\S*\d)(?=\S*[a-z])\S{20,}", re.IGNORECASE)

UNREAD = "0" * 8
"""The digest of the addresses of transcripts before an episode was listed."""


class KnownEpisode(NamedTuple):
    """An episode's id, and a digest of the addresses of its transcripts when it was listed last."""

    id: str
    links: str = UNREAD


def stored_ids(known: Mapping[str, KnownEpisode]) -> str:
    """The episodes of a feed by the keys of their guids, as a library stores them."""
    return "".join(key + "".join(one) for key, one in known.items())


def known_ids(stored: str) -> dict[str, KnownEpisode]:
    """The episodes that `stored_ids` wrote."""
    return {key: KnownEpisode(*one) for key, *one in _KNOWN.findall(stored)}


def links_of(episode: Episode) -> str:
    """The digest of the addresses of an episode's transcripts."""
    return short_hash("\n".join(link.url for link in episode.transcripts))[: len(UNREAD)]


def identified(
    episodes: Sequence[Episode], feed: str, known: Mapping[str, KnownEpisode]
) -> tuple[list[Episode], dict[str, KnownEpisode]]:
    """The episodes of the feed at an address with their ids, and what to know of them next time.

    An id is `known` by the key of a guid, else made of the feed's origin and the guid, or the sound's address: no feed
    of another origin can give the same one. A guid that several enclosures share is ignored.
    """
    origin = origin_of(feed)
    keyed = [(_key(one), short_hash(f"episode {origin} {_own_name(one)}"), one) for one in episodes]
    urls: dict[str, set[str]] = defaultdict(set)
    for key, _, episode in keyed:
        urls[key].add(episode.resource.url)
    usable = {key for key, found in urls.items() if len(found) == 1}
    # The ids at the addresses that these episodes have left, where another one may be now.
    left = {known[key].id for key, own, _ in keyed if key in usable and key in known and known[key].id != own}
    same, found = [], dict(known)
    for key, own, episode in keyed:
        own = short_hash(f"{own} {key}") if own in left else own
        if key in usable:
            own = found.setdefault(key, KnownEpisode(own)).id
        same.append(replace(episode, resource=replace(episode.resource, id=own)))
    return same, dict(islice(found.items(), max(0, len(found) - MOST_ITEMS), None))


def _own_name(episode: Episode) -> str:
    return episode.guid if _UNIQUE.fullmatch(episode.guid) else episode.resource.url


def _key(episode: Episode) -> str:
    """A digest of a guid, and of its date, since some feeds use a short one again; without a guid, of the address."""
    name = _own_name(episode)
    if episode.guid and name != episode.guid:
        name = f"{episode.guid}\n{episode.published or episode.resource.title}"
    return short_hash(name)

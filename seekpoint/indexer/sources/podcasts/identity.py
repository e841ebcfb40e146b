"""Episodes belong to the origin of the feed that names them, and stay the same where their sounds or it move."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import islice
from typing import NamedTuple

from seekpoint.indexer.fetch.fetcher import origin_of
from seekpoint.indexer.reading_list.addresses import short_hash
from seekpoint.indexer.sources.podcasts.feed import MOST_ITEMS, Episode

_KNOWN = re.compile(r"([0-9a-f]{20})([0-9a-f]{20})([0-9a-f]{8})")
# A guid that is unique beyond its feed: a URI, or a long code. "12" and "Episode 12" aren't.
_UNIQUE = re.compile(r"[a-z][a-z0-9+.-]*:\S{4,}|(?=\S*\d)(?=\S*[a-z])\S{20,}", re.IGNORECASE)

# The digest of the addresses of transcripts before an episode was listed.
_UNREAD = "0" * 8


class KnownEpisode(NamedTuple):
    """An episode's id, and a digest of the addresses of its transcripts when it was listed last."""

    id: str
    links: str = _UNREAD


def stored_ids(known: Mapping[str, KnownEpisode]) -> str:
    """The episodes of a feed by the keys of their guids, as a library stores them."""
    return "".join(key + "".join(episode) for key, episode in known.items())


def known_ids(stored: str) -> dict[str, KnownEpisode]:
    """The episodes that `stored_ids` wrote."""
    return {key: KnownEpisode(*values) for key, *values in _KNOWN.findall(stored)}


def _links_of(episode: Episode) -> str:
    return short_hash("\n".join(link.url for link in episode.transcripts))[: len(_UNREAD)]


def newly_written(episodes: Iterable[Episode], known: Mapping[str, KnownEpisode]) -> dict[str, bool]:
    """The ids of episodes that have other transcripts than when they were `known`, each with whether it was listed."""
    links = {episode.id: episode.links for episode in known.values()}
    ids = {episode.resource.id: _links_of(episode) for episode in episodes if episode.transcripts}
    return {key: links.get(key, _UNREAD) != _UNREAD for key, now in ids.items() if links.get(key) != now}


def with_links(known: Mapping[str, KnownEpisode], episodes: Iterable[Episode]) -> dict[str, KnownEpisode]:
    """The known episodes with the digests of the transcripts that they have now."""
    links = {episode.resource.id: _links_of(episode) for episode in episodes}
    return {key: episode._replace(links=links.get(episode.id, episode.links)) for key, episode in known.items()}


def identified(
    episodes: Sequence[Episode], feed: str, known: Mapping[str, KnownEpisode]
) -> tuple[list[Episode], dict[str, KnownEpisode]]:
    """The episodes of the feed at an address with their ids, and what to know of them next time.

    An id is `known` by the key of a guid, else made of the feed's origin and the guid, or the sound's address: no feed
    of another origin can give the same one. A guid that several enclosures share is ignored.
    """
    origin = origin_of(feed)
    keyed = [(_key(each), short_hash(f"episode {origin} {_own_name(each)}"), each) for each in episodes]
    urls: dict[str, set[str]] = defaultdict(set)
    for key, _, episode in keyed:
        urls[key].add(episode.resource.url)
    usable = {key for key, enclosures in urls.items() if len(enclosures) == 1}
    # The ids at the addresses that these episodes have left, where another one may be now.
    left = {known[key].id for key, own, _ in keyed if key in usable and key in known and known[key].id != own}
    same, kept = [], dict(known)
    for key, own, episode in keyed:
        own = short_hash(f"{own} {key}") if own in left else own
        if key in usable:
            own = kept.setdefault(key, KnownEpisode(own)).id
        same.append(replace(episode, resource=replace(episode.resource, id=own)))
    return same, dict(islice(kept.items(), max(0, len(kept) - MOST_ITEMS), None))


def _own_name(episode: Episode) -> str:
    return episode.guid if _UNIQUE.fullmatch(episode.guid) else episode.resource.url


def _key(episode: Episode) -> str:
    """A digest of a guid, and of its date, since some feeds use a short one again; without a guid, of the address."""
    name = _own_name(episode)
    if episode.guid and name != episode.guid:
        name = f"{episode.guid}\n{episode.details.published or episode.resource.title}"
    return short_hash(name)

"""Feeds, RSS and Atom, and the ids of their episodes, which belong to the origin of the feed that names them.

Elements are matched by name, whatever the spelling of a namespace.
"""

from __future__ import annotations

import io
import re
from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from html import unescape
from itertools import islice
from pathlib import PurePosixPath
from typing import Any, NamedTuple, TypeAlias
from urllib.parse import urljoin, urlsplit

from lxml import etree

from seekpoint.file_formats import MEDIA_TYPES
from seekpoint.index.errors import SourceError
from seekpoint.index.reasons import Reason
from seekpoint.index.types import Details, Kind, Resource, completed
from seekpoint.indexer.fetch.fetcher import origin_of
from seekpoint.indexer.reading_list.addresses import resource_of, short_hash
from seekpoint.indexer.sources.metadata import (
    citation,
    stated_address,
    stated_chapters,
    stated_picture,
    stated_seconds,
    stated_text,
)
from seekpoint.indexer.sources.pages.charset import BOMS, decoded

# Why not feedparser: version 6.0.14 keeps the last one of several podcast:transcript. Why not podcastparser: 0.6.11
# keeps neither their types nor their languages, and refuses a feed that isn't well-formed.

_Elements: TypeAlias = Mapping[str, Sequence[Any]]
"""The children of an element by name, such as `title` or `itunes:duration`."""

# Atomic, since comments in a row would take exponential time.
_ROOT = re.compile(
    rb"\s*(?>(?:<\?.{0,2000}?\?>\s*|<!--.{0,20000}?-->\s*|<!DOCTYPE[^>\[]{0,500}(?:\[.{0,20000}?\])?\s*>\s*)*)"
    rb"<(?:[\w.-]+:)?(?:rss|feed|RDF)[\s>]",
    re.DOTALL | re.IGNORECASE,
)
_START = 50_000
_TAG = re.compile(rb"<(/?)(?:[\w.-]{1,40}:)?(?:(item|entry)|rss|feed|RDF)(?:[\s/>]|\Z)", re.IGNORECASE)
# Faults after which the parser reads no further item.
_LAST_FAULTS = (
    etree.ErrorTypes.ERR_RESOURCE_LIMIT,
    etree.ErrorTypes.ERR_CDATA_NOT_FINISHED,
    etree.ErrorTypes.ERR_COMMENT_NOT_FINISHED,
)
# Publishers vary case, scheme and ending of these.
_NAMESPACES = (
    ("itunes.com/dtds", "itunes"),
    ("podcastindex", "podcast"),
    ("podlove.org/simple-chapters", "psc"),
    ("w3.org/2005/atom", "atom"),
    ("purl.org/atom", "atom"),
    ("purl.org/dc/elements", "dc"),
    ("search.yahoo.com/mrss", "media"),
)
_LANGUAGE = "{http://www.w3.org/XML/1998/namespace}lang"
_DEEP_LINK = "http://podlove.org/deep-link"
_PICTURES = ("itunes:image", "media:thumbnail")
_YEARS = range(1900, 2200)
MOST_ITEMS = 50_000
"""The items that are read of a feed, all its pages together. The longest feeds have some thousand."""


class TranscriptLink(NamedTuple):
    """The address of a transcript, its media type in lower case and its language tag; both may be empty."""

    url: str
    media_type: str
    language: str


@dataclass(frozen=True, slots=True)
class Episode:
    """An item of a feed with a recording.

    The id of its `resource` is that of its address, until `identity` gives it its own. Chapters of its details are
    those in the feed; `chapters_url` leads to others. `guid` is its id in the feed.
    """

    resource: Resource
    details: Details = field(default_factory=Details)
    language: str = ""
    transcripts: tuple[TranscriptLink, ...] = ()
    chapters_url: str | None = None
    guid: str = ""


def merged(first: Episode, second: Episode, *, has_moved: bool) -> Episode:
    """An episode that two feeds have, with the transcripts of both.

    If the second feed `has_moved`, its transcripts count only where the first has none.
    """
    known = {link.url for link in first.transcripts}
    further = (
        link._replace(language=link.language or second.language)
        for link in second.transcripts
        if link.url not in known and not (has_moved and known)
    )
    return replace(
        first,
        details=completed(first.details, second.details),
        language=first.language or second.language,
        transcripts=(*first.transcripts, *further),
        chapters_url=first.chapters_url or second.chapters_url,
    )


@dataclass(frozen=True, slots=True)
class Feed:
    """A page of a feed: its episodes, newest first, and the number of its items without a recording.

    `address` is its own and `following` that of its next page, `moved` the one where it says that it is now. A feed
    `is_cut` if it wasn't read to its end: further episodes may have been there.
    """

    title: str
    episodes: tuple[Episode, ...]
    left_out: int = 0
    following: str | None = None
    moved: str | None = None
    is_cut: bool = False
    address: str | None = None


def is_feed(data: bytes) -> bool:
    """Whether the root element is that of a feed, RSS or Atom."""
    start = data[:_START]
    bom = next((bom for bom in BOMS if start.startswith(bom)), b"")
    return bool(_ROOT.match(start[len(bom) :].replace(b"\0", b"")))


def parse_feed(data: bytes, url: str, charset: str | None = None) -> Feed:
    """Parse a feed from `url`; `charset` is the declared one. A feed that isn't well-formed is read as far as possible.

    Raises SourceError if there is no element in it.
    """
    data = decoded(data, charset).encode()
    # Items are read one by one: neither entities nor files nor addresses that a feed declares, nor texts of 10 MB.
    elements = etree.iterparse(
        io.BytesIO(data.lstrip()),
        tag=("{*}item", "{*}entry"),
        recover=True,
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
        encoding="utf-8",
    )
    items: list[tuple[datetime | None, Episode] | None] = []
    last_tags = deque(_TAG.finditer(data), maxlen=1)
    is_end, is_item = any(tag[1] for tag in last_tags), any(tag[2] for tag in last_tags)
    is_cut = is_item or not is_end
    try:
        for _, element in elements:
            items.append(_item(_children(element), url) if len(items) < MOST_ITEMS else None)
            element.clear(keep_tail=False)
    except etree.XMLSyntaxError:  # what came before the fault is read
        is_cut = True
    if elements.root is None:
        raise SourceError(Reason("no_feed"))
    if is_item and not is_end:  # its guid or its transcript may have been cut off
        items = items[:-1]
    read = sorted(filter(None, items), key=lambda item: item[0] or datetime.min.replace(tzinfo=UTC), reverse=True)
    header = _children(elements.root)
    header = _children(header["channel"][0]) if "channel" in header else header  # Atom has no channel
    title = _text(header, "title", "atom:title")
    # The `author` of RSS is an address for mail.
    people = [_text(_children(author), "atom:name") for author in header.get("atom:author", ())]
    stated = citation([_text(header, "itunes:author", "dc:creator") or next(filter(None, people), "")], (), [title], ())
    language = _text(header, "language", "dc:language") or elements.root.get(_LANGUAGE, "")
    links = ((link.get("rel", ""), _address(link.get("href"), url)) for link in header.get("atom:link", ()))
    first = {rel: address for rel, address in reversed([*links]) if address}
    of_feed = replace(stated, channel=next(iter((*stated.authors, title))) or None, thumbnail=_thumbnail(header, url))
    return Feed(
        title,
        tuple(replace(each, language=language, details=completed(each.details, of_feed)) for _, each in read),
        len(items) - len(read),
        first.get("next"),
        _address(_text(header, "itunes:new-feed-url", stated=stated_address), url),
        is_cut or any(fault.type in _LAST_FAULTS for fault in elements.error_log),
        first.get("self"),
    )


def _children(element: Any) -> _Elements:  # noqa: ANN401
    groups: dict[str, list[Any]] = defaultdict(list)
    for child in element:
        if isinstance(child.tag, str):  # an entity that wasn't read has none
            namespace, _, local = child.tag.rpartition("}")
            prefix = next((f"{prefix}:" for part, prefix in _NAMESPACES if part in namespace.lower()), "")
            groups[prefix + local].append(child)
    return groups


def _text(elements: _Elements, *names: str, stated: Callable[[str], str] = stated_text) -> str:
    """The first text under any of the names, in their order. Many feeds escape it twice."""
    for element in (element for name in names for element in elements.get(name, ())):
        if text := stated(unescape("".join(element.itertext()))):
            return text
    return ""


def _address(link: str | None, base: str) -> str | None:
    """The address on the web that a link leads to; `None` for scripts, files and what is none."""
    with suppress(ValueError):
        resource = resource_of(urljoin(base, link.strip())) if link and link.strip() else None
        return resource.url if resource else None
    return None


def _item(item: _Elements, base: str) -> tuple[datetime | None, Episode] | None:
    """An item and its date; `None` if it has no recording."""
    guid = _text(item, "guid", "atom:id", stated=stated_address)
    resource = _sound(item, base)
    if resource is None:
        return None
    title = _text(item, "title", "atom:title", "itunes:title")
    date = _date(_text(item, "pubDate", "atom:published", "dc:date", "atom:updated", "atom:issued"))
    transcripts = [
        TranscriptLink(url, each.get("type", "").partition(";")[0].strip().lower(), each.get("language", "").strip())
        for each in item.get("podcast:transcript", ())
        if (url := _address(each.get("url"), base))
    ]
    marks = (chapter for group in item.get("psc:chapters", ()) for chapter in group)
    stated = ((stated_seconds(mark.get("start") or ""), unescape(mark.get("title") or "")) for mark in marks)
    further = (_address(element.get("url"), base) for element in item.get("podcast:chapters", ()))
    details = Details(
        title or None,
        duration=stated_seconds(_text(item, "itunes:duration")),
        published=date.date().isoformat() if date else None,
        chapters=stated_chapters(stated),
        thumbnail=_thumbnail(item, base),
        authors=citation([_text(item, "itunes:author", "dc:creator")], (), (), ()).authors,
        deep_link=next(filter(None, (_deep_link(link, base) for link in item.get("atom:link", ()))), None),
    )
    chapters_url = next(filter(None, further), None)
    titled = replace(resource, title=title)
    return date, Episode(titled, details, transcripts=tuple(transcripts), chapters_url=chapters_url, guid=guid)


def _deep_link(link: Any, base: str) -> str | None:  # noqa: ANN401
    """The address that a link says an episode is played at from a time on, up to the time."""
    page, _, fragment = (link.get("href") or "").strip().partition("#")
    address = _address(page, base)
    if link.get("rel") != _DEEP_LINK or address is None or fragment not in ("", "t="):
        return None
    return address if address.endswith("=") and not fragment else f"{address}#t="


def _thumbnail(elements: _Elements, base: str) -> str | None:
    links = (image.get("href") or image.get("url") for name in _PICTURES for image in elements.get(name, ()))
    addresses = filter(None, (_address(link, base) for link in links))
    return next(map(stated_picture, addresses), None)


def _sound(item: _Elements, base: str) -> Resource | None:
    """The recording of an item: the first sound that it encloses, else the first film."""
    enclosed = [(element.get("url"), element.get("type")) for element in item.get("enclosure", ())]
    # Some feeds leave out Atom's namespace.
    links = (link for name in ("atom:link", "link") for link in item.get(name, ()) if link.get("rel") == "enclosure")
    enclosed += [(link.get("href"), link.get("type")) for link in links]
    groups = [*item.get("media:content", ()), *(part for group in item.get("media:group", ()) for part in group)]
    enclosed += [(content.get("url"), content.get("type") or "unknown") for content in groups if content.get("url")]
    by_kind: dict[str, str] = {}
    for link, media_type in enclosed:
        by_kind.setdefault(_media_kind(link or "", media_type or ""), link or "")
    resource = resource_of(_address(by_kind.get("audio"), base) or _address(by_kind.get("video"), base) or "")
    if resource is None or resource.kind in (Kind.VIDEO, Kind.PLAYLIST):  # one of YouTube isn't a file
        return None
    return replace(resource, kind=Kind.RECORDING)


def _media_kind(link: str, media_type: str) -> str:
    """`audio`, `video` or another kind, by the declared type, else by the suffix, else a sound."""
    with suppress(ValueError):
        suffix = PurePosixPath(urlsplit(link.strip()).path).suffix.lower()
        kind = media_type.strip().lower().partition("/")[0]
        if kind in ("audio", "video"):
            return kind
        known = MEDIA_TYPES.get(suffix, "").partition("/")[0]
        return known or ("" if media_type or suffix else "audio")
    return ""


def _date(text: str) -> datetime | None:
    """A date by RFC 822, or an ISO one; without a zone it counts as UTC."""
    date = None
    with suppress(ValueError, TypeError, IndexError, OverflowError):
        date = parsedate_to_datetime(text)
    if date is None:
        with suppress(ValueError):
            date = datetime.fromisoformat(text)
    if date is None or date.year not in _YEARS:
        return None
    return date if date.tzinfo else date.replace(tzinfo=UTC)


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
    keyed = []
    for each in episodes:
        guid, url = each.guid, each.resource.url
        name = guid if _UNIQUE.fullmatch(guid) else url
        # Some feeds use a short guid again: its key is of its date too. Without a guid, it is of the address.
        key = name if name == guid or not guid else f"{guid}\n{each.details.published or each.resource.title}"
        keyed.append((short_hash(key), short_hash(f"episode {origin} {name}"), each))
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

"""Podcasts: a feed is a playlist, its episodes are recordings at the addresses of their sounds."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from functools import partial
from pathlib import Path
from threading import RLock
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import requests

from seekpoint.files import parsed_json
from seekpoint.index.errors import SeekpointError, SourceError, Unfetched
from seekpoint.index.reasons import Reason
from seekpoint.index.text.clean import clean, counted
from seekpoint.index.types import Chapter, Details, Playlist, PlaylistEntry, Resource, State, Transcript
from seekpoint.indexer.fetch.fetcher import FetchedPage, PoliteFetcher, Validators, is_same_server
from seekpoint.indexer.fetch.http_session import Web
from seekpoint.indexer.fetch.retries import DAY, MONTH, Deadline
from seekpoint.indexer.reading_list.addresses import APPLE, feed_resource
from seekpoint.indexer.sources.caption_tracks import no_track_in
from seekpoint.indexer.sources.podcasts.feed import MOST_ITEMS, Episode, Feed, is_feed, merged, parse_feed
from seekpoint.indexer.sources.podcasts.identity import (
    UNREAD,
    KnownEpisode,
    identified,
    known_ids,
    links_of,
    stored_ids,
)
from seekpoint.indexer.sources.podcasts.sounds import download, limit_of_part
from seekpoint.indexer.sources.podcasts.transcripts import chosen, read_chapters, read_transcript
from seekpoint.indexer.sources.provenance import FetchedAudio, FetchResult, FromListing, FromPage, Listing
from seekpoint.indexer.sources.sandbox import OriginReader

# Of a feed, a transcript or chapters. A feed of 5,000 episodes has 20 MB.
_MOST_BYTES = 30_000_000
# Of transcripts and chapters, in case another episode has the same: some 300.
_MOST_KEPT = 20_000_000
_MOST_PAGES = 100
_NEW = 7 * DAY
_APPLE_LOOKUP = "https://itunes.apple.com/lookup?id="
# It lists no more: https://performance-partners.apple.com/search-api
_APPLE_EPISODES = "&entity=podcastEpisode&limit=200"

_NO_VALIDATORS = Validators(None, None)


class _Known(NamedTuple):
    """A feed with its validators, and the address where it was found, for good if `is_permanent`."""

    feed: Feed
    validators: Validators
    url: str
    is_permanent: bool


class Podcasts:
    """Reads feeds, and the transcripts and sounds of their episodes.

    `limit` is the number of episodes per feed, newest first. `languages` are tags in order of preference. One thread
    may fetch transcripts while another one fetches sounds.
    """

    def __init__(self, web: Web, languages: Sequence[str] = (), limit: int | None = None, pace: float = 0.0) -> None:
        self._languages = languages
        self._limit = limit
        self._fetcher = PoliteFetcher(web, pace, limit=_limit_of)
        self._sounds = PoliteFetcher(web, pace, limit=limit_of_part)
        self._reader = OriginReader()
        self._seconds = web.deadline
        self._lock = RLock()
        # Feeds by the addresses at which they were found.
        self._read: dict[str, _Known] = {}
        # The episodes that are known by the keys of their guids, of each feed.
        self._known: dict[str, dict[str, KnownEpisode]] = {}
        # The feeds of each episode, by its id, and those that were listed.
        self._feeds: dict[str, dict[str, None]] = {}
        self._listed: set[str] = set()
        self._episodes: dict[str, Episode] = {}
        # By their feeds and guids; and the ids of those of which only a feed that has moved is known.
        self._by_guid: dict[tuple[str, str], Resource] = {}
        self._moved: set[str] = set()
        # The feeds that may be in a private network, and the addresses that they name on their servers.
        self._private: set[str] = set()
        self._near: set[str] = set()
        # Transcripts and chapters by their addresses, the last ones.
        self._data_kept: dict[str, bytes] = {}
        # The addresses of feeds that weren't read to their end.
        self._cut: set[str] = set()

    def learn(self, feeds: Mapping[Resource, tuple[FromListing | None, Collection[str]]]) -> None:
        """Take in feeds as a library has them, with the ids of their episodes; they are read if an episode is asked."""
        with self._lock:
            for feed, (version, ids) in feeds.items():
                self._learn_ids(feed, version)
                for one in ids:
                    self._feeds.setdefault(one, {})[feed.url] = None

    def _learn_ids(self, feed: Resource, version: FromListing | None) -> None:
        ids = known_ids((version and version.guids) or "")
        self._known[feed.url] = {**self._known.get(feed.url, {}), **ids}

    def feed_at(self, page: FetchedPage) -> Resource | None:
        """The feed that a page turned out to be, which isn't asked again; `None` for other pages."""
        feed = feed_resource(page.url)
        with self._lock:
            if page.is_repeated:
                return feed if page.url in self._read else None
            if feed is None or not is_feed(page.data):
                return None
            self._keep(page)
        return feed

    def fetch_listing(
        self, playlist: Resource, earlier: FromListing | None = None, *, private: bool = False
    ) -> Listing:
        """Read a feed, with all its pages; raises Unfetched."""
        with self._lock:
            if urlsplit(playlist.url).hostname == APPLE:
                return Listing(None, earlier) if earlier else self._listing_of_apple(playlist.url)
            if private:
                self._private.add(playlist.url)
            self._learn_ids(playlist, earlier)
            known = self._read.get(playlist.url)
            if known is None:
                is_same = earlier is not None and earlier.limit == self._limit and earlier.guids is not None
                validators = Validators(earlier.etag, earlier.modified) if earlier and is_same else None
                page = self._get(playlist.url, playlist.url, validators)
                if page is None:
                    assert earlier  # only a conditional request can be answered with "not modified"
                    return Listing(None, earlier)
                known = self._keep(page)
            return self._listing(playlist, known)

    def fetch(
        self, resource: Resource, now: float, earlier: FromPage | None = None, *, private: bool = False
    ) -> FetchResult:
        """Fetch the transcripts of an episode, at `now` in Unix seconds; raises Unfetched."""
        with self._lock:
            episode = self._episode(resource)
            transcripts = self._transcripts(episode, now)
            details, messages = self._details(resource, episode)
            return FetchResult(transcripts, details, messages=messages)

    def sound(self, resource: Resource, folder: Path, *, private: bool = False) -> FetchedAudio:
        """Download the sound of an episode, or resume that; raises Unfetched, or SeekpointError for a full disk."""
        with self._lock:
            episode = self._episode(resource)
            details, _ = self._details(resource, episode)
        url = episode.resource.url
        may = url in self._near
        try:
            folder.mkdir(parents=True, exist_ok=True)
            path = download(self._sounds, url, folder / resource.id, Deadline(self._seconds), private=may)
        except OSError as error:
            if isinstance(error, requests.RequestException):
                raise
            raise SeekpointError(f"sounds can't be kept in {folder} ({error.strerror}): make room there") from error
        return FetchedAudio(path, details)

    def details(self, resource: Resource, *, private: bool = False) -> Details:
        """What the feed says of an episode; raises Unfetched."""
        with self._lock:
            return self._details(resource, self._episode(resource))[0]

    def _get(self, url: str, feed: str, validators: Validators | None = None) -> FetchedPage | None:
        """Fetch what a feed names; only feeds in a private network name addresses there, of their server."""
        return self._fetcher.get(url, validators, private=self._may_be_private(url, feed))

    def _data(self, url: str) -> bytes:
        """What is at an address that an episode names; of several with the same one, the first asks for it."""
        page = self._fetcher.get(url, private=url in self._near)
        if page and page.is_repeated and page.url not in self._data_kept:
            self._fetcher.forget(page.url)
            page = self._fetcher.get(url, private=url in self._near)
        assert page  # only a conditional request can be answered with "not modified"
        if page.is_repeated:
            return self._data_kept[page.url]
        self._data_kept[page.url] = page.data
        while sum(map(len, self._data_kept.values())) > _MOST_KEPT:
            del self._data_kept[next(iter(self._data_kept))]
        return page.data

    def _may_be_private(self, url: str, feed: str) -> bool:
        return feed in self._private and is_same_server(url, feed)

    def _keep(self, page: FetchedPage) -> _Known:
        """Parse a feed and keep it; raises Unfetched if it is none."""
        if page.is_repeated and page.url in self._read:
            return self._read[page.url]._replace(is_permanent=page.is_permanent)
        if not is_feed(page.data):
            raise Unfetched(State.UNAVAILABLE, Reason("no_feed"), MONTH)
        try:
            feed = self._reader.read(page.url, parse_feed, page.data, page.url, page.charset)
        except SourceError as error:
            raise Unfetched(State.UNAVAILABLE, Reason("no_feed"), MONTH) from error
        known = _Known(feed, page.validators, page.url, page.is_permanent)
        self._read[page.url] = known
        return known

    def _listing(self, playlist: Resource, known: _Known) -> Listing:
        """The entries of a feed, and the feed that it has moved to."""
        messages: list[str] = []
        end, validators = self._end(playlist, known, messages)
        is_cut = False
        found: list[Episode] = []
        for feed in self._pages(playlist, known.feed, messages):
            found += feed.episodes
            is_cut = is_cut or feed.is_cut
            if feed.left_out:
                items = counted(feed.left_out, "item")
                messages.append(f"{playlist.title or feed.title or playlist.url}: {items} without a recording left out")
        if not found:
            if is_cut:
                raise Unfetched(State.DEFERRED, Reason("feed_cut"), DAY)
            raise Unfetched(State.UNAVAILABLE, Reason("feed_without_recordings"), DAY)
        before = self._known.get(playlist.url, {})
        found, ids = identified(found[:MOST_ITEMS], playlist.url, before)
        episodes: dict[str, Episode] = {}
        for episode in found:
            episodes.setdefault(episode.resource.id, episode)
        if is_cut:
            validators = _NO_VALIDATORS  # a server may say that the whole feed is the same one
            self._cut.add(playlist.url)
            read = counted(len(episodes), "episode")
            name = playlist.title or known.feed.title or playlist.url
            messages.append(f"{name}: the feed is damaged after {read}, its end is missing: what it had before stays")
        has_moved = end is not None and end.id != playlist.id
        for episode in episodes.values():
            self._take_in(episode, playlist.url, has_moved=has_moved)
        self._listed.add(playlist.url)
        listed = list(episodes.values())[: self._limit]
        entries = tuple(PlaylistEntry(episode.resource) for episode in listed)
        earlier, links = (
            {one.id: one.links for one in before.values()},
            {one.resource.id: links_of(one) for one in listed},
        )
        given = (one.resource.id for one in listed if one.transcripts)
        written = {key: earlier.get(key, UNREAD) != UNREAD for key in given if earlier.get(key) != links[key]}
        if not has_moved:  # else the feed is listed again, at its new address
            ids = {key: one._replace(links=links.get(one.id, one.links)) for key, one in ids.items()}
        self._known[playlist.url] = ids
        version = FromListing(validators.etag, validators.modified, self._limit, stored_ids(ids))
        return Listing(Playlist(known.feed.title, entries), version, end, written, tuple(messages), is_cut)

    def _end(self, playlist: Resource, known: _Known, messages: list[str]) -> tuple[Resource | None, Validators]:
        """The feed that an address leads to for good, or that a feed has moved to, and the validators to keep.

        A feed that is damaged isn't moved to: the entries that it had before stay where they are.
        """
        end = feed_resource(known.url) if known.is_permanent and not known.feed.is_cut else None
        moved = feed_resource(known.feed.moved or "")
        if moved and moved.id != playlist.id and (end is None or moved.id != end.id):
            try:
                page = self._get(moved.url, playlist.url)
                assert page  # only a conditional request can be answered with "not modified"
                if self._keep(page).feed.is_cut:
                    return end, _NO_VALIDATORS
                end = moved
            except Unfetched as failure:
                messages.append(f"{playlist.title or playlist.url}: moved to {moved.url}, which isn't read: {failure}")
        return end, known.validators

    def _pages(self, playlist: Resource, feed: Feed, messages: list[str]) -> Iterator[Feed]:
        """The pages of a feed, as many as are needed (RFC 5005), and a message if one isn't there; raises Unfetched."""
        count = items = 0
        deadline = Deadline(self._seconds)
        name = playlist.title or feed.title or playlist.url
        for _ in range(_MOST_PAGES):
            yield feed
            count += len(feed.episodes)
            items += len(feed.episodes) + feed.left_out
            if not feed.following or (self._limit is not None and count >= self._limit):
                return
            if items >= MOST_ITEMS:
                messages.append(f"{name}: only its newest {MOST_ITEMS:,} items are read")
                return
            try:
                page = self._get(feed.following, playlist.url)
                if page is None or page.is_repeated:
                    return
                if deadline.is_over(len(page.data)):
                    raise Unfetched(State.DEFERRED, Reason("host_slow", host=urlsplit(feed.following).hostname), DAY)
                feed = self._keep(page).feed
            except Unfetched as failure:
                if failure.state is State.DEFERRED:
                    raise
                messages.append(f"{name}: its older episodes, at {feed.following}, aren't read: {failure}")
                return

    def _listing_of_apple(self, url: str) -> Listing:
        """The feed of a show in Apple's directory, or a single episode of it; raises Unfetched."""
        show, _, number = url.rpartition("/id")[2].partition("?i=")
        page = self._fetcher.get(f"{_APPLE_LOOKUP}{show}{_APPLE_EPISODES if number else ''}")
        results: object = None
        with suppress(ValueError):
            results = parsed_json(page.data if page else b"")
        match results:
            case {"results": [{"feedUrl": str(address)}, *listed]} if feed := feed_resource(address):
                if not number:
                    return Listing(None, end=feed)
            case _:
                raise Unfetched(State.UNAVAILABLE, Reason("apple_without_feed"), MONTH)
        found = (one for one in listed if isinstance(one, dict) and str(one.get("trackId")) == number)
        guids = {clean(str(one.get("episodeGuid", ""))) for one in found}
        contents = self.fetch_listing(feed).playlist
        assert contents  # without an earlier version, a feed has changed
        for guid in filter(None, guids):
            if episode := self._by_guid.get((feed.url, guid)):
                return Listing(Playlist(contents.title, (PlaylistEntry(episode),)))
        raise Unfetched(State.UNAVAILABLE, Reason("apple_without_episode"), MONTH)

    def _take_in(self, episode: Episode, feed: str, *, has_moved: bool) -> None:
        """Add what a feed says of an episode to what others say of it; one that has moved says it last."""
        key = episode.resource.id
        self._feeds.setdefault(key, {})[feed] = None
        self._by_guid[feed, episode.guid] = episode.resource
        self._near.update(url for url in episode.addresses if self._may_be_private(url, feed))
        known = self._episodes.get(key)
        if known is None:
            self._moved.update((key,) if has_moved else ())
            self._episodes[key] = episode
        elif key in self._moved:
            self._moved.discard(key)
            self._episodes[key] = merged(episode, known, has_moved=True)
        else:
            self._episodes[key] = merged(known, episode, has_moved=has_moved)

    def _episode(self, resource: Resource) -> Episode:
        """What its feeds say of an episode; raises Unfetched. Feeds that hadn't changed are read now."""
        for url in [*self._feeds.get(resource.id, ())]:
            if url not in self._listed:
                feed = feed_resource(url)
                assert feed
                try:
                    self.fetch_listing(feed)
                except Unfetched:
                    if resource.id not in self._episodes:
                        raise
        if resource.id not in self._episodes:
            if self._feeds.get(resource.id, {}).keys() & self._cut:
                raise Unfetched(State.DEFERRED, Reason("feed_cut"), DAY)
            raise Unfetched(State.UNAVAILABLE, Reason("not_in_feed"), MONTH)
        return self._episodes[resource.id]

    def _transcripts(self, episode: Episode, now: float) -> tuple[Transcript, ...]:
        """The best transcript in each wanted language; raises Unfetched if there is none."""
        wait = DAY if episode.published and now - _seconds(episode.published) < _NEW else MONTH
        if not episode.transcripts:
            raise Unfetched(State.NO_TRANSCRIPT, Reason("no_transcript_in_feed"), wait)
        groups = chosen(episode.transcripts, episode.language, self._languages)
        if not groups:
            raise no_track_in(self._languages, (one.language or episode.language for one in episode.transcripts), wait)
        found: dict[str, Transcript] = {}
        faults: list[Reason] = []
        for group in groups:
            for link in group:
                try:
                    transcript = read_transcript(self._data(link.url), link, episode, self._read_of(episode))
                except SourceError as error:
                    faults.append(Reason.of(error.args[0]))
                except Unfetched as failure:
                    if failure.state is State.DEFERRED:
                        raise
                    faults.append(Reason("transcript_unread", reason=failure.reason))
                else:
                    found.setdefault(transcript.language.lower(), transcript)
                    break
        if not found:
            reason = faults[0] if len(faults) == 1 else Reason("several", reasons=tuple(dict.fromkeys(faults)))
            raise Unfetched(State.NO_TRANSCRIPT, reason, wait)
        return tuple(found.values())

    def _read_of(self, episode: Episode) -> partial[Any]:
        """What reads the texts of an episode, on the account of its first feed."""
        return partial(self._reader.read, next(iter(self._feeds[episode.resource.id])))

    def _details(self, resource: Resource, episode: Episode) -> tuple[Details, tuple[str, ...]]:
        """The details of an episode, and a message if its chapters can't be read."""
        chapters: tuple[Chapter, ...] = episode.chapters
        messages = []
        if not chapters and episode.chapters_url:
            try:
                chapters = self._read_of(episode)(read_chapters, self._data(episode.chapters_url))
            except (Unfetched, SourceError) as error:
                messages.append(f"{resource.title or resource.url}: indexed without its chapters: {error}")
        title = episode.resource.title or None
        known = Details(
            title,
            episode.channel,
            episode.duration,
            episode.published,
            chapters,
            thumbnail=episode.thumbnail,
            deep_link=episode.deep_link,
        )
        return known, tuple(messages)


def _seconds(date: str) -> float:
    return datetime.fromisoformat(f"{date}T00:00Z").timestamp()


def _limit_of(response: requests.Response) -> int:
    return _MOST_BYTES

"""Podcasts: a feed is a playlist, its episodes are recordings at the addresses of their sounds."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from hashlib import blake2b
from pathlib import Path, PurePosixPath
from threading import RLock
from typing import Any
from urllib.parse import urlsplit

import requests

from seekpoint.file_formats import MEDIA_TYPES
from seekpoint.files import parsed_json
from seekpoint.index.errors import SeekpointError, SourceError, Unfetched
from seekpoint.index.reasons import Reason
from seekpoint.index.text.clean import clean, counted
from seekpoint.index.types import Details, Playlist, PlaylistEntry, Resource, State, Transcript
from seekpoint.indexer.fetch.fetcher import FetchedPage, PoliteFetcher, Validators, is_same_server
from seekpoint.indexer.fetch.http_session import Web
from seekpoint.indexer.fetch.retries import DAY, MONTH, Deadline
from seekpoint.indexer.reading_list.addresses import APPLE, feed_resource
from seekpoint.indexer.sources.captions import no_track_in
from seekpoint.indexer.sources.podcasts.feed import (
    MOST_ITEMS,
    Episode,
    Feed,
    KnownEpisode,
    identified,
    is_feed,
    known_ids,
    merged,
    newly_written,
    parse_feed,
    stored_ids,
    with_links,
)
from seekpoint.indexer.sources.podcasts.transcripts import chosen, read_chapters, read_transcript
from seekpoint.indexer.sources.provenance import FetchedAudio, FetchResult, FromListing, FromPage, Listing
from seekpoint.indexer.sources.sandbox import OriginReader

# Of a feed, a transcript or chapters. A feed of 5,000 episodes has 20 MB.
_MOST_BYTES = 30_000_000
_MOST_PAGES = 100
_NEW = 7 * DAY
_APPLE_LOOKUP = "https://itunes.apple.com/lookup?id="
# It lists no more: https://performance-partners.apple.com/search-api
_APPLE_EPISODES = "&entity=podcastEpisode&limit=200"
# A part has to be small enough for a slow connection: a response is read whole, before its deadline.
_PART_BYTES = 8_000_000
_LEAST_OF_A_PART = 64_000
_MOST_OF_A_SOUND = 1_000_000_000
_WHOLE_SOUND = 300_000_000

_NO_VALIDATORS = Validators(None, None)


@dataclass(slots=True)
class _Show:
    """A feed by its address: `known` are its episodes by the keys of their guids, `by_guid` those that it lists.

    One that `is_private` may be in a private network, one that `is_cut` wasn't read to its end.
    """

    url: str
    known: dict[str, KnownEpisode] = field(default_factory=dict)
    by_guid: dict[str, Resource] = field(default_factory=dict)
    is_private: bool = False
    is_listed: bool = False
    is_cut: bool = False

    def may_name(self, url: str) -> bool:
        """Whether an address that the feed names may be in a private network: on its own server, if that is there."""
        return self.is_private and is_same_server(url, self.url)


@dataclass(slots=True)
class _EpisodeRecord:
    """What the feeds say of an episode; of one that `has_moved` only a feed that has moved is known.

    `near` are the addresses that may be in a private network.
    """

    shows: dict[str, _Show] = field(default_factory=dict)
    episode: Episode | None = None
    has_moved: bool = False
    near: set[str] = field(default_factory=set)


class Podcasts:
    """Reads feeds, and the transcripts and sounds of their episodes.

    `limit` is the number of episodes per feed, newest first. `languages` are tags in order of preference. One thread
    may fetch transcripts while another one fetches sounds.
    """

    def __init__(self, web: Web, languages: Sequence[str] = (), limit: int | None = None, pace: float = 0.0) -> None:
        self._languages = languages
        self._limit = limit
        self._fetcher = PoliteFetcher(web, pace, limit=lambda _: _MOST_BYTES)
        self._sounds = PoliteFetcher(web, pace, limit=_limit_of_part)
        self._reader = OriginReader()
        self._seconds = web.deadline
        self._lock = RLock()
        # Feeds by the addresses at which they were found, and by those that lists name.
        self._read: dict[str, tuple[Feed, FetchedPage]] = {}
        self._shows: dict[str, _Show] = {}
        self._episodes: dict[str, _EpisodeRecord] = {}

    def learn(self, feeds: Mapping[Resource, tuple[FromListing | None, Collection[str]]]) -> None:
        """Take in feeds as a library has them, with the ids of their episodes; they are read if an episode is asked."""
        with self._lock:
            for feed, (version, ids) in feeds.items():
                show = self._show(feed.url, version)
                for episode in ids:
                    self._episodes.setdefault(episode, _EpisodeRecord()).shows[show.url] = show

    def _show(self, url: str, version: FromListing | None = None) -> _Show:
        show = self._shows.setdefault(url, _Show(url))
        show.known |= known_ids((version and version.guids) or "")
        return show

    def feed_at(self, page: FetchedPage) -> Resource | None:
        """The feed that a page turned out to be, which isn't asked again; `None` for other pages."""
        feed = feed_resource(page.url)
        with self._lock:
            if feed is None or (page.url not in self._read and not is_feed(page.data)):
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
            show = self._show(playlist.url, earlier)
            show.is_private |= private
            read = self._read.get(playlist.url)
            if read is None:
                is_same = earlier is not None and earlier.limit == self._limit and earlier.guids is not None
                validators = Validators(earlier.etag, earlier.modified) if earlier and is_same else None
                page = self._fetcher.get(playlist.url, validators, private=show.is_private)
                if page is None:
                    assert earlier  # only a conditional request can be answered with "not modified"
                    return Listing(None, earlier)
                read = self._keep(page)
            return self._listing(playlist, show, *read)

    def fetch(
        self, resource: Resource, now: float, earlier: FromPage | None = None, *, private: bool = False
    ) -> FetchResult:
        """Fetch the transcripts of an episode, at `now` in Unix seconds; raises Unfetched."""
        with self._lock:
            episode, record = self._episode(resource)
            transcripts = self._transcripts(episode, record, now)
            details, messages = self._details(resource, episode, record)
            return FetchResult(transcripts, details, messages=messages)

    def sound(self, resource: Resource, folder: Path, *, private: bool = False) -> FetchedAudio:
        """Download the sound of an episode, or resume that; raises Unfetched, or SeekpointError for a full disk."""
        with self._lock:
            episode, record = self._episode(resource)
            details, _ = self._details(resource, episode, record)
        url = episode.resource.url
        try:
            folder.mkdir(parents=True, exist_ok=True)
            deadline = Deadline(self._seconds)
            path = _download(self._sounds, url, folder / resource.id, deadline, private=url in record.near)
        except OSError as error:
            if isinstance(error, requests.RequestException):
                raise
            raise SeekpointError(f"sounds can't be kept in {folder} ({error.strerror}): make room there") from error
        return FetchedAudio(path, details)

    def details(self, resource: Resource, *, private: bool = False) -> Details:
        """What the feed says of an episode; raises Unfetched."""
        with self._lock:
            return self._details(resource, *self._episode(resource))[0]

    def _data(self, url: str, record: _EpisodeRecord) -> bytes:
        """What is at an address that an episode names."""
        page = self._fetcher.get(url, private=url in record.near)
        assert page  # only a conditional request can be answered with "not modified"
        return page.data

    def _keep(self, page: FetchedPage) -> tuple[Feed, FetchedPage]:
        """Parse a feed and keep it, with its page but for the data; raises Unfetched if it is none."""
        if page.url in self._read:
            feed, kept = self._read[page.url]
            return feed, replace(kept, is_permanent=page.is_permanent)
        try:
            if not is_feed(page.data):
                raise SourceError(Reason("no_feed"))
            feed = self._reader.read(page.url, parse_feed, page.data, page.url, page.charset)
        except SourceError as error:
            raise Unfetched(State.UNAVAILABLE, Reason("no_feed"), MONTH) from error
        self._read[page.url] = feed, replace(page, data=b"")
        return self._read[page.url]

    def _listing(self, playlist: Resource, show: _Show, feed: Feed, page: FetchedPage) -> Listing:
        """The entries of a feed, and the feed that it has moved to."""
        name = playlist.title or feed.title or playlist.url
        messages: list[str] = []
        end, validators = self._end(playlist, show, feed, page, messages)
        parts = list(self._pages(show, feed, name, messages))
        is_cut = any(part.is_cut for part in parts)
        if left_out := sum(part.left_out for part in parts):
            messages.append(f"{name}: {counted(left_out, 'item')} without a recording left out")
        listed = [episode for part in parts for episode in part.episodes]
        if not listed:
            if is_cut:
                raise Unfetched(State.DEFERRED, Reason("feed_cut"), DAY)
            raise Unfetched(State.UNAVAILABLE, Reason("feed_without_recordings"), DAY)
        listed, known = identified(listed[:MOST_ITEMS], show.url, show.known)
        by_id: dict[str, Episode] = {}
        for episode in listed:
            by_id.setdefault(episode.resource.id, episode)
        if is_cut:
            validators = _NO_VALIDATORS  # a server may say that the whole feed is the same one
            show.is_cut = True
            count = counted(len(by_id), "episode")
            messages.append(f"{name}: the feed is damaged after {count}, its end is missing: what it had before stays")
        has_moved = end is not None and end.id != playlist.id
        for episode in by_id.values():
            self._take_in(episode, show, has_moved=has_moved)
        show.is_listed = True
        episodes = list(by_id.values())[: self._limit]
        written = newly_written(episodes, show.known)
        # A feed that has moved is listed again, at its new address.
        show.known = known if has_moved else with_links(known, episodes)
        version = FromListing(validators.etag, validators.modified, self._limit, stored_ids(show.known))
        entries = tuple(PlaylistEntry(episode.resource) for episode in episodes)
        return Listing(Playlist(feed.title, entries), version, end, written, tuple(messages), is_cut)

    def _end(
        self, playlist: Resource, show: _Show, feed: Feed, page: FetchedPage, messages: list[str]
    ) -> tuple[Resource | None, Validators]:
        """The feed that an address leads to for good, or that a feed has moved to, and the validators to keep.

        A feed that is damaged isn't moved to: the entries that it had before stay where they are.
        """
        end = feed_resource(page.url) if page.is_permanent and not feed.is_cut else None
        moved = feed_resource(feed.moved or "")
        if moved and moved.id != playlist.id and (end is None or moved.id != end.id):
            try:
                there = self._fetcher.get(moved.url, private=show.may_name(moved.url))
                assert there  # only a conditional request can be answered with "not modified"
                if self._keep(there)[0].is_cut:
                    return end, _NO_VALIDATORS
                end = moved
            except Unfetched as failure:
                messages.append(f"{playlist.title or playlist.url}: moved to {moved.url}, which isn't read: {failure}")
        return end, page.validators

    def _pages(self, show: _Show, feed: Feed, name: str, messages: list[str]) -> Iterator[Feed]:
        """The pages of a feed, as many as are needed (RFC 5005), and a message if one isn't there; raises Unfetched."""
        count = items = 0
        deadline = Deadline(self._seconds)
        seen: list[Feed] = []
        while len(seen) < _MOST_PAGES and not any(feed is page for page in seen):
            yield feed
            seen.append(feed)
            count += len(feed.episodes)
            items += len(feed.episodes) + feed.left_out
            if not feed.following or (self._limit is not None and count >= self._limit):
                return
            if items >= MOST_ITEMS:
                messages.append(f"{name}: only its newest {MOST_ITEMS:,} items are read")
                return
            try:
                page = self._fetcher.get(feed.following, private=show.may_name(feed.following))
                assert page  # only a conditional request can be answered with "not modified"
                if deadline.is_over(len(page.data)):
                    raise Unfetched(State.DEFERRED, Reason("host_slow", host=urlsplit(feed.following).hostname), DAY)
                feed, _ = self._keep(page)
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
        episodes = (item for item in listed if isinstance(item, dict) and str(item.get("trackId")) == number)
        guids = {clean(str(item.get("episodeGuid", ""))) for item in episodes}
        contents = self.fetch_listing(feed).playlist
        assert contents  # without an earlier version, a feed has changed
        for guid in filter(None, guids):
            if episode := self._show(feed.url).by_guid.get(guid):
                return Listing(Playlist(contents.title, (PlaylistEntry(episode),)))
        raise Unfetched(State.UNAVAILABLE, Reason("apple_without_episode"), MONTH)

    def _take_in(self, episode: Episode, show: _Show, *, has_moved: bool) -> None:
        """Add what a feed says of an episode to what others say of it; one that has moved says it last."""
        record = self._episodes.setdefault(episode.resource.id, _EpisodeRecord())
        record.shows[show.url] = show
        addresses = (episode.resource.url, episode.chapters_url or "", *(link.url for link in episode.transcripts))
        record.near.update(filter(show.may_name, addresses))
        show.by_guid[episode.guid] = episode.resource
        if record.episode is None:
            record.episode, record.has_moved = episode, has_moved
        elif record.has_moved:
            record.episode, record.has_moved = merged(episode, record.episode, has_moved=True), False
        else:
            record.episode = merged(record.episode, episode, has_moved=has_moved)

    def _episode(self, resource: Resource) -> tuple[Episode, _EpisodeRecord]:
        """What its feeds say of an episode; raises Unfetched. Feeds that hadn't changed are read now."""
        record = self._episodes.get(resource.id, _EpisodeRecord())
        for show in [*record.shows.values()]:
            feed = None if show.is_listed else feed_resource(show.url)
            try:
                if feed:
                    self.fetch_listing(feed)
            except Unfetched:
                if record.episode is None:
                    raise
        if record.episode is not None:
            return record.episode, record
        if any(show.is_cut for show in record.shows.values()):
            raise Unfetched(State.DEFERRED, Reason("feed_cut"), DAY)
        raise Unfetched(State.UNAVAILABLE, Reason("not_in_feed"), MONTH)

    def _transcripts(self, episode: Episode, record: _EpisodeRecord, now: float) -> tuple[Transcript, ...]:
        """The best transcript in each wanted language; raises Unfetched if there is none."""
        date = episode.details.published
        is_new = date is not None and now - datetime.fromisoformat(f"{date}T00:00Z").timestamp() < _NEW
        wait = DAY if is_new else MONTH
        if not episode.transcripts:
            raise Unfetched(State.NO_TRANSCRIPT, Reason("no_transcript_in_feed"), wait)
        groups = chosen(episode.transcripts, episode.language, self._languages)
        if not groups:
            available = (link.language or episode.language for link in episode.transcripts)
            raise no_track_in(self._languages, available, wait)
        transcripts: dict[str, Transcript] = {}
        faults: list[Reason] = []
        for group in groups:
            for link in group:
                try:
                    transcript = read_transcript(self._data(link.url, record), link, episode, self._read_of(record))
                except SourceError as error:
                    faults.append(Reason.of(error.args[0]))
                except Unfetched as failure:
                    if failure.state is State.DEFERRED:
                        raise
                    faults.append(Reason("transcript_unread", reason=failure.reason))
                else:
                    transcripts.setdefault(transcript.language.lower(), transcript)
                    break
        if not transcripts:
            reason = faults[0] if len(faults) == 1 else Reason("several", reasons=tuple(dict.fromkeys(faults)))
            raise Unfetched(State.NO_TRANSCRIPT, reason, wait)
        return tuple(transcripts.values())

    def _read_of(self, record: _EpisodeRecord) -> partial[Any]:
        """What reads the texts of an episode, on the account of its first feed."""
        return partial(self._reader.read, next(iter(record.shows)))

    def _details(self, resource: Resource, episode: Episode, record: _EpisodeRecord) -> tuple[Details, tuple[str, ...]]:
        """The details of an episode, and a message if its chapters can't be read."""
        if episode.details.chapters or not episode.chapters_url:
            return episode.details, ()
        try:
            chapters = self._read_of(record)(read_chapters, self._data(episode.chapters_url, record))
        except (Unfetched, SourceError) as error:
            return episode.details, (f"{resource.title or resource.url}: indexed without its chapters: {error}",)
        return replace(episode.details, chapters=chapters), ()


def _download(fetcher: PoliteFetcher, url: str, stem: Path, deadline: Deadline, *, private: bool) -> Path:
    """Download a sound part by part into a file, or resume one of the same version; raises Unfetched, OSError."""
    part = fetcher.get_part(url, 0, _PART_BYTES, private=private)
    if part.media_type.startswith("text/"):
        raise Unfetched(State.UNAVAILABLE, Reason("sound_is_page", media_type=part.media_type), MONTH)
    if part.size > _MOST_OF_A_SOUND:
        most = f"{_MOST_OF_A_SOUND / 1e6:.0f}"
        raise Unfetched(State.UNAVAILABLE, Reason("file_too_large", size=f"{part.size / 1e6:.0f}", most=most))
    version = blake2b(f"{url}\n{part.etag}\n{part.size}".encode(), digest_size=6).hexdigest()
    suffix = PurePosixPath(urlsplit(url).path).suffix.lower()
    path = stem.with_name(f"{stem.name}.{version}{suffix if suffix in MEDIA_TYPES else ''}")
    if not path.exists() or path.stat().st_size < len(part.data):
        path.write_bytes(part.data)
    while (done := path.stat().st_size) < part.size:
        following = fetcher.get_part(url, done, _PART_BYTES, private=private)
        if (following.size, following.etag, following.first) != (part.size, part.etag, done):
            path.unlink()
            raise Unfetched(State.DEFERRED, Reason("sound_changes"), DAY)
        trickles = len(following.data) < min(_LEAST_OF_A_PART, part.size - done)
        if trickles or deadline.is_over(len(following.data)):
            raise Unfetched(State.DEFERRED, Reason("host_slow", host=urlsplit(url).hostname), DAY)
        with path.open("ab") as file:
            file.write(following.data)
    return path


def _limit_of_part(response: requests.Response) -> int:
    """The bytes to read of a response: those of a part, or of a whole sound if the server gives no parts."""
    return _WHOLE_SOUND if response.status_code == requests.codes.ok else _PART_BYTES

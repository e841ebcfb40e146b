"""A YouTube of our own on the local machine: the real client talks to it unchanged."""

from __future__ import annotations

import json
import re
import socket
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit
from xml.sax.saxutils import escape

from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from seekpoint.indexer.fetch.http_session import Web
from tests.fake_playlists import BROWSE_PATH, CHANNEL_PATH, LIST_PATH, RESOLVE_PATH, FakePlaylists, page_around
from tests.local_web import SCHEME, LocalWeb

YOUTUBE = "https://www.youtube.com"
HANG_UP = 0

# Start, duration and text.
Lines = Sequence[tuple[float, float, str]]

_NOBODY = "http://127.0.0.1:1"
_PATHS = {"watch": "/watch", "player": "/youtubei/v1/player", "captions": "/api/timedtext"}
_NOT_FOUND = {"playabilityStatus": {"status": "ERROR", "reason": "This video is unavailable"}}
_CONFIGURATION = {
    "INNERTUBE_API_KEY": "k",
    "PLAYER_JS_URL": "/s/player/0123abcd/player_ias.vflset/en_US/base.js",
    "INNERTUBE_CONTEXT": {"client": {"clientName": "WEB", "clientVersion": "2.20261101.00.00"}},
    "STS": 20000,  # with it the script of the player isn't needed
}
_CONSENT = '<form action="https://consent.youtube.com/s"><input type="hidden" name="v" value="cb"></form>'


@dataclass
class _Answer:
    body: str
    status: int = 200
    times: int | None = None
    headers: Mapping[str, str] | None = None


class FakeYouTube:
    """Answers the three requests that a transcript takes; an id it wasn't told of is an unavailable video.

    Each of YouTube's clients, such as `ANDROID` (youtube-transcript-api), `VISIONOS` and `WEB` (yt-dlp), may get an
    answer of its own; that of `WEB` is in the watch page.

    `requests` lists what was asked, as (place, video id), where a place is `watch`, `player` or `captions`; and as
    (place, id of a playlist or path of a channel's tab), where a place is `playlist` for its page, `reload` for the
    same with private and deleted videos, `more` for a further page, or `resolve` where yt-dlp asks what an address is.
    """

    def __init__(self, server: HTTPServer) -> None:
        self.requests: list[tuple[str, str]] = []
        self._server = server
        self._sites: set[str] = set()
        self._pages: dict[str, tuple[bytes, str, int, str]] = {}
        self.root = server.url_for("").rstrip("/")
        self._answers: dict[tuple[str, str, str], _Answer] = {}
        self._lines: dict[tuple[str, str], Lines] = {}
        self._refused: dict[str, int] = {}
        for place, path in _PATHS.items():
            server.expect_request(path).respond_with_handler(partial(self._answer, place))
        server.expect_request(re.compile("/embed/.*")).respond_with_data(watch_page())
        self._playlists = FakePlaylists()
        self.add_playlist, self.add_channel = self._playlists.add, self._playlists.add_tab
        self.refuse_playlist = self._playlists.refuse
        for path_of_lists in (LIST_PATH, CHANNEL_PATH, BROWSE_PATH, RESOLVE_PATH):
            server.expect_request(path_of_lists).respond_with_handler(self._answer_list)

    @property
    def places(self) -> list[str]:
        """The places of `requests`."""
        return [place for place, _ in self.requests]

    def web(self, offline: bool = False, cookies: Path | None = None) -> Web:
        """Give a web where youtube.com and the sites that were added are here, or nowhere."""
        return LocalWeb(_NOBODY if offline else self.root, YOUTUBE, *self._sites, cookies=cookies)

    def add_site(
        self, address: str, data: bytes | str, content_type: str = "text/html", status: int = 200, location: str = ""
    ) -> None:
        """Serve what lies at an address of another site, whose ETag is what it holds; asking is noted as `site`."""
        parts = urlsplit(address)
        if not self._sites:
            self._server.expect_request("/robots.txt").respond_with_data(status=404)
        self._sites.add(f"{parts.scheme}://{parts.netloc}")
        if address not in self._pages:
            self._server.expect_request(parts.path).respond_with_handler(self._answer_site)
        self._pages[address] = (data.encode() if isinstance(data, str) else data, content_type, status, location)

    def add_redirect(self, address: str, target: str, status: int = 301) -> None:
        self.add_site(address, "", status=status, location=target)

    def _answer_site(self, request: Request) -> Response:
        address = request.url.replace("http", request.headers[SCHEME], 1)
        self.requests.append(("site", address))
        content, content_type, status, location = self._pages.get(address, (b"", "text/html", 404, ""))
        etag = f'"{zlib.crc32(content):08x}"'
        if content and request.headers.get("If-None-Match") == etag:
            return Response(status=304)
        headers = {"ETag": etag} | ({"Location": location} if location else {})
        return Response(content, status, content_type=content_type, headers=headers)

    def add_video(
        self,
        video_id: str,
        title: str = "A talk",
        tracks: Mapping[str, Lines] | None = None,
        *,
        channel: str = "A channel",
        seconds: float = 60,
        published: str = "2024-05-06",
        description: str = "",
        chapters: Sequence[tuple[float, str]] = (),
        needs_token: bool = False,
        client: str = "",
    ) -> dict[str, Any]:
        """Add a video. `tracks` holds lines by language code; `a.en` is a generated one.

        With `needs_token` captions are empty without one. With `client` the others' answers stay. Returns the answer.
        """
        tracks = {"en": [(0.0, 4.0, "hello")]} if tracks is None else tracks
        if not client:
            self._answers["watch", video_id, ""] = _Answer(watch_page(published, chapters))
        listed: list[dict[str, Any]] = []
        for code, lines in tracks.items():
            language, kind = code.removeprefix("a."), {"kind": "asr"} if code.startswith("a.") else {}
            query = urlencode({"v": video_id, "lang": language, **kind, **({"exp": "xpe"} if needs_token else {})})
            track = {"baseUrl": f"{YOUTUBE}/api/timedtext?{query}", "name": {"runs": [{"text": language}]}, **kind}
            listed.append({**track, "languageCode": language, "isTranslatable": True})
            self._lines[video_id, code] = lines
        details = {"videoId": video_id, "title": title, "author": channel, "lengthSeconds": str(int(seconds))}
        player: dict[str, Any] = {
            "playabilityStatus": {"status": "OK"},
            "videoDetails": {**details, "shortDescription": description},
            "captions": {"playerCaptionsTracklistRenderer": {"captionTracks": listed}},
        }
        self.set_player(video_id, player, client)
        return player

    def set_player(self, video_id: str, player: Mapping[str, Any], client: str = "") -> None:
        self._answers["player", video_id, client] = _Answer(json.dumps(player))

    def refuse_client(self, client: str, status: int) -> None:
        """Answer a client's requests for the player with an HTTP status."""
        self._refused[client] = status

    def make_unplayable(
        self, video_id: str, reason: str, status: str = "UNPLAYABLE", subreason: str = "", client: str = ""
    ) -> None:
        screen = {"playerErrorMessageRenderer": {"subreason": {"runs": [{"text": subreason}]}}} if subreason else {}
        playability = {"status": status, "reason": reason, "errorScreen": screen}
        self.set_player(video_id, {"playabilityStatus": playability}, client)

    def make_blocked(self, video_id: str) -> None:
        self.make_unplayable(video_id, "Sign in to confirm you’re not a bot", status="LOGIN_REQUIRED")

    def make_disabled(self, video_id: str) -> None:
        self.set_player(video_id, {"playabilityStatus": {"status": "OK"}})

    def ask_consent(self, video_id: str, times: int | None = None) -> None:
        """Show the page that wants cookies allowed, for ever or for so many times."""
        self.fail(video_id, "watch", 200, _CONSENT, times)

    def fail(
        self,
        video_id: str,
        place: str = "watch",
        status: int = 500,
        body: str = "",
        times: int | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        """Answer otherwise at a place: for ever, or for so many times before the true answer.

        429 is too many requests, 200 with an empty body a block in disguise. HANG_UP closes the connection.
        """
        self._answers[place, video_id, "fault"] = _Answer(body, status, times, headers)

    def _answer(self, place: str, request: Request) -> Response:
        video_id = request.get_json()["videoId"] if place == "player" else request.args["v"]
        self.requests.append((place, video_id))
        if fault := self._fault(place, video_id, request):
            return fault
        if place == "captions":
            body = self._captions(video_id, request.args)
        elif place == "player":
            client = request.get_json()["context"]["client"]["clientName"]
            if client in self._refused:
                return Response("{}", self._refused[client])
            body = self._player(video_id, client)
        else:
            page = self._answers.get((place, video_id, ""), _Answer(watch_page())).body
            body = f"{page}<script>var ytInitialPlayerResponse = {self._player(video_id, 'WEB')};</script>"
        return Response(body, content_type="text/html; charset=utf-8")

    def _player(self, video_id: str, client: str) -> str:
        answers = (self._answers.get(("player", video_id, name)) for name in (client, ""))
        return next(filter(None, answers), _Answer(json.dumps(_NOT_FOUND))).body

    def _captions(self, video_id: str, query: Mapping[str, str]) -> str:
        code = ("a." if query.get("kind") == "asr" else "") + query.get("lang", "")
        lines = self._lines.get((video_id, code))
        if lines is None or ("exp" in query and "pot" not in query):
            return ""
        return json3(lines) if query.get("fmt") == "json3" else timed_text(lines)

    def _answer_list(self, request: Request) -> Response:
        place, name = self._playlists.asked(request)
        self.requests.append((place, name))
        if fault := self._fault(place, name, request):
            return fault
        body, status = self._playlists.answer(place, name, request)
        return Response(body, status, content_type="text/html; charset=utf-8")

    def _fault(self, place: str, name: str, request: Request) -> Response | None:
        fault = self._answers.get((place, name, "fault"))
        if not fault or fault.times == 0:
            return None
        fault.times = None if fault.times is None else fault.times - 1
        if fault.status == HANG_UP:
            request.environ["werkzeug.socket"].shutdown(socket.SHUT_RDWR)
            return Response()
        return Response(fault.body, fault.status, fault.headers)


def watch_page(published: str = "", chapters: Sequence[tuple[float, str]] = ()) -> str:
    shown = [{"title": {"simpleText": title}, "timeRangeStartMillis": int(start * 1000)} for start, title in chapters]
    data = page_around({"chapters": [{"chapterRenderer": one} for one in shown]})
    date = f'<meta itemprop="datePublished" content="{published}T06:00:08-07:00">'
    return f"{date}<script>ytcfg.set({json.dumps(_CONFIGURATION)});</script>{data}"


def timed_text(lines: Lines) -> str:
    """Build the XML of a transcript; the text in it is escaped twice, as YouTube's is."""
    texts = (f'<text start="{start}" dur="{dur}">{escape(escape(text))}</text>' for start, dur, text in lines)
    return f"<transcript>{''.join(texts)}</transcript>"


def json3(lines: Lines) -> str:
    """Build YouTube's own JSON of a transcript, in milliseconds."""
    events = [
        {"tStartMs": round(1000 * start), "dDurationMs": round(1000 * duration), "segs": [{"utf8": text}]}
        for start, duration, text in lines
    ]
    return json.dumps({"wireMagic": "pb3", "events": events})

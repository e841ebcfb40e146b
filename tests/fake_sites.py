"""Video sites of our own on the local machine, in the shapes that yt-dlp's extractors read."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from seekpoint.index.types import Resource
from seekpoint.indexer.fetch.http_session import Web
from seekpoint.indexer.reading_list.addresses import resource_of
from tests.fake_youtube import YOUTUBE
from tests.local_web import SCHEME, LocalWeb

_ANY = re.compile(".*")
Answer = str | bytes | Mapping[str, object] | Callable[[Request], Response]


class FakeSites:
    """Answers for any host; `requests` lists the addresses that were asked, without their query, in order."""

    def __init__(self, server: HTTPServer) -> None:
        self.requests: list[str] = []
        self.cookies: list[str] = []
        self._root = server.url_for("").rstrip("/")
        self._answers: dict[str, tuple[Answer, str, int, Mapping[str, str]]] = {}
        for method in ("GET", "HEAD", "POST"):
            server.expect_request(_ANY, method=method).respond_with_handler(self._answer)

    def add(
        self,
        address: str,
        answer: Answer,
        content_type: str = "text/html",
        status: int = 200,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        """Answer at an address; its query, if it has one, is part of what is asked for."""
        content_type = "application/json" if isinstance(answer, dict) else content_type
        self._answers[address] = (answer, content_type, status, headers or {})

    def web(self, cookies: Path | None = None) -> Web:
        return LocalWeb(*self.where(), cookies=cookies)

    def where(self) -> tuple[str, ...]:
        """The root of the server and the hosts that it stands in for, as a LocalWeb of another process takes them."""
        hosts = {f"{parts.scheme}://{parts.netloc}" for parts in map(urlsplit, self._answers)}
        return self._root, YOUTUBE, *hosts

    def asked(self, host: str) -> list[str]:
        return [address for address in self.requests if urlsplit(address).hostname == host]

    def _answer(self, request: Request) -> Response:
        host, scheme = request.headers["Host"], request.headers.get(SCHEME, "http")
        address = f"{scheme}://{host}{request.path}"
        self.requests.append(address)
        self.cookies.append(request.headers.get("Cookie", ""))
        asked = set(request.args.items(multi=True))
        fitting = [
            each
            for each in self._answers
            if each.partition("?")[0] == address and {*parse_qsl(urlsplit(each).query)} <= asked
        ]
        if not fitting:
            return Response("nothing is here", 404, content_type="text/plain")
        answer, content_type, status, headers = self._answers[max(fitting, key=len)]
        if callable(answer):
            return answer(request)
        content = json.dumps(answer, ensure_ascii=False) if isinstance(answer, Mapping) else answer
        return Response(content, status, headers, content_type=content_type)


def at(address: str) -> Resource:
    """The resource at an address, which has to be one."""
    found = resource_of(address)
    assert found
    return found


Said = Sequence[tuple[float, float, str]]

WORDS: Said = ((1.0, 4.0, "attention weighs the words"), (5.0, 9.0, "the mask hides what comes later"))
ZH: Said = ((1.0, 4.0, "注意力给每个词一个权重"), (5.0, 9.0, "掩码遮住后面的词"))


def vtt(said: Said, header: str = "WEBVTT") -> str:
    """Write captions as WebVTT."""
    stamps = ((_stamp(start), _stamp(end), text) for start, end, text in said)
    return "\n".join([header, "", *(f"{start} --> {end}\n{text}\n" for start, end, text in stamps)])


def _stamp(seconds: float) -> str:
    return f"{int(seconds) // 60:02d}:{seconds % 60:06.3f}"


def add_bilibili(
    sites: FakeSites,
    bvid: str = "BV1xx411c7mD",
    captions: Mapping[str, Said] | None = None,
    *,
    parts: int = 1,
    title: str = "注意力机制讲解",
    sound: str = "https://upos.bilivideo.example/a.m4s",
    needs_login: bool = False,
) -> None:
    """Add a video of Bilibili, in the shapes of 2026; `captions` are by Bilibili's code, such as `ai-zh`."""
    pages = [{"cid": 100 + part, "page": part, "part": f"第{part}节"} for part in range(1, parts + 1)]
    video = {"bvid": bvid, "aid": 170001, "cid": 101, "title": title, "desc": "", "duration": 600, "pages": pages}
    more = {"pubdate": 1_700_000_000, "rights": {}, "pic": "http://i1.hdslb.example/cover.jpg"}
    state = {"videoData": {**video, **more}, "upData": {"name": "某老师"}}
    page = f"<html><script>window.__INITIAL_STATE__={json.dumps(state)};(function(){{}}())</script></html>"
    sites.add(f"https://www.bilibili.com/video/{bvid}", page)
    api = "https://api.bilibili.com/x"
    sites.add(f"{api}/player/pagelist?bvid={bvid}", {"code": 0, "data": pages})
    keys = {name: f"https://i0.hdslb.com/bfs/wbi/{name * 4}.png" for name in ("img_url0", "sub_url0")}
    wbi = {"img_url": keys["img_url0"], "sub_url": keys["sub_url0"]}
    sites.add(f"{api}/web-interface/nav", {"code": -101, "data": {"wbi_img": wbi}})
    audio = {"id": 30280, "baseUrl": sound, "mimeType": "audio/mp4", "codecs": "mp4a.40.2", "bandwidth": 64000}
    sites.add(
        f"{api}/player/wbi/playurl?bvid={bvid}",
        {"code": 0, "data": {"timelength": 600_000, "dash": {"audio": [audio], "video": []}, "support_formats": []}},
    )
    listed = []
    for code, said in (captions or {}).items():
        body = [{"from": start, "to": end, "content": text} for start, end, text in said]
        sites.add(f"http://aisubtitle.hdslb.com/{bvid}/{code}.json", {"body": body})
        listed.append({"lan": code, "subtitle_url": f"//aisubtitle.hdslb.com/{bvid}/{code}.json"})
    points = [{"content": "开头", "from": 0, "to": 5}, {"content": "掩码", "from": 5, "to": 600}]
    data = {"subtitle": {"subtitles": listed}, "view_points": points, "need_login_subtitle": needs_login}
    sites.add(f"{api}/player/wbi/v2?bvid={bvid}", {"code": 0, "data": data})
    sites.add(f"{api}/player/wbi/v2?aid=170001", {"code": 0, "data": data})


def add_vimeo(
    sites: FakeSites, number: str = "76979871", captions: Mapping[str, Said] | None = None, title: str = "Attention"
) -> None:
    """Add a video of Vimeo, in the shapes of 2026: the page of its player, which other sites embed."""
    tracks = [{"lang": code, "url": f"/texttrack/{number}.{code}.vtt"} for code in captions or {}]
    for code, said in (captions or {}).items():
        sites.add(f"https://player.vimeo.com/texttrack/{number}.{code}.vtt", vtt(said), "text/vtt")
    owner = {"name": "A channel", "url": "https://vimeo.com/channel"}
    file = {"url": f"https://vod.example/{number}.mp4", "quality": "240p"}
    request = {"files": {"progressive": [file]}, "text_tracks": tracks}
    chapters = [{"title": "Opening", "timecode": 0}, {"title": "Masks", "timecode": 5}]
    pictures = {"640": "https://i.vimeocdn.example/video/1-d_640", "base": "https://i.vimeocdn.example/video/1-d"}
    video = {"id": int(number), "title": title, "duration": 62, "owner": owner, "thumbs": pictures}
    config = {"video": video, "request": request, "embed": {"chapters": chapters}}
    page = f"<html><script>window.playerConfig = {json.dumps(config)}</script></html>"
    sites.add(f"https://player.vimeo.com/video/{number}", page)


def page_with_player(media: str, *tracks: tuple[str, str], text: str = "", title: str = "Lecture 3") -> str:
    """Write a page with a `<video>`, whose tracks are (language, address)."""
    written = "".join(f'<track kind="subtitles" srclang="{code}" src="{address}">' for code, address in tracks)
    script = "<div id=app></div><script>start()</script>"
    body = f'<main>{text}</main><video src="{media}" controls>{written}</video>{script}'
    return f"<!doctype html><html lang=en><head><title>{title}</title></head><body>{body}</body></html>"

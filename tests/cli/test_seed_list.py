"""The list that started it all, through the command line: on a YouTube of our own, and with each kind of fault."""

from __future__ import annotations

import json
import re
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from pytest_httpserver import HTTPServer

from seekpoint.cli.main import cli
from seekpoint.index.embedded.embedded_reader import EmbeddedReader
from seekpoint.index.types import Kind, Resource, State
from tests.fake_playlists import DELETED, PRIVATE
from tests.fake_youtube import YOUTUBE, FakeYouTube
from tests.fault_proxy import Toxic, fault_proxy
from tests.indexer.builds import Workshop
from tests.local_web import LocalWeb
from tests.shared import SHARED, needs_shared

pytestmark = pytest.mark.slow


LIST = SHARED / "resources" / "transformer-resources.md"
PLAYLIST = "PLoROMvodv4rNiJRchCzutFw5ItR_Z27CM"
COURSE = ["Advanced Topics and Research", "Stanford CS25 - Transformers United"]
ON_BOTH = "XfpMkf4rD6E"
ARTICLE = "https://jalammar.github.io/illustrated-transformer/"
PAPER = "https://arxiv.org/pdf/1706.03762"
TEXTS = ("page", "paper")
TEXTS_ANSWER = {
    "Which query, key and value vectors does self-attention calculate for each word?": f"{ARTICLE}#self-attention",
    "Adam 的 warmup_steps 用了多少？": f"{PAPER}#page=7",
}
ENGLISH, CHINESE = "zxQyTK8quyY", "z2TqBUouF8I"

# What becomes of some of the videos; all others have a transcript.
SCRIPT = {
    "XSSTuhyAmnI": "no_transcript",
    "H-4bmOxiKyU": "unavailable",
    "S9eKuRVigjY": "unavailable",
    "4nghHfbtwRE": "unavailable",
    "t5LjgczaS80": "deferred",
    "smC_ybLGFkU": "deferred",
}


def call(fake: FakeYouTube, *arguments: str | Path, library: Path) -> Result:
    command, *rest = map(str, arguments)
    return CliRunner().invoke(cli, [command, *rest, "--index", str(library)], obj=lambda _proxy, _cookies: fake.web())


def script(fake: FakeYouTube) -> list[str]:
    """Fill YouTube with the list's videos, Chinese where the title is; gives their ids."""
    entries = re.findall(r"\[(.+)\]\(https://www\.youtube\.com/watch\?v=([\w-]{11})\)", LIST.read_text("utf-8"))
    for title, video_id in entries:
        if re.search(r"[\u4e00-\u9fff]", title):
            lines = [(0.0, 6.0, "大家好，欢迎来到这门课。"), (6.0, 8.0, "词元是模型读到的小块文字。")]
            tracks = {"zh-Hans": lines, "en": [(0.0, 6.0, "Translated.")], "a.zh": lines}
        else:
            lines = [(0.0, 6.0, "hello and welcome back"), (6.0, 8.0, "a token is a small piece of text")]
            tracks = {"a.en": lines, "zh-Hant": [(0.0, 6.0, "翻譯。")]}
        fake.add_video(video_id, f"YouTube's {title}", tracks, seconds=14)
    fake.add_video(ENGLISH, "", {"en": [(0.0, 5.0, "welcome"), (5.0, 9.0, "the softmax turns scores into weights")]})
    fake.add_video(CHINESE, "", {"zh-TW": [(0.0, 5.0, "大家好"), (5.0, 9.0, "位置編碼告訴模型詞的順序")]})
    fake.make_disabled("XSSTuhyAmnI")
    fake.make_unplayable("H-4bmOxiKyU", "This is a private video.")
    fake.make_unplayable("S9eKuRVigjY", "Sign in to confirm your age", status="LOGIN_REQUIRED")
    fake.make_unplayable("4nghHfbtwRE", "Video unavailable", subreason="not available in your country")
    fake.make_unplayable("t5LjgczaS80", "This live event will begin in 3 hours.")
    fake.fail("smC_ybLGFkU", "captions", 200, "")
    for video_id in ("P127jhj-8-Y", "BP5CM0YxbP8"):
        fake.add_video(video_id, "Seminar", {"en": [(0.0, 5.0, "attention is all you need")]})
    seminar = [(ON_BOTH, "V2 I"), ("P127jhj-8-Y", "V1 I"), ("mE7IDf2SmJg", PRIVATE), ("BP5CM0YxbP8", "V1 II")]
    fake.add_playlist(PLAYLIST, "CS25", [*seminar, ("NC7GkOXM7Kg", DELETED)])
    fake.add_site(ARTICLE, (SHARED / "resources" / "illustrated-transformer.html").read_bytes())
    fake.add_site(PAPER, (SHARED / "resources" / "1706.03762.pdf").read_bytes(), "application/pdf")
    return [video_id for _, video_id in entries]


def statuses(fake: FakeYouTube, library: Path) -> dict[str, dict[str, Any]]:
    found = json.loads(call(fake, "status", "--json", library=library).stdout)
    return {resource["id"]: resource for resource in found["resources"]}


@needs_shared
@pytest.mark.model
def test_every_entry_of_the_seed_list_ends_in_its_state(fake: FakeYouTube, tmp_path: Path) -> None:
    library = tmp_path / "library"
    videos = script(fake)
    assert (len(videos), len(set(videos))) == (42, 41)
    dry = call(fake, "build", LIST, "--dry-run", library=library)
    assert (dry.exit_code, fake.requests, library.exists()) == (0, [], False)
    assert "41 to be asked of YouTube: 123 requests" in dry.stdout

    built = call(fake, "build", LIST, "--pace", "0", library=library)
    assert built.exit_code == 3, built.output
    found = statuses(fake, library)
    expected = {video_id: SCRIPT.get(video_id, "indexed") for video_id in videos}
    expected |= {PLAYLIST: "indexed", "P127jhj-8-Y": "indexed", "BP5CM0YxbP8": "indexed"}
    expected |= {"mE7IDf2SmJg": "unavailable", "NC7GkOXM7Kg": "unavailable"}
    assert {i: r["state"] for i, r in found.items() if r["kind"] in ("video", "playlist")} == expected
    texts = {r["kind"]: (r["state"], r["languages"], r["chunks"] > 20) for r in found.values() if r["kind"] in TEXTS}
    assert texts == dict.fromkeys(TEXTS, ("indexed", ["en"], True))
    assert all(bool(r["reason"]) == (r["state"] != "indexed") for r in found.values())
    assert found["mE7IDf2SmJg"]["sections"] == [COURSE]
    assert found[ON_BOTH]["sections"] == [COURSE[:1], COURSE]
    assert (found[ENGLISH]["languages"], found[CHINESE]["languages"]) == (["en"], ["zh-TW"])
    a_video = Counter(video_id for place, video_id in fake.requests if place in ("watch", "player", "captions"))
    assert max(count for video_id, count in a_video.items() if video_id != "smC_ybLGFkU") <= 3
    assert [address for place, address in fake.requests if place == "site"] == [ARTICLE, PAPER]
    assert a_video["smC_ybLGFkU"] == 4, "an empty answer is asked for once more"

    for question, video_id in (("what does softmax do?", ENGLISH), ("位置编码有什么用？", CHINESE)):
        answer = json.loads(call(fake, "ask", "--json", question, library=library).stdout)
        first = answer["moments"][0]
        assert (first["resource"]["id"], first["start"]) == (video_id, 5.0)
        assert first["link"] == f"https://www.youtube.com/watch?v={video_id}&t=5s"
    for question, link in TEXTS_ANSWER.items():
        first = json.loads(call(fake, "ask", "--json", question, library=library).stdout)["moments"][0]
        assert (first["start"], first["end"], first["timestamp"]) == (None, None, None)
        assert first["link"].startswith(link)

    fake.requests.clear()
    again = call(fake, "build", LIST, "--pace", "0", library=library)
    assert (again.exit_code, {name for _, name in fake.requests}) == (3, {PLAYLIST})
    shown = call(fake, "status", library=library).stdout
    assert "begin in 3 hours" in shown and "--captions DIR" in shown and "private video" in shown


@pytest.mark.model
def test_a_block_after_ten_of_forty_through_the_command_line(fake: FakeYouTube, tmp_path: Path) -> None:
    forty = [f"lecture{n:04d}" for n in range(40)]
    for video_id in forty:
        fake.add_video(video_id, "A talk", {"en": [(0.0, 5.0, "attention is all you need")]})
    fake.fail(forty[10], "player", 429)
    listed = tmp_path / "forty.txt"
    listed.write_text("\n".join(f"https://youtu.be/{video_id}" for video_id in forty), "utf-8")
    library = tmp_path / "library"

    blocked = call(fake, "build", listed, "--pace", "0", library=library)
    assert (blocked.exit_code, fake.requests[-1], len(fake.requests)) == (3, ("player", forty[10]), 32)
    assert "10 of 40 resources indexed" in blocked.stdout and "30 deferred" in blocked.stdout
    assert blocked.stderr.count("nothing more is asked of YouTube in this run") == 1
    found = json.loads(call(fake, "ask", "--json", "-k", "40", "attention", library=library).stdout)
    assert {moment["resource"]["id"] for moment in found["moments"]} == set(forty[:10])
    shown = call(fake, "status", library=library).stdout
    assert "--proxy URL" in shown and "build again after" in shown

    fake.requests.clear()
    fake.fail(forty[10], "player", times=0)
    again = call(fake, "build", listed, "--pace", "0", "--retry", library=library)
    assert (again.exit_code, {video_id for _, video_id in fake.requests}) == (0, set(forty[10:]))
    assert len(fake.requests) == 90


SITE = "https://site.example"
TEXT = "注意力机制给每个词一个权重，掩码遮住后面的词，这样模型就看不到它应该预测的内容。" * 8
CONSENT = """<title>Before you continue</title><form action="https://consent.site.example/save"><p>We use cookies.</p>
<button>Accept all</button><button>Reject all</button></form>"""
SECONDS = 120.0
UNAVAILABLE, DEFERRED, SILENT = State.UNAVAILABLE, State.DEFERRED, State.NO_TRANSCRIPT

# A fault of a video or page, and what becomes of it. The first ones are of `script`.
VIDEOS = {
    "XSSTuhyAmnI": (SILENT, "YouTube has no transcript"),
    "H-4bmOxiKyU": (UNAVAILABLE, "private video"),
    "S9eKuRVigjY": (UNAVAILABLE, "confirm your age"),
    "4nghHfbtwRE": (UNAVAILABLE, "not available in your country"),
    "t5LjgczaS80": (DEFERRED, "will begin in 3 hours"),
    "smC_ybLGFkU": (DEFERRED, "empty answer"),
    "mE7IDf2SmJg": (UNAVAILABLE, "a private video"),
    "NC7GkOXM7Kg": (UNAVAILABLE, "a deleted video"),
    "ec9IQMiJBhs": (DEFERRED, "connection"),  # reset
    "UPtG_38Oq8o": (DEFERRED, "connection"),  # truncated
    "-jze8IC-hI0": (DEFERRED, "did not answer in time"),  # slow
    "hYdO9CscNes": (DEFERRED, "a fault of its own .HTTP 500"),
    "GGLr-TtKguA": (DEFERRED, "HTTP 404"),
    "IGu7ivuy1Ag": (DEFERRED, "consent"),
    "S27pHKBEp30": (DEFERRED, "YouTube refuses requests from this address"),  # the last one of the list
}
TOXICS = {
    rb"^GET /watch\?v=ec9IQMiJBhs": Toxic.RESET,
    rb"^GET /api/timedtext\?v=UPtG_38Oq8o": Toxic.TRUNCATED,
    rb"^POST /youtubei/v1/player.*-jze8IC-hI0": Toxic.DRIP,
    rb"^GET /reset": Toxic.RESET,
    rb"^GET /cut": Toxic.TRUNCATED,
    rb"^GET /slow": Toxic.DRIP,
}
ZH_ARTICLE = f"<!doctype html><html lang=zh><title>讲座</title><article><h1>注意力</h1><p>{TEXT}</p></article>"
PAGES: dict[str, tuple[bytes | str, str, int, State, str]] = {
    "gone": ("", "text/html", 404, UNAVAILABLE, "nothing is there .HTTP 404"),
    "fault": ("", "text/html", 500, DEFERRED, "a fault of its own .HTTP 500"),
    "login": ("", "text/html", 403, UNAVAILABLE, "login"),
    "consent": (CONSENT, "text/html", 200, UNAVAILABLE, "asks about cookies"),
    "script": ("<div id=root></div><script src=a.js></script>", "text/html", 200, UNAVAILABLE, "made by script"),
    "huge": (b"<p>" + b"mask " * 6_200_000, "text/html", 200, UNAVAILABLE, "more than 30 MB"),
    "picture": (b"\x89PNG\r\n", "image/png", 200, UNAVAILABLE, "not a page"),
    "none.pdf": (ZH_ARTICLE, "application/pdf", 200, UNAVAILABLE, "not a PDF"),
    "broken.pdf": (b"%PDF-1.7\nno more", "application/pdf", 200, UNAVAILABLE, "PDF"),
    "reset": (ZH_ARTICLE, "text/html", 200, DEFERRED, "connection"),
    "cut": (ZH_ARTICLE, "text/html", 200, DEFERRED, "connection"),
    "slow": (ZH_ARTICLE, "text/html", 200, DEFERRED, "did not answer in time"),
    "charset": (ZH_ARTICLE.encode("gbk"), "text/html; charset=iso-8859-1", 200, State.INDEXED, ""),
    "good": (ZH_ARTICLE, "text/html; charset=utf-8", 200, State.INDEXED, ""),
}


@needs_shared
def test_each_fault_gives_its_entry_a_state_and_disturbs_nothing_else(
    fake: FakeYouTube, httpserver: HTTPServer, tmp_path: Path
) -> None:
    videos, workshop = script(fake), Workshop(tmp_path, fake)
    fake.fail("hYdO9CscNes", "watch", 500)
    fake.fail("GGLr-TtKguA", "player", 404)
    fake.ask_consent("IGu7ivuy1Ag")
    fake.make_blocked("S27pHKBEp30")
    for path, (data, content_type, code, *_) in PAGES.items():
        fake.add_site(f"{SITE}/{path}", data, content_type, code)
    listed = "\n".join([LIST.read_text("utf-8"), "### Pages", *(f"- <{SITE}/{path}>" for path in PAGES)])
    source = workshop.write("list.md", listed)
    sites = ["https://jalammar.github.io", "https://arxiv.org", SITE]
    with fault_proxy(httpserver.url_for("")) as (root, proxy):
        proxy.toxics = TOXICS
        web = LocalWeb(root, YOUTUBE, *sites, timeouts=(5.0, 2.0), deadline=2.0)
        began = time.monotonic()
        workshop.build(source, web=web)
    assert time.monotonic() - began < SECONDS
    found = workshop.statuses()
    assert {*videos, *VIDEOS} <= found.keys() and {f"{SITE}/{path}" for path in PAGES} <= {
        status.resource.url for status in found.values()
    }
    for status in found.values():
        state, words = _expected(status.resource)
        assert status.state is state and re.search(words, status.reason or ""), status
        assert (status.chunks > 0) == (state is State.INDEXED and status.resource.kind is not Kind.PLAYLIST), status
        assert status.retry_after or state is not DEFERRED, status
        assert not (status.reason and status.reason.is_foreign), status
    with EmbeddedReader.open(workshop.library) as library:
        library.verify()
        (charset,) = [status.resource.id for status in found.values() if status.resource.url.endswith("/charset")]
        (transcript,) = library.transcripts(charset)
        assert "".join(cue.text for cue in transcript.cues).endswith(TEXT[-40:])


def _expected(resource: Resource) -> tuple[State, str]:
    """The state of an entry, and what its reason says."""
    path = resource.url.removeprefix(f"{SITE}/")
    return VIDEOS.get(resource.id) or (PAGES[path][3:] if path in PAGES else (State.INDEXED, ""))

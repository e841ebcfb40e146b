"""The list that started it all, through the command line: on a YouTube of our own, and with each kind of fault."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from tests.cli import here
from tests.cli.here import Ran
from tests.fake_playlists import DELETED, PRIVATE
from tests.fake_youtube import FakeYouTube
from tests.shared import SHARED, needs_shared

pytestmark = pytest.mark.slow


LIST = SHARED / "resources" / "transformer-resources.md"
PLAYLIST = "PLoROMvodv4rNiJRchCzutFw5ItR_Z27CM"
ON_BOTH = "XfpMkf4rD6E"
ARTICLE = "https://jalammar.github.io/illustrated-transformer/"
PAPER = "https://arxiv.org/pdf/1706.03762"
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


@needs_shared
@pytest.mark.model
def test_every_entry_of_the_seed_list_ends_in_its_state(fake: FakeYouTube, tmp_path: Path) -> None:
    library = tmp_path / "library"

    def call(*arguments: object) -> Ran:
        return here.call(*arguments, "--index", library, web=fake.web())

    videos = script(fake)
    assert (len(videos), len(set(videos))) == (42, 41)
    dry = call("build", LIST, "--dry-run")
    assert (dry.exit_code, fake.requests, library.exists()) == (0, [], False)
    assert "41 to be asked of YouTube: 123 requests" in dry.stdout

    built = call("build", LIST, "--pace", "0")
    assert built.exit_code == 3, built
    resources = json.loads(call("status", "--json").stdout)["resources"]
    found: dict[str, dict[str, Any]] = {resource["id"]: resource for resource in resources}
    expected = {video_id: SCRIPT.get(video_id, "indexed") for video_id in videos}
    expected |= {PLAYLIST: "indexed", "P127jhj-8-Y": "indexed", "BP5CM0YxbP8": "indexed"}
    expected |= {"mE7IDf2SmJg": "unavailable", "NC7GkOXM7Kg": "unavailable"}
    assert {i: r["state"] for i, r in found.items() if r["kind"] in ("video", "playlist")} == expected
    for text in (one for one in found.values() if one["kind"] in ("page", "paper")):
        assert (text["state"], text["languages"], text["chunks"] > 20) == ("indexed", ["en"], True)
    assert all(bool(r["reason"]) == (r["state"] != "indexed") for r in found.values())
    course = ["Advanced Topics and Research", "Stanford CS25 - Transformers United"]
    assert found["mE7IDf2SmJg"]["sections"] == [course]
    assert found[ON_BOTH]["sections"] == [course[:1], course]
    assert (found[ENGLISH]["languages"], found[CHINESE]["languages"]) == (["en"], ["zh-TW"])
    assert [address for place, address in fake.requests if place == "site"] == [ARTICLE, PAPER]

    for question, video_id in (("what does softmax do?", ENGLISH), ("位置编码有什么用？", CHINESE)):
        answer = json.loads(call("ask", "--json", question).stdout)
        first = answer["moments"][0]
        assert (first["resource"]["id"], first["start"]) == (video_id, 5.0)
        assert first["link"] == f"https://www.youtube.com/watch?v={video_id}&t=5s"
    for question, link in TEXTS_ANSWER.items():
        first = json.loads(call("ask", "--json", question).stdout)["moments"][0]
        assert (first["start"], first["end"], first["timestamp"]) == (None, None, None)
        assert first["link"].startswith(link)

    fake.requests.clear()
    again = call("build", LIST, "--pace", "0")
    assert (again.exit_code, {name for _, name in fake.requests}) == (3, {PLAYLIST})
    shown = call("status").stdout
    assert "begin in 3 hours" in shown and "--captions DIR" in shown and "private video" in shown

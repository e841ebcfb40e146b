"""The page of what is new on kept questions, its feed and its token, and keeping a question on the page."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlencode
from xml.etree import ElementTree

import pytest
from lxml.html import fromstring
from starlette.testclient import TestClient

from seekpoint.index.open import open_reader
from seekpoint.query.digest import keep_question
from seekpoint.query.serving.live_library import LiveLibrary
from seekpoint.query.web.app import application
from seekpoint.query.web.security import AccessPolicy
from tests.fakes import TopicEncoder
from tests.query.web.workbench import form

SAID = "注意力给每个词一个权重"
ASKED = f"/?{urlencode({'q': SAID})}"
TOKEN = "a token of a library"


def questions(library: Path) -> list[str]:
    with open_reader(library) as reader:
        return [text for text, _ in reader.settings.questions]


def test_a_question_is_kept_beside_its_answer_and_let_go(library: Path, editor: TestClient) -> None:
    assert "No question is kept yet" in editor.get("/new", headers={"Accept-Language": "en"}).text
    sent = editor.post("/kept/question", data=form(editor, ASKED, "/kept/question"))
    assert (sent.status_code, questions(library)) == (303, [SAID])
    page = editor.get("/new").text
    assert page.count('class="keepsake"') >= 1 and ASKED in page
    places = fromstring(page).xpath("//p[@class='where']//a/@href")
    assert places and all("#c" in place for place in places), "at the line, not on top of the page"
    sent = editor.post("/kept/question/drop", data=form(editor, ASKED, "/kept/question/drop"))
    assert (sent.headers["location"], questions(library)) == (ASKED, [])
    refused = editor.post("/kept/question", data={"question": SAID, "secret": "x"})
    assert (refused.status_code, questions(library)) == (403, [])
    fields = form(editor, "/new", "/kept/question")
    for question, told in (
        (" -掩码 ", "这里只写了要排除的词"),
        ("🤖", "这里面没有可以查找的文字"),
        (" ", "这里面没有"),
    ):
        empty = editor.post("/kept/question", data=fields | {"question": question}, headers={"Accept-Language": "zh"})
        assert (empty.status_code, told in empty.text, questions(library)) == (400, True, [])


def test_the_feed_opens_with_its_own_token_which_opens_nothing_else(library: Path) -> None:
    keep_question(library, SAID)
    live = LiveLibrary(library, TopicEncoder())
    policy = AccessPolicy(token=TOKEN)
    client = TestClient(application(live, policy), "http://localhost", follow_redirects=False)
    own = {"token": policy.feed_token}
    feed = client.get("/new.rss", params=own)
    assert (feed.status_code, feed.headers["content-type"]) == (200, "application/rss+xml; charset=utf-8")
    channel = ElementTree.fromstring(feed.text).findtext("channel/link") or ""
    elsewhere = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}
    assert client.get(channel, headers=elsewhere | {"Authorization": f"Bearer {TOKEN}"}).status_code == 200
    [item, *_] = ElementTree.fromstring(feed.text).findall("channel/item")
    assert SAID in (item.findtext("title") or "")
    assert ElementTree.fromstring(client.get("/new.rss", params=own | {"since": "2999"}).text).find(".//item") is None
    for path, parameters in (("/new.rss", {}), ("/new.rss", {"token": TOKEN}), ("/new", own), ("/api/kept", own)):
        assert client.get(path, params=parameters).status_code == 401, path
    page = client.get("/new", headers={"Authorization": f"Bearer {TOKEN}"}).text
    assert f"/new.rss?token={policy.feed_token}" in page and TOKEN not in page
    live.close()


@pytest.mark.parametrize("since", ["soon", "2026-02-31", "9" * 30])
def test_a_time_that_is_none_is_told(client: TestClient, since: str) -> None:
    assert client.get("/new", params={"since": since}).status_code == 400
    answer = client.get("/api/ask", params={"q": SAID, "added": since})
    assert answer.status_code == 400 and "7d" in answer.json()["detail"]
    page = client.get("/", params={"q": SAID, "after": since})
    assert page.status_code == 400 and "2026-03-15" in page.text
    page = client.get("/", params={"q": SAID, "kind": "playlist"})
    assert page.status_code == 400 and "video, page, paper, recording, document" in page.text


def test_filters_by_date_hold_on_the_page_and_in_the_api(client: TestClient) -> None:
    found = client.get("/api/ask", params={"q": SAID, "added": "1d"}).json()
    assert found["moments"] and found["moments"][0]["added"]
    dates = {"q": SAID, "after": "2020", "before": "2021-05"}
    nothing = client.get("/api/ask", params=dates).json()
    assert nothing["moments"] == [] and nothing["undated"] > 0
    assert "undated" not in client.get("/api/ask", params=dates | {"language": "zh"}).json()
    assert 'value="2020"' in client.get("/", params={"q": SAID, "after": "2020"}).text
    page = client.get("/", params={"q": SAID, "added": "2999"}).text
    assert 'name="added" value="2999"' in page and "m1" not in page
    assert client.get("/api/ask", params={"q": SAID, "before": "2021-5"}).status_code == 400

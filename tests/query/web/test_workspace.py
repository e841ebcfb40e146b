"""The reading list as a workspace: sorting, adding, builds, retrying, removing; also of a library on a server."""

from __future__ import annotations

import html
import json
import re
import shutil
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from html import unescape
from pathlib import Path
from threading import Event

import pytest
import requests
from lxml.html import fromstring
from pytest_httpserver import HTTPServer
from starlette.testclient import TestClient

import seekpoint
from seekpoint.cli.build_process import build_in_process
from seekpoint.index.address import ADDED_ADDRESSES, ADDED_FILES, ADDED_LISTS, ServerAddress
from seekpoint.index.embedded.embedded_writer import EmbeddedWriter
from seekpoint.index.errors import SeekpointError
from seekpoint.index.open import create_library, open_reader, open_writer
from seekpoint.index.settings import MOST_CHANGES
from seekpoint.index.store import Writer
from seekpoint.index.types import Details, Kind, Resource, ResourceStatus, State
from seekpoint.indexer.reading_list.addresses import resource_of_path
from seekpoint.query.output.status import to_text
from seekpoint.query.web.builds import STOPPED, BuildOrder, Builds, Tell
from seekpoint.query.web.forms import Editing
from seekpoint.query.web.problems import PageError
from seekpoint.query.web.resource_list import ENTRIES
from seekpoint.query.web.security import AccessPolicy
from seekpoint.query.web.translations import WORDS
from seekpoint.query.web.workspace import SUFFIXES, safe_name
from tests.disks import needs_mounts, read_only, small_disk
from tests.fake_youtube import FakeYouTube
from tests.fakes import TopicEncoder
from tests.index.libraries import CARD, embedded, resource
from tests.postgres import TestServer
from tests.query.web.conftest import HOST, SCRIPT, URL, serving
from tests.query.web.served import LAST_LINE, eventually, terminal
from tests.query.web.test_kept_moments import kept, star
from tests.query.web.workbench import TALK, add, built, defer, form, remove, retry, statuses, upload
from tests.query.web.workbench import editing as editing_of


def test_the_list_is_sorted_and_says_what_to_do(library: Path) -> None:
    with EmbeddedWriter.acquire(library) as writer:
        writer.set_state("ccccccccccc", State.DEFERRED, reason="YouTube refused", retry_after=1.0)
        writer.set_state("aaaaaaaaaaa", State.NO_TRANSCRIPT, reason="no captions", retry_after=4e9)
    with serving(library) as client:
        for sort, first in {"title": "A talk at home", "length": "Masks & more"}.items():
            page = html.unescape(client.get("/list", params={"sort": sort}).text)
            titles = re.findall(r'<a class="name"[^>]*>(.*?)</a>', page)
            assert (len(titles), titles[0]) == (5, first)
            assert not re.search(r"<h[23][^>]*>English", page)
        assert client.get("/list?sort=colour").status_code == 400
        assert ids_on(client.get("/list?problems=1&ui=zh").text) == ["aaaaaaaaaaa", "ccccccccccc"]
        assert "只看有问题的（2）" in client.get("/list?ui=zh").text
        page, chinese = client.get("/list?ui=en").text, client.get("/list?ui=zh").text
    assert page.index("Problems only (2)") < page.index(">Filter<"), "it comes first among the filters"
    assert "due: build again" in page
    assert "a build after 2096-10-02 looks again; captions of your own go in at once with --captions DIR" in page
    assert "已到时间：请重新入库" in chinese
    assert "2096-10-02 之后入库时会再看一次；你自己的字幕可以用 --captions DIR 立即加入" in chinese
    assert "build again" not in chinese


@pytest.mark.slow
def test_what_a_running_build_has_not_come_to_is_not_due_and_a_file_is_named_by_its_name(
    library: Path, editor: TestClient, tmp_path: Path
) -> None:
    talk = resource_of_path(tmp_path / "笔记 on masks.md")
    with EmbeddedWriter.acquire(library) as writer:
        writer.register("pending.md", [talk])
        for ui, step, other in (("en", "hasn&#39;t come to it yet", "interrupted"), ("zh", "还没轮到它", "入库中断")):
            page = editor.get("/list", params={"ui": ui}).text
            assert step in page
            assert other not in page
            assert "/add/retry" not in page
    page = editor.get("/list?ui=en").text
    assert "an interrupted build had not come to it" in page
    assert "Try again now (1)" in page
    names = fromstring(page).xpath("//a[@class='name']/text()")
    assert "笔记 on masks.md" in names
    assert not any(str(tmp_path) in name for name in names)


def test_the_list_finds_a_listed_address_that_led_elsewhere(library: Path) -> None:
    address = "https://blog.example/moved<掩码>"
    with EmbeddedWriter.acquire(library) as writer:
        url = "https://www.youtube.com/watch?v=aaaaaaaaaaa"
        writer.put_settings(aliases={"x": (url, None, address), "y": (url, None), "z": ("https://a.org/", None, "b")})
    with serving(library) as client:
        page = client.get("/list", params={"narrow": "blog.example/moved"}).text
        assert ids_on(page) == ["aaaaaaaaaaa"]
        assert f"Listed as <bdi>{html.escape(address)}</bdi></p>" in page
        assert "清单里写的是" in client.get("/list?ui=zh").text
        listed = {each["id"]: each["listed"] for each in client.get("/api/resources").json()["resources"]}
    assert listed.pop("aaaaaaaaaaa") == [address] and not any(listed.values())


def test_the_list_names_channels_and_no_language_that_isnt_known(tmp_path: Path) -> None:
    channels = {"aaaaaaaaaaa": "3Blue1Brown & friends", "bbbbbbbbbbb": "李宏毅"}
    with EmbeddedWriter.acquire(tmp_path, CARD) as writer:
        writer.register("list.md", [resource(key) for key in channels])
        for (key, channel), said in zip(channels.items(), (("a mask hides it", "und"), ("掩码", "zh")), strict=True):
            writer.commit(key, [embedded([said[0]], said[1])], Details(channel=channel), "by hand")
    with serving(tmp_path) as client:
        texts = [client.get(path).text for path in ("/list", "/?q=mask", "/", "/resource/aaaaaaaaaaa")]
    for channel in channels.values():
        assert f'<span class="channel" dir="auto">{html.escape(channel)}</span>' in texts[0]
    assert all("Chinese" in text for text in texts[:3])
    named = r">[^<]*\bund\b|<span></span>|<option value=.und"
    assert not [found for text in texts for found in re.findall(named, text)]


def test_a_question_leaves_what_answers_it_in_its_order(client: TestClient) -> None:
    for question in ("What does softmax make?", "掩码把什么藏起来？"):
        answer = client.get("/api/ask", params={"q": question}).json()
        first = answer["moments"][0]["resource"]["title"]
        page = fromstring(client.get("/list", params={"q": question}).text)
        names = page.xpath("//a[@class='name']/text()")
        assert names[0] == first and len(names) == len({*names}) < 5
        assert page.xpath("//span[@class='narrowed']/text()")[0].strip() == f"{len(names)} of 5"
        for entry in page.xpath("//li[contains(@class, 'entry')]"):
            for time, tick in zip(entry.xpath(".//a[@class='time']"), entry.xpath(".//svg/a"), strict=True):
                assert (time.text, time.get("href")) == (tick.xpath("string(.//title)"), tick.get("href")), (
                    "read, and clicked"
                )
                assert re.search(r"&t=\d+#c\d+$", time.get("href")), "at its line"
        assert page.xpath("//p[starts-with(@class, 'verdict')]/text()"), "it is said how sure that is"
        (told,) = page.xpath("//p[@class='summary']/text()")
        assert told.startswith(f"Moments marked: {len(page.xpath('//svg/a'))}, also weaker ones")
        assert page.xpath("//option[@selected]/text()") == ["best answer first"]
        by_title = fromstring(client.get("/list", params={"q": question, "sort": "title"}).text)
        assert by_title.xpath("//a[@class='name']/text()") == sorted(names)
    page = client.get("/list", params={"q": "a mask hides the future"}, headers={"Accept-Language": "zh"})
    assert "这里很可能有答案。" in page.text and "第一个片段" not in page.text, "in the order of the list"
    assert re.search(r"标出 \d 个片段，包括", page.text)
    assert len(ids_on(client.get("/list", params={"q": "What does quasar eat?", "narrow": ""}).text)) > 0


def test_pictures_come_only_when_asked_for(talks: Path, client: TestClient) -> None:
    plain = client.get("/list")
    assert 'class="thumb' not in plain.text
    assert "ytimg" not in plain.text + plain.headers["content-security-policy"]
    assert "/add/" not in plain.text and URL not in plain.text
    assert client.post("/add/address", data={}).status_code == 404, "nothing can be added without builds"
    with serving(talks, AccessPolicy(pictures=True)) as other:
        shown = other.get("/list")
    assert "https://i.ytimg.com/vi/aaaaaaaaaaa/mqdefault.jpg" in shown.text
    assert "img-src 'self' https:;" in shown.headers["content-security-policy"]


CAPTIONS_IN_JSON = b'[{"text": "a cache keeps keys", "start": 0, "duration": 5}]'


@pytest.mark.slow
def test_files_of_every_kind_are_added_beside_those_that_are_refused(
    library: Path, editing: Editing, editor: TestClient
) -> None:
    programs = [(f"{name}.exe", b"MZ") for name in ("run", "运行", "three", "four", "five")]
    captions = ("缓存 [ddddddddddd].en.json", CAPTIONS_IN_JSON)
    note = ("笔记.md", "# 掩码\n\n掩码遮住未来。\n".encode())
    refused = upload(editor, programs[0], ("讲座：缓存.zh.vtt", TALK.encode()), *programs[1:], note, captions)
    assert refused.startswith("400")
    for told in ("run.exe can", "运行.exe can", "2 more can", "3 of 8 are being added"):
        assert told in refused
    assert "five.exe" not in refused
    assert "3 of 3 resources indexed" in built(editing)
    answer = editor.get("/api/ask", params={"q": "缓存", "kind": "recording", "language": "zh"}).json()
    assert answer["moments"][0]["resource"]["title"] == "讲座：缓存"
    assert remove(editor, "ddddddddddd").status_code == 303
    assert {path.name for path in (library / ADDED_FILES).iterdir()} == {"讲座：缓存.zh.vtt", "笔记.md"}
    assert "was added before" in upload(editor, ("笔记.md", b"# Mask\n"))
    assert (library / ADDED_FILES / "笔记.md").read_bytes() == note[1], "a file is never replaced"
    (library / ADDED_FILES / "talk.en.vtt").write_bytes(TALK.encode())
    assert upload(editor, ("talk.en.vtt", TALK.encode())) == "/list", "no build came to it"
    built(editing)
    assert {"掩码", "talk"} <= statuses(library).keys()


def test_a_file_needs_the_secret_the_own_origin_and_a_length(library: Path, editor: TestClient) -> None:
    for secret in ("", "wrong"):
        assert upload(editor, ("talk.vtt", TALK.encode()), secret=secret).startswith("403")
    fields = form(editor, "/list", "/add/file")
    sent = editor.post("/add/file", data=fields, files={"file": ("talk.vtt", b"")}, headers={"Origin": "https://x.org"})
    assert sent.status_code == 403
    sent = editor.post("/add/file", content=b"x", headers={"Content-Length": str(1 << 30)})
    assert (sent.status_code, "64 MB" in sent.text) == (413, True), "it is refused before it is read"
    assert editor.post("/add/file", content=iter([b"x"])).status_code == 411
    assert not (library / ADDED_FILES).exists()


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("../../etc/cron.d/job.md", "job.md"),
        ("C:\\Windows\\system32\\notes.txt", "notes.txt"),
        ("讲座 [bbbbbbbbbbb].zh.vtt", "讲座 [bbbbbbbbbbb].zh.vtt"),
        (".hidden.md", "hidden.md"),
        ("CON .txt", "_CON .txt"),
        ("nul.tar.md", "_nul.tar.md"),
        ("COM¹.txt", "_COM¹.txt"),
        ("ConIn$.md", "_ConIn$.md"),
        ("console.md", "console.md"),
        ("notes.md. . ", "notes.md"),
        ("书.EPUB", "书.EPUB"),
        ("讲义.pptx", "讲义.pptx"),
        ('a<b>:"c|d?*.md', "a_b_c_d_.md"),
        ("\u202egnp.\x00notes.md", "gnp.notes.md"),
        ("the %22mask%22%0D%0Aof 100%25 %0d.md", "the _mask_ of 100%25 %0d.md"),
        ("..%22/%22/notes.md", "notes.md"),
    ],
)
def test_names_of_files_are_made_safe(name: str, safe: str) -> None:
    assert safe_name(name, SUFFIXES) == safe


@pytest.mark.parametrize("name", ["", "..", "run.exe", ".md", "notes.md/", "长" * 90 + ".md"])
def test_names_that_no_file_can_have_are_refused(name: str) -> None:
    with pytest.raises(PageError):
        safe_name(name, SUFFIXES)


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("data.json", CAPTIONS_IN_JSON, "Any title [VIDEO_ID].en.json"),
        ("数据 [bbbbbbbbbbb].zh.json", b'{"people": ["Ada"]}', "no cue found"),
        ("cut [bbbbbbbbbbb].en.json", CAPTIONS_IN_JSON[:-1], "damaged JSON"),
        ("deep [bbbbbbbbbbb].en.json", b"[" * 100_000, "nested too deep"),
        ("清单.md", "# 清单\n\n没有链接\n".encode(), "no links found"),
        ("书签.html", b"<!DOCTYPE NETSCAPE-Bookmark-file-1><a href='https://a.org'>a</a>", "are a reading list"),
        ("数据.csv", "名称,值\na,b\n".encode(), "no links found (looked for a column named url"),
        ("清单.html", b"<!DOCTYPE html><a href='https://a.org'>a</a>", "a web page, not a browser's bookmarks"),
    ],
)
def test_a_file_that_a_build_would_skip_is_refused_with_the_reason(
    library: Path, editor: TestClient, name: str, content: bytes, words: str
) -> None:
    fields = {"is_list": "1"} if name.startswith("清单") else {}
    refused = html.unescape(upload(editor, (name, content), **fields))
    assert refused.startswith("400")
    assert f"{name} can't be added: " in refused and words in refused
    assert not [file for folder in (ADDED_FILES, ADDED_LISTS) for file in (library / folder).glob("*")]


def test_what_is_no_address_is_refused(library: Path, editor: TestClient) -> None:
    fields, listed = form(editor, "/list", "/add/address"), library / ADDED_LISTS / ADDED_ADDRESSES
    for text in (
        *("", "  ", "file:///etc/passwd", "javascript:alert(1)", "https://a.org b", "[x](file:///etc/notes.md)"),
        *("https://[::1", "https:///", "https://-", "https://%/", "https://a_b.org/", "https://a.org:99999/"),
        *(
            "https://@a.org/",
            f"https://{'长' * 64}.org/",
            "http://127.0.0.1:9/缓存",
            "https://[fd00::1]/",
            "www.localhost",
        ),
    ):
        sent = editor.post("/add/address", data=fields | {"addresses": text})
        assert sent.status_code == 400, text
        assert text.strip()[:40] in html.unescape(sent.text)
        assert not listed.exists(), "nothing is stored, and no build begins"
    for language, told in (("en", "is in a private network: add it with seekpoint build"), ("zh", "在内部网络里")):
        data = fields | {"addresses": "https://192.168.1.1/"}
        assert told in editor.post("/add/address", data=data, headers={"Accept-Language": language}).text
    for language, told in (("en", "isn’t an address: addresses begin"), ("zh", "不是链接：链接以")):
        for text in ("http://", "http://[", "http://[缓存", "https://:80/", "http://a b"):
            sent = editor.post("/add/address", data=fields | {"addresses": text}, headers={"Accept-Language": language})
            assert told in html.unescape(sent.text), text


def test_of_a_paste_the_addresses_are_added_and_the_other_lines_told(
    library: Path, editing: Editing, editor: TestClient
) -> None:
    fields = form(editor, "/list", "/add/address")
    wrong = ("not a link", "https://a_b.org/", "这不是链接", "ftp://a.org/")
    lines = ("https://example.invalid/缓存", *wrong, "www.example.invalid", "https://example.invalid/缓存")
    for ui, told in (
        (
            "en",
            (
                "“not a link” isn’t an address",
                "no spaces; “这不是链接”",
                "1 more can’t be added",
                "2 of 6 are being added",
            ),
        ),
        ("zh", ("“not a link”不是链接", "没有空格；“这不是链接”不是链接", "还有 1 个无法添加；共 6 个，正在添加 2 个")),
    ):
        sent = editor.post(f"/add/address?ui={ui}", data=fields | {"addresses": "\n".join(lines)})
        assert sent.status_code == 400
        assert not [words for words in told if words not in html.unescape(sent.text)]
        assert built(editing).startswith("0 of 2 resources indexed")
    listed = (library / ADDED_LISTS / ADDED_ADDRESSES).read_text(encoding="utf-8").split()
    assert listed == ["https://example.invalid/缓存", "https://www.example.invalid/"]


@pytest.mark.slow
def test_each_address_that_is_taken_is_listed_and_can_be_taken_out(
    library: Path, editing: Editing, editor: TestClient
) -> None:
    site = "https://example.invalid"
    addresses = [
        *(f"{site}/缓存。", f"{site}/](two)", f"{site}/`one", f"{site}/<!--one", "http://me:word@example.invalid"),
        *("https://缓存.invalid/", "www.example.invalid"),
    ]
    before = {status.id for status in statuses(library).values()}
    add(editor, editing, *addresses[:3])
    add(editor, editing, *addresses[3:])
    lines = (library / ADDED_LISTS / ADDED_ADDRESSES).read_text(encoding="utf-8").splitlines()
    assert (lines[0], len(lines)) == (f"{site}/%E7%BC%93%E5%AD%98", len(addresses))
    added = {status.id for status in statuses(library).values()} - before
    assert len(added) == len(addresses)
    for resource_id in added:
        assert remove(editor, resource_id).status_code == 303
    assert (library / ADDED_LISTS / ADDED_ADDRESSES).read_bytes() == b""


PAGE = "<html><body><article><h1>On caches</h1><p>{}</p></article></body></html>".format("A cache keeps keys. " * 60)


@pytest.mark.slow
def test_no_list_leads_into_the_servers_files_or_network(
    library: Path, editing: Editing, editor: TestClient, httpserver: HTTPServer, tmp_path: Path
) -> None:
    file = tmp_path / "secret.md"
    file.write_text("# secret\n\nattention\n", encoding="utf-8")
    private = httpserver.url_for("/secret")
    links = [private, file.as_uri(), "../../secret.md", str(file)]
    lines = "\n".join(f"- [secret {number}]({link})" for number, link in enumerate(links))
    bookmarks = f"<!DOCTYPE NETSCAPE-Bookmark-file-1><DL><DT><A HREF='{private}3'>secret 书签</A></DL>"
    for name, text in {
        "清单.md": f"# 清单\n\n{lines}\n",
        "清单.csv": f"title,url\nsecret 表格,{private}1\nsecret file,{file.as_uri()}x\n",
        "清单.bib": f"@misc{{x, title={{secret 文献}}, url={{{private}2}}, file={{{file}}}}}",
        "书签.html": bookmarks,
    }.items():
        upload(editor, (name, text.encode()), **({} if name.endswith(("csv", "bib")) else {"is_list": "1"}))
    built(editing)
    assert httpserver.log == []
    found = {title: status for title, status in statuses(library).items() if "secret" in title}
    assert {status.state for status in found.values()} == {State.UNAVAILABLE} and len(found) == 8
    assert not [status for status in found.values() if status.url.startswith("file:///")]
    without = "a link without an address, in a list that may name no files: add the file itself"
    assert [found[f"secret {number}"].reason for number in (1, 2, 3)] == [without] * 3


@pytest.mark.slow
def test_a_link_without_an_address_is_shown_as_its_list_writes_it(
    library: Path, editing: Editing, editor: TestClient
) -> None:
    links = "- [Talk](notes/x.md)\n- [](notes/y%20z.md)\n- [](笔记/缓存.md)\n"
    upload(editor, ("清单.md", f"# 清单\n\n{links}".encode()), is_list="1")
    built(editing)
    page = editor.get("/list?ui=zh").text
    assert {"Talk", "notes/y z.md", "笔记/缓存.md"} <= {*fromstring(page).xpath("//a[@class='name']/text()")}
    assert "<bdi>notes/x.md</bdi>: <span>链接没有地址" in page
    assert "list.invalid" not in page
    talk = statuses(library)["Talk"]
    assert "list.invalid" not in editor.get(f"/resource/{talk.id}").text
    shown = to_text(library, CARD, [*statuses(library).values()], [], 0.0)
    assert "    Talk  notes/x.md\n" in shown
    assert "    笔记/缓存.md" in shown
    assert "list.invalid" not in shown


@pytest.mark.slow
def test_while_another_build_writes_builds_wait_and_nothing_is_taken_out(
    library: Path, editing: Editing, editor: TestClient
) -> None:
    fields = form(editor, "/list", "/add/remove") | {"resource": "aaaaaaaaaaa"}
    with EmbeddedWriter.acquire(library):
        upload(editor, ("talk.en.vtt", TALK.encode()))
        eventually(lambda: "Waiting for another build" in editor.get("/list").text)
        assert "正在等待另一次入库结束" in editor.get("/list?ui=zh").text
        refused, chinese = (editor.post(f"/add/remove?ui={ui}", data=fields) for ui in ("en", "zh"))
        assert refused.status_code == 503
        assert "Another build is writing to the library" in refused.text
        assert "另一次入库正在写这个资料库" in chinese.text
        assert "--index" not in refused.text
    assert "1 of 1 resource indexed" in built(editing)
    assert "talk" in statuses(library)
    assert editor.post("/add/remove?ui=en", data=fields).status_code == 303
    again = editor.post("/add/remove?ui=en", data=fields)
    assert (again.status_code, "It was removed already." in again.text) == (404, True)
    with EmbeddedWriter.acquire(library):
        upload(editor, ("other.en.vtt", TALK.encode()))
        editing.builds.close()
        assert built(editing) == STOPPED, "a build that waits ends with the server"


@pytest.mark.slow
def test_a_build_that_is_locked_out_is_tried_again() -> None:
    tries: list[BuildOrder] = []

    def build(order: BuildOrder, tell: Tell, stop: Event) -> str:
        tries.append(order)
        if len(tries) == 1:
            raise SeekpointError("another build is writing")
        return "done"

    looks = iter([False, True, True])
    builds = Builds(build, lambda: next(looks, False))
    builds.start(["notes.md"])
    assert built(Editing(builds)) == "done"
    assert tries == [BuildOrder(("notes.md",))] * 2


def test_errors_of_forms_are_in_the_language_of_the_page(editor: TestClient) -> None:
    editor.headers["Accept-Language"] = "zh"

    def told(page: str) -> str:
        (alert,) = fromstring(page).xpath("//p[@role='alert' and not(@lang)]")
        return str(alert.text_content())

    sent = form(editor, "/list", "/add/address")
    for fields, words in (
        ({"addresses": "no address"}, "“no address”不是链接"),
        ({"addresses": "https://a_b.org/"}, "https://a_b.org/ 不是能打开的链接：请检查域名"),
        ({"addresses": "\n".join(f"https://a.org/{n}" for n in range(101))}, "一次最多添加 100 个链接"),
        ({"secret": "wrong"}, "请重新加载页面"),
    ):
        assert words in told(editor.post("/add/address", data=sent | fields).text)
    several = told(upload(editor, *((f"{n}.exe", b"") for n in range(5)), ("笔记.md", "掩码。\n".encode())))
    assert "2.exe 无法添加：可以添加的文件有 " in several and "还有 2 个无法添加；共 6 个，正在添加 1 个" in several
    json_alone = "data.json 无法添加：JSON 文件只在内容是字幕时才能添加"
    assert json_alone in told(upload(editor, ("data.json", CAPTIONS_IN_JSON)))


@pytest.mark.slow
def test_an_error_leads_back_to_its_form(editor: TestClient) -> None:
    for action, fields, back in (
        ("/add/address", {"addresses": "no address"}, "/list?sort=title"),
        ("/add/address", {"addresses": "", "back": "//attacker.example"}, "/"),
        ("/add/address", {"secret": "wrong"}, "/list?sort=title"),
        ("/add/remove", {"resource": "nobody"}, "/list?sort=title"),
        ("/add/remove", {"resource": "x" * 5000}, "/list?sort=title"),
        ("/add/address", {"addresses": "x" * 300_000}, "/list"),
    ):
        sent = editor.post(action, data=form(editor, "/list?sort=title", action) | fields)
        assert sent.status_code >= 400
        words = "Back to the page" if back != "/" else "Back to the question"
        assert re.findall(r'<p><a href="(.*?)">(.*?)</a>', sent.text) == [(back, words)]
    for refused in (upload(editor, ("run.exe", b"MZ"), back="/list?page=2"), upload(editor, back="/list?page=2")):
        assert '<a href="/list?page=2">Back to the page</a>' in refused
    editor.headers["Accept-Language"] = "zh"
    assert '<a href="/list?page=2">回到原来的页面</a>' in upload(editor, ("a", b""), back="/list?page=2")


def events(client: TestClient, language: str = "en") -> list[dict[str, object]]:
    sent = client.get("/add/progress", headers={"Accept-Language": language})
    assert sent.headers["content-type"].startswith("text/event-stream")
    return [json.loads(line.removeprefix("data: ")) for line in sent.text.splitlines() if line]


@pytest.mark.slow
def test_the_events_of_builds_count_their_results_and_name_what_isnt_indexed(
    library: Path, editing: Editing, editor: TestClient
) -> None:
    for total, outcome in ((1, "1 of 1 indexed"), (0, "Nothing was new or changed.")):
        upload(editor, ("other.en.vtt", TALK.encode()))
        last = events(editor)[-1]
        assert (last["is_running"], last["done"], last["total"], last["outcome"]) == (False, total, total, outcome)
        assert last["came"] == ([{"title": "other", "href": f"/resource/{statuses(library)['other'].id}"}] * total)
    names = [f"论文 {number}" for number in range(5)]
    with EmbeddedWriter.acquire(library):  # so that one build waits for the other
        upload(editor, *((f"{name}.pdf", b"none") for name in names))
        upload(editor, ("talk.en.vtt", TALK.encode()))
    built(editing)
    english, chinese = events(editor, "en")[-1], events(editor, "zh")[-1]
    assert (english["outcome"], chinese["outcome"]) == ("1 of 6 indexed", "共 6 项，已入库 1 项")
    assert isinstance(english["left"], list) and isinstance(chinese["left"], list)
    assert [entry["entry"] for entry in english["left"]] == [f"“{name}.pdf”: unavailable." for name in names[:1:-1]]
    assert chinese["left"][0]["entry"] == "《论文 4.pdf》：无法获取。"
    assert all(entry["reason"] for entry in english["left"])
    assert {entry["lang"] for entry in english["left"]} == {"en"}
    assert {(entry["lang"], entry["reason"].isascii()) for entry in chinese["left"]} == {("zh-Hans", False)}
    assert english["more"] == "2 more aren’t indexed: the list says why."
    page = editor.get("/list?ui=zh").text
    assert '<p class="outcome">共 6 项，已入库 1 项</p>' in page
    (talk,) = fromstring(page).xpath("//ul[@class='came']/li/a")
    assert (talk.text, editor.get(talk.get("href")).status_code) == ("talk", 200)
    assert "还有 2 项没有入库" in page


@pytest.mark.slow
def test_what_was_added_stands_under_its_own_heading_and_stays_out_once_taken_out(
    library: Path, editing: Editing, editor: TestClient
) -> None:
    upload(editor, ("talk.en.vtt", TALK.encode()), ("talk.zh.vtt", TALK.encode()), ("other.en.vtt", TALK.encode()))
    upload(editor, ("more.md", b"- [One](https://example.invalid/one)\n"), is_list="1")
    add(editor, editing, "https://x.invalid/a")
    named = {"en": ["Addresses added here", "Files added here"], "zh": ["在这里添加的链接", "在这里添加的文件"]}
    for ui, headings in named.items():
        found = re.findall(r'<h2 class="heading"[^>]*>(.*?) <span', editor.get(f"/list?ui={ui}").text)
        assert set(found) >= {*headings, WORDS[ui]["no_heading"]}
        assert found.count(WORDS[ui]["no_heading"]) == 1
    for title in ("talk", "https://x.invalid/a"):
        assert remove(editor, statuses(library)[title].id).status_code == 303
    assert [path.name for path in (library / ADDED_FILES).iterdir()] == ["other.en.vtt"]
    assert (library / ADDED_LISTS / ADDED_ADDRESSES).read_text(encoding="utf-8") == ""
    upload(editor, ("third.en.vtt", TALK.encode()))
    built(editing)
    assert {"talk", "https://x.invalid/a"}.isdisjoint(statuses(library))


@pytest.mark.slow
def test_a_source_is_removed_as_one_and_a_heading_is_renamed_and_moved(
    library: Path, editing: Editing, editor: TestClient, tmp_path: Path
) -> None:
    (tmp_path / "notes").mkdir()
    for name in ("缓存", "masks"):
        (tmp_path / "notes" / f"{name}.md").write_text(f"# {name}\n\nA mask hides 缓存.\n", "utf-8")
    seekpoint.build([tmp_path / "notes"], library, encoder=TopicEncoder(), translate=False)
    upload(editor, ("talk.en.vtt", TALK.encode()), ("other.en.vtt", TALK.encode()))
    built(editing)
    before = set(statuses(library))

    def send(action: str, **fields: str) -> int:
        return editor.post(action, data=form(editor, "/list", "/add/remove") | fields).status_code

    def shown() -> dict[str, list[str]]:
        sections = fromstring(editor.get("/list").text).xpath("//details[@class='section']")
        return {
            each.xpath("string(summary//h2|summary//h3)").split(" ")[0]: each.xpath(".//a[@class='name']/text()")
            for each in sections
        }

    page = fromstring(editor.get("/list").text)
    keys = {
        each.xpath("string(span)"): each.xpath(".//button/@value")[0]
        for each in page.xpath("//*[@class='sources']//li")
    }
    assert {*keys} == {"notes", "Files added here", "list.md"} and str(tmp_path) not in editor.get("/list").text
    assert "2 of its 2 entries stand on no other list" in page.xpath("string(//*[@class='sources'])")
    for path, source, heading in (
        ([], keys["notes"], "Notes <b>"),
        (["English"], "", "课程 › 英语"),
        (["Notes <b>"], "", "课程 › 笔记"),
    ):
        assert send("/add/heading", path=json.dumps(path), source=source, heading=heading) == 303
    assert sorted(shown()["笔记"]) == ["masks", "缓存"] and "Masks & more" in shown()["英语"]
    assert {*shown()["笔记"], *shown()["英语"]} == {*shown()["课程"]}, "all below it goes along"
    seekpoint.build([tmp_path / "notes"], library, encoder=TopicEncoder(), translate=False)
    answer = editor.get("/api/ask", params={"q": "缓存", "section": "笔记"}).json()
    assert answer["moments"][0]["resource"]["sections"] == [["课程", "笔记"]], "a later build changes nothing"
    for heading in ("", " › ", "›"):
        assert send("/add/heading", path='["课程"]', heading=heading) == 400
    assert {"课程", "笔记"} <= shown().keys(), "a heading that is emptied stays"
    stale = editor.post("/add/heading", data=form(editor, "/list", "/add/remove") | {"path": '["旧"]', "heading": "x"})
    assert (stale.status_code, "was renamed or removed meanwhile" in stale.text) == (404, True)
    assert send("/add/heading", path="[]", source="nobody", heading="x") == 404
    deep = (["课程", "英语"], " › ".join("abcdefghijk"), 400), (["课程", "英语"], " › ".join("abcdefghij"), 303)
    for path, heading, code in (*deep, (["a"], "A › a", 400), (["a"], "A", 303)):
        assert send("/add/heading", path=json.dumps(path), heading=heading) == code, "ten deep at most"
    with EmbeddedWriter.acquire(library) as writer:
        changes = writer.settings.headings
        assert {Path(source).name for source, *_ in changes} == {"notes", "list.md"}
        writer.put_settings(headings=[*[("gone.md", ("a",), ("b",))] * (MOST_CHANGES - len(changes)), *changes])
    refused = editor.post("/add/heading", data=form(editor, "/list", "/add/remove") | {"path": '["A"]', "heading": "B"})
    assert refused.status_code == 400 and "500 changes of headings are the most" in refused.text
    assert send("/add/heading", path="{", heading="x") == send("/add/heading", path="[1]", heading="x") == 400
    for name in ("notes", "Files added here"):
        assert send("/add/remove", source=keys[name]) == 303
        assert send("/add/remove", source=keys[name]) == 404
    with EmbeddedWriter.acquire(library) as writer:
        assert {Path(source).name for source, *_ in writer.settings.headings} == {"gone.md", "list.md"}
    assert before - set(statuses(library)) == {"masks", "缓存", "talk", "other"}
    assert [*(library / ADDED_FILES).iterdir()] == [] and len([*(tmp_path / "notes").iterdir()]) == 2


@pytest.mark.slow
def test_the_first_library_begins_on_the_page(tmp_path: Path) -> None:
    editing = editing_of(tmp_path / "new")
    with serving(tmp_path / "new", editing=editing, Origin=HOST) as client:
        assert upload(client, ("讲座.zh.vtt", TALK.encode())) == "/list"
        assert "1 of 1 resource indexed" in built(editing)
        assert "讲座" in client.get("/list").text


NUMBER = 450
HEADINGS = ("Masks", "中文课程", "Rest")
LECTURE = "long0000007"


def lecture(number: int) -> Resource:
    title = f"注意力機制 第 {number} 講" if number % 3 == 0 else f"Lecture {number}"
    heading = HEADINGS[number * len(HEADINGS) // NUMBER]
    return Resource(f"long{number:07}", Kind.VIDEO, title, f"{URL}long{number:07}", (("Course", heading),))


def fill(writer: Writer) -> None:
    """List the talks; one is indexed, another has no captions."""
    writer.register("long.md", [lecture(number) for number in range(NUMBER)])
    writer.commit(LECTURE, [embedded(["a mask hides the future", "掩码"])], Details(channel="频道"), "by hand")
    writer.set_state("long0000440", State.NO_TRANSCRIPT, reason="无字幕 <b>", inputs="by hand")


@pytest.fixture(scope="module")
def long_list(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    folder = tmp_path_factory.mktemp("long") / "library"
    with EmbeddedWriter.acquire(folder, CARD) as writer:
        fill(writer)
    with serving(folder) as result:
        yield result


def ids_on(page: str) -> list[str]:
    return re.findall(r'class="name" href="/resource/(\w+)"', page)


def turned(page: str) -> dict[str, str]:
    return {rel: unescape(href) for href, rel in re.findall(r'<a href="([^"]*)" rel="(\w+)"', page)}


def headings(page: str) -> list[tuple[str, str]]:
    found = re.findall(r'<h\d class="heading"[^>]*>(.*?)(?: <span class="count">(.*?)</span>)?</h\d>', page, re.DOTALL)
    return [(heading.strip(), count) for heading, count in found]


def test_the_pages_show_every_entry_once_and_one_behind_the_last_is_the_last(long_list: TestClient) -> None:
    address, pages = "/list", []
    while address:
        pages.append(long_list.get(address).text)
        address = turned(pages[-1]).get("next", "")
    assert [len(ids_on(page)) for page in pages] == [ENTRIES, ENTRIES, NUMBER - 2 * ENTRIES]
    assert [key for page in pages for key in ids_on(page)] == [lecture(number).id for number in range(NUMBER)]
    assert headings(pages[0]) == [("Course", "450"), ("Masks", "150"), ("中文课程", "150")]
    assert headings(pages[1]) == [("Course", "450"), ("中文课程", "150"), ("Rest", "150")]
    assert [sorted(turned(page)) for page in pages] == [["next"], ["next", "prev"], ["prev"]]
    assert all("1 of 450 indexed" in page for page in pages)
    for given, number in {"": 1, "2": 2, "3": 3, "4": 3, "9" * 300: 3}.items():
        for language, words in (("en", f"Page {number} of 3"), ("zh-CN", f"第 {number} 页，共 3 页")):
            page = long_list.get("/list", params={"page": given}, headers={"Accept-Language": language})
            assert (page.status_code, words in page.text) == (200, True), given
    for given in ("-1", "0", "二", "1.5", "1e3", "9" * 5000, SCRIPT):
        page = long_list.get("/list", params={"page": given})
        assert page.status_code == 400 and "`page`" in page.text and SCRIPT not in page.text


def test_the_server_narrows_a_long_list_by_words_or_a_question(long_list: TestClient) -> None:
    for said, numbers in (
        ("注意力机制 第 3 讲", [number for number in range(0, NUMBER, 3) if "3" in str(number)]),
        ("ＬＥＣＴＵＲＥ 44", [number for number in range(NUMBER) if "44" in str(number) and number % 3]),
        *((said, [440]) for said in ("無字幕", "no transcript", "没有字幕")),
        ("频道", [7]),
        (SCRIPT, []),
    ):
        page = long_list.get("/list", params={"narrow": said}).text
        assert ids_on(page) == [lecture(number).id for number in numbers], said
        assert f'role="status">{len(numbers)} of 450 ' in page and SCRIPT not in page
        counts = [int(count.partition(" of ")[0]) for _, count in headings(page)]
        assert sum(counts[1:]) == sum(counts[:1]) == len(numbers), "the sections' counts add up to the list's"
    assert long_list.get("/list", params={"narrow": "a" * 201}).status_code == 400
    first = long_list.get("/list", params={"narrow": "video 视频", "sort": "added"})
    assert ids_on(first.text)[:2] == [LECTURE, "long0000449"], "the others have no date"
    second = long_list.get(turned(first.text)["next"]).text
    assert ids_on(second)[0] == f"long{NUMBER - ENTRIES:07}", "a filter and an order go along to the next page"
    assert 'value="video 视频"' in second
    page = long_list.get("/list", params={"q": "What does the mask hide?"}).text
    assert ids_on(page) == [LECTURE] and '<rect class="own"' in page
    assert headings(page) == [], "in the order of the answer"


def test_the_newest_come_first_and_what_stands_under_two_headings_counts_once(tmp_path: Path) -> None:
    dates = {"aaaaaaaaaaa": "2025", "bbbbbbbbbbb": None, "ccccccccccc": "2025-03-01", "ddddddddddd": "2026-01"}
    with EmbeddedWriter.acquire(tmp_path, CARD) as writer:
        both = (("课程", "掩码"), ("课程", "Caches"))
        writer.register("list.md", [replace(resource(key), sections=both) for key in (*dates, "eeeeeeeeeee")])
        for key, published in dates.items():
            writer.commit(key, [embedded(["a mask hides it"])], Details(published=published), "by hand")
    with serving(tmp_path) as client:
        assert headings(client.get("/list").text) == [("课程", "5"), ("掩码", "5"), ("Caches", "5")]
        narrowed = client.get("/list", params={"narrow": "aaaaaaaaaaa"}).text
        assert headings(narrowed) == [("课程", "1 of 5"), ("掩码", "1 of 5"), ("Caches", "1 of 5")]
        assert "1 of 5 <a" in narrowed
        published, chinese = (client.get(f"/list?sort=published&ui={ui}").text for ui in ("en", "zh"))
        added = client.get("/list?sort=added&ui=en").text
    assert ids_on(added) == [*reversed(dates), "eeeeeeeeeee"], "nothing of it is indexed yet"
    assert headings(added) == [("No date", "1")] and len(re.findall(r">\d{4}-\d\d-\d\d UTC</span>", added)) == 4
    assert ids_on(published) == ["ddddddddddd", "ccccccccccc", "aaaaaaaaaaa", "eeeeeeeeeee", "bbbbbbbbbbb"]
    assert headings(published) == [("No date", "2")] and headings(chinese) == [("没有日期", "2")]
    assert published.index(">2025-03-01</span>") < published.index("No date") < published.index("bbbbbbbbbbb")


@pytest.mark.slow
def test_a_page_reads_the_resources_on_it_alone(postgres: TestServer) -> None:
    address = postgres.library()
    with open_writer(address, CARD) as writer:
        fill(writer)
    broken = "UPDATE seekpoint.resource SET details = 'broken' WHERE id = 'long0000210'"
    postgres.sql(address.uri.rpartition("/")[2], broken)
    codes = {"/list": 200, "/list?page=3": 200, "/list?page=2": 503, "/list?sort=title": 503, "/list?sort=added": 503}
    for path, code in {**codes, "/?q=mask": 200}.items():
        with serving(address) as client:
            assert client.get(path).status_code == code, path


BLOG = "https://blog.example.org/caches"
VIDEO, ENGLISH_VIDEO = "eeeeeeeeeee", "fffffffffff"
PLAYLIST = "PLxxxxxxxxxxxxxxxx"


@pytest.fixture
def remote(talks: Path, postgres: TestServer, tmp_path: Path) -> ServerAddress:
    return postgres.holding(talks, tmp_path)


@pytest.fixture
def remote_editing(remote: ServerAddress, fake: FakeYouTube) -> Iterator[Editing]:
    fake.add_site(BLOG, PAGE)
    fake.add_video(VIDEO, "缓存", {"zh": [(0.0, 20.0, "缓存保存前面的键和值")]})
    fake.add_video(ENGLISH_VIDEO, "Caches", {"en": [(0.0, 20.0, "a cache stores what came before")]})
    result = editing_of(remote, fake.web)
    yield result
    result.builds.close()


@pytest.fixture
def remote_editor(remote: ServerAddress, remote_editing: Editing) -> Iterator[TestClient]:
    with serving(remote, editing=remote_editing, Origin=HOST) as client:
        yield client


def remote_statuses(remote: ServerAddress) -> dict[str, ResourceStatus]:
    with open_reader(remote) as reader:
        reader.verify()
        return {status.id: status for status in reader.statuses()}


def sources(remote: ServerAddress) -> set[str]:
    with open_reader(remote) as reader:
        return {section.source for section in reader.sections()}


def first_quote(client: TestClient, question: str, language: str) -> str:
    answer = client.get("/api/ask", params={"q": question, "language": language, "k": "1"}).json()
    return str(answer["moments"][0]["quote"])


@pytest.mark.slow
def test_each_address_is_a_source_of_its_own_and_stays_out_once_taken_out(
    remote: ServerAddress, remote_editing: Editing, remote_editor: TestClient
) -> None:
    before = sources(remote)
    addresses = (f"https://youtu.be/{VIDEO}?t=3", f"youtu.be/{ENGLISH_VIDEO}", f"youtu.be/{VIDEO}")
    assert add(remote_editor, remote_editing, *addresses).startswith("2 of 2 resources indexed")
    assert first_quote(remote_editor, "缓存保存什么？", "zh").startswith("缓存保存前面的键和值")
    assert first_quote(remote_editor, "what does a cache store?", "en").startswith("a cache")
    urls = {f"https://www.youtube.com/watch?v={each}" for each in (VIDEO, ENGLISH_VIDEO)}
    assert sources(remote) - before == urls
    assert remove(remote_editor, VIDEO).status_code == 303
    add(remote_editor, remote_editing, BLOG)
    assert VIDEO not in remote_statuses(remote)


@pytest.mark.slow
def test_a_library_on_a_server_takes_no_files(remote_editor: TestClient) -> None:
    page, chinese = remote_editor.get("/list").text, remote_editor.get("/list?ui=zh").text
    assert "/add/file" not in page
    assert "takes addresses here, not files" in page and "不能添加文件" in chinese
    secret = form(remote_editor, "/list", "/add/address")["secret"]
    sent = remote_editor.post("/add/file", data={"secret": secret}, files=[("file", ("讲座.md", b"# mask"))])
    assert (sent.status_code, "不能添加文件" in sent.text) == (400, True)


@pytest.mark.slow
def test_no_address_names_a_list_or_leads_into_a_private_network(
    remote: ServerAddress, remote_editing: Editing, remote_editor: TestClient, fake: FakeYouTube
) -> None:
    before = remote_statuses(remote)
    fields = form(remote_editor, "/list", "/add/address")
    for address in ("https://lists.example/清单.md", "https://github.com/a/b/blob/main/README.md"):
        sent = remote_editor.post("/add/address", data=fields | {"addresses": address})
        assert (sent.status_code, "names a list" in sent.text) == (400, True)
    assert (remote_statuses(remote), fake.requests) == (before, [])
    with HTTPServer("127.0.0.1", 0) as intranet:
        intranet.expect_request("/secret").respond_with_data(PAGE, content_type="text/html")
        fake.add_redirect("https://blog.example.org/away", intranet.url_for("/secret"), 302)
        for address in (intranet.url_for("/secret"), f"http://localhost:{intranet.port}/secret"):
            assert remote_editor.post("/add/address", data=fields | {"addresses": address}).status_code == 400
        add(remote_editor, remote_editing, "https://blog.example.org/away")
        assert intranet.log == []
    (status,) = (status for status in remote_statuses(remote).values() if status.kind is Kind.PAGE)
    assert status.state is State.UNAVAILABLE and "private network" in (status.reason or "")


@pytest.mark.slow
def test_neither_a_build_nor_the_page_shows_the_password_of_a_server(remote: ServerAddress) -> None:
    secret = ServerAddress(remote.uri.replace("postgres@", "postgres:s3cret@"))
    with open_writer(remote), pytest.raises(SeekpointError, match="being written by another process") as locked:
        build_in_process(secret, BuildOrder((BLOG,)), lambda progress: None, Event())
    assert "s3cret" not in str(locked.value)
    with terminal(secret.uri, "serve", "--edit", "--token", "a-token-of-the-tests") as running:
        headers = {"Authorization": "Bearer a-token-of-the-tests"}
        page = requests.get(f"{running.address}/list", headers=headers, timeout=60).text
        assert 'action="/add/address"' in page and "/add/file" not in page and "s3cret" not in page
        assert running.interrupted()[:2] == (0, LAST_LINE)


@pytest.mark.slow
def test_a_role_that_may_only_read_is_told_so(remote: ServerAddress, postgres: TestServer, fake: FakeYouTube) -> None:
    postgres.sql("postgres", "DROP ROLE IF EXISTS looks", "CREATE ROLE looks LOGIN")
    create_library(remote, TopicEncoder().card, readers=["looks"])
    reading = ServerAddress(remote.uri.replace("postgres@", "looks@"))
    remote_editing = editing_of(reading, fake.web)
    fake.add_site(BLOG, PAGE)
    with open_writer(remote) as writer:
        writer.register("/elsewhere/list.md", [resource(VIDEO)])
    before = remote_statuses(remote)
    with serving(reading, editing=remote_editing, Origin=HOST) as client:
        said = add(client, remote_editing, BLOG)
        assert said.startswith(f"you may not do that in {reading}") and "\n" not in said
        sent = remove(client, "bbbbbbbbbbb")
        assert (sent.status_code, "you may not do that" in sent.text) == (503, True)
        assert retry(client, remote_editing).startswith(f"you may not do that in {reading}")
    assert remote_statuses(remote) == before
    assert ("site", BLOG) not in fake.requests


@pytest.mark.slow
def test_what_is_due_is_tried_again_whatever_list_names_it(
    remote: ServerAddress, remote_editing: Editing, remote_editor: TestClient, fake: FakeYouTube
) -> None:
    """The list lies on another machine, and has a file and a playlist too, which are left out."""
    here = [resource(VIDEO, "讲座", title="缓存"), resource(PLAYLIST, kind=Kind.PLAYLIST)]
    here.append(Resource("notes", Kind.DOCUMENT, "笔记", "file:///elsewhere/notes.md"))
    with open_writer(remote) as writer:
        writer.register("/elsewhere/清单.md", here)
    for each in here:
        defer(remote, each.id)
    before = sources(remote)
    assert "Try again now (3)" in remote_editor.get("/list").text
    assert retry(remote_editor, remote_editing).startswith("1 of 1 resource indexed")
    left_out = "2 resources left out, files or playlists of a list: build that list again"
    assert remote_editing.builds.progress.lines == (left_out,)
    assert first_quote(remote_editor, "缓存保存什么？", "zh").startswith("缓存保存前面的键和值")
    assert sources(remote) == before
    assert {video for _, video in fake.requests} == {VIDEO}, "what is indexed isn't asked for again"


@pytest.mark.slow
def test_trying_again_reads_no_list_and_no_private_address(
    remote: ServerAddress, remote_editing: Editing, remote_editor: TestClient, fake: FakeYouTube, tmp_path: Path
) -> None:
    (tmp_path / "list.md").write_text(f"- [secret](secret.md)\n- [page]({BLOG})\n", encoding="utf-8")
    (tmp_path / "secret.md").write_text("# secret\n\nattention\n", encoding="utf-8")
    with HTTPServer("127.0.0.1", 0) as intranet:
        intranet.expect_request("/secret").respond_with_data(PAGE, content_type="text/html")
        private = Resource("private", Kind.PAGE, "私有", intranet.url_for("/secret"))
        secret = Resource("secret", Kind.DOCUMENT, "secret", (tmp_path / "secret.md").as_uri())
        with open_writer(remote) as writer:
            writer.register(str(tmp_path / "list.md"), [private, secret])
        assert retry(remote_editor, remote_editing).startswith("0 of 1 resource indexed")
        assert intranet.log == []
    assert {remote_statuses(remote)[key].state for key in ("private", "secret")} == {State.UNAVAILABLE, State.PENDING}
    assert fake.requests == []


@pytest.mark.slow
def test_an_added_playlist_is_listed_again_and_what_waits_is_tried_where_that_is_wanted(
    remote: ServerAddress, remote_editing: Editing, remote_editor: TestClient, fake: FakeYouTube
) -> None:
    playlist = f"https://www.youtube.com/playlist?list={PLAYLIST}"
    add(remote_editor, remote_editing, playlist, "https://youtu.be/ggggggggggg")
    assert remote_statuses(remote)["ggggggggggg"].state is State.UNAVAILABLE
    defer(remote, PLAYLIST)
    defer(remote, "ggggggggggg", retry_after=4e9)
    fake.add_playlist(PLAYLIST, "讲座", [(VIDEO, "缓存")])
    fake.add_video("ggggggggggg", "Caches", {"en": [(0.0, 20.0, "a cache stores what came before")]})
    retry(remote_editor, remote_editing)
    assert remote_statuses(remote)[VIDEO].state is State.INDEXED, "the playlist is listed again"
    assert remote_statuses(remote)["ggggggggggg"].state is State.INDEXED


def changes(client: TestClient, language: str = "en") -> list[str]:
    """Send each form that changes something; returns where it leads, or what is wrong."""
    client.headers["Accept-Language"] = language
    fields = {
        "/kept/note": form(client, "/kept", "/kept/note") | {"note": "长" * 5000},
        "/add/remove": form(client, "/list", "/add/remove") | {"resource": "aaaaaaaaaaa"},
        "/add/address": form(client, "/list", "/add/address") | {"addresses": "https://example.invalid/masks"},
    }
    told = [client.post(action, data=values) for action, values in fields.items()]
    sent = [each.headers.get("location") or f"{each.status_code} {unescape(each.text)}" for each in told]
    return [*sent, unescape(upload(client, ("新 talk.vtt", TALK.encode())))]


@needs_mounts
@pytest.mark.slow
def test_a_full_disk_takes_no_change_and_loses_nothing(talks: Path, tmp_path: Path) -> None:
    disk, library, filler = (tmp_path / name for name in ("disk", "disk/library", "disk/filler"))
    with small_disk(disk, 4000):
        shutil.copytree(talks, library)
        editing = editing_of(library)
        with serving(library, editing=editing, Origin=HOST) as client:
            star(client)
            before = statuses(library)
            with suppress(OSError), filler.open("wb", buffering=0) as file:
                while file.write(bytes(4096)):
                    pass
            told = changes(client)
            assert [each[:3] for each in told] == ["503", "503", "507", "507"]
            assert all(re.search(r"no space left on (the disk|device)\): (free|make)", each) for each in told)
            assert "服务器无法写入磁盘（no space" in changes(client, "zh")[2]
            assert client.get("/api/ask?q=mask").json()["answered"]
            assert (statuses(library), [each.note for each in kept(library)]) == (before, [""])
            assert [*(library / ADDED_FILES).iterdir()] == []
            filler.unlink()
            assert changes(client) == ["/kept", "/list", "/list", "/list"]
            assert "1 of 1" in built(editing)
            assert [each.note for each in kept(library)] == ["长" * 5000]
            assert set(statuses(library)) ^ set(before) == {"新 talk", "https://example.invalid/masks", "Masks & more"}


@needs_mounts
def test_a_read_only_disk_is_asked_and_takes_no_change(library: Path, editing: Editing) -> None:
    with serving(library, editing=editing, Origin=HOST) as client:
        star(client)
        with read_only(library):
            told = changes(client)
            assert [each[:3] for each in told] == ["503", "503", "507", "507"]
            assert all("check the" in each for each in told)
            assert client.get("/api/ask?q=mask").json()["answered"]
    assert [each.note for each in kept(library)] == [""]

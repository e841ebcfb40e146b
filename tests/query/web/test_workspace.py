"""The reading list as a workspace: sorting, remedies, adding, builds, retrying and removing."""

from __future__ import annotations

import html
import json
import re
from pathlib import Path
from threading import Event

import pytest
from pytest_httpserver import HTTPServer
from starlette.testclient import TestClient

from seekpoint.index.address import ADDED_ADDRESSES, ADDED_FILES, ADDED_LISTS
from seekpoint.index.embedded.embedded_writer import EmbeddedWriter
from seekpoint.index.errors import SeekpointError, UsageError
from seekpoint.index.types import Details, State
from seekpoint.indexer.reading_list.addresses import resource_of_path
from seekpoint.query.output.status import STEPS
from seekpoint.query.web.builds import STOPPED, BuildOrder, Builds, Tell
from seekpoint.query.web.query_parameters import Editing
from seekpoint.query.web.security import AccessPolicy
from seekpoint.query.web.translations import WORDS
from seekpoint.query.web.workspace import SUFFIXES, safe_name
from tests.index.libraries import CARD, embedded, resource
from tests.query.web.conftest import HOST, URL, serving
from tests.query.web.forms import form
from tests.query.web.workbench import TALK, add, built, remove, retry, statuses, upload
from tests.query.web.workbench import editing as editing_of

# The list


def test_the_list_is_sorted(client: TestClient) -> None:
    orders = {"title": "A talk at home", "length": "Masks & more", "state": "没有字幕的", "added": "没有字幕的"}
    for sort, first in orders.items():
        page = html.unescape(client.get("/list", params={"sort": sort}).text)
        titles = re.findall(r'<a class="name"[^>]*>(.*?)</a>', page)
        assert (len(titles), titles[0]) == (5, first)
        assert not re.search(r"<h[23][^>]*>English", page)
    assert client.get("/list?sort=colour").status_code == 400


def test_the_list_says_what_to_do(library: Path) -> None:
    with EmbeddedWriter.acquire(library) as writer:
        writer.set_state("ccccccccccc", State.DEFERRED, reason="YouTube refused", retry_after=1.0)
        writer.set_state("aaaaaaaaaaa", State.NO_TRANSCRIPT, reason="no captions", retry_after=4e9)
    with serving(library) as client:
        page, chinese = client.get("/list").text, client.get("/list?ui=zh").text
    assert "due: build again" in page
    assert "a build after 2096-10-02 looks again; captions of your own go in at once with --captions DIR" in page
    assert "已到时间：请重新入库" in chinese
    assert "2096-10-02 之后入库时会再看一次；你自己的字幕可以用 --captions DIR 立即加入" in chinese
    assert "build again" not in chinese
    assert {step: WORDS["en"][f"step_{step}"] for step in STEPS} == dict(STEPS), "`status` says the same"


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


def test_pictures_are_drawn_here_and_youtubes_come_only_when_asked_for(talks: Path, client: TestClient) -> None:
    plain = client.get("/list")
    assert plain.text.count('class="thumb') == 5
    assert "ytimg" not in plain.text + plain.headers["content-security-policy"]
    with serving(talks, AccessPolicy(pictures=True)) as other:
        shown = other.get("/list")
    assert "https://i.ytimg.com/vi/aaaaaaaaaaa/mqdefault.jpg" in shown.text
    assert "img-src 'self' https://i.ytimg.com;" in shown.headers["content-security-policy"]


# Adding

CAPTIONS_IN_JSON = b'[{"text": "a cache keeps keys", "start": 0, "duration": 5}]'


def test_files_of_every_kind_are_added_at_once_and_answer(library: Path, editing: Editing, editor: TestClient) -> None:
    captions = ("缓存 [ddddddddddd].en.json", CAPTIONS_IN_JSON)
    note = ("笔记.md", "# 掩码\n\n掩码遮住未来。\n".encode())
    assert upload(editor, ("讲座：缓存.zh.vtt", TALK.encode()), note, captions) == "/list"
    assert "3 of 3 resources indexed" in built(editing)
    answer = editor.get("/api/ask", params={"q": "缓存", "kind": "recording", "language": "zh"}).json()
    assert answer["moments"][0]["resource"]["title"] == "讲座：缓存"
    assert "掩码" in statuses(library)
    assert remove(editor, "ddddddddddd").status_code == 303
    assert {path.name for path in (library / ADDED_FILES).iterdir()} == {"讲座：缓存.zh.vtt", "笔记.md"}


def test_files_are_added_beside_those_that_are_refused(library: Path, editing: Editing, editor: TestClient) -> None:
    programs = [(f"{name}.exe", b"MZ") for name in ("run", "运行", "three", "four", "five")]
    refused = upload(editor, programs[0], ("talk.en.vtt", TALK.encode()), *programs[1:], ("笔记.md", b"# Mask\n"))
    assert refused.startswith("400")
    for told in ("run.exe can", "运行.exe can", "2 more can", "2 of 7 files are being added"):
        assert told in refused
    assert "five.exe" not in refused
    assert "2 of 2 resources indexed" in built(editing)
    assert {"talk", "Mask"} <= statuses(library).keys()


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


def test_a_file_is_built_again_and_never_replaced(library: Path, editing: Editing, editor: TestClient) -> None:
    (library / ADDED_FILES).mkdir()
    (library / ADDED_FILES / "talk.en.vtt").write_bytes(TALK.encode())  # no build came to it
    assert upload(editor, ("talk.en.vtt", TALK.encode())) == "/list"
    built(editing)
    assert statuses(library)["talk"].state is State.INDEXED
    assert "was added before" in upload(editor, ("talk.en.vtt", b"WEBVTT\n"))
    assert (library / ADDED_FILES / "talk.en.vtt").read_bytes() == TALK.encode()
    assert [path.name for path in (library / ADDED_FILES).iterdir()] == ["talk.en.vtt"]


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("../../etc/cron.d/job.md", "job.md"),
        ("C:\\Windows\\system32\\notes.txt", "notes.txt"),
        ("讲座 [bbbbbbbbbbb].zh.vtt", "讲座 [bbbbbbbbbbb].zh.vtt"),
        (".hidden.md", "hidden.md"),
        ("con.md", "_con.md"),
        ("CON .txt", "_CON .txt"),
        ("nul.tar.md", "_nul.tar.md"),
        ("COM¹.txt", "_COM¹.txt"),
        ("lpt9  .md", "_lpt9 .md"),
        ("ConIn$.md", "_ConIn$.md"),
        ("console.md", "console.md"),
        ("notes.md. . ", "notes.md"),
        ('a<b>:"c|d?*.md', "a_b_c_d_.md"),
        ("\u202egnp.\x00notes.md", "gnp.notes.md"),
        ("the %22mask%22%0D%0Aof 100%25 %0d.md", "the _mask_ of 100%25 %0d.md"),
        ("..%22/%22/notes.md", "notes.md"),
        *((name, "") for name in ("", "..", "run.exe", ".md", "notes.md/", "长" * 90 + ".md", "manifest.db")),
    ],
)
def test_names_are_safe_or_refused(name: str, safe: str) -> None:
    if safe:
        assert safe_name(name, SUFFIXES) == safe
    else:
        with pytest.raises(UsageError):
            safe_name(name, SUFFIXES)


REFUSED_FILES = {
    "data.json": (CAPTIONS_IN_JSON, "Any title [VIDEO_ID].en.json"),
    "data [bbbbbbbbbbb].json": (CAPTIONS_IN_JSON, "Any title [VIDEO_ID].en.json"),
    "数据 [bbbbbbbbbbb].zh.json": (b'{"people": ["Ada"]}', "no cue found"),
    "cut [bbbbbbbbbbb].en.json": (CAPTIONS_IN_JSON[:-1], "damaged JSON"),
    "deep [bbbbbbbbbbb].en.json": (b"[" * 100_000, "nested too deep"),
    "清单.md": ("# 清单\n\n没有链接\n".encode(), "no links found"),
}


def test_a_file_that_a_build_would_skip_is_refused_with_the_reason(library: Path, editor: TestClient) -> None:
    for name, (content, words) in REFUSED_FILES.items():
        fields = {"is_list": "1"} if name == "清单.md" else {}
        refused = html.unescape(upload(editor, (name, content), **fields))
        assert refused.startswith("400")
        assert f"{name} can't be added: " in refused
        assert words in refused
    assert not [*(library / ADDED_FILES).iterdir(), *(library / ADDED_LISTS).iterdir()]


def test_an_address_is_added_to_the_list_of_addresses(library: Path, editing: Editing, editor: TestClient) -> None:
    lines = ["https://example.invalid/缓存", "https://example.invalid/two"]
    for line in lines:
        add(editor, editing, line)
    assert (library / ADDED_LISTS / ADDED_ADDRESSES).read_text(encoding="utf-8").splitlines() == lines
    assert len(statuses(library)) == 7


@pytest.mark.parametrize(
    "text",
    [
        *("", "  ", "file:///etc/passwd", "javascript:alert(1)", "https://a.org b", "[x](file:///etc/notes.md)"),
        *("https://[", "https://[::1", "https:///", "https://.", "https://-", "https://%/", "https://a_b.org/"),
        *("https://a.org:99999/", "https://@a.org/", f"https://{'长' * 64}.org/", f"https://{'a' * 64}.org/"),
    ],
)
def test_what_is_no_address_is_refused(library: Path, editor: TestClient, text: str) -> None:
    lines = f"https://example.invalid/缓存\n{text}" if text.strip() else text
    sent = editor.post("/add/address", data=form(editor, "/list", "/add/address") | {"addresses": lines})
    assert sent.status_code == 400
    assert text.strip()[:40] in html.unescape(sent.text)
    assert not (library / ADDED_LISTS).exists()


@pytest.mark.slow
def test_each_address_that_is_taken_is_listed_and_can_be_taken_out(
    library: Path, editing: Editing, editor: TestClient
) -> None:
    site = "https://example.invalid"
    addresses = [
        *(f"{site}/缓存。", f"{site}/two,", f"{site}/three)", f"{site}/[one", f"{site}/](two)", f"{site}/`one"),
        *(f"{site}/two`", f"{site}/<!--one", f"{site}/two-->", f"{site}/*one*", f"{site}/~~two~~"),
        *("http://me:word@example.invalid", "https://缓存.invalid/", "www.example.invalid", "youtu.be/ddddddddddd?t=7"),
    ]
    before = {status.id for status in statuses(library).values()}
    add(editor, editing, *addresses)
    added = {status.id for status in statuses(library).values()} - before
    assert len(added) == len(addresses)
    for resource_id in added:
        assert remove(editor, resource_id).status_code == 303
    assert (library / ADDED_LISTS / ADDED_ADDRESSES).read_bytes() == b""


PAGE = "<html><body><article><h1>On caches</h1><p>{}</p></article></body></html>".format("A cache keeps keys. " * 60)


def test_nothing_that_is_added_leads_into_the_servers_files_or_network(
    library: Path, editing: Editing, editor: TestClient, httpserver: HTTPServer, tmp_path: Path
) -> None:
    httpserver.expect_request("/secret").respond_with_data(PAGE, content_type="text/html")
    (tmp_path / "secret.md").write_text("# secret\n\nattention\n", encoding="utf-8")
    private = httpserver.url_for("/secret")
    links = [private, (tmp_path / "secret.md").as_uri(), "../../secret.md", str(tmp_path / "secret.md")]
    text = "\n".join(f"- [secret {number}]({link})" for number, link in enumerate(links))
    upload(editor, ("清单.md", f"# 清单\n\n{text}\n".encode()), is_list="1")
    built(editing)
    add(editor, editing, private)
    assert httpserver.log == []
    found = {title: status for title, status in statuses(library).items() if title.startswith("secret")}
    assert {status.state for status in found.values()} == {State.UNAVAILABLE}
    without = "a link without an address, in a list that may name no files: add the file itself"
    assert [found[f"secret {number}"].reason for number in (1, 2, 3)] == [without] * 3


@pytest.mark.slow
def test_while_another_build_writes_builds_wait_and_nothing_is_taken_out(
    library: Path, editing: Editing, editor: TestClient
) -> None:
    assert editing.builds
    fields = form(editor, "/list", "/add/remove")
    with EmbeddedWriter.acquire(library):
        upload(editor, ("talk.en.vtt", TALK.encode()))
        while not editing.builds.progress.is_waiting:
            assert editing.builds.progress.is_running
        assert "Waiting for another build" in editor.get("/list").text
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
    assert (again.status_code, "It was taken out already." in again.text) == (404, True)
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
    builds = Builds(build, lambda: None, lambda: next(looks, False))
    builds.start(["notes.md"])
    assert builds.wait(60)
    assert (builds.progress.outcome, builds.progress.error) == ("done", "")
    assert tries == [BuildOrder(("notes.md",))] * 2


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
    """The progress of builds as events, up to their end."""
    sent = client.get("/add/progress", headers={"Accept-Language": language})
    assert sent.headers["content-type"].startswith("text/event-stream")
    return [json.loads(line.removeprefix("data: ")) for line in sent.text.splitlines() if line]


@pytest.mark.slow
def test_progress_comes_as_events_that_count_the_builds_results(editing: Editing, editor: TestClient) -> None:
    for name, total, outcome in (
        ("talk.en.vtt", 1, "1 of 1 indexed"),
        ("other.en.vtt", 1, "1 of 1 indexed"),
        ("other.en.vtt", 0, "Nothing was new or changed."),
    ):
        upload(editor, (name, TALK.encode()))
        last = events(editor)[-1]
        assert (last["is_running"], last["done"], last["total"], last["outcome"]) == (False, total, total, outcome)


@pytest.mark.slow
def test_the_end_of_builds_names_what_isnt_indexed(library: Path, editing: Editing, editor: TestClient) -> None:
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
    assert "还有 2 项没有入库" in page


@pytest.mark.slow
def test_what_was_added_stands_under_a_heading_of_its_own(editing: Editing, editor: TestClient) -> None:
    upload(editor, ("talk.en.vtt", TALK.encode()))
    upload(editor, ("more.md", b"- [One](https://example.invalid/one)\n"), is_list="1")
    add(editor, editing, "https://x.invalid/a")
    named = {"en": ["Addresses added here", "Files added here"], "zh": ["在这里添加的链接", "在这里添加的文件"]}
    for ui, headings in named.items():
        page = editor.get(f"/list?ui={ui}").text
        found = re.findall(r'<h2 class="heading"[^>]*>(.*?) <span', page)
        assert set(found) >= {*headings, WORDS[ui]["no_heading"]}
        assert found.count(WORDS[ui]["no_heading"]) == 1


# Retrying and removing


@pytest.mark.slow
def test_what_is_due_is_tried_again(library: Path, editing: Editing, editor: TestClient, tmp_path: Path) -> None:
    source = tmp_path / "later.md"
    source.write_text("- [Later](notes/later.md)\n", encoding="utf-8")
    later = resource_of_path(tmp_path / "notes" / "later.md", "Later")
    with EmbeddedWriter.acquire(library) as writer:
        writer.register(str(source), [later])
        writer.set_state(later.id, State.DEFERRED, reason="it was busy", retry_after=1.0)
    assert "Try again what is due (1)" in editor.get("/list").text
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes" / "later.md").write_text("# Later\n\nattention weighs\n", encoding="utf-8")
    assert "indexed" in retry(editor, editing)
    assert statuses(library)["Later"].state is State.INDEXED


@pytest.mark.slow
def test_what_is_taken_out_stays_out(library: Path, editing: Editing, editor: TestClient) -> None:
    upload(editor, ("talk.en.vtt", TALK.encode()), ("talk.zh.vtt", TALK.encode()), ("other.en.vtt", TALK.encode()))
    add(editor, editing, "https://x.invalid/a")
    for title in ("talk", "https://x.invalid/a"):
        assert remove(editor, statuses(library)[title].id).status_code == 303
    assert [path.name for path in (library / ADDED_FILES).iterdir()] == ["other.en.vtt"]
    assert (library / ADDED_LISTS / ADDED_ADDRESSES).read_text(encoding="utf-8") == ""
    upload(editor, ("third.en.vtt", TALK.encode()))
    built(editing)
    assert {"talk", "https://x.invalid/a"}.isdisjoint(statuses(library))


@pytest.mark.slow
def test_the_first_library_begins_on_the_page(tmp_path: Path) -> None:
    editing = editing_of(tmp_path / "new")
    with serving(tmp_path / "new", editing=editing, Origin=HOST) as client:
        assert upload(client, ("讲座.zh.vtt", TALK.encode())) == "/list"
        assert "1 of 1 resource indexed" in built(editing)
        assert "讲座" in client.get("/list").text


@pytest.mark.slow
def test_without_builds_nothing_can_be_added(client: TestClient) -> None:
    page = client.get("/list").text
    assert "/add/" not in page
    assert client.post("/add/address", data={}).status_code == 404
    assert URL not in page

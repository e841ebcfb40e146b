"""The reading list as a workspace: sorting, remedies, adding, retrying and removing."""

from __future__ import annotations

import html
import re
import socket
from pathlib import Path

import pytest
from pytest_httpserver import HTTPServer
from starlette.testclient import TestClient

from seekpoint.index.address import ADDED_ADDRESSES, ADDED_FILES, ADDED_LISTS
from seekpoint.index.embedded.writer import EmbeddedWriter
from seekpoint.index.errors import UsageError
from seekpoint.index.types import Details, State
from seekpoint.query.output.status import STEPS
from seekpoint.query.web.forms import Editing
from seekpoint.query.web.security import AccessPolicy
from seekpoint.query.web.translations import WORDS
from seekpoint.query.web.workspace import SUFFIXES, safe_name
from tests.index.libraries import CARD, embedded, resource
from tests.query.web.conftest import serving
from tests.query.web.forms import form
from tests.query.web.workbench import TALK, built, statuses, upload

# The list


@pytest.mark.parametrize(
    ("sort", "first"),
    [("title", "A talk at home"), ("length", "Masks & more"), ("state", "没有字幕的"), ("added", "没有字幕的")],
)
def test_the_list_is_sorted(client: TestClient, sort: str, first: str) -> None:
    page = client.get("/list", params={"sort": sort}).text.replace("&amp;", "&")
    titles = re.findall(r'<a class="name"[^>]*>(.*?)</a>', page)
    assert len(titles) == 5
    assert titles[0] == first
    assert not re.search(r"<h[23][^>]*>English", page)


def test_an_unknown_order_is_refused(client: TestClient) -> None:
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


def test_the_page_and_status_say_the_same_steps() -> None:
    assert {step: WORDS["en"][f"step_{step}"] for step in STEPS} == dict(STEPS)


def test_a_language_that_isnt_known_isnt_named(tmp_path: Path) -> None:
    with EmbeddedWriter.acquire(tmp_path, CARD) as writer:
        writer.register("list.md", [resource("aaaaaaaaaaa"), resource("bbbbbbbbbbb")])
        writer.commit("aaaaaaaaaaa", [embedded(["a mask hides it"], "und")], Details(), "by hand")
        writer.commit("bbbbbbbbbbb", [embedded(["掩码"], "zh")], Details(), "by hand")
    with serving(tmp_path) as client:
        texts = [client.get(path).text for path in ("/list", "/?q=mask", "/", "/resource/aaaaaaaaaaa")]
    assert all("Chinese" in text for text in texts[:3])
    named = r">[^<]*\bund\b|<span></span>|<option value=.und"
    assert not [found for text in texts for found in re.findall(named, text)]


@pytest.mark.parametrize("channel", ["3Blue1Brown & friends", "李宏毅"])
def test_the_list_names_the_channel_or_author_that_a_source_names(tmp_path: Path, channel: str) -> None:
    with EmbeddedWriter.acquire(tmp_path, CARD) as writer:
        writer.register("list.md", [resource("aaaaaaaaaaa", "Talks")])
        writer.commit("aaaaaaaaaaa", [embedded(["a mask hides it"])], Details(channel=channel), "by hand")
    with serving(tmp_path) as client:
        entry = re.findall(r'<li class="entry.*?</li>', client.get("/list").text, re.DOTALL)[0]
    assert f'<span class="channel" dir="auto">{html.escape(channel)}</span>' in entry


def test_pictures_are_drawn_here_and_youtubes_come_only_when_asked_for(talks: Path, client: TestClient) -> None:
    plain = client.get("/list")
    assert plain.text.count('class="thumb') == 5
    assert "ytimg" not in plain.text + plain.headers["content-security-policy"]
    with serving(talks, AccessPolicy(pictures=True)) as other:
        shown = other.get("/list")
    assert "https://i.ytimg.com/vi/aaaaaaaaaaa/mqdefault.jpg" in shown.text
    assert "img-src 'self' https://i.ytimg.com;" in shown.headers["content-security-policy"]


# Adding


def test_a_dropped_talk_is_answered(library: Path, editing: Editing, editor: TestClient) -> None:
    assert upload(editor, ("讲座：缓存.zh.vtt", TALK.encode())) == "/list"
    assert "1 of 1 resource indexed" in built(editing)
    answer = editor.get("/api/ask", params={"q": "缓存", "kind": "recording", "language": "zh"}).json()
    assert answer["moments"][0]["resource"]["title"] == "讲座：缓存"
    assert (library / ADDED_FILES / "讲座：缓存.zh.vtt").exists()


def test_files_of_every_kind_are_added_at_once(library: Path, editing: Editing, editor: TestClient) -> None:
    upload(editor, ("talk.en.vtt", TALK.encode()), ("笔记.md", "# 掩码\n\n掩码遮住未来。\n".encode()))
    assert "2 of 2 resources indexed" in built(editing)
    assert {"talk", "掩码"} <= statuses(library).keys()


def test_files_are_added_beside_those_that_are_refused(library: Path, editing: Editing, editor: TestClient) -> None:
    programs = [(f"{name}.exe", b"MZ") for name in ("run", "运行", "three", "four", "five")]
    refused = upload(editor, programs[0], ("talk.en.vtt", TALK.encode()), *programs[1:], ("笔记.md", b"# Mask\n"))
    assert refused.startswith("400")
    assert "run.exe can" in refused
    assert "运行.exe can" in refused
    assert "five.exe" not in refused
    assert "2 more can" in refused
    assert "2 of 7 files are being added" in refused
    assert "2 of 2 resources indexed" in built(editing)
    assert {"talk", "Mask"} <= statuses(library).keys()


@pytest.mark.parametrize("secret", ["", "wrong"])
def test_a_file_needs_the_secret_and_the_own_origin(library: Path, editor: TestClient, secret: str) -> None:
    assert upload(editor, ("talk.vtt", TALK.encode()), secret=secret).startswith("403")
    fields = form(editor, "/list", "/add/file")
    sent = editor.post("/add/file", data=fields, files={"file": ("talk.vtt", b"")}, headers={"Origin": "https://x.org"})
    assert sent.status_code == 403
    assert not (library / ADDED_FILES).exists()


def test_a_file_that_is_too_large_is_refused_before_it_is_read(editor: TestClient) -> None:
    sent = editor.post("/add/file", content=b"x", headers={"Content-Length": str(1 << 30)})
    assert (sent.status_code, "64 MB" in sent.text) == (413, True)
    sent = editor.post("/add/file", content=iter([b"x"]))
    assert sent.status_code == 411


def test_a_file_is_never_replaced(library: Path, editing: Editing, editor: TestClient) -> None:
    upload(editor, ("notes.md", b"# One\n\nattention weighs\n"))
    built(editing)
    assert "was added before" in upload(editor, ("notes.md", b"# Two\n"))
    assert (library / ADDED_FILES / "notes.md").read_bytes() == b"# One\n\nattention weighs\n"
    assert [path.name for path in (library / ADDED_FILES).iterdir()] == ["notes.md"]


def test_the_same_file_is_built_again_instead_of_refused(library: Path, editing: Editing, editor: TestClient) -> None:
    (library / ADDED_FILES).mkdir()
    (library / ADDED_FILES / "talk.en.vtt").write_bytes(TALK.encode())  # no build came to it
    assert upload(editor, ("talk.en.vtt", TALK.encode())) == "/list"
    built(editing)
    assert statuses(library)["talk"].state is State.INDEXED
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
    ],
)
def test_names_are_safe(name: str, safe: str) -> None:
    assert safe_name(name, SUFFIXES) == safe


@pytest.mark.parametrize("name", ["", "..", "run.exe", ".md", "notes.md/", "长" * 90 + ".md", "manifest.db"])
def test_other_names_are_refused(name: str) -> None:
    with pytest.raises(UsageError):
        safe_name(name, SUFFIXES)


CAPTIONS_IN_JSON = b'[{"text": "a cache keeps keys", "start": 0, "duration": 5}]'
NO_CAPTIONS = {
    "data.json": (CAPTIONS_IN_JSON, "Any title [VIDEO_ID].en.json"),
    "data [bbbbbbbbbbb].json": (CAPTIONS_IN_JSON, "Any title [VIDEO_ID].en.json"),
    "数据 [bbbbbbbbbbb].zh.json": (b'{"people": ["Ada"]}', "no cue found"),
    "cut [bbbbbbbbbbb].en.json": (CAPTIONS_IN_JSON[:-1], "damaged JSON"),
    "deep [bbbbbbbbbbb].en.json": (b"[" * 100_000, "nested too deep"),
}


@pytest.mark.parametrize("name", NO_CAPTIONS)
def test_json_that_is_no_captions_is_refused_with_the_reason(library: Path, editor: TestClient, name: str) -> None:
    content, words = NO_CAPTIONS[name]
    refused = html.unescape(upload(editor, (name, content)))
    assert refused.startswith("400")
    assert f"{name} can't be added: " in refused
    assert words in refused
    assert not list((library / ADDED_FILES).iterdir())


def test_captions_in_json_are_added_and_taken_out(library: Path, editing: Editing, editor: TestClient) -> None:
    assert upload(editor, ("缓存 [ddddddddddd].en.json", CAPTIONS_IN_JSON)) == "/list"
    assert "1 of 1 resource indexed" in built(editing)
    fields = form(editor, "/list", "/add/remove") | {"resource": "ddddddddddd"}
    assert editor.post("/add/remove", data=fields).status_code == 303
    assert not list((library / ADDED_FILES).iterdir())


def test_a_list_that_links_to_nothing_is_refused(library: Path, editor: TestClient) -> None:
    refused = upload(editor, ("清单.md", "# 清单\n\n没有链接\n".encode()), is_list="1")
    assert "清单.md can" in refused
    assert "no links found" in refused
    assert not list((library / ADDED_LISTS).iterdir())


PAGE = "<html><body><article><h1>On caches</h1><p>{}</p></article></body></html>".format("A cache keeps keys. " * 60)


def test_an_address_is_added_to_the_list_of_addresses(library: Path, editing: Editing, editor: TestClient) -> None:
    fields = form(editor, "/list", "/add/address")
    for line in ("https://example.invalid/缓存", "https://example.invalid/two"):
        sent = editor.post("/add/address", data=fields | {"addresses": line})
        assert (sent.status_code, sent.headers["location"]) == (303, "/list")
        built(editing)
    lines = (library / ADDED_LISTS / ADDED_ADDRESSES).read_text(encoding="utf-8").splitlines()
    assert lines == ["https://example.invalid/缓存", "https://example.invalid/two"]
    assert len(statuses(library)) == 7


@pytest.mark.parametrize(
    "text", ["", "  ", "file:///etc/passwd", "javascript:alert(1)", "https://a.org b", "[x](file:///etc/notes.md)"]
)
def test_what_is_no_address_is_refused(library: Path, editor: TestClient, text: str) -> None:
    sent = editor.post("/add/address", data=form(editor, "/list", "/add/address") | {"addresses": text})
    assert sent.status_code == 400
    assert not (library / ADDED_LISTS).exists()


@pytest.mark.parametrize(
    "address",
    [
        *("https://[", "https://[::1", "https:///", "https://.", "https://-", "https://%/", "https://a_b.org/"),
        *("https://a.org:99999/", "https://@a.org/", f"https://{'长' * 64}.org/", f"https://{'a' * 64}.org/"),
    ],
)
def test_an_address_that_a_list_would_skip_is_refused(library: Path, editor: TestClient, address: str) -> None:
    lines = f"https://example.invalid/缓存\n{address}"
    sent = editor.post("/add/address", data=form(editor, "/list", "/add/address") | {"addresses": lines})
    assert sent.status_code == 400
    assert f"{address[:40]}" in html.unescape(sent.text)
    assert not (library / ADDED_LISTS).exists()


@pytest.mark.parametrize(
    "addresses",
    [
        ["https://example.invalid/缓存。", "https://example.invalid/two,", "https://example.invalid/three)"],
        ["https://example.invalid/[one", "https://example.invalid/](two)"],
        ["https://example.invalid/`one", "https://example.invalid/two`"],
        ["https://example.invalid/<!--one", "https://example.invalid/two-->"],
        ["https://example.invalid/*one*", "https://example.invalid/~~two~~", "http://me:word@example.invalid"],
        ["https://缓存.invalid/", "www.example.invalid", "youtu.be/ddddddddddd?t=7"],
    ],
)
@pytest.mark.slow
def test_each_address_that_is_taken_is_listed_and_can_be_taken_out(
    library: Path, editing: Editing, editor: TestClient, addresses: list[str]
) -> None:
    before = {status.id for status in statuses(library).values()}
    fields = form(editor, "/list", "/add/address") | {"addresses": "\n".join(addresses)}
    assert editor.post("/add/address", data=fields).status_code == 303
    built(editing)
    added = {status.id for status in statuses(library).values()} - before
    assert len(added) == len(addresses)
    for resource_id in added:
        fields = form(editor, "/list", "/add/remove") | {"resource": resource_id}
        assert editor.post("/add/remove", data=fields).status_code == 303
    assert (library / ADDED_LISTS / ADDED_ADDRESSES).read_bytes() == b""


def test_nothing_that_is_added_leads_into_the_servers_files_or_network(
    library: Path, editing: Editing, editor: TestClient, httpserver: HTTPServer, tmp_path: Path
) -> None:
    httpserver.expect_request("/secret").respond_with_data(PAGE, content_type="text/html")
    (tmp_path / "secret.md").write_text("# secret\n\nattention\n", encoding="utf-8")
    private = httpserver.url_for("/secret")
    assert socket.inet_aton(httpserver.host if httpserver.host != "localhost" else "127.0.0.1")
    links = [private, (tmp_path / "secret.md").as_uri(), "../../secret.md", str(tmp_path / "secret.md")]
    text = "\n".join(f"- [secret {number}]({link})" for number, link in enumerate(links))
    upload(editor, ("清单.md", f"# 清单\n\n{text}\n".encode()), is_list="1")
    built(editing)
    editor.post("/add/address", data=form(editor, "/list", "/add/address") | {"addresses": private})
    built(editing)
    assert httpserver.log == []
    found = {title: status for title, status in statuses(library).items() if title.startswith("secret")}
    assert {status.state for status in found.values()} == {State.UNAVAILABLE}
    without = "a link without an address, in a list that may name no files: add the file itself"
    assert [found[f"secret {number}"].reason for number in (1, 2, 3)] == [without] * 3

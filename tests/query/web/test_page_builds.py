"""Builds that the page starts: waiting, progress, outcomes, retrying and removing."""

from __future__ import annotations

import json
import re
from pathlib import Path
from threading import Event

import pytest
from starlette.testclient import TestClient

from seekpoint.index.address import ADDED_ADDRESSES, ADDED_FILES, ADDED_LISTS
from seekpoint.index.embedded.writer import EmbeddedWriter
from seekpoint.index.errors import SeekpointError
from seekpoint.index.types import State
from seekpoint.indexer.reading_list.addresses import resource_of_path
from seekpoint.query.web.builds import STOPPED, BuildOrder, Builds, Tell
from seekpoint.query.web.forms import Editing
from seekpoint.query.web.translations import WORDS
from tests.query.web.conftest import HOST, URL, serving
from tests.query.web.forms import form
from tests.query.web.workbench import TALK, built, statuses, upload
from tests.query.web.workbench import editing as editing_of

pytestmark = pytest.mark.slow


def test_a_build_waits_for_another_one(library: Path, editing: Editing, editor: TestClient) -> None:
    assert editing.builds
    with EmbeddedWriter.acquire(library):
        upload(editor, ("talk.en.vtt", TALK.encode()))
        while not editing.builds.progress.is_waiting:
            assert editing.builds.progress.is_running
        assert "Waiting for another build" in editor.get("/list").text
        assert "正在等待另一次入库结束" in editor.get("/list?ui=zh").text
    assert "1 of 1 resource indexed" in built(editing)
    assert "talk" in statuses(library)


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


def test_a_build_that_waits_ends_with_the_server(library: Path, editing: Editing, editor: TestClient) -> None:
    with EmbeddedWriter.acquire(library):
        upload(editor, ("talk.en.vtt", TALK.encode()))
        assert editing.builds
        editing.builds.close()
        assert built(editing) == STOPPED


def test_nothing_is_taken_out_while_another_build_writes(library: Path, editor: TestClient) -> None:
    fields = form(editor, "/list", "/add/remove")
    with EmbeddedWriter.acquire(library):
        refused = editor.post("/add/remove", data=fields)
        chinese = editor.post("/add/remove?ui=zh", data=fields)
    assert refused.status_code == 503
    assert "Another build is writing to the library" in refused.text
    assert "另一次入库正在写这个资料库" in chinese.text
    assert "--index" not in refused.text
    assert editor.post("/add/remove", data=fields).status_code == 303


@pytest.mark.parametrize(
    ("action", "fields", "back"),
    [
        ("/add/address", {"addresses": "no address"}, "/list?sort=title"),
        ("/add/address", {"addresses": "", "back": "//attacker.example"}, "/"),
        ("/add/address", {"secret": "wrong"}, "/list?sort=title"),
        ("/add/remove", {"resource": "nobody"}, "/list?sort=title"),
        ("/add/remove", {"resource": "x" * 5000}, "/list?sort=title"),
        ("/add/address", {"addresses": "x" * 300_000}, "/list"),
    ],
)
def test_an_error_leads_back_to_its_form(editor: TestClient, action: str, fields: dict[str, str], back: str) -> None:
    sent = editor.post(action, data=form(editor, "/list?sort=title", action) | fields)
    assert sent.status_code >= 400
    assert re.findall(r'<p><a href="(.*?)">(.*?)</a>', sent.text) == [
        (back, "Back to the page" if back != "/" else "Back to the question")
    ]


def test_an_error_of_files_leads_back_to_the_list(editor: TestClient) -> None:
    for refused in (upload(editor, ("run.exe", b"MZ"), back="/list?page=2"), upload(editor, back="/list?page=2")):
        assert '<a href="/list?page=2">Back to the page</a>' in refused
    editor.headers["Accept-Language"] = "zh"
    assert '<a href="/list?page=2">回到原来的页面</a>' in upload(editor, ("a", b""), back="/list?page=2")


def test_what_was_taken_out_already_is_told_so(editor: TestClient) -> None:
    fields = form(editor, "/list", "/add/remove")
    assert editor.post("/add/remove", data=fields).status_code == 303
    again = editor.post("/add/remove", data=fields)
    assert (again.status_code, "It was taken out already." in again.text) == (404, True)


def test_progress_comes_as_events_and_ends(editing: Editing, editor: TestClient) -> None:
    upload(editor, ("talk.en.vtt", TALK.encode()))
    sent = editor.get("/add/progress")
    assert sent.headers["content-type"].startswith("text/event-stream")
    events = [json.loads(line.removeprefix("data: ")) for line in sent.text.splitlines() if line]
    assert events[-1]["is_running"] is False
    assert (events[-1]["done"], events[-1]["total"]) == (1, 1)
    assert "indexed" in events[-1]["outcome"]


def last_event(client: TestClient, language: str) -> dict[str, object]:
    sent = client.get("/add/progress", headers={"Accept-Language": language}).text
    event: dict[str, object] = json.loads(sent.splitlines()[-2].removeprefix("data: "))
    return event


def test_the_end_of_builds_names_what_isnt_indexed(library: Path, editing: Editing, editor: TestClient) -> None:
    names = [f"论文 {number}" for number in range(5)]
    with EmbeddedWriter.acquire(library):  # so that one build waits for the other
        upload(editor, *((f"{name}.pdf", b"none") for name in names))
        upload(editor, ("talk.en.vtt", TALK.encode()))
    built(editing)
    english, chinese = last_event(editor, "en"), last_event(editor, "zh")
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


def test_the_end_of_a_build_counts_what_it_came_to(editing: Editing, editor: TestClient) -> None:
    upload(editor, ("talk.en.vtt", TALK.encode()))
    built(editing)
    upload(editor, ("other.en.vtt", TALK.encode()))
    built(editing)
    assert last_event(editor, "en")["outcome"] == "1 of 1 indexed"
    upload(editor, ("other.en.vtt", TALK.encode()))
    built(editing)
    assert last_event(editor, "en")["outcome"] == "Nothing was new or changed."


def test_what_was_added_stands_under_a_heading_of_its_own(editing: Editing, editor: TestClient) -> None:
    upload(editor, ("talk.en.vtt", TALK.encode()))
    upload(editor, ("more.md", b"- [One](https://example.invalid/one)\n"), is_list="1")
    editor.post("/add/address", data=form(editor, "/list", "/add/address") | {"addresses": "https://x.invalid/a"})
    built(editing)
    named = {"en": ["Addresses added here", "Files added here"], "zh": ["在这里添加的链接", "在这里添加的文件"]}
    for ui, headings in named.items():
        page = editor.get(f"/list?ui={ui}").text
        found = re.findall(r'<h2 class="heading"[^>]*>(.*?) <span', page)
        assert set(found) >= {*headings, WORDS[ui]["no_heading"]}
        assert found.count(WORDS[ui]["no_heading"]) == 1


# Retrying and removing


def test_what_is_due_is_tried_again(library: Path, editing: Editing, editor: TestClient, tmp_path: Path) -> None:
    source = tmp_path / "later.md"
    source.write_text("- [Later](notes/later.md)\n", encoding="utf-8")
    later = resource_of_path(tmp_path / "notes" / "later.md", "Later")
    with EmbeddedWriter.acquire(library) as writer:
        writer.register(str(source), [later])
        writer.set_state(later.id, State.DEFERRED, reason="it was busy", retry_after=1.0)
    page = editor.get("/list").text
    assert "Try again what is due (1)" in page
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes" / "later.md").write_text("# Later\n\nattention weighs\n", encoding="utf-8")
    assert editor.post("/add/retry", data=form(editor, "/list", "/add/retry")).status_code == 303
    assert "indexed" in built(editing)
    assert statuses(library)["Later"].state is State.INDEXED


def test_what_is_taken_out_stays_out(library: Path, editing: Editing, editor: TestClient) -> None:
    upload(editor, ("talk.en.vtt", TALK.encode()), ("talk.zh.vtt", TALK.encode()), ("other.en.vtt", TALK.encode()))
    built(editing)
    editor.post("/add/address", data=form(editor, "/list", "/add/address") | {"addresses": "https://x.invalid/a"})
    built(editing)
    for title in ("talk", "https://x.invalid/a"):
        resource = statuses(library)[title].id
        fields = form(editor, "/list", "/add/remove") | {"resource": resource}
        assert editor.post("/add/remove", data=fields).status_code == 303
    assert [path.name for path in (library / ADDED_FILES).iterdir()] == ["other.en.vtt"]
    assert (library / ADDED_LISTS / ADDED_ADDRESSES).read_text(encoding="utf-8") == ""
    upload(editor, ("third.en.vtt", TALK.encode()))
    built(editing)
    assert {"talk", "https://x.invalid/a"}.isdisjoint(statuses(library))


def test_the_first_library_begins_on_the_page(tmp_path: Path) -> None:
    editing = editing_of(tmp_path / "new")
    with serving(tmp_path / "new", editing=editing, Origin=HOST) as client:
        assert upload(client, ("讲座.zh.vtt", TALK.encode())) == "/list"
        assert "1 of 1 resource indexed" in built(editing)
        assert "讲座" in client.get("/list").text


def test_without_builds_nothing_can_be_added(client: TestClient) -> None:
    page = client.get("/list").text
    assert "/add/" not in page
    assert client.post("/add/address", data={}).status_code == 404
    assert URL not in page

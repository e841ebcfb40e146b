"""`seekpoint build` and `seekpoint remove`, without network or model, and calls that make no sense."""

from __future__ import annotations

from pathlib import Path

import pytest

import seekpoint
from seekpoint.index.errors import UsageError
from seekpoint.index.open import open_writer
from seekpoint.index.text.languages import parse_tags
from seekpoint.indexer.pipeline.settings import Aliases
from seekpoint.indexer.reading_list.addresses import resource_of, resource_of_path
from tests.cli.here import call, one_line, run
from tests.fakes import TopicEncoder
from tests.indexer.builds import webvtt

VIDEO = "-QH8fRhqFHM"


@pytest.fixture
def library(tmp_path: Path) -> Path:
    """A library with a video, a recording and a page."""
    for name, text in (("captions/讲座.zh.vtt", "注意力"), (f"captions/Talk [{VIDEO}].en.vtt", "attention")):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(webvtt(text), "utf-8")
    sources: list[Path | str] = [tmp_path / "captions", "https://a.org/page"]
    seekpoint.build(sources, tmp_path / "library", encoder=TopicEncoder(), translate=False)
    return tmp_path / "library"


def ids(library: Path) -> set[str]:
    with seekpoint.open_library(library) as opened:
        return {status.resource.id for status in opened.resources()}


def test_deferred_and_pruned_resources_are_counted_and_the_exit_code_tells(tmp_path: Path) -> None:
    file, where = tmp_path / "list.md", ("--index", tmp_path / "library")
    file.write_text("[论文](https://arxiv.org/abs/1706.03762) <https://a.org/页>", "utf-8")
    for _ in range(2):
        result = call("build", file, *where)
        assert (result.exit_code, result.stderr) == (3, "")
        assert "0 of 2 resources indexed" in result.stdout
        assert "Not indexed: 2 deferred. `seekpoint status` says why" in result.stdout
    file.write_text("[gone](讲座.ogg)", "utf-8")
    result = call("build", file, "--prune", *where)
    assert (result.exit_code, "1 unavailable" in result.stdout) == (0, True)
    assert "2 taken out that the lists no longer hold" in result.stdout


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["build"], "SOURCE"),
        (["build", "x.md", "--pace", "-1"], "--pace"),
        (["build", "x.md", "--pace", "inf"], "--pace"),
        (["build", "x.md", "--pace", "nan", "--dry-run"], "--pace takes a number of seconds"),
        (["build", "x.md", "--limit", "0"], "--limit"),
        (["build", "x.md", "--languages", "en;zh"], "--languages takes tags such as en,zh-TW, not 'en;zh'"),
        (["build", "x.md", "--languages", "中文"], "--languages"),
        (["build", "x.md", "--nonsense"], "Usage: "),
        (["ask", "why?", "-k", "0"], "Usage: "),
        (["ask", "why?", "-k", "x"], "Usage: "),
        (["ask", "why?", "--kind", "song"], "Usage: "),
        (["ask"], "nothing is asked"),
        (["ask", "--json"], "nothing is asked"),
        (["--frob"], "Usage: "),
    ],
)
def test_invalid_calls(tmp_path: Path, arguments: list[str], words: str) -> None:
    result = call(*arguments, SEEKPOINT_INDEX=str(tmp_path / "library"))
    assert (result.exit_code, result.stdout) == (2, "") and words in result.stderr
    assert not (tmp_path / "library").exists()


def test_parse_tags() -> None:
    assert parse_tags(" en, zh-TW,,") == ("en", "zh-TW")
    assert parse_tags("") == ()
    for wrong in ("en zh", "-", "en-", "e" * 9, "en_US"):
        with pytest.raises(UsageError):
            parse_tags(wrong)


FILES = {
    "notes.txt": b"mine",
    "empty.md": b"",
    "binary.md": b"\x89PNG\0\0",
    "controls.md": b"\x00\x01\x02" * 99,
    "prose.md": "没有链接, no links".encode(),
}


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["build", "missing.md"], ["missing.md", "no such file or folder"]),
        (["build", "empty.md"], ["empty.md", "the file is empty"]),
        (["build", "binary.md"], ["binary.md", "not a text file"]),
        (["build", "controls.md"], ["controls.md", "not a text file"]),
        (["build", "prose.md"], ["prose.md", "no links found"]),
        (["build", "空"], ["no captions"]),
        (["build", "https://a.org/x", "--captions", "空"], ["空", "no file is named like"]),
        (["build", "https://a.org/x", "--captions", "none"], ["none", "no such folder"]),
        (["build", "https://a.org/x", "--index", "."], ["other files", "--index"]),
        (["build", "https://a.org/x", "--index", "notes.txt"], ["is a file"]),
        (["ask", "why?"], ["there is no library in", "seekpoint build"]),
        (["ask", "why?", "--index", "空"], ["there is no library in"]),
        (["status", "--index", "空"], ["there is no library in"]),
        (["remove", "x"], ["there is no library in"]),
        (["remove", "x", "--index", "空"], ["there is no library in"]),
    ],
    ids=str,
)
def test_an_impossible_call_is_one_line_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], words: list[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "空").mkdir()
    for name, data in FILES.items():
        Path(name).write_bytes(data)
    one_line(call(*arguments, SEEKPOINT_INDEX=str(tmp_path / "library")), *words)
    assert {path.name for path in tmp_path.rglob("*")} == {"空", *FILES}


def test_another_model_than_the_librarys(library: Path) -> None:
    result = call("build", "https://a.org/x", "--model", "other/model", "--index", library)
    one_line(result, "built with the model topics, not other/model")


def test_an_unwritable_cache_is_reported(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    result = run(
        "build", "examples/reading-list.md", "--index", tmp_path / "library", XDG_CACHE_HOME=str(tmp_path / "file")
    )
    one_line(result, "can't be unpacked into", "$XDG_CACHE_HOME")


@pytest.mark.parametrize(
    ("names", "removed"),
    [
        ([f"youtu.be/{VIDEO}?t=3"], VIDEO),
        (["--", VIDEO], VIDEO),
        (["{captions}/讲座.zh.vtt"], "{recording}"),
        (["{page}", "https://A.org/page#top"], "{page}"),
        (["https://b.org/short"], "{page}"),
    ],
    ids=["address", "an id with a dash", "path", "id and address", "alias"],
)
def test_remove_by_id_address_or_path(library: Path, names: list[str], removed: str) -> None:
    captions, page = library.parent / "captions", resource_of("https://a.org/page")
    listed = resource_of("https://b.org/short")
    assert page and listed
    with open_writer(library) as writer:
        Aliases.stored(writer, 0.0).record(writer, listed, page, 0.0, is_permanent=True)
    recording = resource_of_path(captions / "讲座.zh.vtt").id
    before = ids(library)
    result = call("remove", "--index", library, *(name.format(captions=captions, page=page.id) for name in names))
    assert result == (0, "1 taken out\n", "")
    assert before - ids(library) == {removed.format(recording=recording, page=page.id)}


@pytest.mark.slow
def test_what_is_removed_comes_back_with_its_list(library: Path) -> None:
    before = ids(library)
    call("remove", "https://a.org/page", "--index", library)
    assert call("build", "https://a.org/page", "--index", library).exit_code == 3
    assert ids(library) == before


@pytest.mark.parametrize("name", ["unknown0001", "https://youtu.be/unknown0001", "讲座.ogg", "", "\x1b[31m"])
def test_an_unknown_name_removes_nothing(library: Path, name: str) -> None:
    before = ids(library)
    line = one_line(call("remove", "--index", library, "--", "https://a.org/page", name), "status --json", exit_code=2)
    assert line.startswith("seekpoint: nothing in the library is called") and "\x1b" not in line
    assert ids(library) == before

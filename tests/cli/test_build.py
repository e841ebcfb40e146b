"""`seekpoint build` and `seekpoint remove` as they are called, without network or model."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

import seekpoint
from seekpoint.cli.main import cli
from seekpoint.index.errors import UsageError
from seekpoint.index.open import open_writer
from seekpoint.index.text.language_tags import parse_tags
from seekpoint.indexer.pipeline.aliases import Aliases
from seekpoint.indexer.reading_list.addresses import resource_of, resource_of_path
from tests.fakes import TopicEncoder
from tests.indexer.builds import webvtt

VIDEO = "-QH8fRhqFHM"


def call(*arguments: str | Path, library: Path | None = None) -> Result:
    where = ["--index", str(library)] if library else []
    return CliRunner().invoke(cli, [str(argument) for argument in (arguments[0], *where, *arguments[1:])])


def one_line(result: Result) -> str:
    """The one line of an error."""
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.startswith("seekpoint: ") and result.stderr.count("\n") == 1
    assert isinstance(result.exception, SystemExit), "a traceback"
    return result.stderr


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


def test_deferred_resources_give_exit_code_3_and_say_where_to_look(tmp_path: Path) -> None:
    (tmp_path / "list.md").write_text("[论文](https://arxiv.org/abs/1706.03762) <https://a.org/页>", "utf-8")
    for _ in range(2):
        result = call("build", tmp_path / "list.md", library=tmp_path / "library")
        assert (result.exit_code, result.stderr) == (3, "")
        assert "0 of 2 resources indexed" in result.stdout
        assert "Not indexed: 2 deferred. `seekpoint status` says why" in result.stdout


def test_a_build_without_deferred_resources_gives_exit_code_0(tmp_path: Path) -> None:
    (tmp_path / "list.md").write_text("[gone](讲座.ogg)", "utf-8")
    result = call("build", tmp_path / "list.md", library=tmp_path / "library")
    assert (result.exit_code, "1 unavailable" in result.stdout) == (0, True)


def test_pruned_resources_are_counted(tmp_path: Path) -> None:
    file = tmp_path / "list.md"
    file.write_text("<https://a.org/1> <https://a.org/2>", "utf-8")
    call("build", file, library=tmp_path / "library")
    file.write_text("<https://a.org/1>", "utf-8")
    result = call("build", file, "--prune", library=tmp_path / "library")
    assert "1 taken out that the lists no longer hold" in result.stdout


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "SOURCE"),
        (["x.md", "--pace", "-1"], "--pace"),
        (["x.md", "--pace", "inf"], "--pace"),
        (["x.md", "--pace", "nan", "--dry-run"], "--pace takes a number of seconds"),
        (["x.md", "--limit", "0"], "--limit"),
        (["x.md", "--languages", "en;zh"], "--languages takes tags such as en,zh-TW, not 'en;zh'"),
        (["x.md", "--languages", "中文"], "--languages"),
        (["x.md", "--nonsense"], "--nonsense"),
    ],
)
def test_invalid_calls(tmp_path: Path, arguments: list[str], words: str) -> None:
    result = call("build", *arguments, library=tmp_path / "library")
    assert result.exit_code == 2 and words in result.stderr and "Traceback" not in result.stderr
    assert not (tmp_path / "library").exists()


def test_parse_tags() -> None:
    assert parse_tags(" en, zh-TW,,") == ("en", "zh-TW")
    assert parse_tags("") == ()
    for wrong in ("en zh", "-", "en-", "e" * 9, "en_US"):
        with pytest.raises(UsageError):
            parse_tags(wrong)


@pytest.mark.parametrize(
    ("name", "data", "words"),
    [
        ("missing.md", None, "no such file or folder"),
        ("empty.md", b"", "the file is empty"),
        ("binary.md", b"\x89PNG\0\0", "not a text file"),
        ("prose.md", "没有链接, no links".encode(), "no links found"),
    ],
)
def test_an_unreadable_list_is_an_error_in_one_line(tmp_path: Path, name: str, data: bytes | None, words: str) -> None:
    if data is not None:
        (tmp_path / name).write_bytes(data)
    line = one_line(call("build", tmp_path / name, library=tmp_path / "library"))
    assert words in line and name in line


def test_folders_without_captions(tmp_path: Path) -> None:
    empty = tmp_path / "空"
    empty.mkdir()
    assert "no captions" in one_line(call("build", empty, library=tmp_path / "library"))
    for folder, words in ((empty, "no file is named like"), (tmp_path / "none", "no such folder")):
        line = one_line(call("build", "https://a.org/x", "--captions", folder, library=tmp_path / "library"))
        assert words in line and str(folder) in line


def test_a_folder_that_is_not_a_library(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine", "utf-8")
    assert "other files" in one_line(call("build", "https://a.org/x", library=tmp_path))
    assert "is a file" in one_line(call("build", "https://a.org/x", library=tmp_path / "notes.txt"))
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]


def test_another_model_than_the_librarys(library: Path) -> None:
    line = one_line(call("build", "https://a.org/x", "--model", "other/model", library=library))
    assert "built with the model topics, not other/model" in line


def test_remove_by_id_address_or_path(library: Path) -> None:
    recording = library.parent / "captions" / "讲座.zh.vtt"
    names: list[tuple[str, str | Path]] = [
        (VIDEO, f"youtu.be/{VIDEO}?t=3"),
        (resource_of_path(recording).id, recording),
    ]
    for resource_id, name in names:
        assert resource_id in ids(library)
        result = call("remove", name, library=library)
        assert (result.exit_code, result.stdout) == (0, "1 taken out\n")
        assert resource_id not in ids(library)
    (page,) = ids(library)
    assert call("remove", page, "https://A.org/page#top", library=library).stdout == "1 taken out\n"
    assert ids(library) == set()


def test_remove_by_an_address_that_leads_to_a_resource(library: Path) -> None:
    listed, end = resource_of("https://b.org/short"), resource_of("https://a.org/page")
    assert listed and end
    with open_writer(library) as writer:
        Aliases.stored(writer, 0.0).record(writer, listed, end, 0.0, is_permanent=True)
    assert call("remove", listed.url, library=library).stdout == "1 taken out\n"
    assert end.id not in ids(library)


def test_an_id_may_begin_with_a_dash(library: Path) -> None:
    assert call("remove", "--", VIDEO, library=library).stdout == "1 taken out\n"
    assert VIDEO not in ids(library)


@pytest.mark.slow
def test_what_is_removed_comes_back_with_its_list(library: Path) -> None:
    before = ids(library)
    call("remove", "https://a.org/page", library=library)
    assert call("build", "https://a.org/page", library=library).exit_code == 3
    assert ids(library) == before


@pytest.mark.parametrize("name", ["unknown0001", "https://youtu.be/unknown0001", "讲座.ogg", "", "\x1b[31m"])
def test_an_unknown_name_removes_nothing(library: Path, name: str) -> None:
    before = ids(library)
    result = call("remove", "--", "https://a.org/page", name, library=library)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith("seekpoint: nothing in the library is called")
    assert "status --json" in result.stderr and "\x1b" not in result.stderr
    assert ids(library) == before


def test_remove_without_a_library(tmp_path: Path) -> None:
    for folder in (tmp_path, tmp_path / "none"):
        assert "there is no library" in one_line(call("remove", "x", library=folder))
    assert list(tmp_path.iterdir()) == []

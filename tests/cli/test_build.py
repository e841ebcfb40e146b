"""`seekpoint build` and `seekpoint remove`, without network or model, and calls that make no sense."""

from __future__ import annotations

import re
import shlex
from dataclasses import replace
from pathlib import Path

import pytest

import seekpoint
from seekpoint.index.open import open_writer
from seekpoint.index.types import Details, Kind, Playlist, PlaylistEntry, Resource
from seekpoint.indexer.pipeline.resolution import Aliases
from seekpoint.indexer.reading_list.addresses import feed_resource, resource_of, resource_of_path
from tests.cli.here import call, one_line, run
from tests.fakes import TopicEncoder
from tests.indexer.builds import webvtt

VIDEO = "-QH8fRhqFHM"
NOT_HERE = "serve --host 203.0.113.7"
ON_A_LIBRARY = ("ask", "ask x", "build x.md", "status", "remove x", "export new.zip", NOT_HERE, "mcp", "eval x.jsonl")


def test_who_sends_cookies_is_told_that_their_account_is_at_risk(tmp_path: Path) -> None:
    file, jar = tmp_path / "list.md", tmp_path / "cookies.txt"
    file.write_text("[gone](讲座.ogg)", "utf-8")
    jar.write_text("# Netscape HTTP Cookie File\n.youtube.com\tTRUE\t/\tTRUE\t0\tPREF\thl=en\n", "utf-8")
    build = ("build", file, "--dry-run", "--index", tmp_path / "library")
    told = call(*build, "--cookies", jar).stderr
    assert told.startswith("YouTube may suspend the account of these cookies") and told.count("\n") == 1
    assert call(*build).stderr == ""


def test_deferred_and_pruned_resources_are_counted_and_the_exit_code_tells(tmp_path: Path) -> None:
    file, where = tmp_path / "list.md", ("--index", tmp_path / "library")
    file.write_text("[论文](https://arxiv.org/abs/1706.03762) <https://a.org/页>", "utf-8")
    for lines in ("1/2 deferred: 论文\n2/2 deferred: https://a.org/%E9%A1%B5\n", ""):
        result = call("build", file, *where)
        assert (result.exit_code, result.stderr) == (3, lines)
        assert "0 of 2 resources indexed" in result.stdout
        assert f"Not indexed: 2 deferred. `seekpoint status --index {where[1]}` says why" in result.stdout
        for name in ("    论文  https://arxiv.org/abs/1706.03762", "    https://a.org/%E9%A1%B5"):
            assert re.search(rf"\ndeferred: .* network\n  build again after .*\n(    .*\n)*{name}\n", result.stdout)
    more = "".join(f"<https://a.org/{number}> " for number in range(4))
    (tmp_path / "more.md").write_text(more, "utf-8")
    assert "build again after" not in call("build", tmp_path / "more.md", *where).stdout
    file.write_text("[gone](讲座.ogg)", "utf-8")
    result = call("build", file, "--prune", *where)
    assert (result.exit_code, "1 unavailable" in result.stdout) == (0, True)
    assert "2 taken out that the lists no longer hold" in result.stdout


@pytest.mark.slow
def test_a_build_ends_with_what_is_gone_or_no_longer_listed(tmp_path: Path) -> None:
    where = ("--index", tmp_path / "library")
    for name in ("one", "二"):
        (tmp_path / f"{name}.md").write_text(f"# {name}\n\nA mask hides what comes later. 掩码遮住后面的词。", "utf-8")
    file = tmp_path / "list.md"
    file.write_text("[one](one.md) [二](二.md)", "utf-8")
    assert "longer" not in call("build", file, *where).stdout
    (tmp_path / "二.md").unlink()
    file.write_text("[二](二.md)", "utf-8")
    for _ in range(2):
        result = call("build", file, *where)
        assert result.exit_code == 0
        assert "\nNot brought up to date: 1. `seekpoint status " in result.stdout
        assert "\nindexed, but not brought up to date: there is no file" in result.stdout
        assert f"\n1 no longer on a list: `seekpoint build LIST --prune --index {where[1]}` takes " in result.stdout
    assert "longer on a list" not in call("build", file, "--prune", *where).stdout


def test_a_dry_run_names_each_resource_that_can_not_be_indexed_and_why(tmp_path: Path) -> None:
    lines = [f"- [讲座 {n}](讲座{n}.ogg)\n- [notes {n}](notes{n}.md)\n" for n in range(150)]
    (tmp_path / "list.md").write_text("".join(lines), "utf-8")
    result = call("build", tmp_path / "list.md", "--dry-run", "--index", tmp_path / "library")
    assert result.exit_code == 0 and "300 that can't be indexed or brought up to date\n" in result.stdout
    for n in range(150):
        assert f"讲座{n}.ogg: correct the list" in result.stdout and f"    讲座 {n}  " in result.stdout
        assert f"notes{n}.md: correct the list" in result.stdout and f"    notes {n}  " in result.stdout
    assert not (tmp_path / "library").exists()


@pytest.mark.parametrize(
    ("exit_code", "arguments", "words"),
    [
        (2, "build", "SOURCE"),
        (2, "build x.md --pace nan --dry-run", "--pace takes a number of seconds"),
        (2, "build x.md --pace -1", "--pace"),
        (2, "build x.md --limit 0", "--limit"),
        (2, "build x.md --languages en;zh", "--languages takes tags such as en,zh-TW, not 'en;zh'"),
        (2, "build x.md --languages en_US", "--languages"),
        (2, "build x.md --nonsense", "no option is called --nonsense: `seekpoint build --help` says what there is"),
        (2, "build x.md --prun", "no option is called --prun: did you mean --prune?"),
        (2, "--nonsense", "no option is called --nonsense: `seekpoint --help` says what there is"),
        (2, "export", "missing argument 'FILE': `seekpoint export --help`"),
        (2, "status --index", "'--index' requires an argument: `seekpoint status --help`"),
        (2, "ask why? -k x", "'-k': 'x' is not a valid integer range: `seekpoint ask --help`"),
        (2, "ask 为什么 --kind 歌", "'--kind': '歌' is not one of 'video', "),
        (2, "mcp --port 99", "--port is of no use without --http"),
        (2, "ask", "nothing is asked"),
        (1, "build missing.md", "no such file or folder: missing.md"),
        (1, "build empty.md", "empty.md: the file is empty"),
        (1, "build controls.md", "controls.md: not a text file"),
        (1, "build prose.txt", "prose.txt: no links found"),
        (1, "build marks.md", "marks.md: no links found"),
        (1, "build slides.odp", "slides.odp: .odp files aren't read yet: convert it to PDF or text"),
        (1, "build 空", "no captions"),
        (1, "build https://a.org/x --captions 空", "no file is named like"),
        (1, "build https://a.org/x --captions none", "no such folder"),
        (1, "build https://a.org/x --index .", "other files"),
        (1, "build https://a.org/x --index notes.txt", "is a file"),
        *((1, f"{command} --index notes.txt", "notes.txt is a file, not") for command in ON_A_LIBRARY),
        (1, "ask why?", "there is no library in"),
        (1, "status --index 空", "there is no library in"),
        (1, "status --index .", "there is no library in ., which holds other files: name another folder with --index"),
        (1, "remove x", "there is no library in"),
        (1, "mcp", "there is no library in"),
        (2, "init folder", "is a folder"),
        (2, "init 'host=db dbname=talks'", "can't be read, and isn't shown"),
        (2, "build list.md --worker", "omit SOURCE"),
        (2, "build --worker --index folder", "postgresql://HOST/DATABASE"),
        (2, "status --index postgresql://host/talks?library=No", "lower-case letters"),
        (1, "status --index postgresql://127.0.0.1:1/talks?sslmod=require", "libpq can't read the address"),
    ],
)
def test_a_call_that_makes_no_sense_or_is_impossible_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, exit_code: int, arguments: str, words: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "空").mkdir()
    files = {"notes.txt": "mine", "empty.md": "", "controls.md": "\x00\x01" * 99, "prose.txt": "没有链接"} | {
        **{"marks.md": "---\ntitle: 空\n---\n* * *\n", "slides.odp": "PK"},
    }
    for name, text in files.items():
        Path(name).write_text(text, "utf-8")
    before = sorted(tmp_path.rglob("*"))
    ran = call(*shlex.split(arguments), SEEKPOINT_INDEX=str(tmp_path / "library"))
    assert (ran.exit_code, ran.stdout, words in ran.stderr) == (exit_code, "", True), ran
    assert ran.stderr.count("\n") == 1
    assert sorted(tmp_path.rglob("*")) == before


def test_an_unwritable_cache_is_reported(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    build = ("build", "examples/reading-list.md", "--index", tmp_path / "library")
    one_line(run(*build, XDG_CACHE_HOME=str(tmp_path / "file")), "can't be unpacked into", "$XDG_CACHE_HOME")


def test_remove_by_id_address_path_or_alias_and_by_no_unknown_name(tmp_path: Path) -> None:
    captions, library = tmp_path / "captions", tmp_path / "library"
    captions.mkdir()
    for name, text in (("讲座.zh.vtt", "注意力"), (f"Talk [{VIDEO}].en.vtt", "attention")):
        (captions / name).write_text(webvtt(text), "utf-8")
    sources: list[Path | str] = [captions, "https://a.org/page"]
    seekpoint.build(sources, library, encoder=TopicEncoder(), translate=False)
    page, listed = resource_of("https://a.org/page"), resource_of("https://b.org/short")
    assert page and listed
    with open_writer(library) as writer:
        Aliases.stored(writer, 0.0).record(writer, listed, page, 0.0, is_permanent=True)
        writer.commit(VIDEO, (), Details(deep_link="https://播客.example/1#t="), "")

    def ids() -> set[str]:
        with seekpoint.open_library(library) as opened:
            return {status.resource.id for status in opened.resources()}

    (captions / "讲座.zh.vtt").rename(captions / "讲座 #2.zh.vtt")
    seekpoint.build(captions, library, encoder=TopicEncoder(), translate=False, prune=True)
    assert "注意力" in call("transcript", captions / "讲座 #2.zh.vtt", "--index", library).stdout
    (captions / "讲座 #2.zh.vtt").rename(captions / "讲座.zh.vtt")
    seekpoint.build(captions, library, encoder=TopicEncoder(), translate=False, prune=True)
    whole = ids()
    for name in ("unknown0001", "https://youtu.be/unknown0001", "讲座.ogg", "", "\x1b[31m"):
        ran = call("remove", "--index", library, "--", "https://a.org/page", name)
        line = one_line(ran, "seekpoint: nothing in the library is called", "status --json", exit_code=2)
        assert "\x1b" not in line and ids() == whole
    one_line(call("build", "https://a.org/x", "--model", "other/model", "--index", library), "topics, not other/model")
    recording, shown = (resource_of_path(captions / "讲座.zh.vtt").id, (captions / "讲座.zh.vtt").resolve().as_uri())
    removals: dict[str, list[object]] = {
        VIDEO: ["--", VIDEO, f"youtu.be/{VIDEO}?t=3", "https://播客.example/1#t=00:01:02", "https://播客.example/1"],
        recording: [
            captions / "讲座.zh.vtt",
            f"{captions / '讲座.zh.vtt'}#t=3",
            *(f"{url}#t=3" for url in (shown, shown.replace("//", "//localhost"))),
        ],
        page.id: [page.id, "https://A.org/page#top", "https://b.org/short"],
    }
    for removed, names in removals.items():
        before = ids()
        assert call("remove", "--index", library, *names) == (0, "1 taken out\n", "")
        assert before - ids() == {removed}
    seekpoint.build(sources, library, encoder=TopicEncoder(), translate=False)
    assert ids() == whole, "what is removed comes back with its list"


def test_an_entry_of_two_playlists_under_one_heading_stays_with_the_other(tmp_path: Path) -> None:
    one, two = (resource_of(f"https://youtube.com/playlist?list=PL{n}") for n in (1, 2))
    video = resource_of("https://youtu.be/aaaaaaaaaaa")
    assert one and two and video
    with open_writer(tmp_path / "library", TopicEncoder().card) as writer:
        writer.register("list.md", [replace(each, sections=(("Lectures 讲座",),)) for each in (one, two, video)])
        for playlist in (one, two):
            writer.keep_playlist(playlist.id, Playlist("Lectures 讲座", (PlaylistEntry(video),)))
    for playlist, taken in ((one, 1), (two, 2)):
        told = call("remove", "--index", tmp_path / "library", "--", playlist.id)
        assert told == (0, f"{taken} taken out\n", "")


def test_what_only_a_feed_or_a_source_holds_goes_with_it(tmp_path: Path) -> None:
    library = tmp_path / "library"
    (tmp_path / "讲座").mkdir()
    (tmp_path / "讲座" / "talk.en.vtt").write_text(webvtt("attention"), "utf-8")
    seekpoint.build([tmp_path / "讲座"], library, encoder=TopicEncoder(), translate=False)
    show, playlist = feed_resource("https://a.org/feed"), resource_of("https://youtube.com/playlist?list=PL1")
    assert show and playlist
    episodes = [Resource(f"{n:012}", Kind.RECORDING, "Talk 讲座", f"https://a.org/{n}.mp3") for n in range(4)]
    held = [replace(one, sections=(("播客",),)) for one in episodes]
    held[1] = replace(held[1], sections=(("播客",), ("Talks",)))  # which the list names by itself too
    lists: dict[str, list[Resource]] = {
        "https://a.org/feed": [show, *held],
        "list.md": [held[0], playlist, replace(held[3], sections=(("PL",),))],
    }

    def left() -> set[str]:
        with seekpoint.open_library(library) as opened:
            return {status.resource.id for status in opened.resources()}

    talks = left()
    for names, taken, stay in (
        ([show.id], 2, [playlist.id, *(held[n].id for n in (0, 1, 3))]),
        (["https://a.org/feed"], 3, [playlist.id, held[0].id, held[3].id]),
        (["list.md"], 1, [show.id, *(one.id for one in held)]),
        (["list.md", "https://a.org/feed"], 6, []),
        ([tmp_path / "讲座" / ".." / "讲座"], 1, [show.id, playlist.id, *(one.id for one in held)]),
    ):
        with open_writer(library) as writer:
            for source, resources in lists.items():
                writer.register(source, resources)
            writer.keep_playlist(show.id, Playlist("播客", tuple(map(PlaylistEntry, episodes[:3]))))
            writer.keep_playlist(playlist.id, Playlist("PL", (PlaylistEntry(episodes[3]),)))
        assert call("remove", "--index", library, "--", *names) == (0, f"{taken} taken out\n", "")
        assert left() - talks == {*stay}
    assert not talks & left() and (tmp_path / "讲座" / "talk.en.vtt").exists()

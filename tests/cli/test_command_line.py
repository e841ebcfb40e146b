"""The commands with the real model, some of them in processes of their own."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from pathlib import Path

import pytest

import seekpoint
from tests.cli.here import call, one_line, run
from tests.index.transfer.test_hostile_archives import forge_database
from tests.paths import ROOT

pytestmark = pytest.mark.model

EXAMPLES = ROOT / "examples"
TALK = EXAMPLES / "talks" / "why-attention.ogg"
QUESTION = "Why do we need three different matrices for queries, keys and values?"


@pytest.mark.smoke
def test_a_talk_answers_on_the_second(tmp_path: Path) -> None:
    seekpoint.build([TALK], tmp_path / "library", translate=False)
    answer = run("ask", "--json", QUESTION, "--index", tmp_path / "library").stdout
    assert_on_the_second(answer, "why-attention", 126, 195)


@pytest.mark.parametrize(
    ("question", "talk", "begin", "end"),
    [
        (QUESTION, "why-attention", 126, 195),
        ("为什么要缓存键和值，却不缓存查询？", "inference", 97, 132),
        ("为什么学习率要先预热？", "training", 115, 194),  # only an English talk answers this
        ("How can a small draft model make a big one write faster?", "inference", 325, 424),  # only a Chinese one
    ],
)
def test_the_example_answers_on_the_second(
    example_library: Path, question: str, talk: str, begin: int, end: int
) -> None:
    assert_on_the_second(call("ask", "--json", question, "--index", example_library).stdout, talk, begin, end)


def assert_on_the_second(printed: str, talk: str, begin: int, end: int) -> None:
    result = json.loads(printed)
    moments = [m for m in result["moments"] if talk in m["link"] and begin <= m["start"] <= end]
    assert result["answered"] and moments, result["moments"]
    assert moments[0]["link"] == f"{TALK.with_name(f'{talk}.ogg').as_uri()}#t={int(moments[0]['start'])}"


# Modules that only commands that change a library need.
FOR_CHANGES = {f"seekpoint.index.embedded.{name}" for name in ("damage", "vector_files", "embedded_writer")}
UNWANTED = {"torch", "pydantic", "fastapi", "starlette", "asyncio", "http.client", "numpy.ma", "psycopg"} | {
    *("psycopg_pool", "requests", "seekpoint.query.summary.model", "seekpoint.query.summary.summariser"),
    *FOR_CHANGES,
}


def test_ask_imports_little_and_collects_no_garbage_among_imported_objects(example_library: Path) -> None:
    assert all((ROOT / f"{name.replace('.', '/')}.py").exists() for name in FOR_CHANGES)
    check = f"""if True:
        import atexit, gc, sys
        from seekpoint.cli.main import main
        collected = []
        gc.callbacks.append(lambda phase, about: collected.append(phase))
        atexit.register(lambda: print(collected, gc.get_freeze_count() > 10 * len(gc.get_objects())))
        atexit.register(lambda: print({UNWANTED} & sys.modules.keys() or "none"))
        main()"""
    result = run("ask", "--json", "what is softmax for?", "--index", example_library, code=check)
    assert result.stdout.splitlines()[1:] == ["none", "[] True"]


@pytest.mark.parametrize("arguments", [("mask",), ("掩码", "--json"), ("-", "--json")])
def test_a_resource_that_is_not_there_is_an_error(example_library: Path, arguments: Sequence[str]) -> None:
    result = call("ask", *arguments, "--resource", "没有", "--index", example_library, stdin="mask\n")
    said = "seekpoint: nothing in the library is called 没有: `seekpoint status --json` lists the ids\n"
    assert result == (2, "", said)


def test_a_stream_has_an_answer_a_line(example_library: Path) -> None:
    lines = ["what is softmax for?", "", "什么是掩码？", '"AND NOT (']
    result = call("ask", "--json", "-", "-k", "1", "--index", example_library, stdin="\n".join(lines) + "\n")
    answers = [json.loads(line) for line in result.stdout.splitlines()]
    assert [found["question"] for found in answers] == lines
    assert [len(found["moments"]) for found in answers] == [1, 0, 1, 1]
    assert "empty" in answers[1]["error"]
    assert result.exit_code == 0


def test_a_stream_of_questions_as_text_goes_on_after_a_blank_line(example_library: Path) -> None:
    result = run("ask", "-", "-k", "1", "--index", example_library, stdin="\ufeffsoftmax?\n\n什么是掩码？\n")
    asked = [line.strip() for line in result.stdout.splitlines() if line.startswith("?")]
    assert asked == ["? softmax?", "?", "? 什么是掩码？"]
    assert "the question is empty" in result.stderr and result.stderr.count("\n") == 1


@pytest.mark.parametrize("encoding", ["ascii", "cp1252", "latin-1"])
def test_json_survives_any_output_encoding(example_library: Path, encoding: str) -> None:
    stream = ("ask", "--json", "-", "-k", "1", "--index", example_library)
    result = run(*stream, stdin="什么是掩码？\n", PYTHONIOENCODING=encoding)
    assert json.loads(result.stdout)["question"] == "什么是掩码？"


def test_filters_that_leave_nothing_are_reported(example_library: Path) -> None:
    result = call("ask", "softmax", "--section", "no such heading", "--index", example_library)
    assert result.stdout == "Nothing here answers that.\n"
    assert "`seekpoint status` shows what there is" in result.stderr


def test_a_second_build_changes_nothing_and_one_restores_a_lost_vector_file(
    example_library: Path, tmp_path: Path
) -> None:
    # Without the files of another worker's reader, which the build would remove.
    unread = shutil.ignore_patterns("library.db-*")
    library = shutil.copytree(example_library, tmp_path / "library", ignore=unread)
    before = {path.name: path.stat().st_mtime_ns for path in library.iterdir() if path.name != "lock"}
    built = call("build", EXAMPLES / "reading-list.md", "--index", library)
    assert built.exit_code == 0
    assert "7 of 7 resources indexed (7 entries): 0 new or changed, 0 passages embedded" in built.stdout
    assert {path.name: path.stat().st_mtime_ns for path in library.iterdir() if path.name != "lock"} == before
    next(library.glob("vectors-*")).unlink()
    one_line(call("ask", "softmax", "--index", library), "is missing", "Run `seekpoint build")
    assert call("build", EXAMPLES / "reading-list.md", "--index", library).exit_code == 0
    assert call("ask", "softmax", "--index", library).exit_code == 0


@pytest.fixture
def browser(tmp_path: Path) -> Path:
    """A fake browser, which writes the address that it gets into a file beside it."""
    script = tmp_path / "browser"
    script.write_text(f'#!/bin/sh\nprintf "%s" "$1" > {tmp_path}/opened\n', encoding="utf-8")
    script.chmod(0o755)
    return script


def test_open_opens_the_first_link(example_library: Path, browser: Path) -> None:
    result = run("ask", "--open", "--json", "what is softmax for?", "--index", example_library, BROWSER=f"{browser} %s")
    opened = browser.with_name("opened").read_text(encoding="utf-8")
    assert opened == json.loads(result.stdout)["moments"][0]["link"]


def test_open_leaves_a_program_on_another_machine_alone(example_library: Path, browser: Path, tmp_path: Path) -> None:
    file, new = tmp_path / "talks.seekpoint", tmp_path / "new"
    assert call("export", file, "--index", example_library).exit_code == 0
    forge_database(file, "UPDATE resource SET url = 'file://host/share/run.exe'")
    assert "file://host/share/run.exe" in call("import", file, "--index", new).stderr
    result = run("ask", "--open", "what is softmax for?", "--index", new, BROWSER=f"{browser} %s")
    assert "so it wasn't opened" in result.stderr
    assert not browser.with_name("opened").exists()


@pytest.mark.parametrize("question", ["How long should I boil an egg?", "谁写了红楼梦？"])
def test_where_nothing_answers_the_nearest_is_shown_and_none_opened(
    example_library: Path, browser: Path, question: str
) -> None:
    asked = ("ask", question, "--open", "-k", "2", "--index", example_library)
    result = run(*asked, BROWSER=f"{browser} %s")
    first, _, *shown = result.stdout.splitlines()
    assert first.endswith("Nothing here answers that; nearest:")
    assert [line[:3] for line in shown if line and line[0] != " "] == ["1. ", "2. "]
    assert result.exit_code == 0
    assert result.stderr == "seekpoint: nothing here answers that, so nothing was opened\n"
    result = call(*asked, "--json", BROWSER=f"{browser} %s")
    found = json.loads(result.stdout)
    assert (result.exit_code, found["answered"], len(found["moments"])) == (0, False, 2)
    assert not browser.with_name("opened").exists()


def test_explain_says_why_in_json_and_changes_nothing_else(example_library: Path) -> None:
    asked = ("ask", "--json", "-k", "3", "Zorblax 的平方根是什么？", "--index", example_library)
    plain, explained = (json.loads(call(*asked, *option).stdout) for option in ((), ("--explain",)))
    assert plain["unknown"] == ["Zorblax"]
    assert explained.pop("estimate")["unknown"] == 0.5
    for moment in explained["moments"]:
        why = moment.pop("explanation")
        total = why["share"] * why["meaning"] + (1 - why["share"]) * why["words"]
        assert total == pytest.approx(moment["score"], abs=1.01e-4)
        for pair in why["translated"]:
            assert pair["word"] in plain["question"] and pair["said"]
    assert explained == plain


@pytest.mark.parametrize("question", [("the mask 掩码 " * 400)[:4000], "🤷 softmax", "吗"])
def test_unusual_questions_are_explained(example_library: Path, question: str) -> None:
    result = call("ask", "--explain", question, "--index", example_library)
    assert (result.exit_code, result.stderr) == (0, "")
    assert "The first moment is an answer with a probability of 0." in result.stdout


def test_empty_and_very_long_and_undecodable_questions(example_library: Path) -> None:
    where = ("--index", example_library)
    one_line(call("ask", "  ", *where), "the question is empty", exit_code=2)
    one_line(call("ask", "为" * 30_000, *where), "30,000 characters", exit_code=2)
    assert call("ask", b"caf\xe9 \xff softmax".decode("utf-8", "surrogateescape"), *where).exit_code == 0

"""The commands with the real model, some of them in processes of their own."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

import seekpoint
from tests.cli.here import run_here
from tests.index.transfer.test_hostile_archives import forge_database
from tests.paths import ROOT

MAIN = "from seekpoint.cli.main import main; main()"


def run(*arguments: object, stdin: str | bytes = "", **environment: str) -> subprocess.CompletedProcess[str]:
    data = stdin.encode() if isinstance(stdin, str) else stdin
    result = subprocess.run(
        [sys.executable, "-c", MAIN, *map(str, arguments)],
        input=data,
        capture_output=True,
        check=False,
        cwd=ROOT,
        env=os.environ | environment,
    )
    return subprocess.CompletedProcess(
        result.args, result.returncode, result.stdout.decode(errors="replace"), result.stderr.decode(errors="replace")
    )


def assert_one_line(result: subprocess.CompletedProcess[str], exit_code: int, *words: str) -> None:
    assert (result.returncode, result.stdout) == (exit_code, ""), result.stderr
    assert len(result.stderr.splitlines()) == 1, result.stderr
    assert result.stderr.startswith("seekpoint: ")
    assert all(word in result.stderr for word in words), result.stderr


@pytest.mark.model
@pytest.mark.smoke
def test_a_talk_answers_on_the_second(tmp_path: Path) -> None:
    talk = ROOT / "examples" / "talks" / "why-attention.ogg"
    seekpoint.build([talk], tmp_path / "library", translate=False)
    question = "Why do we need three different matrices for queries, keys and values?"
    result = json.loads(run("ask", "--json", question, "--index", tmp_path / "library").stdout)
    assert_on_the_second(result, "why-attention", 126, 195)


@pytest.mark.model
@pytest.mark.parametrize(
    ("question", "talk", "begin", "end"),
    [
        ("Why do we need three different matrices for queries, keys and values?", "why-attention", 126, 195),
        ("为什么要缓存键和值，却不缓存查询？", "inference", 97, 132),
        ("为什么学习率要先预热？", "training", 115, 194),  # only an English talk answers this
        (
            "How can a small draft model make a big one write faster?",
            "inference",
            325,
            424,
        ),  # and only a Chinese one this
    ],
)
def test_the_example_answers_on_the_second(
    example_library: Path, question: str, talk: str, begin: int, end: int
) -> None:
    result = json.loads(run_here("ask", "--json", question, "--index", example_library).stdout)
    assert_on_the_second(result, talk, begin, end)


def assert_on_the_second(result: dict[str, Any], talk: str, begin: int, end: int) -> None:
    moments = [m for m in result["moments"] if talk in m["link"] and begin <= m["start"] <= end]
    assert result["answered"]
    assert moments, result["moments"]
    link = moments[0]["link"]
    assert link == f"{(ROOT / 'examples' / 'talks' / talk).as_uri()}.ogg#t={int(moments[0]['start'])}"


# Modules that only commands that change a library need.
FOR_CHANGES = tuple(
    f"seekpoint.index.{name}" for name in ("embedded.damage", "embedded.vector_files", "embedded.embedded_writer")
)


@pytest.mark.model
def test_ask_imports_neither_torch_nor_pydantic_nor_modules_that_change_a_library(example_library: Path) -> None:
    assert all((ROOT / f"{name.replace('.', '/')}.py").exists() for name in FOR_CHANGES)
    unwanted = {*FOR_CHANGES, "torch", "pydantic", "fastapi", "starlette", "asyncio", "http.client", "numpy.ma"}
    unwanted |= {
        "psycopg",
        "psycopg_pool",
        "requests",
        "seekpoint.query.summary.model",
        "seekpoint.query.summary.citations",
    }
    check = f"import atexit, sys; atexit.register(lambda: print({unwanted} & {{*sys.modules}} or 'none')); {MAIN}"
    arguments = ["ask", "--json", "what is softmax for?", "--index", str(example_library)]
    result = subprocess.run(
        [sys.executable, "-c", check, *arguments], capture_output=True, text=True, check=True, cwd=ROOT
    )
    assert result.stdout.splitlines()[-1] == "none"


@pytest.mark.model
def test_ask_collects_no_garbage_among_imported_objects(example_library: Path) -> None:
    check = """if True:
        import atexit, gc
        from seekpoint.cli.main import main
        collected = []
        gc.callbacks.append(lambda phase, about: collected.append(phase))
        atexit.register(lambda: print(collected, gc.get_freeze_count() > 10 * len(gc.get_objects())))
        main()"""
    arguments = ["ask", "what is softmax for?", "--index", str(example_library)]
    result = subprocess.run(
        [sys.executable, "-c", check, *arguments], capture_output=True, text=True, check=True, cwd=ROOT
    )
    assert result.stdout.splitlines()[-1] == "[] True"


@pytest.mark.model
@pytest.mark.parametrize("arguments", [("mask",), ("掩码", "--json"), ("-", "--json")])
def test_a_resource_that_is_not_there_is_an_error(example_library: Path, arguments: Sequence[str]) -> None:
    result = run_here("ask", *arguments, "--resource", "没有", "--index", example_library, stdin="mask\n")
    assert result.stdout == ""
    assert result.stderr == (
        "seekpoint: nothing in the library is called 没有: `seekpoint status --json` lists the ids\n"
    )
    assert result.returncode == 2


@pytest.mark.model
def test_a_stream_has_an_answer_a_line(example_library: Path) -> None:
    lines = ["what is softmax for?", "", "什么是掩码？", '"AND NOT (']
    result = run_here("ask", "--json", "-", "-k", "1", "--index", example_library, stdin="\n".join(lines) + "\n")
    answers = [json.loads(line) for line in result.stdout.splitlines()]
    assert [found["question"] for found in answers] == lines
    assert [len(found["moments"]) for found in answers] == [1, 0, 1, 1]
    assert "empty" in answers[1]["error"]
    assert result.returncode == 0


@pytest.mark.model
def test_a_stream_of_questions_as_text_goes_on_after_a_blank_line(example_library: Path) -> None:
    result = run("ask", "-", "-k", "1", "--index", example_library, stdin="\ufeffsoftmax?\n\n什么是掩码？\n")
    asked = [line.strip() for line in result.stdout.splitlines() if line.startswith("?")]
    assert asked == ["? softmax?", "?", "? 什么是掩码？"]
    assert len(result.stderr.splitlines()) == 1
    assert "the question is empty" in result.stderr


@pytest.mark.model
@pytest.mark.parametrize("encoding", ["ascii", "cp1252", "latin-1"])
def test_json_survives_any_output_encoding(example_library: Path, encoding: str) -> None:
    result = run(
        "ask", "--json", "-", "-k", "1", "--index", example_library, stdin="什么是掩码？\n", PYTHONIOENCODING=encoding
    )
    assert json.loads(result.stdout)["question"] == "什么是掩码？"


@pytest.mark.model
def test_filters_that_leave_nothing_are_reported(example_library: Path) -> None:
    result = run_here("ask", "softmax", "--section", "no such heading", "--index", example_library)
    assert result.stdout == "Nothing here answers that.\n"
    assert "`seekpoint status` shows what there is" in result.stderr


@pytest.mark.model
def test_a_lost_vector_file_is_restored_by_a_build(example_library: Path, tmp_path: Path) -> None:
    shutil.copytree(example_library, tmp_path / "library")
    next((tmp_path / "library").glob("vectors-*")).unlink()
    assert_one_line(
        run_here("ask", "softmax", "--index", tmp_path / "library"), 1, "is missing", "Run `seekpoint build"
    )
    assert run_here("build", "examples/reading-list.md", "--index", tmp_path / "library").returncode == 0
    assert run_here("ask", "softmax", "--index", tmp_path / "library").returncode == 0


def test_an_unwritable_cache_is_reported(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    result = run(
        "build", "examples/reading-list.md", "--index", tmp_path / "library", XDG_CACHE_HOME=str(tmp_path / "file")
    )
    assert_one_line(result, 1, "can't be unpacked into", "$XDG_CACHE_HOME")


@pytest.fixture
def browser(tmp_path: Path) -> Path:
    """A fake browser, which writes the address that it gets into a file beside it."""
    script = tmp_path / "browser"
    script.write_text(f'#!/bin/sh\nprintf "%s" "$1" > {tmp_path}/opened\n', encoding="utf-8")
    script.chmod(0o755)
    return script


@pytest.mark.model
def test_open_opens_the_first_link(example_library: Path, browser: Path) -> None:
    result = run("ask", "--open", "--json", "what is softmax for?", "--index", example_library, BROWSER=f"{browser} %s")
    opened = browser.with_name("opened").read_text(encoding="utf-8")
    assert opened == json.loads(result.stdout)["moments"][0]["link"]


@pytest.mark.model
def test_open_leaves_a_program_on_another_machine_alone(example_library: Path, browser: Path, tmp_path: Path) -> None:
    file, new = tmp_path / "talks.seekpoint", tmp_path / "new"
    assert run("export", file, "--index", example_library).returncode == 0
    forge_database(file, "UPDATE resource SET url = 'file://host/share/run.exe'")
    assert "file://host/share/run.exe" in run("import", file, "--index", new).stderr
    result = run("ask", "--open", "what is softmax for?", "--index", new, BROWSER=f"{browser} %s")
    assert "so it wasn't opened" in result.stderr
    assert not browser.with_name("opened").exists()


@pytest.mark.model
@pytest.mark.parametrize(
    "question", ["How long should I boil an egg?", "谁写了红楼梦？", "How much does a Zorblax 9000 weigh?"]
)
def test_where_nothing_answers_the_nearest_is_shown_and_none_opened(
    example_library: Path, browser: Path, question: str
) -> None:
    call = ("ask", question, "--open", "-k", "2", "--index", example_library)
    result = run(*call, BROWSER=f"{browser} %s")
    assert result.returncode == 0
    first, _, *shown = result.stdout.splitlines()
    assert first.endswith("Nothing here answers that; nearest:")
    assert [line[:3] for line in shown if line and line[0] != " "] == ["1. ", "2. "]
    assert result.stderr == "seekpoint: nothing here answers that, so nothing was opened\n"
    result = run(*call, "--json", BROWSER=f"{browser} %s")
    found = json.loads(result.stdout)
    assert (result.returncode, found["answered"], len(found["moments"])) == (0, False, 2)
    assert not browser.with_name("opened").exists()


@pytest.mark.model
def test_a_library_of_one_talk_answers_in_both_languages(tmp_path: Path) -> None:
    talk = ROOT / "examples" / "talks" / "why-attention.ogg"
    (tmp_path / "list.md").write_text(f"- [Talk]({talk})\n", encoding="utf-8")
    assert run_here("build", tmp_path / "list.md", "--index", tmp_path / "library").returncode == 0
    questions = ["Why divide the scores by a square root?", "为什么要除以维度的平方根？"]
    result = run_here("ask", "-", "--json", "--explain", "--index", tmp_path / "library", stdin="\n".join(questions))
    answers = [json.loads(line) for line in result.stdout.splitlines()]
    assert [answer["question"] for answer in answers] == questions
    assert all(answer["answered"] for answer in answers)


@pytest.mark.model
def test_explain_says_why_in_words(example_library: Path) -> None:
    question = "How does the Zorblax\x1b\x07 set the learning rate?\u202e"
    result = run_here("ask", "--explain", question, "-k", "1", "--index", example_library)
    lines = [line.strip() for line in result.stdout.splitlines()]
    assert any(line.startswith("score 0.") and "× meaning" in line and "× words" in line for line in lines)
    assert any(line.startswith("words said here: ") and "learning, rate" in line for line in lines)
    assert any(line.startswith("nearest in meaning: ") for line in lines)
    assert lines[0].startswith("Nothing here mentions Zorblax.")
    assert lines[-1].startswith("The first moment is an answer with a probability of ")
    assert not set(result.stdout) & set("\x1b\x07\u202e")


@pytest.mark.model
def test_explain_says_why_in_json_and_changes_nothing_else(example_library: Path) -> None:
    call = ("ask", "--json", "-k", "3", "Zorblax 的平方根是什么？", "--index", example_library)
    plain, explained = (json.loads(run_here(*call, *option).stdout) for option in ((), ("--explain",)))
    assert plain["unknown"] == ["Zorblax"]
    assert explained.pop("estimate")["unknown"] == 0.5
    for moment in explained["moments"]:
        why = moment.pop("explanation")
        total = why["share"] * why["meaning"] + (1 - why["share"]) * why["words"]
        assert total == pytest.approx(moment["score"], abs=1.01e-4)
        for pair in why["translated"]:
            assert pair["word"] in plain["question"] and pair["said"]
    assert explained == plain


@pytest.mark.model
@pytest.mark.parametrize("question", [("the mask 掩码 " * 400)[:4000], "what is it", "🤷 softmax", "🤷 掩码", "吗"])
def test_unusual_questions_are_explained(example_library: Path, question: str) -> None:
    result = run_here("ask", "--explain", question, "--index", example_library)
    assert (result.returncode, result.stderr) == (0, "")
    assert "The first moment is an answer with a probability of 0." in result.stdout


@pytest.mark.model
def test_a_second_build_embeds_and_fetches_nothing(example_library: Path, tmp_path: Path) -> None:
    # Without the files of another worker's reader, which the build would remove.
    unread = shutil.ignore_patterns("library.db-*")
    library = shutil.copytree(example_library, tmp_path / "library", ignore=unread)
    before = {path.name: path.stat().st_mtime_ns for path in library.iterdir() if path.name != "lock"}
    result = run_here("build", "examples/reading-list.md", "--index", library)
    assert result.returncode == 0
    assert "7 of 7 resources indexed (7 entries): 0 new or changed, 0 passages embedded" in result.stdout
    assert {path.name: path.stat().st_mtime_ns for path in library.iterdir() if path.name != "lock"} == before


def test_no_library(tmp_path: Path) -> None:
    assert_one_line(
        run_here("ask", "why?", "--index", tmp_path / "none"), 1, "there is no library in", "seekpoint build"
    )
    assert_one_line(run_here("status", "--index", tmp_path), 1, "there is no library in")
    assert_one_line(run_here("ask", "why?", SEEKPOINT_INDEX=str(tmp_path / "none")), 1, "there is no library in")


def test_a_folder_that_holds_something_else(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("words", encoding="utf-8")
    assert_one_line(run_here("build", "examples/reading-list.md", "--index", tmp_path), 1, "other files", "--index")
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.tex"]


@pytest.mark.parametrize(
    "arguments",
    [["ask", "why?", "-k", "0"], ["ask", "why?", "-k", "x"], ["ask", "why?", "--kind", "song"], ["--frob"]],
)
def test_invalid_calls(arguments: list[str]) -> None:
    result = run_here(*arguments)
    assert result.returncode == 2
    assert "Usage: " in result.stderr
    assert "Traceback" not in result.stderr


@pytest.mark.model
def test_empty_and_very_long_questions(example_library: Path) -> None:
    assert_one_line(run_here("ask", "  ", "--index", example_library), 2, "the question is empty")
    assert_one_line(run_here("ask", "为" * 30_000, "--index", example_library), 2, "30,000 characters")
    assert (
        run_here(
            "ask", b"caf\xe9 \xff softmax".decode("utf-8", "surrogateescape"), "--index", example_library
        ).returncode
        == 0
    )


def test_a_bad_list_leaves_no_library(tmp_path: Path) -> None:
    for name, data in {
        "empty.md": b"",
        "prose.md": "没有链接 no links".encode(),
        "binary.md": b"\x00\x01\x02" * 99,
    }.items():
        (tmp_path / name).write_bytes(data)
        assert_one_line(run_here("build", tmp_path / name, "--index", tmp_path / "library"), 1, name)
    assert_one_line(run_here("build", tmp_path / "missing.md", "--index", tmp_path / "library"), 1, "missing.md")
    assert not (tmp_path / "library").exists()


def test_a_question_is_needed_where_there_is_no_terminal_to_ask_for_one() -> None:
    for arguments in (["ask"], ["ask", "--json"]):
        result = run_here(*arguments)
        assert (result.returncode, result.stdout) == (2, "")
        assert "nothing is asked" in result.stderr and result.stderr.count("\n") == 1

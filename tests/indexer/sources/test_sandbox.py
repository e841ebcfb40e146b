"""Whatever a document does to its parser, the build continues: it is reported in one line, and the next one is read."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from seekpoint.index.errors import Unfetched
from seekpoint.index.types import State
from seekpoint.indexer.sources.documents import MODULES, SandboxedReader
from seekpoint.indexer.transcript.text_timeline import Block, ParsedDocument, Role
from tests.paths import ROOT

MISBEHAVING = dict.fromkeys(MODULES, "tests.indexer.misbehaving")


@pytest.fixture
def reader() -> Iterator[SandboxedReader]:
    with SandboxedReader(modules=MISBEHAVING) as reader:
        yield reader


def words(reader: SandboxedReader, data: str) -> str:
    return reader.read("html", data.encode()).blocks[0].text


def refusal(reader: SandboxedReader, data: str, state: State = State.UNAVAILABLE) -> str:
    """The reason why a document isn't read; the next one is."""
    with pytest.raises(Unfetched) as refused:
        reader.read("html", data.encode())
    assert refused.value.state is state
    assert "\n" not in refused.value.reason
    assert words(reader, "words still at work") == "still at work"
    return refused.value.reason


def test_a_document_arrives_as_it_was_parsed(reader: SandboxedReader) -> None:
    read = reader.read("html", b"words " + "注意力 𝑄 e\u0301 “text”".encode("gb18030"), "gb18030")
    block = Block("注意力 𝑄 e\u0301 “text”", anchor="注意力")
    assert read == ParsedDocument((block,), "标题 Title", "作者", "2024-05-01", "zh-TW")
    paper = reader.read("pdf", "参考文献".encode())
    pages = (Block("One", Role.HEADING, page=1), Block("参考文献", Role.REFERENCE, page=2))
    assert paper == ParsedDocument(pages, language="en")


def test_one_process_reads_many_documents_and_is_then_replaced() -> None:
    with SandboxedReader(modules=MISBEHAVING) as reader:
        reason = refusal(reader, "refuse 需要登录 login wall", State.NO_TRANSCRIPT)
        assert reason == "refused: 需要登录 login wall"
        processes = [words(reader, "process") for _ in range(99)]
        reader.close()
    assert len(set(processes[:98])) == 1
    assert processes[0] not in (processes[98], str(os.getpid()))
    assert not is_running(int(processes[98]))


@pytest.mark.slow
def test_a_hang_ends_at_the_limit_and_waiting_for_a_core_does_not_count_as_cpu_time() -> None:
    with SandboxedReader(seconds=1, modules=MISBEHAVING) as reader:
        for way in ("hang", "spin"):
            assert refusal(reader, way).startswith("reading it takes longer than 1 s: ")
        if sys.platform != "win32":  # no limit on computing there
            assert words(reader, "wait 1.5") == "waited"


def test_a_document_that_fails_costs_one_document(reader: SandboxedReader) -> None:
    assert "gave up" in refusal(reader, "crash")
    assert "it can't be read (IndexError): " in refusal(reader, "fail")
    assert words(reader, "chatter") == "said nothing"
    assert words(reader, "words next") == "next", "what libraries print disturbs the protocol"


@pytest.mark.slow
def test_large_documents_are_read_up_to_a_limit(reader: SandboxedReader) -> None:
    assert len(words(reader, "much 1000000")) == 3_000_000
    assert len(words(reader, "words " + "注意" * 2_000_000)) == 4_000_000
    assert "more than 40 MB of text are too much: split it" in refusal(reader, "much 5000000")


@pytest.mark.skipif(sys.platform != "linux", reason="other systems don't hold the limit on memory")
def test_a_memory_bomb_costs_one_document() -> None:
    with SandboxedReader(memory=300_000_000, modules=MISBEHAVING) as reader:
        assert words(reader, "allocate 30000000") == "30000000"
        assert "too much memory" in refusal(reader, "allocate 500000000")
        assert words(reader, "leak 150000000") == "leaked"
        assert words(reader, "allocate 150000000") == "150000000"


def test_answers_of_a_compromised_child_are_rejected_or_safe_to_show(reader: SandboxedReader) -> None:
    for lie in (
        "[" * 100_000,
        '{"text": [[], "title"]}',
        '{"text": [[["words", "body", null, 1e9]], null, null, null, null, null]}',
        '{"text": [[["words", "body", null, 99999999999999999999]], null, null, null, null, null]}',
        '{"text": [[["words", "sermon", null, null]], null, null, null, null, null]}',
        '{"refused": ["burnt", "reason"]}',
    ):
        assert "gave up" in refusal(reader, f"lie {lie}")
    blocks = '[["\\u001b[31mwo\\u202erds\\n\\ud800", "body", "a\\nb", null]]'
    for players, addresses in (('["https://a.org/v", 7]', ("https://a.org/v",)), ('{"a": 1}', ())):
        text = f'"text": [{blocks}, "\\u0007", null, null, null, null]'
        read = reader.read("html", f'lie {{{text}, "players": {players}}}'.encode())
        assert read == ParsedDocument((Block("words", anchor="ab"),), players=addresses)
    assert refusal(reader, 'lie {"failed": "\\u001b[2Jgone\\nfor ever"}') == "gone for ever"


# SIGINT ends it, even if the tests run in the background, where SIGINT is ignored by default.
PARENT = """
import signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)
from seekpoint.indexer.sources.documents import MODULES, SandboxedReader

reader = SandboxedReader(modules=dict.fromkeys(MODULES, "tests.indexer.misbehaving"))
print(reader.read("html", b"process").blocks[0].text, flush=True)
reader.read("html", f"hang {sys.argv[1]}".encode()) if sys.argv[1:] else input()
"""


def start_parent(*arguments: str) -> subprocess.Popen[str]:
    command, pipe = [sys.executable, "-c", PARENT, *arguments], subprocess.PIPE
    return subprocess.Popen(
        command, env=environment(), stdin=pipe, stdout=pipe, stderr=pipe, text=True, start_new_session=True
    )


def wait_until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not holds() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert holds()


@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGKILL on Windows")
def test_the_process_ends_with_its_parent() -> None:
    with start_parent() as parent:
        assert parent.stdout
        process = int(parent.stdout.readline())
        assert is_running(process)
        parent.kill()
    wait_until(lambda: not is_running(process))


@pytest.mark.skipif(sys.platform == "win32", reason="a Ctrl-C can't be sent there")
def test_ctrl_c_reaches_only_the_parent(tmp_path: Path) -> None:
    begun = tmp_path / "begun"
    with start_parent(str(begun)) as parent:
        assert parent.stdout and parent.stderr
        process = int(parent.stdout.readline())
        wait_until(begun.exists)
        os.killpg(parent.pid, signal.SIGINT)
        told = parent.stderr.read()
    assert told.count("Traceback") == 1
    assert told.rstrip().endswith("KeyboardInterrupt")
    assert not is_running(process)


def test_a_users_script_needs_no_main_guard(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    (tmp_path / "json.py").write_text("raise SystemExit('the wrong json')", encoding="utf-8")
    script.write_text(
        "from seekpoint.indexer.sources.documents import MODULES, SandboxedReader\n"
        "with SandboxedReader(modules=dict.fromkeys(MODULES, 'tests.indexer.misbehaving')) as reader:\n"
        "    print(reader.read('html', b'words once').blocks[0].text)\n",
        encoding="utf-8",
    )
    command = [sys.executable, "-P", str(script)]
    ran = subprocess.run(command, cwd=tmp_path, env=environment(), capture_output=True, text=True, timeout=300)
    assert (ran.stdout, ran.stderr) == ("once\n", "")


def environment() -> dict[str, str]:
    return os.environ | {"PYTHONPATH": str(ROOT)}


def is_running(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    status = Path(f"/proc/{process}/stat")
    return not status.exists() or status.read_text(encoding="utf-8").rsplit(")", 1)[1].split()[0] != "Z"

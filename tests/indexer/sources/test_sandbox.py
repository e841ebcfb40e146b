"""Whatever a text does to its parser, the build continues: it is reported in one line, and the next one is read."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from seekpoint.index.errors import SourceError, Unfetched
from seekpoint.index.types import Details, State
from seekpoint.indexer.fetch.retries import DAY
from seekpoint.indexer.sources.sandbox import OriginReader, Sandbox
from seekpoint.indexer.transcript.text_timeline import Block, ParsedDocument, Role
from tests.indexer.misbehaving import misbehave
from tests.paths import ROOT


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    sandbox = Sandbox()
    yield sandbox
    sandbox.close()


def words(sandbox: Sandbox, data: str) -> str:
    return sandbox.call(misbehave, data.encode()).blocks[0].text


def refusal(sandbox: Sandbox, data: str, state: State = State.UNAVAILABLE, wait: float | None = DAY) -> str:
    """The reason why a text isn't read; the next one is."""
    with pytest.raises(Unfetched) as refused:
        sandbox.call(misbehave, data.encode())
    assert (refused.value.state, refused.value.retry_after) == (state, wait)
    assert "\n" not in refused.value.reason
    assert words(sandbox, "words still at work") == "still at work"
    return refused.value.reason


def test_a_text_arrives_as_it_was_parsed(sandbox: Sandbox) -> None:
    read = sandbox.call(misbehave, b"words " + "注意力 𝑄 e\u0301 “text”".encode("gb18030"), "gb18030")
    blocks = Block("注意力 𝑄 e\u0301 “text”", anchor="注意力"), Block("参考文献", Role.REFERENCE, page=2)
    assert read == ParsedDocument(blocks, "标题 Title", Details(published="2024-05-01", authors=("作者",)), "zh-TW")


def test_one_process_reads_many_texts_before_it_is_replaced(sandbox: Sandbox) -> None:
    reason = refusal(sandbox, "refuse 需要登录 login wall", State.NO_TRANSCRIPT, wait=None)
    assert reason == "refused: 需要登录 login wall"
    with pytest.raises(SourceError, match="清单 is empty"):
        sandbox.call(misbehave, "refuse-list 清单 is empty".encode())
    processes = [words(sandbox, "process") for _ in range(99)]
    sandbox.close()
    assert len(set(processes[:97])) == 1
    assert processes[0] not in (processes[97], str(os.getpid()))
    assert not is_running(int(processes[97]))


def test_texts_that_are_read_at_the_same_time_dont_wait_for_each_other(sandbox: Sandbox) -> None:
    with ThreadPoolExecutor() as threads:
        waiting = threads.submit(words, sandbox, "wait 60")
        assert words(sandbox, "words at once") == "at once"
        sandbox.close()
        with pytest.raises(Unfetched, match="gave up"):
            waiting.result()


def test_a_child_asks_its_parent_whose_errors_end_the_call(sandbox: Sandbox) -> None:
    def serve(asked: object, data: bytes) -> tuple[object, bytes]:
        return {"asked": asked}, data * 2

    told = sandbox.call(misbehave, "asks 水".encode(), None, serve=serve)
    assert told.blocks[0].text == repr(({"asked": ["what is", "水"]}, "水水".encode()))

    def refuse(asked: object, data: bytes) -> tuple[object, bytes]:
        raise TypeError("no request at all")

    with pytest.raises(Unfetched, match="gave up"):
        sandbox.call(misbehave, b"asks", None, serve=refuse)

    def fail(asked: object, data: bytes) -> tuple[object, bytes]:
        raise ConnectionError("no network")

    with pytest.raises(ConnectionError, match="no network"):
        sandbox.call(misbehave, b"asks", None, serve=fail)
    assert words(sandbox, "words still at work") == "still at work"


@pytest.mark.slow
def test_a_hang_ends_at_the_limit_of_cpu_time() -> None:
    sandbox = Sandbox(seconds=1)
    for way in ("hang", "spin"):
        assert refusal(sandbox, way).startswith("reading it takes longer than 1 s: ")
    if sys.platform != "win32":  # no limit on computing there
        assert words(sandbox, "wait 1.5") == "waited"
    sandbox.close()


@pytest.mark.slow
def test_an_origin_whose_texts_are_slow_gets_no_more_time() -> None:
    sandbox = Sandbox(seconds=0.2)
    reader = OriginReader(sandbox)
    codes = []
    for _ in range(5):
        with pytest.raises(Unfetched) as refused:
            reader.read("a.org", misbehave, b"spin")
        codes.append(refused.value.reason.code)
    assert codes == ["reading_slow"] * 3 + ["origin_slow"] * 2
    assert reader.read("b.org", misbehave, "words 其他".encode()).blocks[0].text == "其他"
    sandbox.close()


def test_a_text_that_fails_costs_one_text(sandbox: Sandbox) -> None:
    assert "gave up" in refusal(sandbox, "crash")
    assert "it can't be read (IndexError): " in refusal(sandbox, "fail")
    assert words(sandbox, "chatter") == "said nothing"
    assert words(sandbox, "words next") == "next", "what libraries print disturbs the protocol"


@pytest.mark.parametrize("way", ["run", "system", "spawn", "connect", "resolve"])
def test_no_text_starts_a_program_or_connects_to_a_server(sandbox: Sandbox, tmp_path: Path, way: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        mark = server.getsockname()[1] if way == "connect" else tmp_path / "mark"
        assert "it can't be read (PermissionError): " in refusal(sandbox, f"escape {way} {mark}")
    assert not (tmp_path / "mark").exists()


@pytest.mark.slow
def test_large_texts_are_read_up_to_a_limit(sandbox: Sandbox) -> None:
    assert len(words(sandbox, "much 1000000")) == 3_000_000
    assert len(words(sandbox, "words " + "注意" * 2_000_000)) == 4_000_000
    assert "more than 40 MB of text are too much: split it" in refusal(sandbox, "much 5000000")


@pytest.mark.skipif(sys.platform != "linux", reason="other systems don't hold the limit on memory")
def test_a_memory_bomb_costs_one_text() -> None:
    sandbox = Sandbox(memory=300_000_000)
    assert words(sandbox, "allocate 30000000") == "30000000"
    assert "too much memory" in refusal(sandbox, "allocate 500000000")
    assert words(sandbox, "leak 150000000") == "leaked"
    assert words(sandbox, "allocate 150000000") == "150000000"
    sandbox.close()


@pytest.mark.slow
def test_answers_of_a_compromised_child_are_rejected_or_safe_to_show(sandbox: Sandbox) -> None:
    for lie in (
        "[" * 100_000,
        f'{{"value": {"[" * 800}{"]" * 800}}}',
        '{"value": {"title": "no blocks"}}',
        *(
            f'{{"value": {{"blocks": [{{"text": "words", "page": {page}}}]}}}}'
            for page in (2**31, 9**99, "NaN", '"1e9"')
        ),
        '{"value": {"blocks": [{"text": "words", "role": "sermon"}]}}',
        '{"unfetched": ["burnt", "reason", null]}',
        '{"refused": ["reason"]}',
        '{"ask": ["https://a.org"]}',
    ):
        assert "gave up" in refusal(sandbox, f"lie {lie}"), lie
    blocks = r'[{"text": "\u001b[31mwo\u202erds\n\ud800", "anchor": "a\nb"}]'
    read = sandbox.call(misbehave, rf'lie {{"value": {{"blocks": {blocks}, "title": "\u0007"}}}}'.encode())
    assert read == ParsedDocument((Block("[31mwords", anchor="ab"),), "")
    assert refusal(sandbox, r'lie {"failed": "\u001b[2Jgone\nfor ever"}') == "gone for ever"


# SIGINT ends it, even if the tests run in the background, where SIGINT is ignored by default.
PARENT = """
import signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)
from seekpoint.indexer.sources.sandbox import sandboxed
from tests.indexer.misbehaving import misbehave

print(sandboxed(misbehave, b"process").blocks[0].text, flush=True)
sandboxed(misbehave, f"hang {sys.argv[1]}".encode()) if sys.argv[1:] else input()
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


# A Ctrl-C that comes when the clock of a call has just been started.
INTERRUPTED = """
import sys
from threading import Event, Thread
from seekpoint.indexer.sources.sandbox import sandboxed
from tests.indexer.misbehaving import misbehave

def interrupt(frame, event, _):
    codes = frame.f_code, frame.f_back and frame.f_back.f_code
    if event == "return" and codes == (Event.wait.__code__, Thread.start.__code__):
        sys.setprofile(None)
        raise KeyboardInterrupt

sys.setprofile(interrupt)
sandboxed(misbehave, b"words once")
"""


def test_ctrl_c_ends_the_parent_at_once_whenever_it_comes() -> None:
    command = [sys.executable, "-c", INTERRUPTED]
    ran = subprocess.run(command, env=environment(), capture_output=True, text=True, timeout=30)
    assert ran.stderr.rstrip().endswith("KeyboardInterrupt")


def test_a_users_script_needs_no_main_guard(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    (tmp_path / "json.py").write_text("raise SystemExit('the wrong json')", encoding="utf-8")
    script.write_text(
        "from seekpoint.indexer.sources.sandbox import sandboxed\n"
        "from tests.indexer.misbehaving import misbehave\n"
        "print(sandboxed(misbehave, b'words once').blocks[0].text)\n",
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

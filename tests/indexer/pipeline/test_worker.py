"""Several builders of one library on a server: each resource is indexed once, whatever becomes of a builder."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from threading import Timer

import pytest

from seekpoint.index.address import ServerAddress
from seekpoint.index.errors import LockedLibrary, LostLease, UsageError
from seekpoint.index.open import open_queue, open_reader, open_worker, open_writer
from seekpoint.index.postgres.postgres_writer import PostgresWriter
from seekpoint.index.postgres.queue import BuildQueue
from seekpoint.index.postgres.session import connect
from seekpoint.index.store import Queue
from seekpoint.index.types import Details, State
from seekpoint.indexer.build_options import BuildOptions, Sources
from seekpoint.indexer.pipeline.worker import WorkReport, enqueue, shared_pace, work
from seekpoint.indexer.vocabulary.dictionary import BilingualDictionaries
from tests.fake_sites import FakeSites
from tests.fake_youtube import FakeYouTube
from tests.fakes import TopicEncoder
from tests.feeds import FEED, SHOW, feed, several
from tests.index.contract.talks import transcript
from tests.indexer.builds import RecordedEvents, webvtt
from tests.paths import ROOT
from tests.postgres import TestServer
from tests.sentence_models import add_onnx, save_first_token_model
from tests.speech import needs_espeak, recording, speech_model

TALKS = [f"talk{n:07d}" for n in range(5)]
LINES = [(0.0, 10.0, "attention weighs the words"), (10.0, 10.0, "掩码遮住后面的词")]
# Takes a resource, stores half of it in a transaction that doesn't end, and waits to be killed.
DYING = """
from seekpoint.index.address import parse_address
from seekpoint.index.postgres.queue import BuildQueue
from seekpoint.index.postgres.postgres_writer import PostgresWriter
from seekpoint.index.types import Details
from tests.index.contract.talks import transcript
address = parse_address(sys.argv[1])
with BuildQueue.open(address, lease_seconds=3.0) as queue, PostgresWriter.share(address, queue) as writer:
    taken = queue.take(lambda: 0.0)
    with writer.transaction():
        writer.commit(taken.resource_id, [transcript("attention01")], Details(), "half")
        print(taken.resource_id, flush=True)
        sys.stdin.read()
"""


@pytest.fixture
def library(postgres: TestServer, fake: FakeYouTube) -> ServerAddress:
    """A library in which five talks wait."""
    for talk in TALKS:
        fake.add_video(talk, f"讲座 {talk}", {"en": LINES})
    address = postgres.library()
    request = BuildOptions([f"https://youtu.be/{talk}" for talk in TALKS], translate=False)
    waiting = enqueue(request, address, lambda queue: sources(fake, queue), encoder=TopicEncoder())
    assert waiting == len(TALKS) and not fake.requests
    return address


def sources(fake: FakeYouTube, queue: Queue, pace: float = 0.0) -> Sources:
    return Sources.through(fake.web(), shared_pace=shared_pace(queue, pace))


def worker(address: ServerAddress, fake: FakeYouTube, pace: float = 0.0) -> WorkReport:
    return work(
        address, lambda queue: sources(fake, queue, pace), BuildOptions(translate=False), encoder=TopicEncoder()
    )


def states(address: ServerAddress) -> dict[str, State]:
    with open_reader(address) as reader:
        reader.verify()
        return {status.id: status.state for status in reader.statuses()}


def asked(fake: FakeYouTube) -> list[str]:
    return [talk for place, talk in fake.requests if place == "captions"]


def test_workers_take_each_resource_once(library: ServerAddress, fake: FakeYouTube) -> None:
    with ThreadPoolExecutor(2) as threads:
        reports = list(threads.map(lambda _: worker(library, fake), range(2)))
    assert sum(report.taken for report in reports) == sum(report.updated for report in reports) == len(TALKS)
    assert sorted(asked(fake)) == TALKS
    assert set(states(library).values()) == {State.INDEXED}
    with open_reader(library) as reader:
        assert reader.frequencies(["attent", "掩码"]).terms == {"attent": len(TALKS), "掩码": len(TALKS)}
    with open_writer(library) as writer:
        asked_for = list[str]()

        def nothing_into(target: str) -> tuple[()]:
            asked_for.append(target)
            return ()

        writer.keep_translations(BilingualDictionaries().version, nothing_into)
        assert asked_for, "a worker that was told not to translate has stored translations"
    assert worker(library, fake) == WorkReport(0, 0, 0)


@pytest.mark.nightly  # five seconds each, most of them until a lease has run out
@pytest.mark.parametrize("fate", ["SIGKILL", "SIGSTOP"])
def test_a_worker_that_dies_or_stops_leaves_nothing_half_done_and_its_resource_to_others(
    library: ServerAddress, fake: FakeYouTube, fate: str
) -> None:
    script = f"import sys; sys.path.insert(0, {str(ROOT)!r})\n{DYING}"
    pipe = subprocess.PIPE
    with subprocess.Popen(
        [sys.executable, "-c", script, library.uri], stdin=pipe, stdout=pipe, stderr=pipe, text=True
    ) as dying:
        assert dying.stdout
        talk = dying.stdout.readline().strip()
        assert talk in TALKS
        dying.send_signal(signal.Signals[fate])
        rescue = Timer(60.0, dying.kill)  # else a test that fails would never end
        rescue.start()
        report = worker(library, fake)
        rescue.cancel()
        dying.send_signal(signal.SIGCONT)
        _, said = dying.communicate()
    assert report.updated == len(TALKS)
    assert sorted(asked(fake)) == TALKS
    assert set(states(library).values()) == {State.INDEXED}
    assert fate == "SIGKILL" or said.rstrip().endswith("try again; what was committed is kept")
    with open_reader(library) as reader:
        assert reader.standings()[talk].inputs != "half"


def test_a_worker_that_was_silent_for_too_long_stores_nothing(library: ServerAddress, fake: FakeYouTube) -> None:
    with BuildQueue(connect(library), 1000.0) as silent, PostgresWriter.share(library, silent) as late:
        taken = silent.take(time.time)
        assert taken
        with closing(connect(library)) as other:
            other.run("UPDATE lease SET until = now()")
        assert worker(library, fake).updated == len(TALKS)
        with pytest.raises(LostLease):
            late.commit(taken.resource_id, [transcript("attention01")], Details(), "late")
        with pytest.raises(LostLease):
            late.set_state(taken.resource_id, State.UNAVAILABLE, reason="late")
    assert set(states(library).values()) == {State.INDEXED}


def test_all_builders_keep_one_pace_and_exclude_a_build_of_its_own(library: ServerAddress) -> None:
    with BuildQueue.open(library) as one, BuildQueue.open(library) as other:
        waits = [queue.turn("youtube", 20.0) for queue in (one, other, one)]
        assert waits == pytest.approx([0.0, 20.0, 40.0], abs=5.0)
        assert other.turn("another", 20.0) == 0.0
    writer, queue = open_worker(library)
    with queue, writer, pytest.raises(LockedLibrary):
        open_writer(library)
    with open_writer(library), pytest.raises(LockedLibrary):
        open_worker(library)


def test_a_block_that_one_meets_stops_the_others(library: ServerAddress, fake: FakeYouTube) -> None:
    fake.make_blocked(TALKS[0])
    first = worker(library, fake)
    assert (first.taken, first.updated) == (len(TALKS), 0)
    assert {talk for _, talk in fake.requests} == {TALKS[0]}
    assert set(states(library).values()) == {State.DEFERRED}
    fake.requests.clear()
    assert worker(library, fake).taken == 0 and not fake.requests


def test_a_worker_finds_an_episode_in_the_feed_that_another_one_has_listed(
    postgres: TestServer, fake: FakeYouTube
) -> None:
    fake.add_site(FEED, feed(*several(2)), "application/rss+xml")
    for number in range(2):
        fake.add_site(f"{SHOW}/{number}.vtt", webvtt("attention", "掩码"), "text/vtt")
    address = postgres.library()
    request = BuildOptions([f"feed:{FEED}"], translate=False)
    assert enqueue(request, address, lambda queue: sources(fake, queue), encoder=TopicEncoder()) == 2
    assert worker(address, fake) == WorkReport(2, 2, 2)
    assert set(states(address).values()) == {State.INDEXED}


def test_enqueueing_a_list_whose_file_is_back_clears_the_reason(
    postgres: TestServer, fake: FakeYouTube, tmp_path: Path
) -> None:
    note, away, file = tmp_path / "笔记.md", tmp_path / "away", tmp_path / "list.md"
    note.write_text("掩码遮住后面的词。", encoding="utf-8")
    file.write_text("[note](笔记.md)", encoding="utf-8")
    address, reasons = postgres.library(), list[str | None]()
    for path, moved in ((note, note), (note, away), (away, note)):
        path.rename(moved)
        request = BuildOptions([str(file)], translate=False)
        assert enqueue(request, address, lambda queue: sources(fake, queue), encoder=TopicEncoder()) == 0
        with open_reader(address) as reader:
            (standing,) = reader.standings().values()
            assert standing.is_indexed
            reasons.append(standing.reason)
    assert [bool(reason) for reason in reasons] == [False, True, False]


def test_workers_do_not_wait_for_those_that_only_read(library: ServerAddress, fake: FakeYouTube) -> None:
    assert worker(library, fake).updated == len(TALKS)
    with open_queue(library) as reading:
        assert reading.take(time.time, (), TALKS[:1])
        began = time.monotonic()
        assert worker(library, fake).taken == 0
        with open_queue(library) as idle:
            assert idle.take(time.time, (), ()) is None
        assert time.monotonic() - began < 10


@pytest.mark.slow
@needs_espeak
def test_a_worker_that_listens_takes_what_another_one_found_without_a_transcript(
    postgres: TestServer, sites: FakeSites, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = speech_model()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    talk = recording(tmp_path / "talk.wav", (1.0, "The softmax turns scores into probabilities that add up to one."))
    url = "https://uni.example/talk.wav"
    sites.add(url, talk.read_bytes(), "audio/wav")
    address, listening = postgres.library(), BuildOptions(translate=False, whisper=str(model))

    def through(options: BuildOptions) -> WorkReport:
        return work(address, lambda _: Sources.through(sites.web(), options), options, encoder=TopicEncoder())

    request = BuildOptions([url], translate=False)
    assert enqueue(request, address, lambda _: Sources.through(sites.web()), encoder=TopicEncoder()) == 1
    assert through(BuildOptions(translate=False)).taken == 1
    assert {*states(address).values()} == {State.NO_TRANSCRIPT}
    assert through(listening).updated == 1
    assert {*states(address).values()} == {State.INDEXED}
    assert through(listening).taken == 0


def test_a_folder_has_one_builder(tmp_path: Path, fake: FakeYouTube) -> None:
    with pytest.raises(UsageError, match="postgresql://"):
        work(tmp_path, lambda queue: sources(fake, queue), BuildOptions(), events=RecordedEvents())


@pytest.mark.model
def test_a_worker_measures_another_model_at_its_end(postgres: TestServer, fake: FakeYouTube, tmp_path: Path) -> None:
    model = save_first_token_model(tmp_path / "saved")
    add_onnx(model)
    said = ("the mask conceals word", "掩码藏起第", "a cache remembers key")
    lines = [(60.0 * k, 60.0, f"{said[k % 3]} {k}") for k in range(40)]
    fake.add_video(TALKS[0], "讲座", {"en": lines})
    address = postgres.library()
    request = BuildOptions([f"https://youtu.be/{TALKS[0]}"], model=str(model), translate=False)
    assert enqueue(request, address, lambda queue: sources(fake, queue)) == 1
    assert work(address, lambda queue: sources(fake, queue), BuildOptions()).updated == 1
    with open_reader(address) as reader:
        scale, engine = reader.settings.scale_of(reader.card), reader.settings.engine_of(reader.card)
        assert scale and scale.chunks == reader.amounts().chunks >= 24
        assert engine and engine.file

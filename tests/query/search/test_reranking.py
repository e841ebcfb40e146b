"""Reranking: a model that reads question and passage together orders the first moments, and says where they begin."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from subprocess import PIPE, Popen
from typing import cast

import pytest
import requests

import seekpoint
from seekpoint.index.errors import ModelError
from seekpoint.index.models.encoder import bundled_folder
from seekpoint.index.models.reranker import CrossEncoderReranker
from seekpoint.index.open import open_reader
from seekpoint.index.store import Reader
from seekpoint.index.types import Cue, CueSpan, Filters, Kind, Resource, ResourceStatus, State, StoredChunk
from seekpoint.query.output.terminal import explanation_lines
from seekpoint.query.search.moments import Passage
from seekpoint.query.search.pipeline import ask
from seekpoint.query.search.ranking import MOST_RERANKED, Hit
from seekpoint.query.search.reranking import rerank, window_texts
from seekpoint.query.search.settings import AskOptions
from seekpoint.query.serving.live_library import LiveLibrary
from tests.asking import library_of
from tests.cli.here import Ran, call
from tests.cross_encoders import save_cross_encoder
from tests.fakes import TopicEncoder
from tests.index.libraries import build
from tests.paths import ROOT
from tests.query.mcp.sessions import tool_error

pytestmark = pytest.mark.slow

# By words and by meaning the first talk comes first; the last two have all words, or characters, of a question.
QUESTIONS = {"masks": "bbbbbbbbbbb", "掩码么": "ccccccccccc"}
TALKS = {
    "a [aaaaaaaaaaa].en": ["mask mask mask, 掩码掩码掩码"],
    "b [bbbbbbbbbbb].en": [
        "Good day. Some tea is here, and bread too. It is good.",
        "There is more tea. We drink it up.",
        "There is no end of this tea.",
        "Tell us more of masks.",
    ],
    "c [ccccccccccc].zh": ["大家好，我们喝茶。", "茶很好喝。", "什么是掩码？", "它把未来藏起来。"],
}


class Wording:
    """Scores passages by what they begin with: the first of some words has the highest score."""

    def __init__(self, *wanted: str) -> None:
        self.wanted = wanted
        self.asked: list[tuple[str, list[str]]] = []

    def scores(self, question: str, passages: Sequence[str]) -> list[float]:
        self.asked.append((question, list(passages)))
        wanted = [*self.wanted, ""]
        ranks = [next(n for n, word in enumerate(wanted, 1) if passage.startswith(word)) for passage in passages]
        return [0.9 / rank if rank < len(wanted) else 0.01 for rank in ranks]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return library_of(tmp_path_factory.mktemp("reranking"), TALKS)


@pytest.fixture
def library(folder: Path) -> Iterator[Reader]:
    with open_reader(folder) as opened:
        yield opened


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    texts = [text for lines in TALKS.values() for text in lines]
    return save_cross_encoder(tmp_path_factory.mktemp("model") / "cross-encoder", [*texts, *QUESTIONS])


def test_the_reranker_reads_half_minutes_from_sentences_on_and_orders_and_localises(library: Reader) -> None:
    reranker = Wording("There is no end", "它把未来", "mask")
    found = ask("mask", library, TopicEncoder(), AskOptions(reranker=reranker))
    assert [(moment.resource.id, moment.start, moment.score) for moment in found.moments] == [
        ("bbbbbbbbbbb", 20.0, 0.9),
        ("ccccccccccc", 30.0, 0.45),
        ("aaaaaaaaaaa", 0.0, 0.3),
    ]
    assert found.moments[0].quote.startswith("There is no end of this tea.")
    assert found.moments[0].link.endswith("&t=20s")
    ((question, passages),) = reranker.asked
    read = [passage for passage in passages if passage[:4] in ("Good", "Ther", "Tell")]
    assert (question, read[0]) == ("mask", " ".join(TALKS["b [bbbbbbbbbbb].en"][:3]))
    assert [passage[:8] for passage in read[1:]] == ["There is", "There is", "Tell us "]
    cues = [Cue(4.0 * number, 4.0 * number + 4, f"This is {number}.") for number in range(20)]
    windows = list(window_texts(Passage(cues, 0, 2, 12, plays=True)))
    assert [start for start, _ in windows] == [8.0, 20.0, 32.0, 44.0], "ten seconds apart"
    assert windows[0][1] == " ".join(f"This is {number}." for number in range(2, 10))


def test_twenty_moments_are_read_and_the_others_stay_behind(tmp_path: Path) -> None:
    build(tmp_path, {"aaaaaaaaaaa": [f"mask number{number}" for number in range(30)]})
    with open_reader(tmp_path) as opened:
        plain = ask("mask", opened, TopicEncoder(), AskOptions(30))
        reranker = Wording("mask number7", "mask number3")
        found = ask("mask", opened, TopicEncoder(), AskOptions(30, reranker=reranker))
    assert MOST_RERANKED == len(reranker.asked[0][1]) == 20
    said = [moment.quote.split()[1] for moment in plain.moments]
    first = [moment.quote.split()[1] for moment in found.moments]
    assert len(first) == len(said) == 30
    assert first[:2] == [word for word in ("number7", "number3") if word in said[:MOST_RERANKED]]
    assert set(first[:MOST_RERANKED]) == set(said[:MOST_RERANKED])
    assert first[MOST_RERANKED:] == said[MOST_RERANKED:]
    scores = [moment.score for moment in found.moments]
    assert scores == sorted(scores, reverse=True)


def test_a_phrase_says_where_a_moment_begins_and_nothing_is_read_where_there_is_no_moment(library: Reader) -> None:
    found = ask('"of masks"', library, TopicEncoder(), AskOptions(reranker=Wording("Good day")))
    assert [(moment.resource.id, moment.start) for moment in found.moments] == [("bbbbbbbbbbb", 30.0)]
    reranker = Wording()
    assert not ask("x", library, TopicEncoder(), AskOptions(filters=Filters(resource="x"), reranker=reranker)).moments
    assert reranker.asked == []


def test_an_explanation_tells_both_scores(library: Reader) -> None:
    reranker = Wording("There is no end")
    moment = ask("mask", library, TopicEncoder(), AskOptions(explained=True, reranker=reranker)).moments[0]
    assert moment.explanation and moment.explanation.reranked == moment.score == 0.9
    plain = ask("mask", library, TopicEncoder(), AskOptions(explained=True)).moments
    (before,) = [one for one in plain if one.resource.id == moment.resource.id]
    lines = list(explanation_lines(moment.score, moment.explanation))
    assert lines[0] == "score 0.900, given by the reranker"
    assert before.explanation and lines[1] == next(explanation_lines(before.score, before.explanation))
    assert before.explanation.reranked is None


def test_a_cross_encoder_reads_question_and_passage_together(folder: Path, model: Path) -> None:
    live = LiveLibrary(folder, TopicEncoder(), CrossEncoderReranker(str(model)))  # which loads it once
    for question, first in QUESTIONS.items():
        plain, found = seekpoint.ask(question, folder, encoder=TopicEncoder()).moments, live.ask(question).moments
        assert (plain[0].resource.id, found[0].resource.id) == ("aaaaaaaaaaa", first)
        assert {moment.resource.id for moment in found} == {moment.resource.id for moment in plain}
        assert found[0].score > 0.5 > found[-1].score
        assert seekpoint.ask(question, folder, encoder=TopicEncoder(), rerank=str(model)).moments == found
    live.close()


@pytest.mark.model
def test_what_is_no_reranker_is_told_in_one_line(tmp_path: Path) -> None:
    for name in ("no such model", "\x1b[31m"):
        told = r"^the reranker .* can't be loaded \(.+\): give --rerank [^\n]*$"
        with pytest.raises(ModelError, match=told):
            CrossEncoderReranker(name).scores("q", ["p"])
    with pytest.raises(ModelError, match=r"is no cross-encoder, but a BertModel, which embeds texts: give --rerank"):
        CrossEncoderReranker(str(bundled_folder())).load()
    folder = save_cross_encoder(tmp_path / "three", ["a mask"], labels=3)
    with pytest.raises(ModelError, match="gives 3 scores for a pair, where a reranker gives one"):
        CrossEncoderReranker(str(folder)).load()


class Shelf:
    """A reader of the transcripts of a paper, whose cues say where they stand."""

    def statuses(self, ids: Collection[str]) -> list[ResourceStatus]:
        return [ResourceStatus(Resource(name, Kind.PAPER, name, ""), State.INDEXED) for name in ids]

    def cues(self, spans: Sequence[CueSpan]) -> list[list[Cue]]:
        return [
            [Cue(10.0 * number, 10.0 * number + 10, f"{span.transcript_id} {number}") for number in range(*span[1:])]
            for span in spans
        ]


def test_bibliographies_stay_behind_and_a_moment_may_begin_in_the_passage_before() -> None:
    chunks = [StoredChunk(number, number, "paper", "en", 10, 14, 100.0, 140.0, number == 3) for number in (1, 2, 3)]
    hits, shelf = [Hit(chunk, 0.5, 0.5, 0.5) for chunk in chunks], cast("Reader", Shelf())
    found = rerank(hits, "q", Wording("3 10", "2 12"), shelf)
    assert [(one.chunk.id, one.begin) for one in found] == [(2, 120.0), (1, 100.0), (3, 100.0)]
    before = chunks[0]._replace(id=7, first=7, stop=11, start=70.0, end=110.0)
    (one,) = rerank([hits[0]._replace(opening=hits[0]._replace(chunk=before))], "q", Wording("1 7"), shelf)
    assert one.begin == 70.0


# Both in one process, which imports torch once.
SERVERS = """
from threading import Thread
from seekpoint.cli.mcp import mcp
from seekpoint.cli.serve import serve
Thread(target=serve.main, args=[["--port", "0", "--rerank", {model!r}, "--index", {library!r}]], daemon=True).start()
mcp.main(["--http", "--port", "0", "--rerank", {nowhere!r}, "--index", {library!r}])
"""


@pytest.mark.model
def test_serve_and_mcp_take_a_reranker(example_library: Path, model: Path, tmp_path: Path) -> None:
    script = SERVERS.format(model=str(model), library=str(example_library), nowhere=str(tmp_path / "nowhere"))
    with Popen([sys.executable, "-c", script], cwd=ROOT, stdout=PIPE, stderr=PIPE, text=True) as process:
        assert process.stdout and process.stderr
        try:
            page = re.search(r"http://\S+", process.stdout.readline())
            assistants = re.search(r"http://[^\s;]+", process.stderr.readline())
            assert page and assistants
            answer = requests.get(f"{page[0]}/api/ask?q=masks&explain=true", timeout=60).json()
            assert all("reranked" in moment["explanation"] for moment in answer["moments"])
            assert "can't be loaded" in tool_error(assistants[0], "ask", question="why masks?")
        finally:
            process.terminate()


@pytest.mark.model
def test_the_commands_rerank(example_library: Path, model: Path, tmp_path: Path) -> None:
    (tmp_path / "questions.jsonl").write_text('{"question": "why masks?", "video_id": null}', "utf-8")
    commands = (["ask", "--json", "why masks?"], ["eval", str(tmp_path / "questions.jsonl")], ["serve", "--port", "0"])

    def run(command: Sequence[str], *rest: object) -> Ran:
        return call(*command, *rest, "--index", example_library)

    results = run(commands[0]), run(commands[0], "--rerank", model)
    plain, found = ([moment["score"] for moment in json.loads(result.stdout)["moments"]] for result in results)
    assert found != plain
    assert run(commands[1], "--rerank", model).exit_code == 0
    for command in commands:
        refused = run(command, "--rerank", tmp_path / "nowhere")
        assert refused.exit_code == 1 and "can't be loaded" in refused.stderr

"""`build --windows`: windows of models that give no token vectors, embedded by themselves."""

from __future__ import annotations

import io
from collections.abc import Sequence
from contextlib import redirect_stderr
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from click.testing import CliRunner

import seekpoint
from seekpoint.cli.main import cli
from seekpoint.index.embedded.embedded_reader import EmbeddedReader
from seekpoint.index.embedded.embedded_writer import EmbeddedWriter
from seekpoint.index.models.centring import WINDOWS_A_CHUNK, tempered, unit
from seekpoint.index.models.encoder import load_encoder
from seekpoint.index.settings import LibrarySettings, WindowState
from seekpoint.index.types import Filters, Pieces, State
from seekpoint.indexer.build_options import BuildOptions
from seekpoint.indexer.pipeline.build import Report
from seekpoint.indexer.pipeline.build_report import preview
from seekpoint.indexer.pipeline.planner import Step
from seekpoint.query.answers import Moment
from tests.asking import ask
from tests.fakes import TopicEncoder, WideEncoder
from tests.index.libraries import chunk_ids, chunks_of
from tests.indexer.builds import InterruptingEvents, Workshop, webvtt
from tests.sentence_models import save_first_token_model

if TYPE_CHECKING:
    from seekpoint.index.types import Vectors

EN, ZH = "english0001", "zhongwen001"
# In one passage the answer begins at 20 s, and nothing of the question is said literally.
TALKS = {
    EN: ["here is the cache", "a cache of a cache", "a mask, the mask", "mask and mask", "then a cache", "a cache"],
    ZH: ["这里有缓存", "缓存的缓存", "掩码，有掩码", "掩码和掩码", "后面还有缓存", "缓存"],
}
QUESTIONS = {EN: "who conceals?", ZH: "谁藏起？"}


class BareEncoder(WideEncoder):
    """An encoder that gives no parts, and may interrupt the build at one of its calls."""

    def __init__(self, name: str = "bare", interrupts_at: int = 0) -> None:
        super().__init__(name, gives_parts=False)
        self._left = interrupts_at

    def passages(self, texts: Sequence[str]) -> Vectors:
        self._left -= 1
        if self._left == 0:
            raise KeyboardInterrupt
        return super().passages(texts)


def write_talks(workshop: Workshop, count: int = 4, cues: int = 9) -> Path:
    """A list of talks with captions, every other one Chinese."""
    ids = [f"{'zh' if k % 2 else 'en'}-talk-{k:03}" for k in range(count)]
    for k, video_id in enumerate(ids):
        said = ("掩码", "位置", "缓存") if k % 2 else ("the mask", "a position", "the cache")
        lines = [f"{said[(n // 2 + n * k) % 3]} {k} {n}" for n in range(cues)]
        workshop.write(f"captions/T [{video_id}].{'zh' if k % 2 else 'en'}.vtt", webvtt(*lines))
    return workshop.write("list.txt", "\n".join(f"https://youtu.be/{video_id}" for video_id in ids))


def run(workshop: Workshop, encoder: TopicEncoder, **options: Any) -> Report:  # noqa: ANN401
    listed, captions = workshop.folder / "list.txt", workshop.folder / "captions"
    return workshop.build(listed, captions=captions, offline=True, encoder=encoder, **options)


def pieces_of(library: Path) -> dict[str, Pieces]:
    """The pieces of each resource."""
    with EmbeddedReader.open(library) as reader:
        reader.verify()
        chunks = chunks_of(reader, chunk_ids(reader, Filters()))
        return {chunk.resource_id: reader.pieces([chunk], 1e9)[chunk.id] for chunk in chunks.values()}


def settings(library: Path) -> LibrarySettings:
    with EmbeddedReader.open(library) as reader:
        return reader.settings


def answers(library: Path) -> list[tuple[Moment, ...]]:
    questions = ["what does the mask hide?", "位置是什么？", "cache", "缓存"]
    return [ask(question, library, encoder=BareEncoder(), k=20).moments for question in questions]


@pytest.fixture
def talks(workshop: Workshop) -> Workshop:
    """Talks in a library without windows."""
    write_talks(workshop)
    run(workshop, BareEncoder())
    assert not any(len(pieces.starts) for pieces in pieces_of(workshop.library).values())
    return workshop


@pytest.fixture
def expected(talks: Workshop) -> list[tuple[Moment, ...]]:
    """The answers of a library that was built with windows at once."""
    folder, talks.library = talks.library, talks.folder / "fresh"
    run(talks, BareEncoder(), windows=True)
    found = answers(talks.library)
    talks.library = folder
    assert answers(folder) != found
    return found


# With a real model


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_first_token_model(tmp_path_factory.mktemp("first token"))


def second_of(question: str, library: Path, model: Path, video_id: str) -> float:
    only = Filters(resource=video_id)
    (moment, *_) = ask(question, library, encoder=load_encoder(str(model)), filters=only).moments
    assert moment.start is not None
    return moment.start


@pytest.mark.model
def test_windows_find_the_second_in_both_languages(tmp_path: Path, model: Path) -> None:
    for video_id, lines in TALKS.items():
        language = "en" if video_id == EN else "zh"
        (tmp_path / f"T [{video_id}].{language}.vtt").write_text(webvtt(*lines), encoding="utf-8")
    plain, windowed = tmp_path / "plain", tmp_path / "windowed"
    few = seekpoint.build(tmp_path, plain, model=str(model), translate=False).embedded
    many = seekpoint.build(tmp_path, windowed, model=str(model), translate=False, windows=True).embedded
    assert few < many <= 4 * few
    for video_id, question in QUESTIONS.items():
        assert second_of(question, plain, model, video_id) == 0.0
        assert second_of(question, windowed, model, video_id) == 20.0


@pytest.mark.model
def test_the_command_remembers_it(tmp_path: Path, model: Path) -> None:
    captions = tmp_path / "talks"
    captions.mkdir()
    (captions / f"T [{EN}].en.vtt").write_text(webvtt(*TALKS[EN]), encoding="utf-8")
    index = ["--index", str(tmp_path / "library")]
    with redirect_stderr(io.StringIO()):
        first = CliRunner().invoke(cli, ["build", str(captions), "--model", str(model), "--windows", *index])
        assert first.exit_code == 0, first.output
        (captions / f"讲座 [{ZH}].zh.vtt").write_text(webvtt(*TALKS[ZH]), encoding="utf-8")
        again = CliRunner().invoke(cli, ["build", str(captions), *index])
    assert again.exit_code == 0, again.output
    assert {len(pieces.starts) for pieces in pieces_of(tmp_path / "library").values()} == {6}
    assert second_of(QUESTIONS[ZH], tmp_path / "library", model, ZH) == 20.0


# With a model whose vectors a reader can predict


def test_each_piece_has_the_vector_of_its_half_minute_and_the_mean_is_theirs(talks: Workshop) -> None:
    run(talks, BareEncoder(), windows=True)
    for video_id, pieces in pieces_of(talks.library).items():
        with EmbeddedReader.open(talks.library) as reader:
            (transcript,) = reader.transcripts(video_id)
        lines = [cue.text for cue in transcript.cues]
        expected = BareEncoder().passages([" ".join(lines[k : k + 3]) for k in range(len(lines))])
        assert pieces.are_windows
        assert pieces.starts.tolist() == [10.0 * k for k in range(len(lines))]
        assert (pieces.sums * expected).sum(axis=1) == pytest.approx(np.ones(len(lines)), abs=0.01)

    pieces_by_id = pieces_of(talks.library)
    with EmbeddedReader.open(talks.library) as reader:
        for language, known in reader.languages().items():
            rows = np.concatenate([unit(one.sums) for key, one in pieces_by_id.items() if key.startswith(language)])
            mean = tempered({language: (len(rows), rows.sum(axis=0))}, {}, WINDOWS_A_CHUNK)[language]
            assert known.window_mean == pytest.approx(mean, abs=1e-3)


def test_a_library_gets_windows_later_without_embedding_its_chunks_again(
    talks: Workshop, expected: list[tuple[Moment, ...]]
) -> None:
    with EmbeddedWriter.acquire(talks.library) as writer:
        inputs = writer.standings()["en-talk-000"].inputs
        writer.set_state("en-talk-000", State.INDEXED, reason="慢", retry_after=4e9, inputs=inputs)
    request = BuildOptions([str(talks.folder / "list.txt")], talks.folder / "captions", windows=True)
    web = talks.fake.web(offline=True)
    assert preview(request, talks.library, web).steps[Step.EMBED_AGAIN] == 4
    assert preview(replace(request, windows=False), talks.library, web).steps[Step.EMBED_AGAIN] == 0
    standing, encoder = talks.statuses(), BareEncoder()
    report = run(talks, encoder, windows=True)
    windows = sum(len(pieces.starts) for pieces in pieces_of(talks.library).values())
    assert report.embedded == len(encoder.embedded) == windows
    assert answers(talks.library) == expected
    assert talks.statuses() == standing, "what waits goes on waiting"
    assert settings(talks.library).windows is WindowState.DONE
    assert preview(request, talks.library, web).steps[Step.EMBED_AGAIN] == 0
    encoder = BareEncoder()
    assert run(talks, encoder, windows=True).embedded == len(encoder.embedded) == 0


@pytest.mark.parametrize("call", [3, 5])
def test_an_interruption_loses_no_finished_resource(talks: Workshop, call: int) -> None:
    write_talks(talks, cues=70)
    run(talks, BareEncoder())
    first = BareEncoder(interrupts_at=call)
    with pytest.raises(KeyboardInterrupt):
        run(talks, first, windows=True)
    done = {video_id for video_id, pieces in pieces_of(talks.library).items() if len(pieces.starts)}
    assert 0 < len(done) < 4
    second = BareEncoder()
    run(talks, second)  # it goes on without the option
    assert not set(talks.events.worked_on) & done
    assert all(len(pieces.starts) == 70 for pieces in pieces_of(talks.library).values())
    run(talks, third := BareEncoder())
    assert (talks.events.worked_on, third.embedded) == ([], [])


def test_another_model_has_windows_too(talks: Workshop, expected: list[tuple[Moment, ...]]) -> None:
    run(talks, BareEncoder(), windows=True)
    run(talks, WideEncoder(), reembed=True)
    assert not any(pieces.are_windows for pieces in pieces_of(talks.library).values())
    assert not settings(talks.library).is_without_pieces
    run(talks, BareEncoder(), reembed=True)
    assert answers(talks.library) == expected


def test_a_reembedding_begun_before_gets_windows_at_its_end(
    talks: Workshop, expected: list[tuple[Moment, ...]]
) -> None:
    run(talks, TopicEncoder(), reembed=True)
    with pytest.raises(KeyboardInterrupt):
        run(talks, BareEncoder(), reembed=True, events=InterruptingEvents(2))
    run(talks, TopicEncoder(), windows=True)
    run(talks, BareEncoder(), reembed=True)
    assert answers(talks.library) == expected


def test_a_model_with_parts_is_left_as_it_is(workshop: Workshop) -> None:
    write_talks(workshop)
    run(workshop, TopicEncoder())
    before = workshop.content()
    encoder = TopicEncoder()
    assert run(workshop, encoder, windows=True).embedded == 0
    assert encoder.embedded == []
    assert workshop.content().keys() == before.keys()
    assert settings(workshop.library).windows
    passages = sum(status.chunks for status in workshop.statuses().values())
    workshop.library = workshop.folder / "fresh"
    assert run(workshop, TopicEncoder(), windows=True).embedded == passages
    assert not any(pieces.are_windows for pieces in pieces_of(workshop.library).values())

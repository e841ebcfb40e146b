"""The benchmark of growing libraries: what it makes of a small one, and what it counts."""

from __future__ import annotations

import json
import time
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from benchmarks import asking, scale, scale_measures, synthetic
from benchmarks.base import Base
from seekpoint.index.embedded.embedded_reader import EmbeddedReader
from seekpoint.index.embedded.embedded_writer import EmbeddedWriter
from seekpoint.index.types import Filters, Kind
from tests.fakes import TOPICS
from tests.index import libraries as parts

CHUNKS = 400
TALKS = {
    f"{topic}-{language}": [f"{word} {other[place]} {k} {language}" for k, other in enumerate(TOPICS * 3)]
    for topic, *words in ((topic[0], *topic) for topic in TOPICS)
    for place, (word, language) in enumerate(zip(words, ("words", "讲座"), strict=True))
}


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("base") / "library"
    parts.build(folder, TALKS)
    return folder


@pytest.fixture(scope="module")
def made(base: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("made") / "library"
    synthetic.build(Base.read(base), folder, CHUNKS)
    return folder


def test_a_library_has_the_chunks_and_shares_that_were_asked_for_and_its_texts_come_from_the_base(
    base: Path, made: Path
) -> None:
    assert {row[2] for row in parts.stored_terms(made)} <= {row[2] for row in parts.stored_terms(base)}
    with EmbeddedReader.open(made) as library:
        assert len(library.holdings.alive) == CHUNKS
        assert set(library.languages()) == {"en", "zh"}
        for section, share in synthetic.SHARES.items():
            assert len(library.scope(Filters(section=section))) == round(share * CHUNKS)
        said = [cue.text for one in library.statuses() for t in library.transcripts(one.resource.id) for cue in t.cues]
    assert set(said) <= {text for texts in TALKS.values() for text in texts}


def test_the_same_base_gives_the_same_library_and_what_was_ended_is_gone_on_with(
    base: Path, made: Path, tmp_path: Path
) -> None:
    read = Base.read(base)
    outlines = synthetic.planned(read, CHUNKS)
    with EmbeddedWriter.acquire(tmp_path / "library", read.manifest.model) as writer:
        listed = [synthetic.resource(outline, synthetic.title(read, outline)) for outline in outlines]
        writer.register(synthetic.SOURCE, listed)
        synthetic.commit(writer, read, outlines[0])
    clock = synthetic.build(read, tmp_path / "library", CHUNKS)
    assert clock.chunks == CHUNKS - outlines[0].chunks
    assert parts.stored_terms(tmp_path / "library") == parts.stored_terms(made)


def test_moved_vectors_are_about_as_near_as_they_should_be() -> None:
    chance = np.random.default_rng(0)
    mean = chance.standard_normal(384, np.float32)
    rows = mean + chance.standard_normal((200, 384), np.float32)
    moved = synthetic.moved(rows, mean, chance)
    one, other = rows - mean, moved - mean
    cosines = (one * other).sum(axis=1) / np.linalg.norm(one, axis=1) / np.linalg.norm(other, axis=1)
    assert cosines.mean() == pytest.approx(0.9, abs=0.01)


def test_all_nearest_of_a_small_library_are_found_and_stages_add_up_to_the_whole(made: Path, tmp_path: Path) -> None:
    file = tmp_path / "questions.jsonl"
    rows = [{"question": f"{word}?", "video_id": None} for topic in TOPICS for word in topic]
    file.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    with EmbeddedReader.open(made) as library:
        vectors = [parts.ENCODER.question(topic[0]) for topic in TOPICS]
        questions = np.stack([parts.centred_question(library, vector) for vector in vectors])
        assert {found["recall"] for found in asking.recalled(made, library, questions).values()} == {1.0}
        texts = asking.questions_of(file)
        stages = asking.by_stage(texts, library, parts.ENCODER)
        assert all(len(taken) == len(texts) - asking.WARM_UP for taken in stages.values())
        assert all(sum(stages[stage]) > 0 for stage in asking.STAGES)
        assert "by_terms" not in vars(library.words), "nothing is watched any more"


def test_a_watched_function_that_another_calls_counts_for_its_own_stage_alone() -> None:
    def work() -> None:
        until = time.thread_time() + 0.02
        while time.thread_time() < until:
            pass

    place, watch = SimpleNamespace(inner=work), asking.Stopwatch()
    place.outer = lambda: place.inner()
    with watch.watching([(place, "outer", "outer"), (place, "inner", "inner")]):
        place.outer()
    assert watch.seconds["inner"] >= 0.02 > watch.seconds["outer"]


def test_additions_are_timed_and_found_later(base: Path, made: Path, tmp_path: Path) -> None:
    read, outline = Base.read(base), synthetic.Outline(900_000, 40, "added", Kind.VIDEO, "en")
    synthetic.build(read, tmp_path / "library", 100)
    taken = scale_measures.added(tmp_path / "library", read, outline)
    assert taken["seconds"] == pytest.approx(taken["open"] + taken["change"] + taken["close"])
    with EmbeddedReader.open(tmp_path / "library") as library:
        assert len(library.holdings.alive) == 140


def test_a_percentile_is_a_value_that_occurred() -> None:
    values = [float(k) for k in range(100, 0, -1)]
    assert (scale.percentile(values, 0.5), scale.percentile(values, 0.95)) == (51.0, 96.0)
    assert scale.percentile([3.0], 0.95) == 3.0

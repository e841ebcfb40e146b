"""What a library that stays open keeps of its resources, and what it suggests."""

from __future__ import annotations

from pathlib import Path

import seekpoint
from seekpoint.index.open import open_reader
from seekpoint.index.types import Chapter, Cue, Kind, Origin, Resource, Transcript
from seekpoint.query.serving.resource_cache import ResourceCaches
from seekpoint.query.serving.suggestions import Suggestions, Suggests, example_questions
from tests.asking import library_of
from tests.fakes import TopicEncoder


def build(folder: Path, name: str, text: str) -> None:
    (folder / "notes").mkdir(exist_ok=True)
    (folder / "notes" / name).write_text(text, encoding="utf-8")
    seekpoint.build(folder / "notes", folder / "library", encoder=TopicEncoder(), translate=False)


def test_readers_of_one_revision_share_what_was_read_and_a_changed_library_is_read_anew(tmp_path: Path) -> None:
    build(tmp_path, "mask.md", "# On masks\n\nA mask hides what comes later.\n")
    caches = ResourceCaches()
    with open_reader(tmp_path / "library") as reader:
        statuses = caches.of(reader).statuses
    with open_reader(tmp_path / "library") as reader:
        again = caches.of(reader)
        assert (again.reader, again.statuses is statuses) == (reader, True)
        (resource_id,) = statuses
        assert again.transcripts(resource_id)[0].cues
    build(tmp_path, "掩码.md", "# 掩码\n\n掩码把未来藏起来。\n")
    with open_reader(tmp_path / "library") as reader:
        assert len(caches.of(reader).statuses) == 2


LINES = {"en": "Why does a mask hide the future from the decoder?", "zh": "为什么掩码要把未来藏起来，不让解码器看见？"}


def test_examples_in_a_language_come_first_and_are_found_once(tmp_path: Path) -> None:
    """Two recordings with captions in a language, and one with captions in two."""
    for name, videos in (("apart", {"en": "e" * 11, "zh": "z" * 11}), ("together", dict.fromkeys(LINES, "d" * 11))):
        (tmp_path / name).mkdir()
        talks = {f"Masks [{video}].{language}": [LINES[language]] for language, video in videos.items()}
        with open_reader(library_of(tmp_path / name, talks)) as reader:
            cache = ResourceCaches().of(reader)
            assert cache.examples("zh") is cache.examples("zh")
            assert {language: cache.examples(language)[0] for language in LINES} == LINES
            assert name == "together" or cache.examples("en")[:2] == [*LINES.values()]


MASKS = Resource("a", Kind.VIDEO, "Masks and the future", "https://example.org/a")
CHINESE = Resource("b", Kind.VIDEO, "自注意力機制", "https://example.org/b")
LEARNING = Resource("c", Kind.VIDEO, "On unmasking", "https://example.org/c")
ALL = Suggestions(
    ["Masking", "注意力"],
    [(MASKS, [Chapter(30.0, "Why the future is masked")]), (CHINESE, [Chapter(5.0, "為什麼要多頭")]), (LEARNING, [])],
)


def test_suggestions_say_all_that_is_typed_and_begin_with_it_first() -> None:
    for typed, texts in (
        ("mask", ["Masks and the future", "Masking", "Why the future is masked", "On unmasking"]),
        ("future MASK", ["Masks and the future", "Why the future is masked"]),
        ("注意力", ["注意力", "自注意力機制"]),
        ("为什么", ["為什麼要多頭"]),
        ("rockets", []),
        ("  ", []),
    ):
        assert [one.text for one in ALL.matching(typed)] == texts
    chapter = ALL.matching("future is")[0]
    assert (chapter.kind, chapter.resource, chapter.start) == (Suggests.CHAPTER, MASKS, 30.0)
    assert len(ALL.matching("mask", 2)) == 2
    hostile = Resource("d", Kind.VIDEO, "a\x1b[31m\ntitle\u202e", "https://example.org/d")
    assert [one.text for one in Suggestions([], [(hostile, [])]).matching("title")] == ["a title"], "one clean line"


def _said(*lines: str) -> Transcript:
    return Transcript("en", Origin.MANUAL, tuple(Cue(10.0 * k, 10.0 * k + 9, line) for k, line in enumerate(lines)))


def test_an_example_is_a_question_that_stands_alone() -> None:
    for lines, questions in (
        (("Welcome. So why does warm-up", "help the training? It does."), ["Why does warm-up help the training?"]),
        (("好，现在来讲第二个问题，为什么要用多头注意力？下面说。",), ["为什么要用多头注意力？"]),
        (("好，為什麼掩碼要把未來藏起來，不讓解碼器看見？",), ["為什麼掩碼要把未來藏起來，不讓解碼器看見？"]),
        (("Why did he do that to the model?", "What?", "So what do we have to do?"), []),
        (("How the gradient vanishes we saw, right?", "We have no questions at all here."), []),
    ):
        assert example_questions([_said(*lines)], 3) == questions


def test_each_recording_gives_its_most_telling_question() -> None:
    first = _said("What is attention about? Why does attention weigh each word of the sentence?")
    second = _said("How does the decoder hide the future?")
    assert example_questions([first, second], 3) == [
        "Why does attention weigh each word of the sentence?",
        "How does the decoder hide the future?",
    ]
    assert len(example_questions([first, second], 1)) == 1

"""What a library that stays open keeps of its resources, and what it suggests."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import seekpoint
from seekpoint.index.open import open_reader
from seekpoint.index.types import Chapter, Kind, NotedQuestion, Resource
from seekpoint.query.serving.resource_cache import ResourceCaches
from seekpoint.query.serving.suggestions import Suggestions, Suggests, example_questions
from tests import long_talk
from tests.asking import library_of
from tests.fakes import TopicEncoder
from tests.noted import note


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


TITLES = {"en": "Why a mask hides the future", "zh": "为什么掩码要把未来藏起来"}


def test_examples_in_a_language_come_first_and_say_nothing_that_is_only_said(tmp_path: Path) -> None:
    talks = {
        f"{title} [{language * 5}a].{language}": ["What does the car smell like?"] for language, title in TITLES.items()
    }
    with open_reader(library_of(tmp_path, talks)) as reader:
        cache = ResourceCaches().of(reader)
        assert cache.examples("zh") is cache.examples("zh")
        assert cache.examples("zh") == [*TITLES.values()][::-1]
        assert cache.examples("en") == [*TITLES.values()]


def test_noted_questions_of_several_talks_in_the_language_are_examples_before_titles(tmp_path: Path) -> None:
    talks = {f"Talk about the number {n} [{n * 11}].en": ["A mask hides."] * 40 for n in "123456"}
    library = library_of(tmp_path, talks)
    for n in "123456":
        asked = (f"Which number hides {n} masks?", f"哪个数字遮住了{n}个掩码？")
        long = f"Which of the {'very ' * 12} long masks hides {n}?"
        short = (
            (0.0, "en", asked[0]),
            (0.0, "zh", asked[1]),
            (5.0, "en", "Why?"),
            (320.0, "en", f"number {n} mask typed"),
        )
        note(library, n * 11, *short, (9.0, "en", long))
    with open_reader(library) as reader:
        cache = ResourceCaches().of(reader)
        assert cache.examples("en") == [f"Which number hides {n} masks?" for n in "135"], "far apart on the list"
        assert cache.examples("zh") == [f"哪个数字遮住了{n}个掩码？" for n in "135"]
        assert cache.examples("fr")[0] == "Talk about the number 1"
        (found,) = cache.suggestions.matching("哪个数字遮住了4")
        assert (found.kind, found.resource and found.resource.id, found.start) == ("question", "4" * 11, 0.0)


def test_what_was_made_of_what_is_said_is_neither_suggested_nor_an_example(tmp_path: Path) -> None:
    said = [cue.text for cue in long_talk.talk(long_talk.ENGLISH)]
    library = library_of(tmp_path, {"A talk on three subjects [aaaaaaaaaaa].en": said}, long_talk.SECONDS)
    with open_reader(library) as reader:
        cache = ResourceCaches().of(reader)
        assert len(cache.statuses["aaaaaaaaaaa"].chapters) == 3
        assert cache.suggestions.matching("glacier") == []
        assert cache.examples("en") == ["A talk on three subjects"]


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


def test_noted_questions_are_suggested_beside_titles_each_once_and_short_ones_first() -> None:
    questions = [
        "Does the mask hide the future from the decoder?",
        "Why the mask?",
        "Why the mask?",
        "为什么需要掩码？",
    ]
    noted = [(LEARNING, NotedQuestion(float(n), "en", text)) for n, text in enumerate(questions)]
    titles = [replace(MASKS, title=f"The mask {n}") for n in range(9)]
    suggestions = Suggestions([], ((title, ()) for title in titles), noted)
    found = suggestions.matching("mask", 5)
    assert [one.text for one in found] == ["The mask 0", "The mask 1", "The mask 2", "Why the mask?", questions[0]]
    assert (found[3].kind, found[3].resource, found[3].start) == (Suggests.QUESTION, LEARNING, 2.0)
    assert [one.text for one in suggestions.matching("why the m")] == ["Why the mask?"]
    assert [one.text for one in suggestions.matching("為什麼")] == ["为什么需要掩码？"]
    assert len(suggestions.matching("the mask")) == 8


def test_each_resource_gives_its_most_telling_name_that_fits() -> None:
    names = [
        ["Masks", "How the decoder hides the future", "The future"],
        ["第二讲", "为什么要用多头注意力"],
        ["Q&A", "1"],
        ["How the decoder hides the future", f"Why {'very ' * 20}long"],
        ["\x1b[2JWarm-up of the learning rate\u202e"],
    ]
    expected = ["How the decoder hides the future", "为什么要用多头注意力", "Warm-up of the learning rate"]
    assert example_questions(names, 9) == expected
    assert example_questions(names, 1) == expected[:1]

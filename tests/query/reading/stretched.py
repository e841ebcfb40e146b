"""A library whose talks are stretches long: an English one, a Chinese one, and a document; and models that read it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from seekpoint.index.embedded.embedded_writer import EmbeddedWriter
from seekpoint.index.open import open_reader
from seekpoint.index.text.stretches import WHOLE
from seekpoint.index.types import Details, Kind, NotedQuestion, ReadStretch
from seekpoint.query.reading.unread_stretches import UnreadStretch, unread
from tests.index.libraries import CARD, SOURCE, embedded, resource

ENGLISH, CHINESE, DOCUMENT = "attention01", "zhuyili0001", "cachenotes1"
SAID = {
    ENGLISH: ["Attention weighs the words."] * 30
    + ["The mask hides what comes later."] * 30
    + ["Position tells the order."] * 20,
    CHINESE: ["注意力给每个词一个权重。"] * 30 + ["掩码遮住后面的词。"] * 20,
    DOCUMENT: ["A cache keeps the keys."] * 35,
}
# What is said, and the questions that it answers.
ASKED = {
    "Attention weighs": ("What does attention weigh?", "注意力给什么权重？"),
    "The mask hides": ("What does the mask hide?", "掩码遮住什么？"),
    "Position tells": ("What tells the position?", "位置说明什么？"),
    "注意力给": ("How does attention weigh a word?", "注意力怎么给词权重？"),
    "掩码遮住": ("Which words does a mask hide?", "掩码遮住哪些词？"),
    "A cache keeps": ("What does a cache keep?", "缓存保存什么？"),
}
TITLES = {"Attention weighs": "Attention", "掩码遮住": "掩码"}


def build(folder: Path, said: dict[str, list[str]] = SAID) -> Path:
    kinds = {DOCUMENT: Kind.DOCUMENT}
    with EmbeddedWriter.acquire(folder, CARD) as writer:
        writer.register(SOURCE, [resource(key, "Talks", kind=kinds.get(key, Kind.VIDEO)) for key in said])
        for key, texts in said.items():
            writer.commit(key, [embedded(texts)], Details(title=f"Talk {key}"), "made by hand")
    return folder


SUMMARIES = {
    ENGLISH: "It explains how attention weighs words. The mask hides the future.",
    CHINESE: "讲解注意力怎样给词加权。掩码遮住后面的词。",
    DOCUMENT: "It tells what a cache keeps.",
}


def lines(prompt: str) -> str:
    """What a good model notes of a stretch, or of all of a talk."""
    if "\nJust before: " not in prompt:
        return SUMMARIES[CHINESE if "词" in prompt else DOCUMENT if "cache" in prompt else ENGLISH]
    written = []
    for words, (english, chinese) in ASKED.items():
        if found := re.search(rf"^\[(\d+)\] [^\n]*{words}", prompt, re.MULTILINE):
            written += [f"{found[1]} en {english}", f"{found[1]} zh {chinese}"]
            written += [f"{found[1]} # {TITLES[words]}"] if words in TITLES else []
    return "\n".join(written)


def to_read(folder: Path) -> list[UnreadStretch]:
    with open_reader(folder) as library:
        return [*unread(library)]


def noted(folder: Path) -> list[ReadStretch]:
    with open_reader(folder) as library:
        library.verify()
        return [stretch for stretch in library.stretches() if stretch.number != WHOLE]


def summaries(folder: Path) -> dict[str, str]:
    with open_reader(folder) as library:
        return {status.id: status.summary for status in library.statuses() if status.summary}


def texts(questions: Sequence[NotedQuestion]) -> list[str]:
    return [question.text for question in questions]

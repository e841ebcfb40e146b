"""The frozen library: the talks, a paper in each language, and some translations."""

from __future__ import annotations

from seekpoint.index.open import open_writer
from tests.indexer.builds import Workshop
from tests.indexer.sources.papers.test_pdf import lines, made
from tests.query.search.frozen.encoder import FrozenEncoder
from tests.query.search.frozen.talks import TALKS, aside

# Into each language, from the other one.
TRANSLATIONS = {
    "en": ("zh", [("曲速引擎", ["warp drive"]), ("燃素", ["phlogiston"])]),
    "zh": ("en", [("warp drive", ["曲速引擎"]), ("phlogiston", ["燃素"])]),
}

ENGLISH_PAPER = (
    "It says what it learned to a smaller one, as a teacher would do.",
    (
        "[1] Geoffrey Hinton. Distillation of the knowledge in a neural network. 2015.",
        "[2] Cristian Bucila. Distillation as compression of a large network. 2006.",
    ),
)
CHINESE_PAPER = (
    "神经网络中不要紧的连接可以剪掉，剩下的照样能用。",
    ("[1] 辛顿。神经网络中多余权重的剪枝。2015。", "[2] 布奇拉。剪枝就是压缩大网络。2006。"),
)


def build(workshop: Workshop) -> None:
    """Build the library through a YouTube of our own."""
    for number, talk in enumerate(TALKS):
        workshop.fake.add_video(talk.id, talk.title, talk.tracks(number), seconds=310, chapters=talk.chapters)
    videos = "\n".join(f"- https://youtu.be/{talk.id}" for talk in TALKS)
    (workshop.folder / "paper.pdf").write_bytes(_paper(*ENGLISH_PAPER, "References", "en"))
    (workshop.folder / "lunwen.pdf").write_bytes(_paper(*CHINESE_PAPER, "参考文献", "zh"))
    listed = workshop.write("list.md", f"# Talks\n\n{videos}\n\n# Papers\n\n- [](paper.pdf)\n- [](lunwen.pdf)\n")
    workshop.build(listed, languages=("en", "zh"), encoder=FrozenEncoder())
    with open_writer(workshop.library) as writer:
        writer.keep_translations("by hand", lambda target: [TRANSLATIONS[target]])


def _paper(said: str, entries: tuple[str, ...], heading: str, language: str) -> bytes:
    font = "F1" if language == "en" else "F3"
    stop = "." if language == "en" else "。"
    beside = [aside(number, language) + stop for number in range(10)]
    shown = lines(60, 740, [*beside[:5], said, said, said, *beside[5:]], font=font)
    return made([shown, [*lines(60, 740, [heading], 14, font), *lines(60, 700, entries, font=font)]])

"""Who speaks, from captions to each answer: in every output, in both languages, and as a filter."""

from __future__ import annotations

import csv
import io
import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from lxml.html import fromstring

import seekpoint
from seekpoint.index.text.transcript_text import CueText, attributed
from seekpoint.index.transfer.export import export_library
from seekpoint.index.transfer.import_ import import_library
from seekpoint.index.types import Cue, Filters
from seekpoint.query.answers import Answer, Confidence
from seekpoint.query.mcp.mcp_server import make_server
from seekpoint.query.output.exports import to_csv, to_markdown
from seekpoint.query.output.json import AnswerJson, to_json
from seekpoint.query.output.notebook import answer_html
from seekpoint.query.output.terminal import to_text
from seekpoint.query.reading.passages import marked_passages
from seekpoint.query.serving.live_library import LiveLibrary
from seekpoint.query.web.builds import Builds
from seekpoint.query.web.forms import Editing
from tests.asking import library_of
from tests.cli.here import call
from tests.fake_chat import Scripted
from tests.fakes import TopicEncoder
from tests.query.mcp.sessions import tool_result
from tests.query.output.examples import assert_valid
from tests.query.web.conftest import serving

ENGLISH = [
    "<v Ann Lee>Welcome all of you to the talk, which is about how a machine reads and what it should not see.",
    "<v Bob>What does a mask hide?</v>",
    "<v Ann Lee>A mask hides the future.</v> <v Bob>Hm.",
    "<v Bob>And attention weighs every word of the sentence, whichever comes first and whichever of them comes last.",
    "<v Ann Lee>Training takes a week.",
]
CHINESE = [
    "李老师：欢迎大家",
    "小王：掩码藏了什么？",
    "李老师：掩码把未来藏起来。",
    "小王：注意力给每个词一个权重。",
    "李老师：训练要一个星期",
]
ENCODER = TopicEncoder()


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    talks = {"Masks [aaaaaaaaaaa].en": ENGLISH, "掩码 [bbbbbbbbbbb].zh": CHINESE}
    talks["Alone [ccccccccccc].en"] = ["a mask hides the future"]
    return library_of(tmp_path_factory.mktemp("spoken"), talks, seconds=20)


def ask(library: Path, question: str, **options: object) -> Answer:
    return seekpoint.ask(question, library, encoder=ENCODER, **options)  # type: ignore[arg-type]


def test_names_are_neither_said_nor_lost_on_the_way(library: Path, tmp_path: Path) -> None:
    export_library(library, tmp_path / "file")
    import_library(tmp_path / "file", tmp_path / "library")
    for folder in (library, tmp_path / "library"):
        with seekpoint.open_library(folder) as opened:
            cues = opened.transcript("bbbbbbbbbbb").cues
            assert [cue.speaker for cue in cues] == ["李老师", "小王", "李老师", "小王", "李老师"]
            assert cues[0].text == "欢迎大家"
            assert [cue.speaker for cue in opened.transcript("aaaaaaaaaaa").cues][1:4] == ["Bob", "Ann Lee", "Bob"]
            names = {one.id: one.details.speakers for one in opened.resources()}
            assert names == {"aaaaaaaaaaa": ("Ann Lee", "Bob"), "bbbbbbbbbbb": ("李老师", "小王"), "ccccccccccc": ()}
    for name in ("Ann Lee", "李老师"):
        assert ask(library, f'"{name}" mask').missing == (name,)


@pytest.mark.parametrize(
    ("question", "speaker", "quote"),
    [
        ("What hides the future?", "Ann Lee", "A mask hides the future."),
        ("注意力给每个词什么？", "小王", "注意力给每个词一个权重。"),
    ],
)
def test_a_quote_begins_with_a_turn_and_names_who_goes_on(
    library: Path, question: str, speaker: str, quote: str
) -> None:
    moment = next(moment for moment in ask(library, question, k=20).moments if moment.quote.startswith(quote))
    assert moment.speaker == speaker
    lit = {moment.quote[slice(*span)] for span in moment.marks}
    assert lit and not any(name in text for text in lit for name in ("Bob", "Ann", "李老师", "小王"))
    rest = moment.quote.removeprefix(quote)
    assert not rest or rest.startswith((" Bob: Hm. ", " 李老师: 训练"))
    assert "attention" not in lit or moment.quote.index("attention") in {start for start, _ in moment.marks}


@pytest.mark.parametrize(
    ("speaker", "expected"),
    [
        ("ann", {"Ann Lee"}),
        ("LEE", {"Ann Lee"}),
        ("bob", {"Bob"}),
        ("老师", {"李老师"}),
        ("王", {"小王"}),
        ("", {"Ann Lee", "Bob", "李老师", "小王", None}),
    ],
)
def test_a_filter_keeps_what_someone_says(library: Path, speaker: str, expected: set[str | None]) -> None:
    moments = ask(library, "what does the mask hide from attention? 掩码", k=50, speaker=speaker).moments
    assert {moment.speaker for moment in moments} == expected
    assert all(moment.speaker for moment in ask(library, '"hides the future"', speaker="ann").moments)


def test_who_says_little_in_a_passage_comes_last_unless_it_is_about_the_question(tmp_path: Path) -> None:
    lines = ["<v Ann>mask mask mask the mask hides what is in the future and then some more of it"] * 2
    said = {"a": "yes", "b": "training", "c": "we had lunch and dinner and then we went home again"}
    talks = {f"{name} [{name * 11}].en": [lines[0], f"<v Bob>{own}", lines[1]] for name, own in said.items()}
    library = library_of(tmp_path, talks, seconds=14)
    order = [moment.resource.id[0] for moment in ask(library, "mask training", speaker="bob").moments]
    assert order[0] == "b" and order[-1] == "a" and len(order) == 3


@pytest.mark.parametrize(
    ("name", "found", "missed"),
    [
        ("Zhang, Wei (CN)", ["Wei Zhang", "zhang WEI", "Zhang, Wei (CN)", "wei", "(cn)"], ["Wei Li", "Wei-Zhang Li"]),
        ("李宏毅", ["李宏毅", "宏毅", "李"], ["李 老师", "毅宏"]),
        ("张伟 (上海)", ["上海 张伟", "伟"], ["张伟 北京"]),
        ("SPEAKER_00", ["speaker_00"], ["speaker_01", "…"]),
        (None, [""], ["Wei", "…", " "]),
    ],
)
def test_every_word_of_a_filter_stands_in_the_name_in_any_order(
    name: str | None, found: Sequence[str], missed: Sequence[str]
) -> None:
    assert [each for each in (*found, *missed) if Filters(speaker=each).is_spoken_by(name)] == found


@pytest.mark.model
def test_a_filter_that_nothing_passes_says_so(example_library: Path) -> None:
    ran = call("ask", "mask", "--speaker", "Eve\x1b[31m", "--index", example_library)
    assert (ran.exit_code, ran.stdout) == (0, "Nothing here answers that.\n")
    assert ran.stderr.startswith("seekpoint: nobody whose name has “Eve” speaks here: ")


def test_every_output_names_the_speaker(library: Path) -> None:
    moment = next(one for one in ask(library, "What hides the future?").moments if one.quote.startswith("A mask"))
    hostile = replace(moment, speaker="Ann\x1b[31m\u202e <b>*Lee*\n")
    answer = Answer("q", Confidence.HIGH, (moment, hostile))
    shown = to_text(answer, styled=False)
    assert "   Ann Lee: “A mask hides the *future*. Bob: Hm. And" in shown
    assert "Ann <b>*Lee*: “" in shown and "\x1b" not in shown and "\u202e" not in shown
    assert "> Ann Lee: “A" in to_markdown(answer) and r"> Ann \<b\>\*Lee\*: “" in to_markdown(answer)
    document = to_json(answer)
    assert_valid(AnswerJson, document)
    assert [one["speaker"] for one in document["moments"]] == ["Ann Lee", "Ann <b>*Lee*"]
    rows = csv.DictReader(io.StringIO(to_csv(answer)))
    assert [row["speaker"] for row in rows] == ["Ann Lee", "Ann <b>*Lee*"]
    assert "Ann Lee: A" in answer_html(answer) and "&lt;b&gt;*Lee*: " in answer_html(answer)


def test_assistants_read_who_says_what(library: Path) -> None:
    served = make_server(LiveLibrary(library, ENCODER))
    found = tool_result(served, "ask", question="What hides the future?", speaker="ann", brief=True)
    assert {moment["speaker"] for moment in found["moments"]} == {"Ann Lee"}
    (passage, *_) = tool_result(served, "ask", question="What hides the future?", speaker="ann")["passages"]
    assert "] Ann Lee: A mask hides the future. [" in passage["text"] and "] Bob: Hm. And attention" in passage["text"]
    window = tool_result(served, "transcript", resource="bbbbbbbbbbb")["passages"]
    assert window[0]["text"].startswith("[1a 0] 李老师: 欢迎大家 [1b 20] 小王: 掩码藏了什么？")
    none = tool_result(served, "ask", question="mask", speaker="Eve")
    assert none["passages"] == [] and "nobody whose name has “Eve” speaks here" in none["note"]


def test_a_kept_quote_begins_with_the_speaker(library: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(library, tmp_path / "library")
    with serving(folder, editing=Editing(Builds(lambda *given: "")), encoder=ENCODER) as client:
        page = fromstring(client.get("/", params={"q": "What hides the future?", "speaker": "ann"}).text)
        form = page.xpath('//form[@class="keep"]')[0]
        client.post("/kept/moment", data=dict(form.form_values()))
        (kept,) = client.get("/api/kept").json()["moments"]
    assert kept["quote"].startswith("Ann Lee: ")


def test_pages_and_the_api_name_the_speaker_at_each_change(library: Path) -> None:
    with serving(library) as client:
        transcript = client.get("/api/resources/aaaaaaaaaaa/transcript").json()["cues"]
        assert [cue.get("speaker") for cue in transcript][:4] == ["Ann Lee", "Bob", "Ann Lee", "Bob"]
        assert "speaker" not in client.get("/api/resources/ccccccccccc/transcript").json()["cues"][0]
        found = client.get("/api/ask", params={"q": "What hides the future?", "speaker": "ann"}).json()
        assert {moment["speaker"] for moment in found["moments"]} == {"Ann Lee"}
        page = fromstring(client.get("/resource/aaaaaaaaaaa").text)
        names = [name.text_content() for name in page.xpath('//*[@id="transcript"]//b[@class="speaker"]')]
        assert names == ["Ann Lee:", "Bob:", "Ann Lee:", "Bob:", "Ann Lee:"]
        for ui, only, anyone in (("en", "Only what is said by", "By anyone"), ("zh", "只看说话人", "不限说话人")):
            asked = {"q": "What hides the future?", "speaker": "ann", "ui": ui}
            page = client.get("/", params=asked)
            assert only in page.text and anyone in page.text
            links = [link.get("href") for link in fromstring(page.text).xpath('//a[contains(@class, "speaker")]')]
            assert links and all("speaker=Ann+Lee" in link for link in links)


def cite_bob(prompt: str) -> str:
    """Cite the mark before what Bob says of attention."""
    before, name, _ = prompt.partition("] Bob: Hm. And attention")
    return f"It weighs words [{before.rpartition('[')[2].split()[0]}]." if name else "NONE"


def test_a_reader_is_given_names_and_cites_who_speaks(library: Path) -> None:
    found = ask(library, "What hides the future?", reader=Scripted(cite_bob), resource="aaaaaaaaaaa")
    assert found.reading and found.reading.verdict == "answered"
    assert found.moments[0].speaker == "Bob" and found.moments[0].quote.startswith("Hm. And attention weighs")
    moments = ask(library, "What hides the future?", k=1, resource="aaaaaaaaaaa").moments
    with seekpoint.open_library(library) as opened:
        (passage,) = marked_passages(moments, opened._reader.transcripts)
    assert all(mark.text.startswith(("Ann Lee: ", "Bob: ")) for mark in passage.marks)
    assert all(not mark.cue.text.startswith(f"{mark.cue.speaker}: ") for mark in passage.marks)


def test_names_stand_at_changes_and_sentences_end_there() -> None:
    cues = [
        Cue(0, 1, "so it", speaker="Ann"),
        Cue(1, 2, "is"),
        Cue(2, 3, "一", speaker="李雷"),
        Cue(3, 4, "二", speaker="李雷"),
    ]
    assert attributed(cues) == "Ann: so it – is 李雷: 一 二"
    assert attributed(cues, "Ann") == "so it – is 李雷: 一 二"
    text = CueText(cues * 8)
    assert {text.offsets[k] for k in (1, 2, 4, 5)} <= {*text.sentences(is_opening=True)}
    assert text.cues_from(3, 7) == [Cue(text.second_at(3), 1, "it", speaker="Ann"), Cue(1, 2, "i")]

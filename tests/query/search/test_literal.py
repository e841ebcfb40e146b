"""The marks in a question: how they are read, and what they let pass."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import replace
from html import unescape
from pathlib import Path

import pytest

import seekpoint
from seekpoint.index.errors import UsageError
from seekpoint.index.open import open_reader, open_writer
from seekpoint.index.settings import CosineScale
from seekpoint.index.store import Reader
from seekpoint.query.answers import Answer, Confidence, Moment
from seekpoint.query.mcp.results import brief_answer
from seekpoint.query.output.terminal import verdict
from seekpoint.query.search.literal import Pattern, QuestionSyntax, read_syntax, without_marks
from seekpoint.query.search.pipeline import ask
from seekpoint.query.search.settings import LONGEST_QUESTION, TUNING, AskOptions
from tests.asking import library_of
from tests.cli.here import Ran, call
from tests.fakes import TopicEncoder
from tests.index.libraries import build
from tests.query.web.conftest import serving


@pytest.mark.parametrize(
    ("question", "text", "phrases", "excluded"),
    [
        ('why "positional encoding"?', "why positional encoding?", ["positional encoding"], []),
        ("why “positional encoding“?", "why “positional encoding“?", [], []),
        ("warum „das Bild“?", "warum das Bild?", ["das Bild"], []),
        ("»ordet« „das Bild” 『位置』?", "ordet das Bild 位置?", ["ordet", "das Bild", "位置"], []),
        ("pourquoi « le mot » ?", "pourquoi  le mot  ?", ["le mot"], []),
        ("什么是“位置编码”？", "什么是位置编码？", ["位置编码"], []),
        ("什麼是「位置編碼」？", "什麼是位置編碼？", ["位置編碼"], []),
        ("什么是＂位置编码＂？", "什么是位置编码？", ["位置编码"], []),
        ("为什么叫‘注意力’呢", "为什么叫注意力呢", ["注意力"], []),
        ("what is ‘don’t care’?", "what is don’t care?", ["don’t care"], []),
        ("「外『内』外」", "外『内』外", ["外『内』外"], []),
        ("“outer “inner” outer”", "“outer inner outer”", ["inner"], []),
        ('" - "yes"', '" - yes', ["yes"], []),
        ("attention -mask -softmax now", "attention now", [], ["mask", "softmax"]),
        ("heads -self-attention", "heads", [], ["self-attention"]),
        ("注意力　－掩码，为什么", "注意力 ，为什么", [], ["掩码"]),
        ("attention -“causal mask” -x", "attention", [], ["causal mask", "x"]),
    ],
)
def test_quotation_marks_ask_for_a_phrase_and_a_minus_leaves_out(
    question: str, text: str, phrases: list[str], excluded: list[str]
) -> None:
    found = read_syntax(question)
    assert (found.text, [one.text for one in found.phrases]) == (text, phrases)
    assert [one.text for one in found.excluded] == excluded


def test_other_marks_are_ordinary_characters() -> None:
    plain = without_marks("he said “we don’t -mask” it, 「位置」 and -100")
    assert plain == "he said we don’t mask it, 位置 and -100", "what is asked as it is has no marks"
    for question in (
        *('an unpaired " stays', "an unpaired “ stays, 「 and ’ too", "don't we've it's", ""),
        *("the students’ marks aren’t theirs’", 'a 5" disk and a 3" disk', '"" and “” and "?!" are empty'),
        *("self-attention and layer-norm", "layer - norm", "labels of -100, and -1", "掩码-注意力"),
        *("a dash — or –such — is none, −x too", "what(-mask)does"),
        plain,
    ):
        assert read_syntax(question) == QuestionSyntax(question)


def test_typographic_marks_alone_may_stress() -> None:
    assert all(read_syntax(question).may_stress for question in ("“mask” and 「掩码」", '“mask” -"key"'))
    assert not any(read_syntax(question).may_stress for question in ('“mask” and "掩码"', "＂掩码＂", "mask"))


def test_no_question_takes_long_to_read() -> None:
    for part in ('"', "“", "‘", "«", "„", '"a', "‘a", '"a" ', "-a ", "‘a’", "a-", '-"', "「『", "\0“\0”"):
        begin = time.process_time()
        read_syntax(part * (LONGEST_QUESTION // len(part) - 1) + " b")
        assert time.process_time() - begin < 1, part


# Ten seconds each, four in a chunk. The phrase is broken by the end of a line; its words also stand apart.
ENGLISH = [
    *("Welcome to the talk on attention.", "The positional wave comes before any encoding."),
    *("Attention weighs every word of what was said.", "So we have some tea, and then some more."),
    *("A cache saves work. Nothing else does.", "Now to the position of a token. It is Positional"),
    *("encoding, which adds a wave to each token.", "A causal mask hides the future from attention."),
    *("We masked it, as a masked language model does.", "Training takes a week."),
    *("Nobody knows why.", "And that's all, thank you."),
]
CHINESE = [
    *("欢迎大家来听这个讲座。", "位置很重要，编码也很重要。", "注意力给每个词一个权重。", "我们先喝点茶，再喝一点。"),
    *("缓存能省掉很多工作。", "现在说到词元的位置。这就是位置", "编码，它给每个词元加上一个波。"),
    *("因果掩码把未来藏起来，不让注意力看到。", "训练要一个星期。", "谁也不知道为什么。", "好，谢谢大家。", "再见。"),
]
TRADITIONAL = ["大家好。", "這裡的殘差連接讓訓練更穩定。", "謝謝。"]
# Each chunk has one of these.
NONE_LEFT = " ".join(f"-{word}" for word in ("to", "a", "it", "the", "大家", "谁", "个", "茶", "是", "訓練", "謝謝"))
NONE_LEFT_HERE = "-the -a -to -and -的 -是 -了 -一 -不 -我们 -這 -就"
TALKS = {"en [aaaaaaaaaaa].en": ENGLISH, "zh [bbbbbbbbbbb].zh": CHINESE, "tw [ccccccccccc].zh-TW": TRADITIONAL}


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Reader]:
    with open_reader(library_of(tmp_path_factory.mktemp("phrases"), TALKS)) as opened:
        yield opened


def answer(library: Reader, question: str, k: int = 20) -> Answer:
    return ask(question, library, TopicEncoder(), AskOptions(k))


def marked(moment: Moment) -> set[str]:
    return {moment.quote[start:stop] for start, stop in moment.marks}


def passage(library: Reader, moment: Moment) -> str:
    """What is said from a moment's start to its end."""
    assert moment.start is not None and moment.end is not None
    (transcript,) = [one for one in library.transcripts(moment.resource.id) if one.language == moment.language]
    return " ".join(cue.text for cue in transcript.cues if moment.start < cue.end and cue.start < moment.end)


@pytest.mark.parametrize(
    ("question", "begins", "shown", "start"),
    [
        ("what about “POSITIONAL, encoding” and the cache?", "It is Positional", "Positional encoding", 55),
        ("「位置編碼」", "这就是位置", "位置 编码", 55),
        ('"a masked language model"', "We masked it", "a masked language model", 80),
        ('"that’s all"', "And that's all", "that's all", 110),
    ],
)
def test_a_phrase_is_found_where_it_is_said(
    library: Reader, question: str, begins: str, shown: str, start: float
) -> None:
    found = answer(library, question)
    (moment,) = found.moments
    assert not found.missing and moment.quote.startswith(begins) and shown in marked(moment)
    assert moment.start == pytest.approx(start, abs=4)
    assert moment.start is not None and f"&t={int(moment.start)}s" in moment.link


@pytest.mark.parametrize(
    ("question", "plain", "missing"),
    [
        ('"mask language model"', "mask language model", ("mask language model",)),
        ('what is a "mask layer" in attention?', "what is a mask layer in attention?", ("mask layer",)),
        ("注意力里的“掩码层”是什么", "注意力里的掩码层是什么", ("掩码层",)),
        ('"causal mask" and "a cache"', "causal mask and a cache", ("causal mask", "a cache")),
    ],
)
def test_a_phrase_that_no_passage_has_is_told_and_ignored(
    library: Reader, question: str, plain: str, missing: tuple[str, ...]
) -> None:
    found = answer(library, question)
    assert found.missing == missing
    is_straight = '"' in question
    assert found.confidence is (Confidence.NONE if is_straight else answer(library, plain).confidence)
    assert found.moments and found.moments == answer(library, plain).moments
    assert found.question == question


def test_all_phrases_are_in_one_passage(library: Reader) -> None:
    (moment,) = answer(library, '"causal mask" "the future"').moments
    assert moment.quote.startswith("A causal mask hides the future")
    assert {"causal mask", "the future"} <= marked(moment)
    said = [passage(library, one) for one in answer(library, 'attention -"mask hides nothing"').moments]
    assert any("mask" in text for text in said), "a quoted exclusion leaves its words apart alone"


@pytest.mark.parametrize(
    ("question", "says", "only"),
    [
        ("attention mask -masked", "mask", Pattern.of("mask", stemmed=True)),
        ("注意力 -掩码", "掩", Pattern.of("掩码")),
        ("位置 -“位置编码”", "编码，它", Pattern.of("位置编码")),
    ],
)
def test_what_stands_after_a_minus_is_said_in_no_moment(
    library: Reader, question: str, says: str, only: Pattern
) -> None:
    plain = question.split(" -")[0].split(" －")[0]
    assert any(says in passage(library, moment) for moment in answer(library, plain).moments)
    found = answer(library, question)
    assert found.moments and found.excluded
    for moment in found.moments:
        assert not only.is_in(passage(library, moment)), moment.quote
        assert not only.is_in(moment.quote)


def test_something_nearer_without_the_phrase_is_told_unless_it_is_only_stressed(library: Reader) -> None:
    asked, plain = (answer(library, f"mask mask mask {words}") for words in ('"thank you"', "thank you"))
    assert (asked.missing, asked.excluded, asked.nearer, plain.nearer) == ((), (), True, False)
    assert not answer(library, '"causal mask"').nearer and asked.moments != plain.moments
    for quoted in ("“thank you”", "「thank you」", "«thank you»"):
        found = answer(library, f"mask mask mask {quoted}")
        assert found.moments == plain.moments and not found.nearer
    assert answer(library, "mask “causal mask”").moments == answer(library, 'mask "causal mask"').moments


def test_any_question_has_an_answer_but_for_exclusions_alone(library: Reader) -> None:
    for question in (
        *('"' * 3999 + "a", '"a" ' * 900, "“" + "位置编码" * 900 + "”", '"\0mask\0" -\0', "“「『mask』」”"),
        *(" ".join(f'"w{number}"' for number in range(500)), "mask " + " ".join(f"-w{n}" for n in range(500))),
    ):
        assert answer(library, question).question == question
    for question in ("-mask", ' -"causal mask" ?', "－掩码 。"):
        with pytest.raises(UsageError, match=r"^the question only leaves words out \(.*`attention -mask`$"):
            answer(library, question)


# Every door


@pytest.mark.parametrize(
    ("question", "says"),
    [
        ("「编码位置」", "No passage has “编码位置”."),
        (
            'mask mask mask "thank you"',
            "Nearer passages lack what is in quotation marks: omit the quotation marks.",
        ),
        (f"mask {NONE_LEFT}", "All that is near has “to”, “a”, “it”"),
    ],
)
def test_each_door_says_so(library: Reader, question: str, says: str) -> None:
    folder = Path(str(library.address))
    with serving(folder) as client:
        fields = ("missing", "excluded", "nearer")
        found = seekpoint.ask(question, folder, encoder=TopicEncoder(), k=8)
        document = client.get("/api/ask", params={"q": question}).json()
        told = {name: document[name] for name in fields if name in document}
        assert told == {name: list(v) if isinstance(v, tuple) else v for name in fields if (v := getattr(found, name))}
        assert says.rstrip(".") in unescape(client.get("/", params={"q": question}).text)
        chinese = client.get("/", params={"q": question}, headers={"Accept-Language": "zh"}).text
    assert says in verdict(found)
    assert any(text in unescape(chinese) for text in ("没有一处原文包含", "去掉引号就能找到", "接近的内容都包含"))
    assistant = brief_answer(found, lambda moment: moment.start).model_dump(exclude_none=True)
    assert {name: assistant[name] for name in fields if name in assistant} == {
        name: value[:4] if isinstance(value, list) else value for name, value in told.items()
    }
    assert bool(found.moments) or assistant["note"].startswith("All that is near has what the question excludes")


def test_more_like_this_asks_a_quote_as_it_is(library: Reader) -> None:
    quote = "he said “we mask it” -mask"
    with serving(Path(str(library.address))) as client:
        page = unescape(client.get("/", params={"q": "mask", "like": "bbbbbbbbbbb", "at": "0", "said": quote}).text)
        assert "No passage has" in unescape(client.get("/", params={"q": quote}).text)
    assert "No passage has" not in page and "causal mask" in page


@pytest.mark.model
def test_the_command_asks_literally(example_library: Path) -> None:
    def asked(*arguments: str) -> Ran:
        return call("ask", "-k", "3", "--index", example_library, *arguments)

    (moment, *_) = json.loads(asked("--json", "“注意力的权重”").stdout)["moments"]
    assert "注意力的权重" in moment["quote"]
    assert asked('"root square"').stdout.startswith("No passage has “root square”. Nothing here answers that; nearest:")
    everything = asked("root " + NONE_LEFT_HERE)
    assert (everything.exit_code, everything.stderr) == (0, "")
    assert everything.stdout.startswith("All that is near has “the”, “a”, “to”")
    assert asked("--", "-mask").exit_code == 2


@pytest.mark.parametrize(
    ("question", "begins"),
    [
        ("Nothing else does now to the position", "Nothing else does."),
        ("then some more: a cache saves work", "So we have some tea"),
        ("这就是位置编码", "这就是位置"),
        ("編碼，它給每個詞元", "这就是位置 编码，它给每个词元"),
    ],
)
def test_a_question_that_someone_says_is_answered_where_it_is_said(library: Reader, question: str, begins: str) -> None:
    found = answer(library, question)
    assert found.moments[0].quote.startswith(begins)
    assert found.confidence is Confidence.HIGH and len(found.moments) > 1, "the others follow"


@pytest.mark.parametrize("question", ["so the mask of attention hides", "于是掩码把注意力藏起来"])
def test_a_passage_that_says_the_question_comes_before_those_that_only_have_its_words(
    tmp_path: Path, question: str
) -> None:
    shuffled = "hides mask attention so the of, attention mask 注意力把掩码，藏起来于是"
    build(
        tmp_path,
        {"aaaaaaaaaaa": [shuffled] * 40, "bbbbbbbbbbb": [f"tea and a cache and {question} and training, 训练"]},
    )
    with open_reader(tmp_path) as reader:
        found = ask(question, reader, TopicEncoder())
        without = ask(question, reader, TopicEncoder(), AskOptions(tuning=replace(TUNING, verbatim=0.0)))
    assert [moment.resource.id[0] for moment in found.moments][:2] == ["b", "a"]
    assert found.confidence is Confidence.HIGH
    assert without.moments[0].resource.id[0] == "a"


@pytest.mark.parametrize(
    ("question", "said"),
    [
        (
            "where is it that a causal mask hides the future from attention",
            "a causal mask hides the future from attention",
        ),
        ("a causal mask hides only the future from attention", "a causal mask hides the future from attention"),
        ("哪里说到因果掩码把未来藏起来不让看到", "因果掩码把未来藏起来，不让注意力看到"),
    ],
)
def test_most_of_a_long_question_that_someone_says_counts_too(tmp_path: Path, question: str, said: str) -> None:
    shuffled = (
        "future a attention mask from hides causal the, 不让，让看，看到，起来，未来，藏起，把未，掩码，因果，说到"
    )
    build(tmp_path, {"aaaaaaaaaaa": [shuffled] * 15, "bbbbbbbbbbb": [f"tea and a cache, 训练, {said}, and training"]})
    with open_reader(tmp_path) as reader:
        found = ask(question, reader, TopicEncoder())
        without = ask(question, reader, TopicEncoder(), AskOptions(tuning=replace(TUNING, verbatim=0.0)))
    assert (found.moments[0].resource.id[0], without.moments[0].resource.id[0]) == ("b", "a")
    assert found.confidence is Confidence.HIGH


@pytest.mark.parametrize(("asks", "is_high"), [("where", True), ("what", False)])
def test_nobody_remembers_a_part_of_what_is_asked_by_name(tmp_path: Path, asks: str, is_high: bool) -> None:
    build(
        tmp_path, {"aaaaaaaaaaa": ["again it is the causal mask in attention"], "bbbbbbbbbbb": ["tea and a cache"] * 9}
    )
    with open_reader(tmp_path) as reader:
        found = ask(f"{asks} is the causal mask in attention", reader, TopicEncoder())
    assert (found.confidence is Confidence.HIGH) is is_high


@pytest.mark.parametrize(
    ("question", "is_high"),
    [
        ("what is the difference between baroque and rococo furniture", False),
        ("what is the difference between a mask and rococo", False),
        ("what is the difference between a mask and training", True),
        ("what is the difference between a mask vs training", True),
        ("掩码和词元之间的区别是洛可可", False),
        ("掩码和词元之间的区别是训练", True),
    ],
)
def test_most_of_a_question_is_not_enough_where_nothing_mentions_a_word_of_it(
    tmp_path: Path, question: str, is_high: bool
) -> None:
    said = ["what is the difference between a mask and a token", "掩码和词元之间的区别是什么", "about training, 训练"]
    build(tmp_path, {f"{letter * 11}": [text] for letter, text in zip("abc", said, strict=True)})
    with open_reader(tmp_path) as reader:
        assert (ask(question, reader, TopicEncoder()).confidence is Confidence.HIGH) is is_high


@pytest.mark.parametrize("question", ["told me where they sat a mask", "掩码昨天晚上在公园的水獺"])
def test_most_of_a_question_is_not_enough_where_the_estimate_is_none(tmp_path: Path, question: str) -> None:
    benches = "somebody told me where they sat on the green bench", "我们昨天晚上在公园的长椅上"
    said = [benches[:1], ["a mask and a quick otter", "水獺在训练"], benches[1:]]
    build(tmp_path, {f"{letter * 11}": lines for letter, lines in zip("abc", said, strict=True)})
    encoder = TopicEncoder()
    with open_writer(tmp_path) as writer:  # without a scale the estimate knows no meaning
        writer.put_settings(cosine_scale=CosineScale(encoder.card.fingerprint, 1.0, 4))
    with open_reader(tmp_path) as reader:
        found = ask(question, reader, encoder)
    assert found.moments[0].resource.id[0] in "ac" and not found.unknown
    assert found.confidence is Confidence.NONE


def test_passages_with_the_rare_words_of_a_long_question_are_read_first(tmp_path: Path) -> None:
    question = "where is it that she says the zebra hides a mask"
    common = "a mask that says where she hides it, and it is the mask"
    build(
        tmp_path, {"aaaaaaaaaaa": [common] * 30, "bbbbbbbbbbb": ["so it is that the zebra hides a mask, and training"]}
    )
    with open_reader(tmp_path) as reader:
        assert ask(question, reader, TopicEncoder()).moments[0].resource.id[0] == "b"


def test_the_estimate_is_that_of_the_moment_whether_it_says_the_question_or_not(library: Reader) -> None:
    tunings = (TUNING, replace(TUNING, verbatim=0.0))
    question = "a masked language model does"
    found = [ask(question, library, TopicEncoder(), AskOptions(20, explained=True, tuning=each)) for each in tunings]
    assert len({one.moments[0].quote for one in found}) == 1
    said, without = (one.estimate for one in found)
    assert said and without and said.ahead == pytest.approx(without.ahead, abs=0.02)


def test_function_words_that_someone_says_are_a_low_answer_at_most(library: Reader) -> None:
    assert answer(library, "and that's all").confidence is not Confidence.HIGH


# Beyond the candidates of other questions


@pytest.mark.parametrize(
    ("count", "nearer", "wanted", "question"),
    [
        # More than 500 passages have the words of the phrase, more often and in fewer words.
        (600, "未来掩码，码未来", "词元，位置，训练，缓存，这里还有掩码未来掩码", '"掩码未来掩码"'),
        # A line break cuts a word in two: the bigram across it is no term of the passage.
        (600, "掩码掩码掩码", "词元，位置，训练，缓存，因 果掩码", "“因果掩码”"),
        # These are the best by meaning and by words, or by meaning alone, but have what is excluded.
        (600, "a mask hides", "a cache and a position and a token and a mask and training", "mask -hides"),
        (200, "attention hides", "attention and a mask", "注意力 -hides"),
    ],
)
def test_what_is_asked_for_is_found_among_many_that_are_nearer(
    tmp_path: Path, count: int, nearer: str, wanted: str, question: str
) -> None:
    build(tmp_path, {"aaaaaaaaaaa": [nearer] * count, "bbbbbbbbbbb": [wanted]})
    found = seekpoint.ask(question, tmp_path, encoder=TopicEncoder())
    assert [moment.resource.id for moment in found.moments] == ["bbbbbbbbbbb"]
    assert not found.missing


def test_a_long_sentence_is_left_where_the_phrase_would_be_cut_off(tmp_path: Path) -> None:
    """Captions without any stop are one sentence, of which a quote shows three lines."""
    lines = [
        "Then it goes on and on about attention, and we listen",
        *["and so on and on, for as long as one can go on in a talk without any stop"] * 3,
    ]
    lines += ["and at last it is the causal mask that counts", "and so on."]
    library = library_of(tmp_path, {"talk [aaaaaaaaaaa].en": ["So. Well. Yes.", *lines]}, seconds=6)
    (moment,) = seekpoint.ask('"that counts"', library, encoder=TopicEncoder()).moments
    assert (moment.start, moment.quote.startswith("and at last it is the causal mask that counts")) == (30.0, True)

"""All caption formats give the same cues; hostile and damaged files are refused in one line."""

import codecs
import json
from contextlib import suppress
from itertools import pairwise
from math import isfinite

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from seekpoint.index.errors import SourceError
from seekpoint.index.types import Cue
from seekpoint.indexer.sources.captions import parse_captions
from tests import fuzzing
from tests.cost import at_most
from tests.fuzzing import SIGNS, json_texts, mutated, values
from tests.indexer.formats import FORMATS, SAID


@pytest.mark.parametrize("name", FORMATS)
def test_each_format_gives_the_same_cues_whatever_the_suffix(name: str) -> None:
    text = FORMATS[name].replace("welcome", "wel\x08come\x1f")
    encoded = [text.encode(encoding) for encoding in ("utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-32")]
    for data in (*encoded, codecs.BOM_UTF32_BE + text.encode("utf-32-be")):
        cues = parse_captions(data, "讲座.vtt").cues
        assert [cue.text for cue in cues] == [cue.text for cue in SAID]
        for cue, said in zip(cues, SAID, strict=True):
            assert (cue.start, cue.end) == pytest.approx((said.start, said.end), abs=0.001)


TTML = '<tt xmlns="http://www.w3.org/ns/ttml" xmlns:p="http://www.w3.org/ns/ttml#parameter" {}><body {}>{}</body></tt>'


@pytest.mark.parametrize(
    ("parameters", "begin", "seconds"),
    [
        ("", "01:02:03.25", 3723.25),
        *(("", "1.5h", 5400.0), ("", "2m", 120.0), ("", "1500ms", 1.5), ("", "12.5s", 12.5), ("", "00:00:01,5", 1.5)),
        *(("", "9.5", 9.5), ("", "1:02.5", 62.5), ("", "95", 95.0)),
        ("p:frameRate='25'", "00:00:01:05", 1.2),
        ("p:frameRate='30' p:frameRateMultiplier='1000 1001'", "300f", 10.01),
        ("p:tickRate='10000000'", "15000000t", 1.5),
    ],
)
def test_the_times_of_ttml(parameters: str, begin: str, seconds: float) -> None:
    text = TTML.format(parameters, "", f"<div><p begin='{begin}' dur='2s'>注意力<br/>a <span>b</span></p></div>")
    (cue,) = parse_captions(text.encode(), "a").cues
    assert cue.text == "注意力 a b"
    assert (cue.start, cue.end) == pytest.approx((seconds, seconds + 2))


def test_times_in_ttml_are_relative_to_the_parent() -> None:
    parts = "<div begin='5s' end='9s'><p>甲</p></div><div begin='20s'><p><span begin='1s' end='2s'>b</span></p></div>"
    text = TTML.format("", "begin='10s'", parts + "<p>untimed</p>")
    for namespace in ("/ns/ttml", "/2006/10/ttaf1"):  # DFXP is an older TTML
        cues = parse_captions(text.replace("/ns/ttml", namespace).encode(), "a").cues
        assert cues[1:] == (Cue(15.0, 19.0, "甲"), Cue(31.0, 32.0, "b"))


APPLES = """<tt xmlns="http://www.w3.org/ns/ttml" xmlns:podcasts="http://podcasts.apple.com/transcript-ttml-internal">
<body dur="4148.949"><div xmlns="" begin="1.220" end="1:09:04.480"><p begin="1.220" end="1:28.620">
<span begin="1.220" end="2.300" podcasts:unit="sentence"><span begin="1.220" end="1.5" podcasts:unit="word">Look</span
><span begin="1.5" end="2.3" podcasts:unit="word">here.</span></span
><span begin="1:23.5" end="1:24.5" podcasts:unit="sentence"><span begin="1:23.5" podcasts:unit="word">注意</span
><span begin="1:24" podcasts:unit="word">力。</span></span></p></div></body></tt>"""


def test_ttml_of_apple_counts_from_the_beginning() -> None:
    assert parse_captions(APPLES.encode(), "a").cues == (Cue(1.22, 2.3, "Look here."), Cue(83.5, 84.5, "注意力。"))
    line = "<p begin='9.5'><span begin='9.5'>mi</span><span begin='10'>le</span> a</p>"
    text = TTML.format("", "dur='0'", f"<div begin='9.5' end='0.0'>{line}</div>")
    assert parse_captions(text.encode(), "a").cues == (Cue(9.5, 9.5, "mile a"),)


def test_in_a_sequence_each_element_of_ttml_begins_where_the_one_before_ends() -> None:
    both = "<div><p dur='5s'>c</p><p dur='1s'>d</p></div>"
    lines = f"<p dur='3s'>甲</p><p begin='2s' end='4s'>b</p>{both}<p dur='1s'>e</p><p>f</p><p dur='2s'>g</p>"
    text = TTML.format("", "begin='10s' timeContainer='seq'", lines)
    assert [cue[:3] for cue in parse_captions(text.encode(), "a").cues] == [
        *((10, 13, "甲"), (15, 17, "b"), (17, 22, "c"), (17, 18, "d"), (22, 23, "e"), (23, 23, "f"), (23, 25, "g"))
    ]


def test_ttml_without_begin_is_shown_from_the_start() -> None:
    text = TTML.format("", "", "<p dur='9s'>甲</p><p>b <span begin='3s'>c</span> d</p><p>e</p>")
    said = [(cue.start, cue.text) for cue in parse_captions(text.encode(), "a").cues]
    assert said == [(0, "甲"), (0, "b"), (0, "d"), (0, "e"), (3, "c")]
    with pytest.raises(SourceError, match="no cue found"):
        parse_captions(TTML.format("", "", "<p>no time in all of it</p>").encode(), "a")


def test_metadata_and_other_namespaces_in_ttml_are_not_said() -> None:
    inside = "<metadata>meta <m:desc>desc</m:desc></metadata>hi <m:actor>Ann</m:actor><set begin='2s'/>你好<i>!</i>"
    text = TTML.format("xmlns:m='http://www.w3.org/ns/ttml#metadata'", "", f"<p begin='1s' end='2s'>{inside}</p>")
    assert parse_captions(text.encode(), "a").cues == (Cue(1.0, 2.0, "hi 你好!"),)


@pytest.mark.parametrize("settings", ["line:40% size:40%", "align:start", " line:0", "\f", ""])
def test_settings_right_behind_a_timing_line_are_not_said(settings: str) -> None:
    text = f"WEBVTT\n\n00:01.000 --> 00:02.000\n甲\n\n00:02.000 --> 00:03.000{settings}\nb\n"
    assert parse_captions(text.encode(), "a").cues == (Cue(1, 2, "甲"), Cue(2, 3, "b")), settings


def test_srt_without_a_timing_line_begins_where_the_cue_before_ends() -> None:
    text = "1\n00:01,0 --> 00:02,0\n甲\n\n3\nx\n\n2\n第二\n\n3\nthree\n\n4\n00:05,0 --> 00:06,0\nd\n\n5\ne\n"
    assert [cue[:3] for cue in parse_captions(text.encode(), "a.srt").cues] == [
        *((1, 2, "甲 3 x"), (2, 2, "第二"), (2, 2, "three"), (5, 6, "d"), (6, 6, "e"))
    ]
    plain = "7\n00:01,0 --> 00:02,0\nx =\n\n2\nso\n\n8\n00:05,0 --> 00:06,0\nd\n\n5\n"
    assert [cue.text for cue in parse_captions(plain.encode(), "a.srt").cues] == ["x = 2 so", "d"]


@pytest.mark.parametrize(
    "text",
    [
        '{"events":[{"tStartMs":1000,"dDurationMs":4000,"segs":[{"utf8":"\\n"},{"utf8":"hi","tOffsetMs":500},'
        '{"utf8":" you","tOffsetMs":900}]},{"tStartMs":2000,"aAppend":1,"segs":[{"utf8":"\\n"}]}]}',
        '<timedtext format="3"><body><w t="0" id="1"/><p t="1000" d="4000"><s> </s><s t="500">hi</s><s t="900"> you</s>'
        '</p><p t="2000" a="1">\n</p></body></timedtext>',
        '{"segments":[{"start":1,"end":5,"text":" hi you","words":[{"word":" hi","start":1.5,"end":2}]}]}',
    ],
)
def test_a_cue_starts_at_the_time_of_its_first_word(text: str) -> None:
    assert parse_captions(text.encode(), "a").cues == (Cue(1.5, 5.0, "hi you"),)


def test_a_line_of_lrc_that_is_repeated_is_read_at_each_time() -> None:
    text = "[ar:某人]\n[00:01.00][1:00:02]副歌 chorus\n[00:03.50]verse\n\n"
    assert parse_captions(text.encode(), "歌.lrc").cues == (
        *(Cue(1.0, 3.5, "副歌 chorus"), Cue(3.5, 3602.0, "verse"), Cue(3602.0, 3607.0, "副歌 chorus")),
    )


VOICES = """WEBVTT

00:00.000 --> 00:04.000
<v.first.loud Ann &amp; Co>hi <i>all</i></v> aside

00:04.000 --> 00:08.000
<v 李雷>你好
<v Ann &amp; Co>yes

0:0:8.0 --> 0:0:9.490
<v Doe, Jane>Ann: no</v>
"""
AGENTS = """<tt xmlns="http://www.w3.org/ns/ttml" xmlns:ttm="http://www.w3.org/ns/ttml#metadata"><head><metadata>
<ttm:agent xml:id="a"><ttm:name type="full">Ann</ttm:name></ttm:agent>
<ttm:agent xml:id="b"><ttm:name>李雷</ttm:name></ttm:agent></metadata></head>
<body ttm:agent="a"><div><p begin="0s" end="1s">hi</p><p begin="1s" end="2s" ttm:agent="b">你好</p>
<p begin="2s" end="3s" ttm:agent="nobody">so</p></div></body></tt>"""
PODCAST = {
    "version": "1.0.0",
    "segments": [
        {"speaker": "Ann", "startTime": 0, "endTime": 1.0, "body": "hi"},
        {"speaker": "李\u202e雷\x1b[31m", "startTime": "1.0", "endTime": 2, "body": "你好"},
        {"startTime": 2, "body": "so"},
    ],
}
WORD = {"word": "hi", "start": 0, "speaker": "B"}
WHISPERX = {
    "segments": [
        {"start": 0, "end": 1.0, "text": " hi", "speaker": "Ann", "words": [WORD]},
        {"start": 1, "end": 2, "text": "你好", "speaker": "李雷"},
        {"start": 2, "end": 2, "text": "so", "speaker": 7},
    ],
    "language": "en",
}


def test_each_format_that_names_speakers_gives_them() -> None:
    voices = parse_captions(VOICES.encode(), "a").cues
    assert [(cue.speaker, cue.text) for cue in voices] == [
        *(("Ann & Co", "hi all"), (None, "aside"), ("李雷", "你好"), ("Ann & Co", "yes"), ("Doe, Jane", "Ann: no"))
    ]
    assert voices[0].start == 0 and 0 < voices[0].end == voices[1].start < voices[1].end == 4
    for text in (AGENTS, json.dumps(PODCAST), json.dumps(WHISPERX)):
        cues = parse_captions(text.encode(), "a").cues
        assert [cue[:3] for cue in cues][:2] == [(0, 1, "hi"), (1, 2, "你好")]
        assert [cue.speaker for cue in cues] == ["Ann", "李雷", None]
    rolling = "WEBVTT\n\n00:01.000 --> 00:02.000\n<v Ann>hi<00:01.500><c> you</c>\n"
    assert parse_captions(rolling.encode(), "a").cues == (Cue(1.0, 2.0, "hi you", speaker="Ann"),)


def test_entities_are_resolved_once() -> None:
    old = '<transcript><text start="1" dur="1">&lt;i&gt;don&amp;#39;t&lt;/i&gt; &amp;amp;lt;</text></transcript>'
    for text, said in (
        ("WEBVTT\n\n00:01.000 --> 00:02.000\n&amp;lt;b&amp;gt; &amp;amp; &lt;\n", "&lt;b&gt; &amp; <"),
        (old, "don't &lt;"),
        ('<timedtext format="3"><body><p t="1000" d="9">&amp;lt; &#39;</p></body></timedtext>', "&lt; '"),
        (TTML.format("", "", '<p begin="1s">&amp;lt;</p>'), "&lt;"),
        ('{"events":[{"tStartMs":1000,"segs":[{"utf8":"&lt;"}]}]}', "&lt;"),
        ('[[{"text":"&amp;","start":1,"duration":1}]]', "&amp;"),
    ):
        assert [cue.text for cue in parse_captions(text.encode(), "a").cues] == [said]
    numbered = f"WEBVTT\n\n00:01.000 --> 00:02.000\n注意 &#{'9' * 5000};"  # more digits than int() takes
    assert parse_captions(numbered.encode(), "a").cues[0].text.startswith("注意 &#999")


def test_cues_without_a_valid_time_are_dropped() -> None:
    starts: tuple[object, ...] = (None, "NaN", 10**400, [], "2.5", 1)
    text = json.dumps({"segments": [{"start": start, "end": None, "text": f"{start}"} for start in starts]})
    assert parse_captions(text.encode(), "a").cues == (Cue(1, 1, "1"), Cue(2.5, 2.5, "2.5"))


LINE = "WEBVTT\n\n00:01.000 --> 00:02.000\n"
BOMB = '<!DOCTYPE tt [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;">]><tt><body><p begin="1s">&b;</p></body></tt>'


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (BOMB, "declares XML entities"),
        (BOMB.replace('"ha"', 'SYSTEM "file:///etc/passwd"'), "declares XML entities"),
        (FORMATS["ttml"][:-20], r"damaged XML \(.*line \d"),
        (FORMATS["json3"][:-5], r"damaged JSON \(.*line 1"),
        ("[" * 200_000, "nested too deep"),
        (TTML.format("", "dur='9s'", "<div>" * 100_000 + "</div>" * 100_000), "nested too deep"),
        ('{"title": "An info.json of yt-dlp", "duration": 60}', "no cue found"),
        ("0:00:01.000,0:00:02.000\n\n", "no cue found"),
        ("<html>not found</html>", "no cue found"),
        (LINE, "no cue found"),
        ("1\n00:00:01,000 -> 00:00:02,000\nhi\n", "no cue found"),
        (" \n\n", "empty"),
        ("\0\1\2ÿ" * 99, "binary"),
    ],
    ids=lambda value: value[:20],
)
def test_what_is_hostile_or_damaged_is_refused_in_one_line(text: str, why: str) -> None:
    with pytest.raises(SourceError, match=why) as caught:
        parse_captions(text.encode(), "坏.ttml")
    assert '"坏.ttml"' in str(caught.value) and "\n" not in str(caught.value) and len(str(caught.value)) < 300


@pytest.mark.parametrize("tag", ["text", "p", "s"])
def test_nested_elements_take_linear_time(tag: str) -> None:
    nested = f'<{tag} start="1" t="1">a' * 10_000 + f"</{tag}>" * 10_000
    for text in (f"<transcript>{nested}</transcript>", f"<timedtext><body>{nested}</body></timedtext>"):
        with suppress(SourceError):
            assert sum(len(cue.text) for cue in parse_captions(text.encode(), "a").cues) == 10_000


FILLERS = "\n|1|0:| |<c |&a|-->|{\\|1\n\n|[|(a|>>|- \n|<00:01.000>|♪".split("|")  # noqa: SIM905
STAMPS = "".join(f"[{number // 60:02}:{number % 60:02}]" for number in range(4000))


@pytest.mark.parametrize(
    "text",
    [
        LINE + "hi <v" + " " * 60_000,
        f"[00:01]{STAMPS}<b>{'注意 words ' * 4000}",
        "[00:01]" * 4000 + f"<b>{'word ' * 5600}",
        f"<tt>{'<agent>' * 60_000}{'</agent>' * 60_000}<body><p begin='1s'>hi</p></body></tt>",
        *(f"1\n00:01,000 --> 00:02,000\nhi\n\n{sign * 50_000}x\n" for sign in FILLERS),
    ],
    ids=lambda text: text[-9:],
)
def test_hostile_captions_take_linear_time(text: str) -> None:
    with at_most(3.0):
        assert 1 <= len(parse_captions(text.encode(), "a").cues) < 200


fuzz = fuzzing.fuzz(60)


def check_captions(data: bytes) -> None:
    try:
        cues = parse_captions(data, "captions").cues
    except SourceError as error:
        assert "\n" not in str(error)
        return
    assert cues
    assert all(0 <= cue.start <= cue.end and isfinite(cue.end) and cue.text.strip() for cue in cues)
    assert all(cue.start <= later.start for cue, later in pairwise(cues))


segments = st.lists(st.fixed_dictionaries({}, optional={"utf8": values, "tOffsetMs": values, "start": values}))
keys = ("start", "end", "duration", "text", "tStartMs", "dDurationMs", "segs", "words")
records = st.lists(st.fixed_dictionaries({}, optional=dict.fromkeys(keys, values | segments)) | values, max_size=4)
documents = st.dictionaries(st.sampled_from(["segments", "events", "language"]), records | values)


@given(
    st.binary()
    | st.text(alphabet=SIGNS).map(str.encode)
    | fuzzing.encoded(mutated(st.sampled_from(list(FORMATS.values()))))
)
@fuzz
def test_any_bytes_give_ordered_cues(data: bytes) -> None:
    check_captions(data)


@given(json_texts("events", "segments", "segs", "utf8", "start", *keys) | (records | documents).map(json.dumps))
@fuzz
def test_json_of_any_shape(text: str) -> None:
    check_captions(text.encode())


times = st.from_regex(
    r"-?[0-9]{0,3}(:[0-9]{1,2}){0,3}(\.[0-9]{1,3})?(h|m|s|ms|f|t)?", fullmatch=True
) | st.sampled_from(["9" * 400, "1e999", "nan", "inf", "٣s", ""])


@given(times, times, times, st.sampled_from(["p", "span", "div"]))
@example("1s", "nan", "1e999", "p")
@fuzz
def test_times_of_any_shape(start: str, end: str, rate: str, tag: str) -> None:
    parameters = 'xmlns="http://www.w3.org/ns/ttml" xmlns:p="http://www.w3.org/ns/ttml#parameter"'
    timed = f'begin="{start}" end="{end}" dur="{end}"'
    inside = f'<{tag} {timed}><p begin="{end}">a</p>b<span begin="{start}">c</span></{tag}>'
    for text in (
        f'<tt {parameters} p:frameRate="{rate}" p:tickRate="{rate}"><body begin="{end}">{inside}</body></tt>',
        f'<transcript><text start="{start}" dur="{end}">a</text><text start="{end}" dur="{rate}">b</text></transcript>',
        f'<timedtext><body><p t="{start}" d="{end}"><s t="{rate}">a</s></p><p t="{rate}">b</p></body></timedtext>',
        f"WEBVTT\n\n{start} --> {end}\n<{rate}>a\n\n00:01.000 --> {rate}\nb\n",
        f"{start},{end}\na\n\n{end},{rate}\nb\n",
    ):
        check_captions(text.encode())

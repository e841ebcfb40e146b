"""Caption files: names, folders, and the variants of WebVTT and SRT in use; the track to take of several."""

import re
from pathlib import Path

import pytest

from seekpoint.index.errors import SourceError, Unfetched
from seekpoint.index.text.clean import clean
from seekpoint.index.types import Cue, Origin
from seekpoint.indexer.sources.captions import (
    CaptionFolders,
    Track,
    choose,
    find_captions,
    language_of,
    nearest,
    parse_captions,
    read_all,
    read_captions,
    stem_of,
    title_of,
    video_id_of,
)
from tests.indexer.formats import FORMATS
from tests.shared import SHARED, needs_shared

ID = "aircAruvnKk"
ZOOM = "GMT20240101-120000_Recording"


@pytest.mark.parametrize(
    ("stem", "rest", "video_id", "language", "title"),
    [
        (f"Any title [{ID}]", ".en.vtt", ID, "en", "Any title"),
        (f"【導論】第 2 講 [2025] [{ID}]", ".zh-TW.vtt", ID, "zh-TW", "【導論】第 2 講 [2025]"),
        (f"a. b. c [{ID}]", ".zh-Hans.srt", ID, "zh-Hans", "a. b. c"),
        (f"Talk [{ID}]", ".en-orig.vtt", ID, "en-orig", "Talk"),
        (f"Talk [{ID}]", ".a.en.vtt", ID, "en", "Talk"),
        (f"[{ID}]", ".pt-BR.VTT", ID, "pt-BR", ""),
        ("Talk v1.0", ".vtt", None, None, "Talk v1.0"),
        ("Intro to Node.js", ".vtt", None, None, "Intro to Node.js"),
        (f"[{ID}] first", ".en.vtt", None, "en", f"[{ID}] first"),
        ("演讲", ".yue.srt", None, "yue", "演讲"),
        *((ZOOM, rest, None, None, ZOOM) for rest in (".transcript.vtt", ".cc.vtt", "_1920x1080.mp4", ".m4a")),
        (f"例会 [{ID}]", ".transcript.zh-CN.vtt", ID, "zh-CN", "例会"),
        (f"{ZOOM}_课程", "_gallery_640x360.mp4", None, None, f"{ZOOM}_课程"),
        ("Screen_1920x1080", ".mp4", None, None, "Screen_1920x1080"),
    ],
)
def test_parts_of_a_file_name(stem: str, rest: str, video_id: str | None, language: str | None, title: str) -> None:
    path = Path("some.folder") / f"{stem}{rest}"
    parts = (stem_of(path), video_id_of(path), language_of(path), title_of(path))
    assert parts == (stem, video_id, language, title)


VTT = "WEBVTT\n\n00:01.000 --> 00:02.500\nhello 你好\n"


def test_captions_are_found_by_video_in_all_folders(tmp_path: Path) -> None:
    others = [f"T [{ID}].en.{suffix}" for suffix in ("dfxp", "json", "json3", "sbv", "srv1", "srv3", "ttml")]
    folders = (f"b/T [{ID}].zh.vtt", f"b/T [{ID}].en.srt", ".x/T [hiddenhidde].vtt")
    no_captions = ("._T [hiddenhidde].vtt", "no id.vtt", f"T [{ID}].info.json", f"T [{ID}].json", "messages.en.json")
    for name in (*others, *folders, *no_captions, f"T [{ID}].mp4"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    found = {video_id: [path.name for path in paths] for video_id, paths in find_captions(tmp_path).items()}
    assert found == {ID: [*others, f"T [{ID}].en.srt", f"T [{ID}].zh.vtt"]}
    assert [path.name for path in CaptionFolders().beside(tmp_path / f"T [{ID}].mp4")] == others
    empty = tmp_path / "empty"
    empty.mkdir()
    for folder, reason in ((empty, r"Any title \[VIDEO_ID\]"), (empty / "none", "no such folder")):
        with pytest.raises(SourceError, match=reason):
            find_captions(folder)
    with pytest.raises(SourceError, match="not a folder"):
        find_captions(tmp_path / "no id.vtt")


def test_captions_beside_a_recording(tmp_path: Path) -> None:
    both = ["讲座 v1.0.en.vtt", "讲座 v1.0.zh.srt"]
    zoom = [f"{ZOOM}.cc.vtt", f"{ZOOM}.transcript.vtt"]
    for name in (*both, *zoom, "x.transcript.vtt", "讲座 v1.0.mp4", "讲座 v1.0 b.en.vtt", "Talk.de.vtt", "Talk.de.mp4"):
        (tmp_path / name).touch()
    for name, found in (
        ("讲座 v1.0.mp4", both),
        ("讲座 v1.0.zh.srt", both),
        ("Talk.de.mp4", ["Talk.de.vtt"]),
        ("alone.mp4", []),
        *((f"{ZOOM}{view}.mp4", zoom) for view in ("", "_1920x1080", "_as_640x360")),
        ("x.transcript.mp4", ["x.transcript.vtt"]),
        ("none/a.mp4", []),
    ):
        assert [path.name for path in CaptionFolders().beside(tmp_path / name)] == found


@pytest.mark.parametrize(
    ("name", "text", "language"),
    [
        ("a.zh-TW.vtt", VTT, "zh-TW"),
        ("a.vtt", VTT.replace("WEBVTT\n", "WEBVTT\nKind: captions\nLanguage: zh-Hans\n"), "zh-Hans"),
        ("a.vtt", VTT, "zh"),
        ("a.vtt", VTT.replace("你好", "all of you, welcome to this talk about attention"), "en"),
        ("a.lrc", "[00:01.00]大家好，今天我们讲注意力机制", "zh"),
        ("a.en.vtt", VTT.replace("hello", ""), "en"),
        ("a.vtt", VTT.replace("WEBVTT\n", "WEBVTT\nLanguage: en\n"), "en"),
        ("a.und.vtt", VTT, "zh"),
        *(
            ("a.vtt", VTT.replace("hello 你好", words), "und")
            for words in ("OK OK", "yes", "first second", "2 + 2 = 4")
        ),
        ("a.ttml", FORMATS["ttml"], "zh-Hant"),
        ("a.json", FORMATS["whisper"], "zh"),
        ("a.json", FORMATS["whisper"].replace('"zh"', '"chinese"'), "zh"),
    ],
)
def test_the_language_is_in_the_name_or_in_the_file_or_told_by_the_words(
    tmp_path: Path, name: str, text: str, language: str
) -> None:
    (tmp_path / name).write_text(text, "utf-8")
    transcript = read_captions(tmp_path / name)
    assert (transcript.language, transcript.origin) == (language, Origin.LOCAL)


def test_a_file_whose_name_has_the_language_comes_before_one_whose_words_tell_it(tmp_path: Path) -> None:
    paths = [tmp_path / name for name in ("讲座.lrc", "讲座.vtt", "讲座.zh.vtt")]
    for path, text in zip(paths, ("[00:01.00]OK", VTT, VTT), strict=True):
        path.write_text(text, "utf-8")
    transcripts, messages = read_all(paths)
    assert [transcript.language for transcript in transcripts] == ["zh", "und"]
    assert messages == ('captions "讲座.vtt": left out, "讲座.zh.vtt" has the same language',)


def parse(text: str, encoding: str = "utf-8") -> tuple[Cue, ...]:
    return parse_captions(text.encode(encoding), "talk.vtt").cues


WEBVTT = """WEBVTT - a talk
Kind: captions

REGION
id:fred

STYLE
::cue { color: red }

NOTE a remark

intro
00:01.000 --> 00:02.500 align:start position:0%
<v Ann>hi<00:00:01.400><c> you</c> &amp; <c.red>me</c> &lt;b&gt;

第二
01:00:03.001 --> 100:00:04.999
- {1, 2}&nbsp;a < b and c > d
<i>在 2017</i>
2017

NOTE
the end
"""
MALFORMED_SRT = (
    "1\r\n00:00:01,000 --> 00:00:02,500 X1:0\r\n{\\an8}<font color='#fff'>one</font>\r\n\r\nmore\r\n\r\n"
    "2\r\n00:00:03,5 --> 00:00:04\r\n1984\r\n3\r\n00:05.000 --> 00:06,000\r\n三\r\n4\r\n\r\n\r\n"
)


def test_webvtt_and_srt_with_all_features() -> None:
    long = Cue(3603.001, 360004.999, "{1, 2} a < b and c > d 在 2017 2017")
    assert parse(WEBVTT) == (Cue(1.0, 2.5, "hi you & me <b>", speaker="Ann"), long)
    assert parse(MALFORMED_SRT) == (Cue(1.0, 2.5, "one more"), Cue(3.5, 4.0, "1984"), Cue(5.0, 6.0, "三 4"))


@pytest.mark.parametrize(
    "text",
    [
        "WEBVTT\n\n00:01.000 --> 00:02.000\none 一\n00:02.000 --> 00:03.000\ntwo\n",
        "WEBVTT\n00:01.000 --> 00:02.000\none 一\n\n00:02.000 --> 00:03.000\ntwo\n",
        "\nWEBVTT\n\n00:01,000 --> 00:02,000\none 一\n\n00:02.000 --> 00:03.000\ntwo\n",
        "WEBVTT\n\n00:01.000 --> 00:02.000\none 一\n\n00:02.000 --> 00:03.000\ntwo\n\n00:03.000 --> 0",
        "1\n00:00:01.000 --> 00:00:02.000\none 一\n\n2\n00:00:02.000 --> 00:00:03.000\ntwo\n",
        "00:01,000 --> 00:02,000\none 一\n\n00:02,000 --> 00:03,000\ntwo\n",
        "1\n00:00:01,000 --> 00:00:02,000\none 一\n2\n00:00:02,000 --> 00:00:03,000\ntwo\n",
        "1 \n00:00:01,000 --> 00:00:02,000\n\none 一\n\n2\n00:00:02,000 --> 00:00:03,000 X1:4 Y1:2\ntwo\n",
        "1\n00:00:01,000 --> 00:00:02,000\none 一\n\n2\n00:00:02,000 --> 00:00:03,000\ntwo\n\n3\n00:00:03,000 --",
    ],
)
def test_a_fault_in_one_place_costs_no_cue(text: str) -> None:
    assert parse(text) == (Cue(1.0, 2.0, "one 一"), Cue(2.0, 3.0, "two"))


@pytest.mark.parametrize(
    "said", ["from a --> b 到", "https://a.org/?x=1&copy=2&lt=3", "Ã© is é, read as Latin-1", "List<int> x"]
)
def test_text_that_resembles_markup_is_kept(said: str) -> None:
    assert parse(f"WEBVTT\n\n00:01.000 --> 00:02.000\n{said}\n") == (Cue(1.0, 2.0, said),)


SRT = "".join(f"{n}\n00:00:0{n},000 --> 00:00:0{n},900\n第{n}句 sentence {n}\n\n" for n in range(1, 6))


@pytest.mark.parametrize("data", [SRT.encode(), b"WEBVTT\n\n" + SRT.replace(",", ".").encode()])
def test_a_truncated_file_keeps_its_complete_cues(data: bytes) -> None:
    whole = parse_captions(data, "n").cues
    for cut in range(len(data) // 2, len(data)):
        cues = parse_captions(data[:cut], "n").cues
        assert cues[:-1] == whole[: len(cues) - 1]
        assert cues[-1].text.startswith("第") and "-->" not in cues[-1].text


def test_encodings() -> None:
    for encoding, text in (
        ("utf-16-be", "注意力 attention"),
        ("gb18030", "大家好，今天我们来讲一下深度学习里面的注意力机制"),
        ("big5", "大家好，今天我們來講一下深度學習裡面的注意力機制"),
        ("shift_jis", "こんにちは、今日は深層学習の注意機構について話します"),
        ("latin-1", "Aujourd'hui nous parlons de réseaux très profonds, ça marche"),
    ):
        cues = parse("\n".join(f"{n}\n00:00:0{n},000 --> 00:00:0{n},900\n{text}\n" for n in range(1, 4)), encoding)
        assert [cue.text for cue in cues] == [text] * 3
    damaged = SRT.encode().replace(b"sentence 3", b"sent\xe9nce 3")
    assert [cue.text[:2] for cue in parse_captions(damaged, "n").cues] == [f"第{n}" for n in range(1, 6)]


def test_a_character_that_was_lost_before_does_not_change_the_encoding() -> None:
    text = "caf\ufffd déjà vu near the station"
    assert [cue.text for cue in parse_captions(f"1\n00:00:01,000 --> 00:00:02,000\n{text}\n".encode(), "n").cues] == [
        text
    ]


def test_a_file_that_cannot_be_read_says_why(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r'"坏.en.vtt".*can\'t be read'):
        read_captions(tmp_path / "坏.en.vtt")


# All text of the real captions that isn't spoken.
UNSAID = re.compile(
    r"(?i)\[(?:Music|Applause|Laughter|Silence|\.*Inaudible\.*| __ |聽不清楚)\]|\(笑\)|^- (?=(?-i:[A-Z]))"
    r"|\A\s*\[[^\W\d_ ]+(?: [^\W\d_]+)*\]\s*\Z",
    re.MULTILINE,
)


@needs_shared
@pytest.mark.slow
def test_real_captions_equal_a_simple_parse() -> None:
    for path in sorted((SHARED / "captions").iterdir())[::3]:
        blocks = re.findall(r"^(\d\d):(\d\d):(\d\d\.\d{3}) --> .*\n((?:.+\n)+)", path.read_text("utf-8"), re.MULTILINE)
        said = sorted(
            (round(3600 * int(h) + 60 * int(m) + float(s), 3), clean(UNSAID.sub("", text))) for h, m, s, text in blocks
        )
        cues = read_captions(path).cues
        assert [cue.start for cue in cues] == [start for start, text in said if text], path.name
        characters = sum(len(text.replace(" ", "")) for _, text in said)
        assert sum(len(cue.text.replace(" ", "")) for cue in cues) == characters, path.name


MANUAL = [Track("en-GB"), Track("yue"), Track("zh-Hant"), Track("zh-Hans")]
OFFERED = [Track("en", is_generated=True), *MANUAL, Track("pt-BR", is_generated=True)]


@pytest.mark.parametrize(
    ("wanted", "taken"),
    [
        (["en"], ["en-GB"]),  # people before programs
        (["zh-Hans"], ["zh-Hans"]),  # its very tag
        (["zh"], ["zh-Hant"]),
        (["yue"], ["yue"]),  # the same primary language, another subtag
        (["pt"], ["pt-BR"]),
        (["zh-TW", "en-US", "zh-Hant"], ["zh-Hant", "en-GB"]),  # each once, in the order of the languages
        (["de"], []),
        ([], []),
    ],
)
def test_the_nearest_track_is_taken_in_each_language(wanted: list[str], taken: list[str]) -> None:
    assert [track.language for track in nearest(OFFERED, wanted)] == taken


@pytest.mark.parametrize(
    ("offered", "spoken", "taken"),
    [
        (OFFERED, "", "en-GB"),  # the first generated track is in the spoken language
        (OFFERED, "zh-Hans", "zh-Hans"),
        (MANUAL, "", "en-GB"),
        ([Track("en"), Track("")], "", "en"),
        ([Track("en"), Track("fr")], "de", "en"),
    ],
)
def test_by_default_the_track_in_the_spoken_language_is_taken(offered: list[Track], spoken: str, taken: str) -> None:
    assert [track.language for track in choose(offered, [], spoken)] == [taken]


@pytest.mark.parametrize(
    ("offered", "wanted", "said"),
    [
        ([], [], "no transcript (there is: none)"),
        ([Track("en"), Track("zh"), Track("en"), Track("")], ["de"], "no transcript in de (there is: en, zh, und)"),
    ],
)
def test_a_resource_without_a_track_says_what_there_is(offered: list[Track], wanted: list[str], said: str) -> None:
    with pytest.raises(Unfetched) as caught:
        choose(offered, wanted)
    assert str(caught.value) == said

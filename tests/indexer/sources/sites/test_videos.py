"""Videos of other sites: yt-dlp's own extractors ask servers of ours, which answer in the sites' shapes."""

from __future__ import annotations

import json
from contextlib import suppress
from math import isfinite
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from yt_dlp.aes import aes_cbc_encrypt_bytes

from seekpoint.index.errors import Unfetched
from seekpoint.index.text.languages import primary
from seekpoint.index.types import Chapter, Details, Kind, Origin, State
from seekpoint.indexer.reading_list.addresses import short_hash
from seekpoint.indexer.sources.captions import Track, choose
from seekpoint.indexer.sources.metadata import stated_details
from seekpoint.indexer.sources.provenance import FetchResult, FromTracks
from seekpoint.indexer.sources.sandbox import SANDBOX
from seekpoint.indexer.sources.sites.extraction import tracks_of, without_translations
from seekpoint.indexer.sources.sites.videos import VideoSites, is_no_video
from tests.fake_sites import WORDS, ZH, FakeSites, add_bilibili, add_vimeo, at, page_with_player, vtt
from tests.fuzzing import values

BILIBILI, VIMEO, LECTURE, TITLE = (
    "https://www.bilibili.com/video/BV1xx411c7mD",
    "https://vimeo.com/76979871",
    "https://uni.example/lecture",
    "Lecture 3: attention and masks",
)


def fetched(sites: FakeSites, address: str, *languages: str) -> FetchResult:
    return VideoSites(sites.web(), languages).fetch(at(address), 0.0)


def refused(sites: FakeSites, address: str, *languages: str) -> Unfetched:
    with pytest.raises(Unfetched) as caught:
        fetched(sites, address, *languages)
    return caught.value


def texts(result: FetchResult) -> list[list[str]]:
    return [[cue.text for cue in transcript.cues] for transcript in result.transcripts]


def test_bilibilis_captions_are_read_with_its_details(sites: FakeSites) -> None:
    add_bilibili(sites, captions={"ai-zh": ZH, "ai-en": WORDS})
    result = fetched(sites, f"{BILIBILI}/?spm_id_from=333&t=9")
    [transcript] = result.transcripts
    assert (transcript.language, transcript.origin) == ("zh", Origin.GENERATED), "the other one is a translation"
    assert [(cue.start, cue.text) for cue in transcript.cues] == [(start, text) for start, _, text in ZH]
    details = result.details
    assert (details.title, details.channel, details.duration) == ("注意力机制讲解", "某老师", 600)
    assert (details.published, details.thumbnail) == ("2023-11-14", "https://i1.hdslb.example/cover.jpg")
    assert details.chapters == (Chapter(0, "开头"), Chapter(5, "掩码"))
    assert (result.kind, result.provenance, result.end) == (Kind.VIDEO, FromTracks("site"), None)


def test_no_translation_of_generated_captions_is_taken(sites: FakeSites) -> None:
    add_bilibili(sites, captions={"ai-zh": ZH, "ai-en": WORDS, "zh-CN": ZH})
    assert [(one.language, one.origin) for one in fetched(sites, BILIBILI).transcripts] == [("zh-CN", Origin.MANUAL)]
    assert [one.language for one in fetched(sites, BILIBILI, "zh", "fr").transcripts] == ["zh-CN"]
    failure = refused(sites, BILIBILI, "en")
    assert (failure.state, failure.reason.code) == (State.NO_TRANSCRIPT, "no_track_in")
    assert "zh-CN" in failure.reason


def test_an_old_video_in_several_files_is_one_video(sites: FakeSites) -> None:
    add_bilibili(sites, captions={"zh-CN": ZH})
    files = [{"url": f"https://upos.bilivideo.example/{n}.flv", "length": 300_000, "size": 9} for n in (1, 2)]
    shown = {"durl": files, "quality": 32, "accept_quality": [32], "support_formats": []}
    sites.add("https://api.bilibili.com/x/player/wbi/playurl?bvid=BV1xx411c7mD", {"code": 0, "data": shown})
    result = fetched(sites, BILIBILI)
    assert texts(result) == [[text for *_, text in ZH]]
    assert (result.details.title, result.playlist) == ("注意力机制讲解", None)


def test_a_video_whose_captions_take_a_login_says_so(sites: FakeSites) -> None:
    add_bilibili(sites, needs_login=True)
    failure = refused(sites, BILIBILI)
    assert (failure.state, failure.reason.code) == (State.NO_TRANSCRIPT, "site_captions_login")
    add_bilibili(sites)
    assert refused(sites, BILIBILI).reason.code == "site_no_captions"


def test_the_parts_of_a_lecture_on_bilibili_are_a_playlist(sites: FakeSites) -> None:
    add_bilibili(sites, parts=3, captions={"zh-CN": ZH})
    playlist = fetched(sites, BILIBILI).playlist
    assert playlist and playlist.title == "注意力机制讲解"
    assert [entry.resource.url for entry in playlist.entries] == [f"{BILIBILI}?p={part}" for part in (1, 2, 3)]
    assert {entry.resource.kind for entry in playlist.entries} == {Kind.VIDEO}
    second = fetched(sites, f"{BILIBILI}?p=2")
    assert second.transcripts and second.details.title == "注意力机制讲解 p02 第2节"
    limited = VideoSites(sites.web(), limit=2).fetch(at(BILIBILI), 0.0).playlist
    assert limited and len(limited.entries) == 2


def test_vimeos_captions_are_read_in_the_languages_that_are_asked_for(sites: FakeSites) -> None:
    add_vimeo(sites, captions={"en-x-autogen": WORDS, "de": WORDS, "zh-Hans": ZH})
    assert [one.language for one in fetched(sites, VIMEO, "zh", "de").transcripts] == ["zh-Hans", "de"]
    result = fetched(sites, "https://player.vimeo.com/video/76979871?autoplay=1")
    [transcript] = result.transcripts
    assert (transcript.language, transcript.origin) == ("en", Origin.GENERATED), "a generated track is what is spoken"
    assert texts(result) == [[text for *_, text in WORDS]]
    details = result.details
    assert (details.title, details.channel, details.duration) == ("Attention", "A channel", 62)
    assert details.chapters == (Chapter(0, "Opening"), Chapter(5, "Masks"))
    assert details.thumbnail == "https://i.vimeocdn.example/video/1-d_640"


def test_a_video_on_any_page_is_read_by_its_track(sites: FakeSites) -> None:
    sites.add(LECTURE, page_with_player("l3.mp4", ("de", "l3.de.vtt"), ("en", "l3.vtt"), title=TITLE))
    sites.add("https://uni.example/l3.vtt", vtt(WORDS), "text/vtt")
    result = fetched(sites, LECTURE)
    assert [one.language for one in result.transcripts] == ["en"], "the language of its title"
    assert result.details.title == TITLE
    assert texts(result) == [[text for *_, text in WORDS]]
    sites.add("https://uni.example/讲座", page_with_player("/l4.mp4", ("zh", "/l4.srt"), title="第四讲"))
    srt = "".join(f"{n}\n00:00:0{n},000 --> 00:00:0{n},900\n{text}\n\n" for n, (*_, text) in enumerate(ZH, 1))
    sites.add("https://uni.example/l4.srt", srt.encode("gb18030"), "application/x-subrip")
    result = fetched(sites, "https://uni.example/讲座")
    assert (result.transcripts[0].language, texts(result)) == ("zh", [[text for *_, text in ZH]])
    assert not [address for address in sites.requests if address.endswith(".mp4")], "no recording is fetched"


def test_captions_in_segments_are_put_together_with_their_times(sites: FakeSites) -> None:
    media = '#EXT-X-MEDIA:TYPE=SUBTITLES,GROUP-ID="s",NAME="English",LANGUAGE="en",URI="en/all.m3u8"'
    stream = '#EXT-X-STREAM-INF:BANDWIDTH=64000,CODECS="mp4a.40.2",SUBTITLES="s"\nsound.m3u8'
    master = f"#EXTM3U\n{media}\n{stream}\n"
    sites.add("https://uni.example/talk.m3u8", master, "application/vnd.apple.mpegurl")
    listed = "".join(f"#EXTINF:10,\n{n}.vtt\n" for n in range(2))
    sites.add(
        "https://uni.example/en/all.m3u8",
        f"#EXTM3U\n#EXT-X-TARGETDURATION:10\n{listed}#EXT-X-ENDLIST\n",
        "application/vnd.apple.mpegurl",
    )
    # Each segment counts from its own zero, and the last cue of one is the first of the next.
    for n, start in enumerate((900_000, 1_800_000)):
        header = f"WEBVTT\nX-TIMESTAMP-MAP=MPEGTS:{start},LOCAL:00:00:00.000"
        sites.add(f"https://uni.example/en/{n}.vtt", vtt([WORDS[n]], header), "text/vtt")
    result = fetched(sites, "https://uni.example/talk.m3u8")
    [transcript] = result.transcripts
    assert [(cue.start, cue.text) for cue in transcript.cues] == [(1, WORDS[0][2]), (15, WORDS[1][2])]
    del sites._answers["https://uni.example/en/1.vtt"]
    assert refused(sites, "https://uni.example/talk.m3u8").state is not State.INDEXED, "a hole is an error"


def test_teds_subtitles_are_read_in_the_language_of_the_talk(sites: FakeSites) -> None:
    address, host = "https://www.ted.com/talks/ada_on_engines", "https://hls.ted.example"
    listed = "".join(
        f'#EXT-X-MEDIA:TYPE=SUBTITLES,GROUP-ID="s",NAME="{code}",LANGUAGE="{code}",URI="{code}.m3u8"\n'
        for code in ("de", "en", "zh-cn")
    )
    stream = '#EXT-X-STREAM-INF:BANDWIDTH=64000,CODECS="avc1.4d400c,mp4a.40.2",SUBTITLES="s"\nfilm.m3u8\n'
    sites.add(f"{host}/1.m3u8", f"#EXTM3U\n{listed}{stream}", "application/x-mpegURL")
    for code, said in (("en", WORDS), ("zh-cn", ZH)):
        sites.add(f"{host}/{code}.m3u8", f"#EXTM3U\n#EXTINF:600,\n{code}.vtt\n#EXT-X-ENDLIST\n", "text/plain")
        sites.add(f"{host}/{code}.vtt", vtt(said), "text/vtt")
    player = {"resources": {"hls": {"stream": f"{host}/1.m3u8"}}, "thumb": "https://t.example/1.jpg"}
    talk = {"id": "1", "title": "How engines weigh the words of a sentence", "presenterDisplayName": "Ada"}
    shown = {"props": {"pageProps": {"videoData": {**talk, "duration": 600, "videoPlayerData": player}}}}
    script = f'<script id="__NEXT_DATA__" type="application/json">{json.dumps(shown)}</script>'
    sites.add(address, f"<html><head></head><body>{script}</body></html>")
    result = fetched(sites, f"{address}?subtitle=de")
    assert [one.language for one in result.transcripts] == ["en"]
    assert texts(result) == [[text for *_, text in WORDS]]
    assert (result.details.title, result.details.channel) == ("How engines weigh the words of a sentence", "Ada")
    assert texts(fetched(sites, address, "zh")) == [[text for *_, text in ZH]]


def test_a_lecture_on_panopto_is_read_unless_it_takes_a_login(sites: FakeSites) -> None:
    root = "https://uni.hosted.panopto.com/Panopto/Pages"
    address = f"{root}/Viewer.aspx?id=09969705-c96b-4e87-8424-abb7004200f4"
    info = f"{root}/Viewer/DeliveryInfo.aspx"
    marks = [{"Time": 0, "Duration": 5, "Caption": "开头"}, {"Time": 5, "Duration": 9, "Caption": "掩码"}]
    delivery = {"SessionName": "第三讲", "Duration": 20.0, "AvailableLanguages": [8], "Timestamps": marks}
    stream = {"StreamUrl": "https://media.example/1.mp4", "ViewerMediaFileTypeName": "mp4"}
    shown = {**delivery, "OwnerDisplayName": "某老师", "SessionGroupLongName": "深度学习", "PodcastStreams": [stream]}
    sites.add(info, {"Delivery": shown})
    said = [{"Time": start, "Duration": end - start, "Caption": text} for start, end, text in ZH]
    sites.add(f"{info}?getCaptions=True", json.dumps(said), "application/json")
    result = fetched(sites, f"{address}&start=3")
    assert [(one.language, one.origin) for one in result.transcripts] == [("zh-CN", Origin.MANUAL)]
    assert texts(result) == [[text for *_, text in ZH]]
    assert (result.details.title, result.details.channel) == ("第三讲", "深度学习")
    assert result.details.chapters == (Chapter(0, "开头"), Chapter(5, "掩码"))
    sites.add(info, {"ErrorCode": 2})
    assert refused(sites, address).reason.code == "site_login"


def test_an_address_that_leads_to_a_video_of_a_known_site_is_that_video(sites: FakeSites) -> None:
    add_vimeo(sites, captions={"en": WORDS})
    frame = '<iframe src="https://player.vimeo.com/video/76979871"></iframe>'
    sites.add(LECTURE, f"<html><title>Talk</title><body>{frame}<script>x</script></body></html>")
    result = fetched(sites, LECTURE)
    assert result.end and result.end.url == VIMEO
    assert result.transcripts


def test_a_page_without_a_video_says_so(sites: FakeSites) -> None:
    sites.add(LECTURE, "<html><title>Menu</title><body><nav>a menu</nav></body></html>")
    assert is_no_video(refused(sites, LECTURE))


def test_a_playlist_is_listed_without_asking_for_its_videos(sites: FakeSites) -> None:
    add_bilibili(sites, parts=4)
    playlist = VideoSites(sites.web(), limit=3).fetch_listing(at(BILIBILI)).playlist
    assert playlist and len(playlist.entries) == 3
    assert playlist.entries[0].resource.id == short_hash(f"{BILIBILI}?p=1")
    assert not [address for address in sites.requests if "wbi/v2" in address]


PROGRAMS = (
    "rtmpdump ffmpeg ffprobe avconv avprobe phantomjs mplayer mpv vlc aria2c axel curl wget http httpie "
    "node deno bun qjs quickjs-ng"
)
ENCRYPTED = "#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXT-X-KEY:METHOD={},URI=k\n#EXTINF:10,\n0.ts\n#EXT-X-ENDLIST\n"
F4M = '<manifest xmlns="http://ns.adobe.com/f4m/1.0"><media url="a" bitrate="1"/></manifest>'


@pytest.fixture
def ran(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file in which the programs note that they run that yt-dlp knows."""
    folder, ran = tmp_path / "bin", tmp_path / "ran"
    folder.mkdir()
    for name in PROGRAMS.split():
        (folder / name).write_text(f"#!/bin/sh\necho {name} $* >> {ran}\necho {name} version 4.2\n")
        (folder / name).chmod(0o755)
    monkeypatch.setenv("PATH", str(folder), prepend=":")
    SANDBOX.close()  # the next child has this PATH
    return ran


def test_no_other_program_runs_for_a_sound(sites: FakeSites, tmp_path: Path, ran: Path) -> None:
    add_bilibili(sites, sound="https://upos.bilivideo.example/a.m4s")
    sites.add("https://upos.bilivideo.example/a.m4s", b"sound" * 1000, "audio/mp4")
    audio = VideoSites(sites.web()).sound(at(BILIBILI), tmp_path / "sounds")
    assert audio.path.read_bytes() == b"sound" * 1000
    assert audio.details.title == "注意力机制讲解"
    sites.add(LECTURE, page_with_player("talk.m3u8"))
    sites.add("https://uni.example/talk.m3u8", ENCRYPTED.format("AES-128"), "application/vnd.apple.mpegurl")
    sites.add("https://uni.example/k", b"k" * 16, "application/octet-stream")
    sites.add("https://uni.example/0.ts", aes_cbc_encrypt_bytes(b"sound" * 100, b"k" * 16, bytes(16)), "video/mp2t")
    audio = VideoSites(sites.web()).sound(at(LECTURE), tmp_path / "sounds")
    assert audio.path.read_bytes() == b"sound" * 100, "segments are decrypted"
    assert not ran.exists()


@pytest.mark.parametrize(
    "source",
    [
        *(f"{scheme}://127.0.0.1:9/live/x" for scheme in ("rtmp", "rtmpe", "rtmp_ffmpeg", "rtsp", "mms")),
        "niconico_live://127.0.0.1:9/live/x",
        *(f"{scheme}://127.0.0.1:9/x.mp4" for scheme in ("ws", "wss", "ftp", "websocket_frag")),
        *("file:///etc/passwd", "x.f4m", "x.ism/Manifest", "x.m3u8"),
    ],
)
def test_what_takes_another_program_or_protocol_has_no_sound(
    sites: FakeSites, tmp_path: Path, ran: Path, source: str
) -> None:
    sites.add(LECTURE, page_with_player(source))
    sites.add("https://uni.example/x.m3u8", ENCRYPTED.format("SAMPLE-AES"), "application/vnd.apple.mpegurl")
    sites.add("https://uni.example/x.f4m", F4M, "application/f4m+xml")
    with pytest.raises(Unfetched) as caught:
        VideoSites(sites.web()).sound(at(LECTURE), tmp_path / "sounds")
    assert caught.value.reason.code in ("site_no_sound", "nothing_there"), caught.value
    assert not ran.exists()


def test_ill_formed_details_stay_empty() -> None:
    hostile = {"title": "\x1b[2J掩码\n(1)", "channel": ["x"], "duration": float("inf"), "upload_date": "2024-1-1"}
    marks = [{"start_time": "x", "title": "a"}, {"start_time": float("nan"), "title": "b"}, 7, {"start_time": 3}]
    details = stated_details({**hostile, "chapters": [*marks, {"start_time": 5, "title": "\x07Masks"}]})
    assert (details.title, details.channel, details.duration, details.published) == ("掩码 (1)", None, None, None)
    assert details.chapters == (Chapter(5, "Masks"),)
    assert stated_details({"chapters": {"a": 1}, "title": None, "thumbnail": "javascript:alert(1)"}) == Details()
    assert (
        stated_details({"thumbnail": "//i0.example/封面.jpg"}).thumbnail == "https://i0.example/%E5%B0%81%E9%9D%A2.jpg"
    )
    assert stated_details({"thumbnail": "http://i0.example/a.jpg"}).thumbnail == "https://i0.example/a.jpg"
    assert stated_details({"extractor_key": "Generic", "title": "Masks (1)"}).title == "Masks"


FORM = st.fixed_dictionaries({}, optional={"url": st.text(max_size=9), "data": st.text(max_size=9), "ext": values})
KEYS = ("en", "zh-CN", "ai-zh", "en-x-autogen", "danmaku", "und", "English", "eng")


@given(
    st.dictionaries(st.sampled_from(["title", "channel", "duration", "upload_date", "chapters", "uploader"]), values)
)
def test_any_description_has_details(info: dict[str, object]) -> None:
    details = stated_details(info)
    assert all("\x1b" not in text and "\n" not in text for text in (details.title or "", details.channel or ""))
    assert all(isfinite(chapter.start) for chapter in details.chapters)


@given(
    st.dictionaries(st.sampled_from(KEYS) | st.text(max_size=6), st.lists(FORM, max_size=2), max_size=5),
    st.lists(st.sampled_from(["en", "zh", "de"])),
)
def test_any_tracks_give_one_a_language(tracks: dict[str, list[dict[str, object]]], wanted: list[str]) -> None:
    chosen: list[Track] = []
    with suppress(Unfetched):
        chosen = choose(without_translations(tracks_of({"subtitles": tracks}), "zh"), wanted, "zh")
    assert len(chosen) <= max(len(set(wanted)), 1)
    assert not any(track.source.get("ext") == "xml" for track in chosen)
    if wanted:
        assert all(primary(track.language) in wanted for track in chosen)

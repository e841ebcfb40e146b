"""What nobody wrote down, from the sound to the answer, with the real model of speech."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from platformdirs import user_cache_path
from pytest_httpserver import HTTPServer

from seekpoint.index.types import Chapter, Origin, ResourceStatus, State
from seekpoint.indexer.fetch.http_session import Web
from tests.cli.here import Ran, call
from tests.fake_youtube import FakeYouTube
from tests.feeds import FEED, SHOW, chapters, feed, item
from tests.indexer.builds import Workshop, webvtt
from tests.indexer.sources.recordings.films import sound
from tests.speech import FakeSounds, needs_espeak, recording, speech_model

pytestmark = pytest.mark.slow

pytest.importorskip(
    "faster_whisper", reason='transcription needs one more package: pip install "seekpoint[transcribe]"'
)

SECONDS = 5
# Between topics nobody says anything for so long that a question has one right place. Of Chinese there are sentences
# that the base model makes out when espeak-ng says them; of technical ones it gets too little.
SOFTMAX = "The softmax turns any scores into probabilities that add up to one."
LECTURE = (
    (1.0, SOFTMAX, "How do scores become probabilities?"),
    (47.0, "We use dropout, so that the network does not overfit.", "What keeps the network from overfitting?"),
)
LESSON = ((1.0, "今天的天气很好，我们去公园。", "今天天气怎么样？"), (47.0, "妈妈每天早上喝咖啡。", "谁在早上喝咖啡？"))
SPOKEN, MUTE, CAPTIONED = "spoken-talk", "mute-talk-1", "with-script"
TITLE = "归一化 explained"


@dataclass(frozen=True)
class Studio:
    """A folder of recordings, and a user's cache and library beside it."""

    folder: Path
    model: str
    web: Web | None = None

    @property
    def talks(self) -> Path:
        return self.folder / "talks"

    @property
    def transcripts(self) -> Path:
        return self.folder / "cache" / "seekpoint" / "transcripts"

    def call(self, command: str, *arguments: str | Path) -> Ran:
        """The cache is the studio's own, but for the embedding model, which takes long to unpack."""
        models, here = (cache / "models" for cache in (user_cache_path("seekpoint"), self.transcripts.parent))
        models.mkdir(parents=True, exist_ok=True)
        if not here.exists():
            here.parent.mkdir(parents=True)
            here.symlink_to(models)
        own = {"XDG_CACHE_HOME": str(self.folder / "cache")}
        return call(command, *arguments, "--index", self.folder / "library", web=self.web, **own)

    def transcribe(self, *arguments: str | Path) -> Ran:
        return self.call("build", *(arguments or [self.talks]), "--transcribe", "--whisper", self.model, "--pace", "0")

    def listed(self, *videos: str) -> Path:
        """A list of videos."""
        path = self.folder / "list.md"
        path.write_text("\n".join(f"- [{video}](https://youtu.be/{video})" for video in videos), "utf-8")
        return path

    def statuses(self) -> dict[str, dict[str, Any]]:
        """What `status --json` says, by the title."""
        return {found["title"]: found for found in json.loads(self.call("status", "--json").stdout)["resources"]}

    def first(self, question: str) -> dict[str, Any]:
        answer = json.loads(self.call("ask", "--json", question).stdout)
        first: dict[str, Any] = answer["moments"][0]
        return first


@pytest.mark.model
@needs_espeak
def test_a_folder_of_recordings_is_transcribed_once_until_captions_are_put_beside_one(tmp_path: Path) -> None:
    studio = Studio(tmp_path, str(speech_model()))
    studio.talks.mkdir()
    for name, language, said in (("lecture.wav", "en", LECTURE), ("lesson.wav", "zh", LESSON)):
        recording(studio.talks / name, *((at, text) for at, text, _ in said), language=language)
    (studio.talks / "notes.mp4").write_text("不是录音, no recording", "utf-8")
    (studio.talks / "empty.mp3").touch()
    built = studio.transcribe()
    assert built.exit_code == 0, built
    found = studio.statuses()
    assert {name: (one["state"], one["transcript"], one["languages"]) for name, one in found.items()} == {
        "lecture": ("indexed", "generated", ["en"]),
        "lesson": ("indexed", "generated", ["zh"]),
        "notes": ("unavailable", None, []),
        "empty": ("unavailable", None, []),
    }
    assert "no recording that can be read" in found["notes"]["reason"]
    assert "the file is empty" in found["empty"]["reason"]
    assert "other" not in {one.get("reason_code") for one in found.values()}
    for name, said in (("lecture.wav", LECTURE), ("lesson.wav", LESSON)):
        for second, _, question in said:
            first = studio.first(question)
            assert first["link"] == f"{(studio.talks / name).as_uri()}#t={int(first['start'])}"
            assert abs(first["start"] - second) <= SECONDS, first

    kept = studio.transcripts.rename(tmp_path / "out of reach")
    again = studio.transcribe()
    assert (again.exit_code, studio.transcripts.exists()) == (0, False), "it listens to nothing"
    kept.rename(studio.transcripts)
    assert "2 of 4 resources indexed" in again.stdout
    assert "0 new or changed, 0 passages embedded" in again.stdout
    (studio.talks / "lesson.zh.vtt").write_text(webvtt("大家好", "掩码遮住了后面的词"), "utf-8")
    assert "1 new or changed" in studio.transcribe().stdout
    changed = studio.statuses()["lesson"]
    assert (changed["state"], changed["transcript"], changed["languages"]) == ("indexed", "local", ["zh"])
    assert studio.first("掩码有什么用？")["link"] == f"{(studio.talks / 'lesson.wav').as_uri()}#t=10"


def test_a_recording_is_not_listened_to_without_the_flag_or_in_a_dry_run(tmp_path: Path) -> None:
    studio = Studio(tmp_path, "no model is loaded for it")
    studio.talks.mkdir()
    (studio.talks / "讲座.mp3").write_bytes(b"ID3")
    assert studio.transcribe(studio.talks, "--dry-run") == (0, "1 resource\n     1 to be transcribed\n", "")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["cache", "talks"]
    assert studio.call("build", studio.talks).exit_code == 0
    ((_, found),) = studio.statuses().items()
    assert found["state"] == "no_transcript"
    assert "no captions beside it" in found["reason"] and "--transcribe" in found["reason"]
    assert "let --transcribe listen to it" in studio.call("status").stdout
    assert not studio.transcripts.exists()


@pytest.fixture
def workshop(tmp_path: Path, fake: FakeYouTube, monkeypatch: pytest.MonkeyPatch) -> Workshop:
    """Builds with a cache of their own; of the real models they load that of speech alone."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return Workshop(tmp_path, fake)


def check_answers(workshop: Workshop, address: str) -> None:
    """See that an answer begins where the softmax is spoken of, and that no sound is left in the cache."""
    moments = workshop.ask("softmax scores")
    (there,) = (moment for moment in moments if moment.link.startswith(address))
    assert there.start is not None and abs(there.start - 22.0) <= SECONDS
    assert there.link.removeprefix(address).strip("s") == str(int(there.start))
    assert not list((workshop.folder / "cache" / "seekpoint" / "sounds").iterdir())


@needs_espeak
def test_videos_without_captions_are_listened_to_once(
    sounds: FakeSounds, fake: FakeYouTube, workshop: Workshop
) -> None:
    whisper = str(speech_model())
    spoken = recording(workshop.folder / "spoken.wav", (0.5, "Welcome."), (22.0, SOFTMAX))
    sounds.add(SPOKEN, spoken.read_bytes(), title=TITLE)
    fake.make_disabled(MUTE)
    fake.add_video(CAPTIONED, "注意力", {"zh": [(0.0, 5.0, "注意力有多个头")]})
    sources = [f"https://youtu.be/{video}" for video in (MUTE, CAPTIONED, SPOKEN)]
    workshop.build(*sources, whisper=whisper, web=sounds.web)
    found = workshop.statuses()
    assert {video: (status.state, status.transcript) for video, status in found.items()} == {
        MUTE: (State.DEFERRED, None),
        SPOKEN: (State.INDEXED, Origin.GENERATED),
        CAPTIONED: (State.INDEXED, Origin.MANUAL),
    }
    assert "YouTube doesn't give its sound" in (found[MUTE].reason or "")
    check_answers(workshop, f"https://www.youtube.com/watch?v={SPOKEN}&t=")
    sounds.asked.clear()
    workshop.build(*sources, whisper=whisper, web=sounds.web)
    assert (fake.requests, sounds.asked, workshop.statuses()) == ([], [], found)


@needs_espeak
def test_episodes_without_transcripts_are_listened_to_once(fake: FakeYouTube, workshop: Workshop) -> None:
    whisper = str(speech_model())
    spoken = recording(workshop.folder / "spoken.wav", (0.5, "Welcome."), (22.0, SOFTMAX))
    chaptered = item(TITLE, chapters(("0:00", "Welcome"), ("0:20", "Scores")), sound=f"{SHOW}/1.wav")
    absent, third = item("缺席", sound=f"{SHOW}/2.wav"), item("Inside", sound=f"{SHOW}/3.mp3")
    fake.add_site(FEED, feed(chaptered, absent, third), "application/rss+xml")
    inside = sound(workshop.folder / "3.mp3", (0.0, "Hello"), (20.0, "分数"), said=spoken)
    fake.add_site(f"{SHOW}/3.mp3", inside.read_bytes(), "audio/mpeg")
    fake.add_site(f"{SHOW}/1.wav", spoken.read_bytes(), "audio/wav")
    fake.add_site(f"{SHOW}/2.wav", "<html>登录</html>", "text/html")

    def found() -> dict[str, ResourceStatus]:
        return {status.title: status for status in workshop.statuses().values()}

    workshop.build(FEED)
    assert {found()[title].state for title in (TITLE, "缺席")} == {State.NO_TRANSCRIPT}
    workshop.build(FEED, whisper=whisper)
    heard = found()
    assert (heard[TITLE].state, heard[TITLE].transcript) == (State.INDEXED, Origin.GENERATED)
    assert [chapter.title for chapter in heard[TITLE].chapters] == ["Welcome", "Scores"]
    assert heard["Inside"].chapters == (Chapter(0.0, "Hello"), Chapter(20.0, "分数"))
    assert "at the address of its sound is text/html" in (heard["缺席"].reason or "")
    check_answers(workshop, f"{SHOW}/1.wav#t=")
    workshop.build(FEED, whisper=whisper)
    assert (fake.requests, found()) == ([("site", FEED)], heard)


@pytest.fixture
def sounds(httpserver: HTTPServer, fake: FakeYouTube) -> FakeSounds:
    return FakeSounds(httpserver, fake)


@pytest.fixture
def watching(sounds: FakeSounds, tmp_path: Path) -> Studio:
    """A studio whose videos have sounds that nobody hears."""
    return Studio(tmp_path, "no model is loaded for it", sounds.web)


def test_sound_that_cannot_be_read_is_stated_and_not_kept(watching: Studio, sounds: FakeSounds) -> None:
    sounds.add(SPOKEN, "不是录音".encode())
    assert watching.transcribe(watching.listed(SPOKEN)).exit_code == 0
    found = watching.statuses()[SPOKEN]
    assert found["state"] == "unavailable" and "no recording that can be read" in found["reason"]
    assert not list((watching.transcripts.parent / "sounds").iterdir())


def test_a_block_that_the_sound_meets_stops_all_asking(watching: Studio, sounds: FakeSounds, fake: FakeYouTube) -> None:
    videos = [f"lecture{n:04}" for n in range(3)]
    for video in videos:
        sounds.add(video, b"")
    sounds.pieces, sounds.status = 0, 429
    blocked = watching.transcribe(watching.listed(*videos))
    assert blocked.exit_code == 3
    assert blocked.stderr.count("nothing more is asked of YouTube in this run") == 1
    assert len(sounds.asked) == 1
    # The next one is on its way while the first is listened to.
    assert {video for _, video in fake.requests} <= set(videos[:2])
    found = watching.statuses()
    assert {found[video]["state"] for video in videos} == {"deferred"}
    assert all("YouTube refuses requests" in found[video]["reason"] for video in videos)


def test_what_is_known_to_have_no_captions_is_put_off_when_its_sound_meets_a_block(
    watching: Studio, fake: FakeYouTube
) -> None:
    videos = [f"lecture{n:04}" for n in range(3)]
    for video in videos:
        fake.make_disabled(video)
    listed = watching.listed(*videos)
    assert watching.call("build", listed, "--pace", "0").exit_code == 0
    assert {found["state"] for found in watching.statuses().values()} == {"no_transcript"}
    for video in videos:
        fake.make_blocked(video)
    for asked in ({videos[0]}, set()):
        fake.requests.clear()
        assert watching.transcribe(listed).exit_code == 3
        assert {video for _, video in fake.requests} == asked
        assert {found["state"] for found in watching.statuses().values()} == {"deferred"}

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from seekpoint.index.errors import ModelError, Unfetched, UsageError
from seekpoint.index.types import Origin, State, Transcript
from seekpoint.indexer.sources.recordings.transcription import Transcriber
from tests.speech import needs_espeak, recording, speech_model

pytestmark = pytest.mark.slow

pytest.importorskip(
    "faster_whisper", reason='transcription needs one more package: pip install "seekpoint[transcribe]"'
)

needs_ffmpeg = pytest.mark.skipif(not shutil.which("ffmpeg"), reason="no ffmpeg: apt-get install ffmpeg")

_LECTURE = (
    (1.0, "Welcome to this lecture about language models."),
    (9.0, "A transformer stacks many layers, one above the other."),
    (18.0, "Finally, the decoder writes the translation, word by word."),
)


@pytest.fixture(scope="module")
def model() -> str:
    return str(speech_model())


@pytest.fixture(scope="module")
def lecture(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return recording(tmp_path_factory.mktemp("lecture") / "lecture.wav", *_LECTURE)


@pytest.fixture(scope="module")
def made(model: str, lecture: Path) -> Transcript:
    return Transcriber(model, lecture.parent / "cache").transcribe(lecture, "lecture")


def is_at(transcript: Transcript, word: str, second: float) -> bool:
    """Whether a word is said about that time."""
    return abs(next(cue.start for cue in transcript.cues if word in cue.text.casefold()) - second) < 5


@pytest.mark.model
@needs_espeak
def test_words_have_the_time_at_which_they_are_spoken(model: str, made: Transcript, tmp_path: Path) -> None:
    assert (made.language, made.origin) == ("en", Origin.GENERATED)
    for word, second in (("lecture", 1.0), ("transformer", 9.0), ("decoder", 18.0), ("translation", 18.0)):
        assert is_at(made, word, second)
    talk = recording(tmp_path / "讲座.wav", (4.0, "大家好，今天我们学习。"), language="zh")
    chinese = Transcriber(model, tmp_path / "cache").transcribe(talk)
    assert chinese.language == "zh" and is_at(chinese, "今天", 4.0)


@pytest.mark.model
@needs_espeak
def test_an_interrupted_transcription_is_resumed(model: str, lecture: Path, made: Transcript, tmp_path: Path) -> None:
    seen: list[tuple[float, float]] = []

    def stop_at_the_second(done: float, total: float) -> None:
        seen.append((done, total))
        if len(seen) == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        Transcriber(model, tmp_path, progress=stop_at_the_second).transcribe(lecture)
    (part,) = tmp_path.glob("*.part")
    with part.open("a", encoding="utf-8") as file:
        file.write("[0, 99")  # a line that was cut off

    assert Transcriber(model, tmp_path, progress=stop_at_the_second).transcribe(lecture) == made
    assert not list(tmp_path.glob("*.part"))
    assert [done for done, _ in seen] == sorted(done for done, _ in seen)
    assert len(seen) == len(_LECTURE) + 1
    assert seen[-1][0] == seen[-1][1] == pytest.approx(21.5, abs=1)


@pytest.mark.model
@needs_espeak
def test_a_damaged_cached_transcript_is_made_again(model: str, tmp_path: Path) -> None:
    short = recording(tmp_path / "short.wav", (0.0, "Welcome to this lecture."))
    transcriber = Transcriber(model, tmp_path, language="en")
    made = transcriber.transcribe(short, "short")
    (kept,) = tmp_path.glob("*.json")

    for damage in (b"", b"[1, 2]\n", b'[0, 5, "en", [[null, 1, "x"]]]\n', kept.read_bytes()[:-20]):
        kept.write_bytes(damage)
        assert transcriber.finished("short") is None

    assert transcriber.transcribe(short, "short") == made
    assert transcriber.transcribe(short.with_name("gone.wav"), "short") == transcriber.finished("short") == made


@pytest.mark.model
@needs_espeak
def test_words_at_the_cut_between_slices_are_transcribed_once(model: str, tmp_path: Path) -> None:
    text = "The attention mechanism computes a weighted sum of the words in the sentence."
    long = recording(tmp_path / "long.wav", (597.0, text), seconds=606)

    made = Transcriber(model, tmp_path / "cache", language="en").transcribe(long)

    said = " ".join(cue.text for cue in made.cues)
    assert [said.count(word) for word in ("attention", "weighted", "words", "sentence")] == [1, 1, 1, 1], said
    assert is_at(made, "attention", 597)


@pytest.mark.model
@needs_espeak
@needs_ffmpeg
def test_late_audio_has_the_times_of_the_video(model: str, tmp_path: Path) -> None:
    sound = recording(tmp_path / "sound.wav", (1.0, "Welcome to this lecture."))
    film = tmp_path / "讲座.mkv"
    _ffmpeg("-f", "lavfi", "-i", "testsrc=d=20:r=5", "-itsoffset", "9", "-i", str(sound), str(film))

    made = Transcriber(model, tmp_path / "cache", language="en-GB").transcribe(film)

    assert is_at(made, "lecture", 10)


@pytest.mark.model
def test_silence_has_no_transcript(model: str, tmp_path: Path) -> None:
    quiet = recording(tmp_path / "quiet.wav", seconds=40)
    transcriber = Transcriber(model, tmp_path / "cache")

    for _ in range(2):
        with pytest.raises(Unfetched, match="nothing is said in it") as caught:
            transcriber.transcribe(quiet)
        assert caught.value.state is State.NO_TRANSCRIPT


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("empty.mp3", b"", "the file is empty"),
        ("笔记.mp4", "不是录音".encode() * 99, "no recording that can be read"),
        ("noise.mp3", bytes(range(256)) * 40, "no recording that can be read"),
        ("list.mp4", b"#EXTM3U\n#EXTINF:9,\nhttp://127.0.0.1:9/a.ts\n#EXT-X-ENDLIST\n", "no recording that can be"),
        ("missing.wav", None, "No such file"),
    ],
)
def test_an_invalid_recording_is_refused(
    name: str, content: bytes | None, reason: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    media = tmp_path / name
    if content is not None:
        media.write_bytes(content)

    with pytest.raises(Unfetched, match=reason) as caught:
        Transcriber("no model is loaded for it", tmp_path / "cache").transcribe(media)

    assert caught.value.state is State.UNAVAILABLE
    assert "\n" not in caught.value.reason
    assert capfd.readouterr() == ("", "")


@needs_ffmpeg
def test_a_recording_without_sound_has_nothing_to_transcribe(tmp_path: Path) -> None:
    _ffmpeg("-f", "lavfi", "-i", "testsrc=d=2:r=5", str(tmp_path / "film.mp4"))
    recording(tmp_path / "none.wav")
    for name, reason in (("film.mp4", "no sound"), ("none.wav", "nothing in it can be heard")):
        with pytest.raises(Unfetched, match=reason):
            Transcriber("unloaded", tmp_path / "cache").transcribe(tmp_path / name)


@pytest.mark.parametrize("content", [None, b"not a model"])
def test_a_model_that_cannot_be_loaded_names_the_choices(content: bytes | None, tmp_path: Path) -> None:
    quiet = recording(tmp_path / "quiet.wav", seconds=1)
    folder = tmp_path / "模型"
    if content:
        folder.mkdir()
        (folder / "model.bin").write_bytes(content)

    with pytest.raises(ModelError, match="give a size such as base") as caught:
        Transcriber(str(folder) if content else "enormous", tmp_path / "cache").transcribe(quiet)

    assert "\n" not in str(caught.value)


@pytest.mark.model
def test_an_unsupported_language_is_named(model: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="doesn't know the language tlh"):
        Transcriber(model, tmp_path, language="tlh").transcribe(recording(tmp_path / "quiet.wav", seconds=1))


def _ffmpeg(*arguments: str) -> None:
    subprocess.run(["ffmpeg", "-loglevel", "error", "-y", *arguments], check=True)

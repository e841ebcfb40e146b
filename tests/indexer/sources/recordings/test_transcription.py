from __future__ import annotations

from pathlib import Path

import pytest

from seekpoint.index.errors import ModelError, Unfetched
from seekpoint.index.types import Origin, State, Transcript
from seekpoint.indexer.sources.recordings.transcription import Transcriber
from tests.indexer.sources.recordings.films import film
from tests.speech import needs_espeak, recording, speech_model

pytestmark = pytest.mark.slow

pytest.importorskip(
    "faster_whisper", reason='transcription needs one more package: pip install "seekpoint[transcribe]"'
)

_LECTURE = (
    (1.0, "Welcome to this lecture about language models."),
    (9.0, "A transformer stacks many layers, one above the other."),
)


@pytest.fixture(scope="module")
def model() -> str:
    return str(speech_model())


@pytest.fixture(scope="module")
def lecture(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return recording(tmp_path_factory.mktemp("lecture") / "lecture.wav", *_LECTURE)


@pytest.fixture(scope="module")
def transcriber(model: str, lecture: Path) -> Transcriber:
    return Transcriber(model, lecture.parent / "cache")


@pytest.fixture(scope="module")
def made(transcriber: Transcriber, lecture: Path) -> Transcript:
    return transcriber.transcribe(lecture, "lecture")


def is_at(transcript: Transcript, word: str, second: float) -> bool:
    """Whether a word is said about that time."""
    return abs(next(cue.start for cue in transcript.cues if word in cue.text.casefold()) - second) < 5


@pytest.mark.model
@needs_espeak
def test_words_have_the_time_at_which_they_are_spoken(
    transcriber: Transcriber, made: Transcript, tmp_path: Path
) -> None:
    assert (made.language, made.origin) == ("en", Origin.GENERATED)
    assert is_at(made, "lecture", 1.0) and is_at(made, "transformer", 9.0)
    talk = recording(tmp_path / "讲座.wav", (4.0, "大家好，今天我们学习。"), language="zh")
    chinese = transcriber.transcribe(talk)
    assert chinese.language == "zh" and is_at(chinese, "今天", 4.0)


@pytest.mark.model
@needs_espeak
def test_an_interrupted_transcription_is_resumed_and_a_damaged_one_made_again(
    model: str, lecture: Path, made: Transcript
) -> None:
    seen: list[tuple[float, float]] = []

    def stop_at_the_first(done: float, total: float) -> None:
        seen.append((done, total))
        if len(seen) == 1:
            raise KeyboardInterrupt

    cache = lecture.parent / "cache"
    transcriber = Transcriber(model, cache, progress=stop_at_the_first)
    assert transcriber.transcribe(lecture.with_name("gone.wav"), "lecture") == transcriber.finished("lecture") == made
    (kept,) = (path for path in cache.glob("*.json") if "transformer" in path.read_text("utf-8").casefold())
    for damage in (b"", b"[1, 2]\n", b'[0, 5, "en", [[null, 1, "x"]]]\n', kept.read_bytes()[:-20]):
        kept.write_bytes(damage)
        assert transcriber.finished("lecture") is None
    with pytest.raises(KeyboardInterrupt):
        transcriber.transcribe(lecture, "lecture")
    (part,) = cache.glob("*.part")
    with part.open("a", encoding="utf-8") as file:
        file.write("[0, 99")  # a line that was cut off
    assert transcriber.transcribe(lecture, "lecture") == transcriber.finished("lecture") == made
    assert not list(cache.glob("*.part"))
    assert [done for done, _ in seen] == sorted(done for done, _ in seen)
    assert len(seen) == len(_LECTURE) + 1
    assert seen[-1][0] == seen[-1][1] == pytest.approx(12.5, abs=1)


@pytest.mark.model
@needs_espeak
def test_words_at_the_cut_between_slices_are_transcribed_once(model: str, tmp_path: Path) -> None:
    text = "The attention mechanism computes a weighted sum of the words in the sentence."
    long = recording(tmp_path / "long.wav", (597.0, text), seconds=606)

    made = Transcriber(model, tmp_path / "cache").transcribe(long)

    said = " ".join(cue.text for cue in made.cues)
    assert [said.count(word) for word in ("attention", "weighted", "words", "sentence")] == [1, 1, 1, 1], said
    assert is_at(made, "attention", 597)


@pytest.mark.model
def test_silence_has_no_transcript(model: str, tmp_path: Path) -> None:
    quiet = recording(tmp_path / "quiet.wav", seconds=40)
    transcriber = Transcriber(model, tmp_path / "cache")
    for _ in range(2):
        with pytest.raises(Unfetched, match="nothing is said in it") as caught:
            transcriber.transcribe(quiet)
        assert caught.value.state is State.NO_TRANSCRIPT


def test_an_invalid_recording_is_refused(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    for name, content, reason in (
        ("empty.mp3", b"", "the file is empty"),
        ("笔记.mp4", "不是录音".encode() * 99, "no recording that can be read"),
        ("list.mp4", b"#EXTM3U\n#EXTINF:9,\nhttp://127.0.0.1:9/a.ts\n#EXT-X-ENDLIST\n", "no recording that can be"),
        ("missing.wav", None, "No such file"),
    ):
        media = tmp_path / name
        if content is not None:
            media.write_bytes(content)
        with pytest.raises(Unfetched, match=reason) as caught:
            Transcriber("no model is loaded for it", tmp_path / "cache").transcribe(media)
        assert (caught.value.state, "\n" in caught.value.reason) == (State.UNAVAILABLE, False)
    assert capfd.readouterr() == ("", "")


def test_a_recording_without_sound_has_nothing_to_transcribe(tmp_path: Path) -> None:
    film(tmp_path / "film.mp4")
    recording(tmp_path / "none.wav")
    for name, reason in (("film.mp4", "no sound"), ("none.wav", "nothing in it can be heard")):
        with pytest.raises(Unfetched, match=reason):
            Transcriber("unloaded", tmp_path / "cache").transcribe(tmp_path / name)


def test_a_model_that_cannot_be_loaded_names_the_choices(tmp_path: Path) -> None:
    quiet = recording(tmp_path / "quiet.wav", seconds=1)
    folder = tmp_path / "模型"
    folder.mkdir()
    (folder / "model.bin").write_bytes(b"not a model")
    for model in (str(folder), "enormous"):
        with pytest.raises(ModelError, match="give a size such as base") as caught:
            Transcriber(model, tmp_path / "cache").transcribe(quiet)
        assert "\n" not in str(caught.value)

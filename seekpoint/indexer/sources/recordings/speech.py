"""The speech model, faster-whisper."""

from __future__ import annotations

import logging
import os
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from seekpoint.index.errors import ModelError
from seekpoint.index.text.clean import first_line
from seekpoint.index.types import Cue
from seekpoint.indexer.sources.recordings.media import RATE

if TYPE_CHECKING:
    import numpy as np
    from faster_whisper import WhisperModel
    from faster_whisper.transcribe import Word
    from numpy.typing import NDArray

    Samples = NDArray[np.float32]

_MOST = 30 * RATE  # Whisper's window
_PAUSE = 3 * RATE  # in longer silence, models hallucinate text
_SHORT_PAUSE = 160  # milliseconds: a pause between sentences rather than between words
_LONGEST_CUE = 6.0
_SENTENCE_ENDS = tuple(".!?…。！？｡．।؟۔።")
_CLOSING = "\"'”’」』»)）]》"
# Above this compression ratio, text is repetitive: the model loops (Whisper's own threshold).
_REPETITIVE = 2.4
_TEMPERATURES = (0.0, 0.4, 0.8)  # each one is tried if the text of the one before was repetitive
_LANGUAGE_SAMPLES = 4
_BCP_47 = {"jw": "jv"}  # Whisper's codes that aren't BCP 47, and the tags for them


class AudioWindow(NamedTuple):
    """A range of samples with speech; `stop` is exclusive."""

    first: int
    stop: int


class SpeechModel:
    """A Whisper model, by size, Hugging Face id or folder; raises ModelError if it can't be loaded."""

    def __init__(self, name: str, say: Callable[[str], None]) -> None:
        self._name = name
        self._model = _load(name, say)

    def windows(self, samples: Samples) -> list[AudioWindow]:
        """The ranges with speech, cut at pauses to the length of the model's window."""
        from faster_whisper.vad import VadOptions, get_speech_timestamps

        # The VAD pads ranges by 400 ms at both ends, in excess of the limit given here.
        options = VadOptions(max_speech_duration_s=_MOST / RATE - 1, min_silence_duration_ms=_SHORT_PAUSE)
        with self._model_errors():
            ranges = [AudioWindow(each["start"], each["end"]) for each in get_speech_timestamps(samples, options)]
        # Join neighbouring ranges with speech as long as they fit into the model's window.
        windows: list[AudioWindow] = []
        for speech in ranges:
            last = windows[-1] if windows else None
            if last and speech.stop - last.first <= _MOST and speech.first - last.stop <= _PAUSE:
                windows[-1] = AudioWindow(last.first, speech.stop)
            else:
                windows.append(speech)
        return windows

    def language(self, samples: Samples, windows: Sequence[AudioWindow]) -> str:
        """Detect the main language from several windows: a lecture may begin with a jingle in another one."""
        if not self._model.model.is_multilingual:
            return "en"
        votes: Counter[str] = Counter()
        with self._model_errors():
            for window in windows[:: -(-len(windows) // _LANGUAGE_SAMPLES)]:
                _, _, probabilities = self._model.detect_language(samples[window.first : window.stop])
                for code, probability in probabilities:
                    votes[code] += probability
        code = max(votes, key=lambda code: votes[code])
        return _BCP_47.get(code, code)

    def cues(self, samples: Samples, window: AudioWindow, language: str) -> list[Cue]:
        """Transcribe a window; times are in seconds from the first sample."""
        window_start = window.first / RATE
        with self._model_errors():
            segments, _ = self._model.transcribe(
                samples[window.first : window.stop],
                language=next((code for code, tag in _BCP_47.items() if tag == language), language),
                word_timestamps=True,
                condition_on_previous_text=False,
                temperature=_TEMPERATURES,
                compression_ratio_threshold=_REPETITIVE,
            )
            kept = (segment.words or () for segment in segments if segment.compression_ratio <= _REPETITIVE)
            return [cue for words in kept for cue in _cues(words, window_start)]

    @contextmanager
    def _model_errors(self) -> Iterator[None]:
        try:
            yield
        except (RuntimeError, ValueError, MemoryError) as error:
            raise ModelError(
                f"the speech model {self._name} failed ({first_line(error)}): build again, or give a smaller model"
            ) from error


def _cues(words: Iterable[Word], offset: float) -> Iterator[Cue]:
    """The words in cues that end with sentences; `offset` in seconds is added to their times."""
    groups: list[list[Word]] = []
    for word in words:
        last = groups[-1] if groups else None
        ends = last and last[-1].word.rstrip(_CLOSING).endswith(_SENTENCE_ENDS)
        if last is None or ends or word.end - last[0].start > _LONGEST_CUE:
            groups.append([])
        groups[-1].append(word)
    for group in groups:
        text = "".join(word.word for word in group).strip()
        yield Cue(offset + float(group[0].start), offset + float(group[-1].end), text)


def _load(name: str, say: Callable[[str], None]) -> WhisperModel:
    import ctranslate2
    import numpy as np
    from faster_whisper import WhisperModel, download_model
    from huggingface_hub.errors import LocalEntryNotFoundError

    logging.getLogger("huggingface_hub").setLevel(logging.ERROR)
    ctranslate2.set_log_level(logging.ERROR)
    try:
        folder = name
        if not Path(name).is_dir():
            try:
                folder = download_model(name, local_files_only=True)
            except LocalEntryNotFoundError:
                say(f"fetching the speech model {name} from Hugging Face, once")
                folder = download_model(name)
        if ctranslate2.get_cuda_device_count():
            try:
                model = WhisperModel(folder, device="cuda", compute_type="float16")
                # CUDA libraries are loaded at first use: a run on silence finds missing ones now.
                model.detect_language(np.zeros(RATE, np.float32))
                return model
            except RuntimeError as error:
                say(f"the speech model doesn't run on the GPU ({first_line(error)}): the processor takes longer")
        has_affinity = hasattr(os, "sched_getaffinity")
        cores = len(os.sched_getaffinity(0)) if has_affinity else os.cpu_count() or 1
        return WhisperModel(folder, device="cpu", compute_type="int8", cpu_threads=cores)
    except Exception as error:  # the hub, the network and the file formats raise exceptions of their own
        raise ModelError(
            f"the speech model {name} can't be loaded ({first_line(error)}): give a size such as base or small, the id "
            "of a faster-whisper model on Hugging Face, or a folder with one; a name's first use needs the network"
        ) from error

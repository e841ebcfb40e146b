"""Recordings and videos without captions, listened to."""

from __future__ import annotations

from dataclasses import replace

from index.types import Details, Kind, Resource, Transcript
from indexer.addresses import local_path
from indexer.cooling import Gate
from indexer.sources import Fetched, Sources
from indexer.sources.recordings.transcription import Transcriber
from indexer.watcher import Watcher


class Listener:
    """Has a speech model write down what is said; `whisper` is its name or folder. It is loaded when it is needed.

    Raises UsageError where no speech model can be run here.
    """

    def __init__(self, whisper: str, sources: Sources, gate: Gate, watcher: Watcher) -> None:
        self._sources = sources
        self._gate = gate
        self._watcher = watcher
        self._transcriber = Transcriber(whisper, say=watcher.say, progress=watcher.listen)

    def listen(self, resource: Resource, known: Details) -> Fetched:
        """The transcript of a recording, or of a video; raises Unfetched or ModelError."""
        transcriber = self._transcriber
        if resource.kind is Kind.RECORDING:
            path = local_path(resource.url)
            return Fetched((transcriber.transcribe(path),), replace(known, title=known.title or path.stem))
        return Fetched((transcriber.finished(resource.id) or self._video(resource.id),), known)

    def _video(self, video_id: str) -> Transcript:
        from platformdirs import user_cache_path

        from indexer.sources.recordings.audio import fetch_audio

        # A folder that stays, so that what was fetched before an interruption isn't fetched again.
        folder = user_cache_path("seekpoint") / "sounds"
        sound = self._gate.through(lambda: fetch_audio(video_id, self._sources.web, folder), self._watcher.say)
        transcript = self._transcriber.transcribe(sound, video_id)
        sound.unlink(missing_ok=True)
        return transcript

"""Recordings and videos without captions, listened to."""

from __future__ import annotations

from dataclasses import replace

from seekpoint.indexer.reading_list.addresses import local_path
from seekpoint.indexer.build.youtube_backoff import Gate
from seekpoint.indexer.sources import Sources
from seekpoint.indexer.sources.fetch_result import Fetched
from seekpoint.indexer.sources.recordings.transcription import Transcriber
from seekpoint.indexer.build.events import Watcher
from seekpoint.index.errors import Unfetched
from seekpoint.index.types import Details, Kind, Resource, State


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
        if transcript := transcriber.finished(resource.id):
            return Fetched((transcript,), known)
        return self._video(resource.id, known)

    def _video(self, video_id: str, known: Details) -> Fetched:
        from platformdirs import user_cache_path

        from seekpoint.indexer.sources.youtube.audio import fetch_audio

        # A folder that stays, so that what was fetched before an interruption isn't fetched again.
        folder = user_cache_path("seekpoint") / "sounds"
        with self._sources.pace.turn():
            sound = self._gate.through(lambda: fetch_audio(video_id, self._sources.web, folder), self._watcher.say)
        try:
            transcript = self._transcriber.transcribe(sound.path, video_id)
        except Unfetched as failure:
            if failure.state is not State.DEFERRED:
                sound.path.unlink(missing_ok=True)
            raise
        sound.path.unlink(missing_ok=True)
        # A video without captions gave no transcript when it was asked for, and so nothing of this either.
        return Fetched((transcript,), sound.details if known == Details() else known)

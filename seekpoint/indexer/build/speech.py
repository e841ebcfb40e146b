"""Transcripts of recordings and videos without captions, by a speech model."""

from __future__ import annotations

from dataclasses import replace

from seekpoint.index.errors import Unfetched
from seekpoint.index.types import Details, Kind, Resource, State
from seekpoint.indexer.build.youtube_backoff import YouTubeGate
from seekpoint.indexer.events import BuildEvents
from seekpoint.indexer.reading_list.addresses import local_path
from seekpoint.indexer.sources import Sources
from seekpoint.indexer.sources.fetch_result import FetchResult
from seekpoint.indexer.sources.recordings.transcription import Transcriber


class SpeechTranscripts:
    """Transcribes by a speech model, which is loaded at first use; `whisper` is its name or folder.

    Raises UsageError if no speech model can run here.
    """

    def __init__(self, whisper: str, sources: Sources, gate: YouTubeGate, events: BuildEvents) -> None:
        self._sources = sources
        self._gate = gate
        self._events = events
        self._transcriber = Transcriber(whisper, say=events.say, progress=events.transcribe)

    def transcribe(self, resource: Resource, known: Details) -> FetchResult:
        """The transcript of a recording, or of a video; raises Unfetched or ModelError."""
        transcriber = self._transcriber
        if resource.kind is Kind.RECORDING:
            path = local_path(resource.url)
            return FetchResult((transcriber.transcribe(path),), replace(known, title=known.title or path.stem))
        if transcript := transcriber.finished(resource.id):
            return FetchResult((transcript,), known)
        return self._video(resource.id, known)

    def _video(self, video_id: str, known: Details) -> FetchResult:
        from platformdirs import user_cache_path

        from seekpoint.indexer.sources.youtube.audio import fetch_audio

        # A permanent folder, so that an interrupted download is resumed.
        folder = user_cache_path("seekpoint") / "sounds"
        with self._sources.pace.turn():
            audio = self._gate.through(lambda: fetch_audio(video_id, self._sources.web, folder), self._events.say)
        try:
            transcript = self._transcriber.transcribe(audio.path, video_id)
        except Unfetched as failure:
            if failure.state is not State.DEFERRED:
                audio.path.unlink(missing_ok=True)
            raise
        audio.path.unlink(missing_ok=True)
        # The request for captions failed, so that the details aren't stored yet.
        return FetchResult((transcript,), audio.details if known == Details() else known)

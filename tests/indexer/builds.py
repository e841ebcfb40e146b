"""Helpers to run builds with the real client and a real library, but a fake YouTube and a fake model."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import seekpoint
from seekpoint import Moment
from seekpoint.index.open import open_reader
from seekpoint.index.types import Encoder, Resource, ResourceStatus, State
from seekpoint.indexer.build_options import BuildEvents, BuildOptions, Sources
from seekpoint.indexer.fetch.http_session import Web
from seekpoint.indexer.pipeline.build import DryRunReport, Report, build, preview
from seekpoint.indexer.reading_list.addresses import resource_of
from seekpoint.indexer.sources.documents import DocumentReader
from seekpoint.indexer.sources.provenance import VideoSource
from tests.fake_youtube import FakeYouTube
from tests.fakes import TopicEncoder


class RecordedEvents(BuildEvents):
    """Records a build's messages and the resources it works on."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.worked_on: list[str] = []

    def work_on(self, resource: Resource) -> None:
        self.worked_on.append(resource.id)

    def say(self, line: str) -> None:
        self.lines.append(line)


class InterruptingEvents(RecordedEvents):
    """Interrupts the build after a number of resources."""

    def __init__(self, after: int) -> None:
        super().__init__()
        self._left = after

    def finish(self, resource: Resource, state: State = State.INDEXED) -> None:
        self._left -= 1
        if not self._left:
            raise KeyboardInterrupt


class Workshop:
    """A folder with lists, captions and a library, and a fake YouTube."""

    def __init__(self, folder: Path, fake: FakeYouTube) -> None:
        self.folder = folder
        self.library = folder / "library"
        self.fake = fake
        self.encoder = TopicEncoder()
        self.events = RecordedEvents()

    def write(self, name: str, text: str) -> Path:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    def build(
        self,
        *sources: Path | str,
        languages: Sequence[str] = (),
        offline: bool = False,
        cookies: Path | None = None,
        later: float = 0.0,
        encoder: Encoder | None = None,
        videos: VideoSource | None = None,
        documents: DocumentReader | None = None,
        events: RecordedEvents | None = None,
        web: Web | None = None,
        **options: Any,  # noqa: ANN401
    ) -> Report:
        """Build from the sources with these `BuildOptions`, `later` seconds from now."""
        self.encoder.embedded.clear()
        self.fake.requests.clear()
        self.events = events or RecordedEvents()
        defaults: dict[str, Any] = {"pace": 0, "translate": "glossary" in options, "languages": tuple(languages)}
        wanted = BuildOptions([str(source) for source in sources], **defaults | options)
        outside = Sources.through(web or self.fake.web(offline, cookies), wanted)
        return build(
            wanted,
            self.library,
            replace(outside, videos=videos or outside.videos, documents=documents or outside.documents),
            encoder=encoder or self.encoder,
            events=self.events,
            clock=lambda: time.time() + later,
        )

    def ask(self, question: str, language: str | None = None) -> tuple[Moment, ...]:
        """The moments that answer a question."""
        return seekpoint.ask(question, self.library, encoder=self.encoder, language=language).moments

    def preview(self, *sources: Path | str, now: float | None = None, **options: Any) -> DryRunReport:  # noqa: ANN401
        """The plan of a build from these sources, which asks for nothing."""
        self.fake.requests.clear()
        wanted = BuildOptions([str(source) for source in sources], **options)
        report = preview(wanted, self.library, self.fake.web(), now)
        assert self.fake.requests == []
        return report

    def asked(self, *places: str) -> list[str]:
        """What was asked for in the last build at these places of YouTube's or at a `site`; each once if at any."""
        if places:
            return [name for place, name in self.fake.requests if place in places]
        return list(dict.fromkeys(name for _, name in self.fake.requests))

    def statuses(self) -> dict[str, ResourceStatus]:
        with open_reader(self.library) as library:
            return {status.resource.id: status for status in library.statuses()}

    def states(self) -> dict[str, State]:
        return {resource_id: status.state for resource_id, status in self.statuses().items()}

    def wait(self, resource_id: str) -> float:
        """The seconds until a resource is due."""
        due = self.statuses()[resource_id].retry_after
        assert due is not None
        return due - time.time()

    def content(self) -> Mapping[str, bytes]:
        files = (path for path in self.library.rglob("*") if path.is_file() and path.suffix != ".lock")
        return {str(path.relative_to(self.library)): path.read_bytes() for path in files}


def resource_at(address: str) -> Resource:
    resource = resource_of(address)
    assert resource
    return resource


def webvtt(*texts: str, seconds: float = 10.0) -> str:
    """A caption file with one cue per text."""
    stamps = [f"{int(k * seconds) // 60:02d}:{k * seconds % 60:06.3f}" for k in range(len(texts) + 1)]
    cues = (f"{stamps[k]} --> {stamps[k + 1]}\n{text}\n" for k, text in enumerate(texts))
    return "WEBVTT\n\n" + "\n".join(cues)

"""What became of what the page's builds were to do: which entries they came to, and which of those aren't indexed."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from threading import Event
from typing import TYPE_CHECKING

from seekpoint.index.errors import LibraryError
from seekpoint.index.file_types import local_file
from seekpoint.index.text.clean import clean
from seekpoint.index.types import ResourceStatus, Standing
from seekpoint.query.web.reasons import translated_reason
from seekpoint.query.web.translations import LANGUAGES, translator

if TYPE_CHECKING:
    from seekpoint.query.serving.live_library import LiveLibrary
    from seekpoint.query.serving.resource_cache import ResourceCaches
    from seekpoint.query.web.builds import Build, BuildOrder, Tell

_MOST_NAMED = 3


@dataclass(frozen=True, slots=True)
class Outcome:
    """The entries that builds added or changed: how many, how many of them are indexed, the latest of the others."""

    total: int = 0
    indexed: int = 0
    others: tuple[ResourceStatus, ...] = ()

    def in_words(self, language: str) -> Mapping[str, object]:
        """The outcome for a page in a language: a line, what isn't indexed, and how much more there is."""
        say = translator(language)
        left = [
            {"entry": say("left_out", title=_title(status), state=say(status.state.value)), **_reason(status, language)}
            for status in self.others
        ]
        more = self.total - self.indexed - len(left)
        return {
            "outcome": say("of_indexed", n=self.indexed, total=self.total) if self.total else say("nothing_new"),
            "left": left,
            "more": say("more_left", n=more) if more else "",
        }


def _title(status: ResourceStatus) -> str:
    """The title; the name of a file that has none."""
    file = local_file(status.url) if status.title in ("", status.url) else None
    return clean(file.name if file else status.title) or status.id


def _reason(status: ResourceStatus, language: str) -> Mapping[str, str]:
    """The reason and its language: that of the page if there is a translation, else English."""
    reason = clean(status.reason or "")
    translation = translated_reason(reason, language)
    return {"reason": translation or reason, "lang": LANGUAGES[language if translation else "en"]}


class Outcomes:
    """Follows what builds change in a library."""

    def __init__(self, live: LiveLibrary, caches: ResourceCaches) -> None:
        self._live = live
        self._caches = caches
        self.last: Outcome | None = None
        """The outcome of the builds since it was cleared; `None` if none has ended well."""
        self._changed: dict[str, None] = {}

    def clear(self) -> None:
        """Forget the builds so far."""
        self.last, self._changed = None, {}

    def following(self, build: Build) -> Build:
        """A build whose outcome is added to that of the builds before it."""

        def follow(order: BuildOrder, tell: Tell, stop: Event) -> str:
            before = self._standings()
            told = build(order, tell, stop)
            now = self._standings()
            self._changed.update((key, None) for key, standing in now.items() if before.get(key) != standing)
            self.last = self._outcome(now)
            return told

        return follow

    def _standings(self) -> Mapping[str, Standing]:
        """Where every entry stands, in the order in which they were added; none without a library that can be read."""
        self._live.refresh()
        with suppress(LibraryError), self._live.reader() as reader:
            return self._caches.of(reader).standings
        return {}

    def _outcome(self, now: Mapping[str, Standing]) -> Outcome:
        changed = [key for key in now if key in self._changed]
        others = [key for key in reversed(changed) if not now[key].is_indexed]
        named: list[ResourceStatus | None] = []
        with suppress(LibraryError), self._live.reader() as reader:
            cache = self._caches.of(reader)
            named = [cache.status(key) for key in others[:_MOST_NAMED]]
        return Outcome(len(changed), len(changed) - len(others), tuple(filter(None, named)))

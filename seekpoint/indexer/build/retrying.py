"""Tries again what is due in a library on a server, without the lists that name it: those may lie on other machines."""

from __future__ import annotations

import time

from seekpoint.index.address import ServerAddress
from seekpoint.index.open import open_reader
from seekpoint.index.text.clean import counted
from seekpoint.index.types import Encoder, Kind, NamedBy
from seekpoint.indexer.build.build import Report, Request, build
from seekpoint.indexer.build.events import BuildEvents
from seekpoint.indexer.build.planner import Choices
from seekpoint.indexer.fetch.pace import PACE
from seekpoint.indexer.fetch.session import Web
from seekpoint.indexer.sources import Sources

_WEB = ("http://", "https://")


def retry(
    library: ServerAddress,
    web: Web,
    events: BuildEvents,
    *,
    at_once: bool = False,
    encoder: Encoder | None = None,
    pace: float = PACE,
    translate: bool = True,
) -> Report:
    """Build what is due, or with `at_once` all that waits; raises what `build` does.

    Files are left out, since they may lie elsewhere. So are playlists that a list names, since the list is what holds
    their videos; one that was added by itself is listed again. No address leads into a private network.
    """
    now = time.time()
    with open_reader(library) as reader:
        due = [key for key, standing in reader.standings().items() if standing.is_due(now, at_once=at_once)]
        resources = reader.resources(due).values()
        sources = {section.source for section in reader.sections()}
    playlists = [one.url for one in resources if one.kind is Kind.PLAYLIST and one.url in sources]
    stored = [one.id for one in resources if one.kind is not Kind.PLAYLIST and one.url.startswith(_WEB)]
    _tell_left_out(len(resources) - len(playlists) - len(stored), events)
    choices = Choices(retry=at_once)
    request = Request(playlists, choices=choices, translate=translate, named_by=NamedBy.PAGE, stored=stored)
    return build(request, library, Sources.through(web, pace=pace), encoder=encoder, events=events)


def _tell_left_out(number: int, events: BuildEvents) -> None:
    if number:
        events.say(f"{counted(number, 'resource')} left out, files or playlists of a list: build that list again")

"""What `serve --edit` lets the page do, with the builds in the server's own process and a model of the tests."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from threading import Event

from seekpoint.cli.added_sources import take_out
from seekpoint.cli.build_process import carry_out
from seekpoint.cli.build_progress import ProgressEvents
from seekpoint.index.address import ServerAddress
from seekpoint.indexer.build import summary
from seekpoint.indexer.build.build import Request, build
from seekpoint.indexer.build.planner import Choices
from seekpoint.indexer.fetch.session import Web
from seekpoint.indexer.sources import Sources
from seekpoint.query.web.builds import BuildOrder, Builds, Tell
from seekpoint.query.web.editing import Editing
from tests.fakes import TopicEncoder


def build_here(library: Path, order: BuildOrder, tell: Tell, stop: Event) -> str:
    """Build as the child of `serve` does, without translations, which take seconds."""
    request = Request(order.sources, choices=Choices(retry=order.retry), translate=False)
    report = build(request, library, Sources.through(Web()), encoder=TopicEncoder(), events=ProgressEvents(tell))
    return summary.totals_line(report)


def editing_on_a_server(library: ServerAddress, make_web: Callable[[], Web]) -> Editing:
    """Editing with builds into a library on a server, each from a web of the tests."""

    def build_there(order: BuildOrder, tell: Tell, stop: Event) -> str:
        return carry_out(library, order, make_web(), ProgressEvents(tell), encoder=TopicEncoder(), pace=0.0)

    return Editing(Builds(build_there, lambda: None), partial(take_out, library))


def editing(library: Path) -> Editing:
    """Editing with builds."""
    return Editing(Builds(partial(build_here, library), lambda: None), partial(take_out, library))

"""The build in a child process that `serve --edit` starts: it can be ended, and its memory is freed with it.

The child is `python -m seekpoint.cli.build_process`. It gets its order as JSON on standard input, since an address of
a server may hold a password, and prints its progress as JSON lines.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import asdict, replace
from pathlib import Path
from threading import Event, Thread
from typing import Any

from seekpoint.files import replacing
from seekpoint.index.address import (
    ADDED_ADDRESSES,
    ADDED_FILES,
    ADDED_LISTS,
    Address,
    added_as,
    folder_of,
    from_json,
    is_added_list,
    to_json,
)
from seekpoint.index.errors import SeekpointError, SourceError, Unfetched, UsageError
from seekpoint.index.reasons import Reason
from seekpoint.index.text.clean import clean, without_passwords
from seekpoint.index.types import Encoder, NamedBy, Resource, State
from seekpoint.indexer.build_options import BuildEvents, BuildOptions, Sources, name_of
from seekpoint.indexer.fetch.http_session import Web
from seekpoint.indexer.pipeline.addition import added, checked, due
from seekpoint.indexer.pipeline.removal import remove_with_entries
from seekpoint.indexer.pipeline.resolution import Aliases
from seekpoint.indexer.reading_list.addresses import resource_of, resources_of_files
from seekpoint.indexer.reading_list.links import as_listed, parse_urls
from seekpoint.indexer.reading_list.parser import has_bookmarks, read_source
from seekpoint.indexer.sources.captions import read_captions, stem_of
from seekpoint.indexer.sources.sandbox import sandboxed
from seekpoint.query.web.builds import MOST_LINES, STOPPED, BuildOrder, BuildProgress, SourceChecks

# Seconds between two checks whether a build is to stop, and the most that it may take to do so.
_BETWEEN_LOOKS, _MOST_TO_STOP = 0.2, 10.0


def build_in_process(library: Address, order: BuildOrder, tell: Callable[[BuildProgress], None], stop: Event) -> str:
    """Build into a library in a child process; returns the outcome, raises SeekpointError."""
    can_mask = hasattr(signal, "pthread_sigmask")  # not on Windows
    if can_mask:  # Ctrl-C in the terminal must not reach the child: this process ends it
        before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        command = [sys.executable, "-m", __name__]
        child = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, encoding="utf-8")
    finally:
        if can_mask:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
    last = BuildProgress()
    with child:
        Thread(target=_end_when_told, args=(child, stop), daemon=True).start()
        assert child.stdin and child.stdout
        with suppress(BrokenPipeError), child.stdin:  # a child that was ended reads no order
            child.stdin.write(json.dumps({"library": to_json(library)} | asdict(order)))
        for line in child.stdout:
            try:
                values = json.loads(line)
                last = BuildProgress(**values | {"lines": tuple(values["lines"])})
            except (ValueError, TypeError, KeyError):
                continue  # a library that the build uses may print something too
            tell(last)
    if stop.is_set():
        raise SeekpointError(STOPPED)
    if last.error or not last.outcome:
        raise SeekpointError(last.error or f"the build ended early (exit code {child.returncode}): try it again")
    return last.outcome


def _end_when_told(child: subprocess.Popen[str], stop: Event) -> None:
    while child.poll() is None:
        if stop.wait(_BETWEEN_LOOKS):
            child.terminate()
            try:
                child.wait(_MOST_TO_STOP)
            except subprocess.TimeoutExpired:
                child.kill()


def _build(content: str) -> None:
    """The child: build, and print the progress."""
    from seekpoint.cli.options import quiet

    def tell(progress: BuildProgress) -> None:
        sys.stdout.write(f"{json.dumps(asdict(progress))}\n")
        sys.stdout.flush()

    quiet()
    values = json.loads(content)
    library = from_json(values["library"])
    order = BuildOrder(tuple(values["sources"]), values["retry"])
    events = ProgressEvents(tell)
    try:
        outcome = carry_out(library, order, Web(), events)
    except SeekpointError as error:
        tell(replace(events.progress, error=str(error)))
    else:
        tell(replace(events.progress, outcome=outcome))


def carry_out(
    library: Address,
    order: BuildOrder,
    web: Web,
    events: BuildEvents,
    encoder: Encoder | None = None,
    **changed: Any,  # noqa: ANN401
) -> str:
    """Carry out an order; returns the outcome as a line, raises SeekpointError. `changed` are other options of a build.

    The sources for a folder are paths in it, or lists of its owner. A server may be shared with others: what is added
    there are addresses of the web, as an assistant adds them.
    """
    from seekpoint.indexer.pipeline.build import build
    from seekpoint.indexer.pipeline.build_report import totals_line

    if folder_of(library):
        options = BuildOptions(order.sources, retry=order.retry, named_by=NamedBy.PAGE)
    elif order.sources:
        options = added(order.sources, NamedBy.PAGE)
    else:
        options = due(library, events.say, at_once=order.retry)
    options = replace(options, **changed)
    return totals_line(build(options, library, Sources.through(web, options), encoder=encoder, events=events))


# Seconds between two reports within a resource.
_BETWEEN_PARTS = 0.2


class ProgressEvents(BuildEvents):
    """Reports the progress at each event."""

    def __init__(self, tell: Callable[[BuildProgress], None]) -> None:
        self.progress = BuildProgress(is_running=True)
        self._tell = tell
        self._last = 0.0

    def begin(self, resources: Sequence[Resource]) -> None:
        self._to(done=0, total=len(resources))

    def work_on(self, resource: Resource) -> None:
        self._to(title=name_of(resource), part=0, parts=0)

    def embed(self, done: float, total: float) -> None:
        if time.monotonic() - self._last >= _BETWEEN_PARTS:
            self._last = time.monotonic()
            self._to(part=int(done), parts=int(total))

    transcribe = embed

    def finish(self, resource: Resource, state: State = State.INDEXED) -> None:
        self._to(done=self.progress.done + 1)

    def say(self, line: str) -> None:
        self._to(lines=(*self.progress.lines, without_passwords(line))[-MOST_LINES:])

    def _to(self, **values: object) -> None:
        self.progress = replace(self.progress, **values)  # type: ignore[arg-type]
        self._tell(self.progress)


_SHOWN = 60


def listed(addresses: Sequence[str], lines: Sequence[str]) -> tuple[list[str], list[UsageError]]:
    """The lines that make a list of `lines` name these addresses too, and the errors of those that it would skip."""
    try:
        taken, refused = sandboxed(as_listed, b"", addresses, lines)
    except (SourceError, Unfetched) as error:
        raise UsageError(str(error)) from error
    return taken, [UsageError(Reason("leads_nowhere", address=clean(address)[:_SHOWN])) for address in refused]


def check_file(file: Path, name: str, is_list: bool) -> None:
    """Raise UsageError for a file that no build would read under this name: captions in JSON or a list that is none."""
    try:
        if is_list:
            read_source(str(file), is_trusted=False)
        elif not resources_of_files([Path(name)]):
            raise SourceError(Reason("json_without_captions"))
        elif file.suffix.lower() == ".json":
            read_captions(file)
        elif has_bookmarks(file):
            raise SourceError(Reason("bookmarks_are_list"))
    except SourceError as error:
        said = error.args[0]
        if not isinstance(said, Reason):
            said = said.removeprefix(f"{file}: ")
        elif said.code == "captions":  # which names the file as it is for now
            said = said.values["reason"]
        raise UsageError(Reason("not_added", name=name, reason=said)) from error


CHECKS = SourceChecks(listed, checked, check_file)


def take_out(library: Address, resource_id: str, source: str = "") -> None:
    """Remove a resource, or a source with what only it lists. Raises LibraryError.

    In a folder, the line that was added for a resource and its files go too, and a list or the files that were added.
    """
    from seekpoint.index.open import open_writer

    with open_writer(library) as writer:
        folder = folder_of(library)
        if folder and source and (added_as(source, folder) or is_added_list(source, folder)):
            path = Path(source)
            for file in filter(Path.is_file, path.iterdir() if path.is_dir() else [path]):
                file.unlink()
        elif folder and resource_id:
            aliases = Aliases.stored(writer, time.time())
            _drop_address(folder / ADDED_LISTS / ADDED_ADDRESSES, resource_id, aliases)
            for status in writer.statuses([resource_id]):
                _delete_files(folder / ADDED_FILES, status.resource)
        remove_with_entries(writer, [resource_id] if resource_id else [], [source] if source else [])


def _drop_address(path: Path, resource_id: str, aliases: Aliases) -> None:
    """Drop the lines that name a resource, as an address or as a list reads it, or an alias of it."""
    if not path.exists():
        return
    lines, kept = path.read_text(encoding="utf-8").splitlines(), []
    for line in lines:
        named = [resource for resource in (resource_of(line), *parse_urls(line)) if resource]
        if resource_id not in {each.id for resource in named for each in (resource, aliases.resolve(resource))}:
            kept.append(line)
    if kept != lines:
        with replacing(path) as file:
            file.write("".join(f"{line}\n" for line in kept).encode())


def _delete_files(folder: Path, resource: Resource) -> None:
    """Delete the files of a resource: a recording's and its captions', in all languages, or any other's one file."""
    if not folder.is_dir():
        return
    ids = {path: {each.id for each in resources_of_files([path])} for path in folder.iterdir() if path.is_file()}
    names = {path: stem_of(path) if resource.kind.plays else path.name for path in ids}
    own = {names[path] for path in ids if resource.id in ids[path]}
    for path in ids:
        if names[path] in own and ids[path]:
            path.unlink()


if __name__ == "__main__":
    _build(sys.stdin.read())
    os._exit(0)  # all is stored: unloading the model would take seconds

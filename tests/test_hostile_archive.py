"""An archive in which all is hostile replaces a user's own library: nothing private is read, nothing is lost."""

from __future__ import annotations

from pathlib import Path

import pytest
from pytest_httpserver import HTTPServer

from seekpoint.index.address import ADDED_FILES
from seekpoint.index.open import open_keeper, open_reader
from seekpoint.index.text.clean import printable
from seekpoint.index.types import State
from seekpoint.indexer.build_options import BuildOptions, Sources
from seekpoint.indexer.pipeline.build import build
from seekpoint.indexer.reading_list.addresses import resource_of
from tests.cli.here import call
from tests.cli.test_build_process import SECRET, Served, hostile, intranet, states  # noqa: F401 - two are fixtures
from tests.fakes import TopicEncoder, WideEncoder
from tests.index.transfer.test_hostile_archives import forge_database
from tests.index.transfer.test_transfer import KEPT
from tests.indexer.pipeline.test_build import MASKS
from tests.local_web import LocalWeb
from tests.postgres import TestServer
from tests.test_imported_texts import SQL

pytestmark = pytest.mark.slow

OWN = "http://own.example/masks"


@pytest.mark.parametrize("place", ["folder", "server"])
def test_everything_hostile_at_once(
    place: str,
    request: pytest.FixtureRequest,
    tmp_path: Path,
    hostile: Path,  # noqa: F811
    intranet: HTTPServer,  # noqa: F811
    httpserver: HTTPServer,
) -> None:
    server: TestServer | None = request.getfixturevalue("postgres") if place == "server" else None
    library = server.library() if server else tmp_path / "library"
    httpserver.expect_request("/robots.txt").respond_with_data(status=404)
    httpserver.expect_request("/masks").respond_with_data(MASKS, content_type="text/html")
    own = resource_of(OWN)
    assert own
    (tmp_path / "own.md").write_text(f"# 我的\n\n- [掩码]({OWN})\n", encoding="utf-8")

    def web() -> LocalWeb:
        return LocalWeb(httpserver.url_for(""), "http://own.example", "http://evil.example")

    def build_own(*, reembed: bool = False) -> None:
        model = "wide" if reembed else None
        options = BuildOptions([str(tmp_path / "own.md")], translate=False, model=model, reembed=reembed)
        build(options, library, Sources.through(web()), encoder=WideEncoder() if reembed else TopicEncoder())

    build_own()
    with open_keeper(library) as keeper:
        keeper.keep(KEPT)
    if isinstance(library, Path):
        (library / ADDED_FILES).mkdir()
        (library / ADDED_FILES / "唯一.md").write_text("the only copy of a mask", encoding="utf-8")

    evil = "http://evil.example/masks"
    forge_database(
        hostile,
        f"UPDATE listing SET named_by = 'owner', title = 'x' || {SQL}, path = json_array('y' || {SQL})",
        f"UPDATE resource SET reason = 'z' || {SQL}",
        f"INSERT INTO resource (id, kind, url, state) VALUES ('{own.id}', 'page', '{evil}', 'pending')",
        f"INSERT INTO listing (source, resource_id, position, path, title) VALUES ('{tmp_path / 'own.md'}',"
        f" '{own.id}', 0, '[]', 'evil')",
        f"""INSERT INTO setting VALUES ('aliases', '{{"{own.id}": ["{evil}", null]}}')""",
        f"""INSERT INTO setting VALUES ('shown', '{{"{own.id}": ["{OWN}", [["{evil}", "x"]]]}}')""",
        """INSERT INTO setting VALUES ('youtube_coolings', '{"": [99999999999, 86400]}')""",
    )
    named = str(library) if isinstance(library, Path) else f"{library.uri}?library={library.library}"
    imported = call("import", hostile, "--replace", "--index", named)
    assert imported.exit_code == 0, imported
    assert all(line == printable(line) for line in f"{imported.stdout}{imported.stderr}".split("\n"))

    with open_reader(library) as reader:
        assert not reader.settings.aliases and not reader.settings.shown
    before = len(httpserver.log)
    served = Served(library, web)
    served.retry()
    assert (intranet.log, httpserver.log[before:]) == ([], [])
    build_own()
    served.retry()
    build_own(reembed=True)
    assert call("export", tmp_path / "out.zip", "--index", named).exit_code == 0

    assert {asked.host for asked, _ in httpserver.log} == {"own.example"}
    assert intranet.log == []
    assert states(library)[OWN] is State.INDEXED
    assert evil not in states(library)
    with open_reader(library) as reader:
        reader.verify()
        said = [cue.text for key in reader.standings() for each in reader.transcripts(key) for cue in each.cues]
        assert said and SECRET not in " ".join(said)
        assert [moment.note for moment in reader.kept()] == [KEPT.note]
    if isinstance(library, Path):
        assert (library / ADDED_FILES / "唯一.md").read_text(encoding="utf-8") == "the only copy of a mask"

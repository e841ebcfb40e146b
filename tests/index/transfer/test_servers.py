"""Libraries that are carried from a folder to a server and back: what arrives answers as what left."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from seekpoint.index.address import ServerAddress
from seekpoint.index.errors import DamagedLibrary, LibraryError, LibraryNotFound, LockedLibrary
from seekpoint.index.open import open_keeper, open_reader, open_writer
from seekpoint.index.postgres.schema import tidy
from seekpoint.index.postgres.session import connect
from seekpoint.index.transfer.export import export_library
from seekpoint.index.transfer.import_ import import_library
from seekpoint.index.types import Chapter, Details, KeptQuestion
from tests.index.libraries import CARD, SOURCE, TALKS, build, embedded, fill, resource
from tests.index.transfer.test_transfer import KEPT, answers, shown
from tests.postgres import TestServer


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A library, and its export beside it."""
    build(tmp_path / "library")
    export_library(tmp_path / "library", tmp_path / "talks.zip")
    return tmp_path / "library"


def test_a_library_goes_to_a_server_and_comes_back(folder: Path, tmp_path: Path, postgres: TestServer) -> None:
    address = postgres.library()
    other = ServerAddress(address.uri, "second")
    with pytest.raises(LibraryNotFound):
        export_library(address, tmp_path / "there.zip")
    assert not (tmp_path / "there.zip").exists()
    with open_writer(other, CARD) as writer:
        fill(writer, {"zhuyili0001": ("掩码",)})
    beside = shown(other)
    with open_writer(folder) as writer:
        made = embedded(TALKS["zhuyili0001"])
        chapters = (Chapter(0.0, "注意力", generated=True), Chapter(10.0, "掩码", generated=True))
        made = replace(made, transcript=replace(made.transcript, chapters=chapters))
        writer.commit("zhuyili0001", [made], Details(title="讲座"), "made by hand")
        writer.put_settings(glossary=[("mask", "掩码")])
        writer.keep_translations("1", lambda target: [("en", [("mask", ["掩码"])])] if target == "zh" else [])
        assert writer.translations("en", ["mask"])
    with open_keeper(folder) as keeper:
        keeper.keep(KEPT)
        keeper.keep(replace(KEPT, start=None, page=3, added=2.0))
    export_library(folder, tmp_path / "there.zip")
    there = import_library(tmp_path / "there.zip", address)
    assert (there.resources, there.chunks) == (3, 5)
    assert shown(address) == shown(folder)
    with closing(connect(address)) as session:
        words = session.rows("SELECT pg_relation_filenode('chunk_words')")
        tidy(session, least=0)
        assert session.rows("SELECT pg_relation_filenode('chunk_words')") == words, "as good as new"
    with open_keeper(address) as keeper:
        keeper.annotate("zhuyili0001", KEPT.place, "第二次读", "收藏")
    with open_writer(address) as writer:
        writer.remove(["zhuyili0001"])
        writer.register(SOURCE, [resource("new00000001", "讲座")])
        writer.commit("new00000001", [embedded(["缓存节省工作", "a cache 掩码"], "zh")], Details(), "made by hand")
        writer.verify()
    export_library(address, tmp_path / "back.zip")
    import_library(tmp_path / "back.zip", tmp_path / "back")
    assert shown(tmp_path / "back") == shown(address)
    assert shown(other) == beside, "another library in the same database"
    with open_writer(tmp_path / "back") as writer:
        assert writer.remove(unlisted_by=[SOURCE]) == 2, "the sources of what they list no longer"
    with open_writer(tmp_path / "back") as writer:
        writer.verify()
        assert "new00000001" in writer.standings()


def test_a_library_is_replaced_only_on_demand_not_while_it_is_written_and_keeps_what_was_kept(
    folder: Path, postgres: TestServer
) -> None:
    file, address = folder.with_name("talks.zip"), postgres.library()
    with open_writer(address, CARD) as writer:
        writer.put_settings(glossary=[("old", "1")])
        with pytest.raises(LockedLibrary, match="being written by another process"):
            import_library(file, address, replacing_old=True)
    with open_keeper(address) as keeper:
        keeper.keep(KEPT)
        keeper.keep(replace(KEPT, start=None, page=3, added=2.0))
        keeper.annotate(KEPT.resource.id, KEPT.place, "我的", "")
        keeper.keep(KeptQuestion("掩码?", 1.0, also=("masks?",)))
        keeper.keep(KeptQuestion("why?", 2.0))
    with pytest.raises(LibraryError, match="--replace"):
        import_library(file, address)
    with open_reader(address) as reader:
        assert reader.settings.glossary == (("old", "1"),)
    with open_keeper(folder) as keeper:
        keeper.keep(KEPT)
        keeper.keep(KeptQuestion("why?", 3.0, also=("theirs",)))
        keeper.keep(KeptQuestion("theirs 0", 3.0, also=("their own",)))
    export_library(folder, file, force=True)
    assert import_library(file, address, replacing_old=True).moments == 2
    with open_writer(address) as library:
        assert library.standings().keys() == TALKS.keys() and library.settings.glossary == ()
        assert [(moment.note, moment.page) for moment in library.kept()] == [("我的", None), (KEPT.note, 3)]
        assert library.settings.questions == (("theirs 0", 3.0), ("掩码?", 1.0), ("why?", 2.0))
        assert library.settings.wordings == {"theirs 0": ("their own",), "掩码?": ("masks?",)}
    assert answers(address) == answers(folder)


def test_rows_of_a_server_that_are_damaged_end_an_export_in_a_line(
    folder: Path, tmp_path: Path, postgres: TestServer
) -> None:
    address = postgres.library()
    export_library(folder, tmp_path / "there.zip")
    import_library(tmp_path / "there.zip", address)
    with closing(connect(address)) as session:
        session.run("UPDATE body SET vector = '\\x00'")
    with pytest.raises(DamagedLibrary, match="is damaged"):
        export_library(address, tmp_path / "back.zip")
    assert not (tmp_path / "back.zip").exists()

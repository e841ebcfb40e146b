"""The videos that pages show: which may be in a private network, and what an ill-formed setting does."""

from __future__ import annotations

from pathlib import Path

from seekpoint.index.embedded.embedded_writer import EmbeddedWriter
from seekpoint.index.types import Kind, Resource
from seekpoint.indexer.pipeline.shown_videos import ShownVideos
from seekpoint.indexer.reading_list.addresses import resource_of, short_hash
from tests.index.libraries import CARD

PAGE, OTHER = "http://uni.example/lecture", "http://10.0.0.1/lecture"


def test_only_recordings_on_the_server_of_a_private_page_may_be_in_a_private_network(tmp_path: Path) -> None:
    own, elsewhere = "http://uni.example/l3.mp4", "http://10.0.0.1/l3.mp4"
    page = resource_of(PAGE)
    assert page
    with EmbeddedWriter.acquire(tmp_path, CARD) as writer:
        shown = ShownVideos(writer)
        shown.keep(page, [Resource(short_hash(url), Kind.VIDEO, "讲座", url) for url in (own, elsewhere)])
        assert shown.private({page.id}) == {short_hash(own)}
        assert shown.private(set()) == set()
        # Another's library may say that a page of ours lies elsewhere.
        writer.put_settings(shown={page.id: (OTHER, ((elsewhere, ""),))})
        assert ShownVideos(writer).private({page.id}) == set()

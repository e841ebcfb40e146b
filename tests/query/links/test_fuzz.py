"""Any text as a time or as a link to a place."""

from __future__ import annotations

from math import isfinite

from hypothesis import given
from hypothesis import strategies as st

from seekpoint.index.errors import UsageError
from seekpoint.index.types import Kind, Resource
from seekpoint.query.links import find_resource, parse_seconds, parse_target
from tests import fuzzing
from tests.fuzzing import is_line

PARTS = ("https://", "youtu.be/", "aaaaaaaaaaa", "?", "&", "#", "t=", "1h2m3s", "12:34", "9" * 400, "page=", ":~:text=")
LINKS = st.lists(st.sampled_from([*PARTS, "%", "%ff", "-,", "٣", "1e999", "nan", "."]) | fuzzing.pieces, max_size=8)
RESOURCE = Resource("aaaaaaaaaaa", Kind.VIDEO, "讲座", "https://www.youtube.com/watch?v=aaaaaaaaaaa")

fuzz = fuzzing.fuzz(200)


@given(LINKS.map("".join))
@fuzz
def test_any_time_is_a_finite_number_or_refused(text: str) -> None:
    try:
        seconds = parse_seconds(text)
    except UsageError as error:
        assert is_line(str(error))
    else:
        assert isfinite(seconds) and seconds >= 0


@given(LINKS.map("".join))
@fuzz
def test_any_link_leads_to_a_place_or_is_refused(link: str) -> None:
    find_resource(link, [RESOURCE])
    try:
        target = parse_target(link)
    except UsageError as error:
        assert is_line(str(error))
        return
    assert target.seconds is None or (isfinite(target.seconds) and target.seconds >= 0)
    assert target.page is None or target.page >= 0

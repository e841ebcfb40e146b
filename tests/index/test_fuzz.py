"""Any text as the address of a library."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from seekpoint.index.address import ServerAddress, parse_address
from seekpoint.index.errors import UsageError
from tests import fuzzing

PARTS = ("you", ":", "secret", "@", "host", "[::1", "]", ":5432", "/", "talks", "?", "&", "=", "library", "%00", "#")


@given(
    st.sampled_from(["postgresql://", "postgres://", ""]),
    st.lists(st.sampled_from(PARTS) | fuzzing.pieces, max_size=9).map("".join),
)
@fuzzing.fuzz(200)
def test_any_address_of_a_library_is_read_or_refused_in_a_line(scheme: str, rest: str) -> None:
    try:
        address = parse_address(scheme + rest)
    except UsageError as error:
        assert "\n" not in str(error)
        return
    assert isinstance(address, ServerAddress) or not scheme
    assert parse_address(str(address)) or "secret" not in str(address)

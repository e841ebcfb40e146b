"""Fixtures of the indexer's tests."""

from pathlib import Path

import pytest

from tests.fake_youtube import FakeYouTube
from tests.indexer.builds import Workshop


@pytest.fixture
def workshop(tmp_path: Path, fake: FakeYouTube) -> Workshop:
    return Workshop(tmp_path, fake)

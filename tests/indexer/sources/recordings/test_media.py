from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from seekpoint.index.errors import Unfetched
from seekpoint.indexer.sources.recordings.media import opened

pytest.importorskip("av", reason='transcription needs one more package: pip install "seekpoint[transcribe]"')


@pytest.mark.skipif(sys.platform == "win32", reason="needs the devices, pipes and links of POSIX")
@pytest.mark.parametrize("kind", ["/dev/zero", "/proc/kmsg", "/proc/self/mem", "pipe", "itself"])
def test_a_recording_that_is_no_file_is_refused_without_waiting(kind: str, tmp_path: Path) -> None:
    media = tmp_path / "讲座.mp3"
    if kind == "pipe":
        os.mkfifo(media)
    else:
        media.symlink_to(media.name if kind == "itself" else kind)
    with pytest.raises(Unfetched, match=r"a device or a pipe|the file is empty|can't be read"), opened(media):
        pytest.fail("it was opened")

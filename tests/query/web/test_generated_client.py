"""A client that openapi-python-client generates from the API's document."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import requests

from tests.query.web.served import served

pytestmark = pytest.mark.slow

CONFIGURATION = "post_hooks: []\n"
SCRIPT = """
import sys
from seekpoint_client import Client
from seekpoint_client.api.default import ask, resources, transcript
from seekpoint_client.models import AnswerJson, Kind, ProblemJson, ResourcesJson, TranscriptJson

client = Client(base_url=sys.argv[1])
answer = ask.sync(client=client, q="掩码藏了什么？", k=1, kind=Kind.VIDEO, language="zh", explain=True)
assert isinstance(answer, AnswerJson)
(moment,) = answer.moments
assert (moment.resource.title, moment.start, moment.explanation.named) == ("掩码", 80.0, 0.0)
page = resources.sync(client=client, limit=2, offset=1)
assert isinstance(page, ResourcesJson) and (len(page.resources), page.total) == (2, 5)
said = transcript.sync(moment.resource.id, client=client, start=45, end=80)
assert isinstance(said, TranscriptJson) and [cue.text for cue in said.cues] == ["注意力给每个词一个权重"]
problem = ask.sync(client=client, q=" ")
assert isinstance(problem, ProblemJson) and problem.status == 400
print("asked")
"""


def test_a_generated_client_asks_a_question(talks: Path, tmp_path: Path) -> None:
    pytest.importorskip("openapi_python_client", reason="the generator isn't installed: pip install -e '.[dev]'")
    (tmp_path / "config.yml").write_text(CONFIGURATION, encoding="utf-8")
    (tmp_path / "script.py").write_text(SCRIPT, encoding="utf-8")
    with served(talks) as address:
        (tmp_path / "openapi.json").write_bytes(requests.get(f"{address}/api/openapi.json", timeout=60).content)
        generate = ["generate", "--path", "openapi.json", "--meta", "none", "--output-path", "seekpoint_client"]
        run(tmp_path, "-m", "openapi_python_client", *generate, "--config", "config.yml", "--fail-on-warning")
        assert run(tmp_path, "script.py", address) == "asked"


def run(folder: Path, *arguments: str) -> str:
    """What a Python process in a folder prints."""
    ran = subprocess.run(
        [sys.executable, *arguments], cwd=folder, capture_output=True, text=True, encoding="utf-8", timeout=120
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return ran.stdout.strip()

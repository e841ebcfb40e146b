from __future__ import annotations

import json
from pathlib import Path

import click.testing

import seekpoint
from index.types import Kind, ModelCard, Origin, Resource, ResourceStatus, State
from query import status

CARD = ModelCard("topics", 8, "abc")
INDEXED = ResourceStatus(
    Resource("aaaaaaaaaaa", Kind.VIDEO, "Masks", "https://www.youtube.com/watch?v=aaaaaaaaaaa", (("One", "Two"),)),
    State.INDEXED,
    languages=("en", "zh"),
    transcript=Origin.MANUAL,
    chunks=3,
    seconds=120.5,
)
DEFERRED = ResourceStatus(
    Resource("bbbbbbbbbbb", Kind.VIDEO, "注意力\x1b[31m", "https://www.youtube.com/watch?v=bbbbbbbbbbb"),
    State.DEFERRED,
    reason="YouTube blocks this address",
    retry_after=1_780_000_000.0,
)


def test_json_is_the_contract() -> None:
    found = json.loads(json.dumps(status.to_json(Path("/library"), CARD, [INDEXED, DEFERRED])))
    assert found["model"] == {"name": "topics", "dimension": 8, "fingerprint": "abc"}
    assert found["totals"] == {
        "resources": 2,
        "indexed": 1,
        "no_transcript": 0,
        "unavailable": 0,
        "deferred": 1,
        "pending": 0,
        "chunks": 3,
        "seconds": 120.5,
    }
    assert found["resources"][0] == {
        "id": "aaaaaaaaaaa",
        "kind": "video",
        "title": "Masks",
        "url": "https://www.youtube.com/watch?v=aaaaaaaaaaa",
        "sections": [["One", "Two"]],
        "state": "indexed",
        "reason": None,
        "retry_after": None,
        "languages": ["en", "zh"],
        "transcript": "manual",
        "chunks": 3,
    }
    assert found["resources"][1]["retry_after"] == "2026-05-28T20:26:40+00:00"


def test_text_counts_sections_and_tells_what_to_do_for_the_rest() -> None:
    text = status.to_text(Path("/library"), CARD, [INDEXED, DEFERRED])
    assert "Resources: 2 (1 indexed, 1 deferred)" in text
    assert "   1 of 1    One › Two" in text
    assert "   0 of 1    (no heading)" in text
    assert "deferred: 注意力" in text
    assert "YouTube blocks this address; build again after 2026-05-28" in text
    assert "\x1b" not in text


def test_an_empty_library_has_a_status() -> None:
    assert "Resources: 0 (none yet)" in status.to_text(Path("/library"), CARD, [])


def test_the_seed_of_a_list_is_all_there(tmp_path: Path) -> None:
    (tmp_path / "list.md").write_text(
        "# T\n## Papers\n- [P](https://arxiv.org/abs/1706.03762)\n## 网页\n- https://example.org/a\n", encoding="utf-8"
    )
    runner = click.testing.CliRunner()
    built = runner.invoke(seekpoint.cli, ["build", str(tmp_path / "list.md"), "--index", str(tmp_path / "library")])
    assert built.exit_code == 3, built.output
    shown = runner.invoke(seekpoint.cli, ["status", "--json", "--index", str(tmp_path / "library")])
    found = json.loads(shown.stdout)
    assert [(r["kind"], r["state"], r["reason"], r["sections"]) for r in found["resources"]] == [
        ("paper", "deferred", "not read yet", [["Papers"]]),
        ("page", "deferred", "not read yet", [["网页"]]),
    ]

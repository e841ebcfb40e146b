"""The compose file of examples/compose: it is complete, and its parts work together."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.error import HTTPError
from urllib.parse import quote
from urllib.request import Request, urlopen

import psycopg
import pytest
import yaml

from tests.compose import COMPOSE, Composition, Image, lacking
from tests.fake_youtube import YOUTUBE, FakeYouTube
from tests.paths import ROOT
from tests.postgres import server_folder

pytestmark = pytest.mark.slow

TALKS = {
    "cachetalk01": ("en", ["The cache keeps the keys and values of earlier words.", "So none is computed again."]),
    "masktalk002": ("en", ["A causal mask hides the words that come later.", "The model must not look ahead."]),
    "weizhi00003": ("zh", ["位置编码告诉模型每个词的顺序。", "没有它，句子就只是一袋词。"]),
    "yure0000004": ("zh", ["学习率要先预热，再慢慢下降。", "否则训练一开始就会发散。"]),
}
QUESTIONS = {"Why keep keys and values in a cache?": "cachetalk01", "模型怎么知道词的顺序？": "weizhi00003"}
PROGRAM = """#!{python}
import sys
sys.path.insert(0, {root!r})
from seekpoint.cli.main import cli
from tests.local_web import LocalWeb
cli(prog_name="seekpoint", obj=lambda proxy, cookies: LocalWeb({web!r}, {youtube!r}))
"""


@pytest.fixture
def composition(fake: FakeYouTube, tmp_path: Path) -> Iterator[Composition]:
    if reason := lacking():
        pytest.skip(reason)
    for talk, (language, lines) in TALKS.items():
        fake.add_video(talk, f"讲座 {talk}", {language: [(5.0 * at, 5.0, line) for at, line in enumerate(lines)]})
    (tmp_path / "lists").mkdir()
    (tmp_path / "lists" / "talks.md").write_text("".join(f"- https://youtu.be/{talk}\n" for talk in TALKS))
    program = tmp_path / "bin" / "seekpoint"
    program.parent.mkdir()
    program.write_text(PROGRAM.format(python=sys.executable, root=str(ROOT), web=fake.root, youtube=YOUTUBE))
    program.chmod(0o755)
    variables = {"SEEKPOINT_PACE": "0", "SEEKPOINT_LISTS": str(tmp_path / "lists"), "SEEKPOINT_SHARED_BUFFERS": "64MB"}
    with server_folder() as folder:
        made = Composition(folder, program.parent, variables)
        try:
            yield made
        finally:
            made.close()


def secret(composition: Composition, name: str) -> str:
    return (composition.home / "secrets" / name).read_text("utf-8")


@pytest.mark.nightly
def test_what_workers_build_is_answered_by_whichever_reader_lives(composition: Composition) -> None:
    composition.up("balancer")
    left = composition.run("worker-1", "build", "/lists/talks.md", "--enqueue")
    assert left.startswith(f"{len(TALKS)} resources left to workers")
    composition.up("worker-1", "worker-2")
    said = "".join(composition.ended(worker) for worker in ("worker-1", "worker-2"))
    assert sum(map(int, re.findall(r"(\d+) resources? taken from the queue", said))) == len(TALKS), said

    def answers(token: str) -> dict[str, str]:
        """The resource of the first moment of each question, by way of the balancer."""
        resources = {}
        for question in QUESTIONS:
            address = f"http://{composition.addresses['balancer']}:8080/api/ask?k=1&q={quote(question)}"
            with urlopen(Request(address, headers={"Authorization": f"Bearer {token}"}), timeout=60) as response:
                resources[question] = json.load(response)["moments"][0]["resource"]["id"]
        return resources

    token = secret(composition, "token")
    assert answers(token) == QUESTIONS
    composition.kill("reader-2")
    assert answers(token) == QUESTIONS, "the replica's reader answers"
    composition.kill("replica")
    assert answers(token) == QUESTIONS, "it takes the primary"
    with pytest.raises(HTTPError, match="401"):
        answers("not the token")


def test_the_replica_follows_and_nobody_gets_in_without_a_password(composition: Composition) -> None:
    composition.up("replica", "library")
    data = Path(composition.part("replica").environment["PGDATA"])
    copied = {path.name for path in data.iterdir()}
    composition.kill("replica")
    composition.up("replica")
    assert {path.name for path in data.iterdir()} == copied, "it goes on with its copy"
    faults = psycopg.errors.InsufficientPrivilege, psycopg.errors.ReadOnlySqlTransaction
    for host, may_not in zip(("primary", "replica"), faults, strict=True):
        uri = f"postgresql://reader@{composition.addresses[host]}/talks"
        right = secret(composition, "reader_password")
        with psycopg.connect(uri, password=right) as connection, pytest.raises(may_not):
            connection.execute("CREATE SCHEMA mine")
        with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
            psycopg.connect(uri, password="wrong")


def test_all_that_the_compose_file_and_its_images_name_is_there() -> None:
    document = yaml.safe_load((COMPOSE / "compose.yaml").read_text("utf-8"))
    services = document["services"]
    for service in services.values():
        assert service.get("depends_on", {}).keys() <= services.keys()
        assert set(service.get("secrets", ())) <= document["secrets"].keys()
        assert {config["source"] for config in service.get("configs", ())} <= document["configs"].keys()
        volumes = {volume.partition(":")[0] for volume in service.get("volumes", ())}
        assert {name for name in volumes if name.isidentifier()} <= document["volumes"].keys()
        if "build" in service:
            copied = Image(COMPOSE, service["build"]).copied.values()
            assert copied and all(source.exists() for source in copied)
            assert all(os.access(source, os.X_OK) for source in copied if source.suffix == ".sh")
    assert all((COMPOSE / config["file"]).exists() for config in document["configs"].values())
    balanced = re.findall(r"(?m)^    server \w+ ([\w-]+):8080", (COMPOSE / "haproxy.cfg").read_text("utf-8"))
    assert balanced == [name for name in services if name.startswith("reader")]


def test_secrets_are_made_once_for_their_owner_alone_and_stay_out_of_the_repository(tmp_path: Path) -> None:
    document = yaml.safe_load((COMPOSE / "compose.yaml").read_text("utf-8"))
    script = shutil.copy(COMPOSE / "secrets.sh", tmp_path)
    runs = []
    for _ in range(2):
        subprocess.run([script], check=True)
        runs.append({f"secrets/{path.name}": path.read_text("utf-8") for path in (tmp_path / "secrets").iterdir()})
    made, again = runs
    assert made == again and sorted(made) == sorted(secret["file"] for secret in document["secrets"].values())
    assert all(len(secret) == 48 for secret in made.values()) and len({*made.values()}) == len(made)
    assert (tmp_path / "secrets").stat().st_mode & 0o777 == 0o700
    ignored = subprocess.run(["git", "check-ignore", "-q", COMPOSE / "secrets" / "token"], cwd=ROOT, check=False)
    assert ignored.returncode in (0, 128), "128: not a checkout"

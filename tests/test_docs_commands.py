"""The commands in the shell blocks of README.md, CONTRIBUTING.md and docs/ run, or `REASONS` says why one doesn't."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from urllib.request import urlopen

import numpy as np
import pytest
from filelock import FileLock

import seekpoint
from seekpoint.index.models.encoder import BundledEncoder
from seekpoint.index.types import Vectors
from tests.fake_chat import fake_chat, streaming
from tests.indexer.builds import webvtt
from tests.paths import ROOT
from tests.readme import DOCS, README, shell_blocks

PAGES = [README, ROOT / "CONTRIBUTING.md", *sorted(DOCS.glob("*.md"))]

HUB = "needs a model of the Hugging Face hub; tests/index/models/test_encoder.py loads a small one from disk"
INSTALLS = "installs software"
MAKE = "installs into .venv; .ci/run calls it on a clean machine"
OLLAMA = "needs Ollama"
SERVER = "needs PostgreSQL; tests/cli/test_servers.py runs this section"
ROLES = "needs PostgreSQL; tests/cli/test_servers.py runs init, --enqueue, --worker and import there"
DOCKER = "needs Docker; tests/test_compose.py runs the services without containers"

REASONS = {
    "seekpoint status --youtube": "needs YouTube; tests/cli/test_youtube_status.py asks a stand-in",
    "make demo": MAKE,
    "make test": MAKE,
    "python3 -m venv .venv": INSTALLS,
    "source .venv/bin/activate": INSTALLS,
    "pip install .": INSTALLS,
    'pip install ".[transcribe]"': INSTALLS,
    "seekpoint build talks/ --transcribe": "needs a speech model; tests/cli/test_transcribe.py has a small one",
    "ollama pull qwen3:8b": OLLAMA,
    "hf download BAAI/bge-m3": HUB,
    "seekpoint build my-list.md --model BAAI/bge-m3 --index other-library": HUB,
    "seekpoint build my-list.md --model BAAI/bge-m3 --reembed": HUB,
    "seekpoint build my-list.md --model intfloat/multilingual-e5-small --reembed": HUB,
    'seekpoint ask "why is the learning rate warmed up?" --rerank cross-encoder/ms-marco-MiniLM-L6-v2': (
        "needs a model of the Hugging Face hub; tests/query/search/test_reranking.py loads a small one from disk"
    ),
    "apt-get install postgresql-17 postgresql-17-pgvector postgresql-server-dev-17 make gcc git": INSTALLS,
    "git clone https://github.com/timescale/pg_textsearch": INSTALLS,
    "make -C pg_textsearch with_llvm=no PG_CONFIG=/usr/lib/postgresql/17/bin/pg_config install": INSTALLS,
    "createdb talks": SERVER,
    'psql talks -c "CREATE EXTENSION vector" -c "CREATE EXTENSION pg_textsearch"': SERVER,
    "export SEEKPOINT_INDEX=postgresql://host/talks": SERVER,
    "seekpoint build examples/reading-list.md": SERVER,
    'seekpoint ask "why three matrices for queries, keys and values" -k 1': SERVER,
    'seekpoint ask "为什么要缓存键和值，却不缓存查询？" -k 1': SERVER,
    "seekpoint init postgresql://host/talks --reader web --builder workers": ROLES,
    "seekpoint build reading-list.md --enqueue": ROLES,
    "seekpoint build --worker": ROLES,
    "seekpoint import talks.zip --index postgresql://host/talks": ROLES,
    "docker compose up --build --wait": DOCKER,
    "docker compose run --rm worker-1 build /lists/reading-list.md --enqueue": DOCKER,
    "docker compose up worker-1 worker-2": DOCKER,
    'curl -H "Authorization: Bearer $(cat secrets/token)" "http://localhost:8080/api/ask?q=masks"': DOCKER,
}
"""The commands that this module doesn't run, each with the reason."""
OTHER_PROGRAMS = {"curl", "openapi-python-client", "sh"}
"""Programs beside `seekpoint` that run here."""

LLM = "http://localhost:11434/v1"
SERVED = "http://127.0.0.1:8080"
TIMEOUT = 60


BLOCKS = {f"{page.name}-{number}": lines for page in PAGES for number, lines in enumerate(shell_blocks(page), 1)}
COMMANDS = [line for lines in BLOCKS.values() for line in lines]
RUN = {name: lines for name, lines in BLOCKS.items() if not REASONS.keys() >= {*lines}}


def test_every_reason_is_that_of_a_command_and_names_tests_that_exist() -> None:
    assert REASONS.keys() <= {*COMMANDS}
    named = {path for reason in REASONS.values() for path in re.findall(r"[\w/]+\.py|\.ci/run", reason)}
    assert [path for path in named if not (ROOT / path).is_file()] == []


def test_all_others_run_here_and_most_of_them_are_commands_of_seekpoint() -> None:
    ours = [line for line in COMMANDS if "seekpoint" in shlex.split(line) or "seekpoint)" in line]
    assert len(ours) >= 50
    assert sum(line not in REASONS for line in ours) >= 0.7 * len(ours)
    others = [line for line in COMMANDS if line not in REASONS and line not in ours]
    assert [line for line in others if line.split()[0] not in OTHER_PROGRAMS] == [], "give a reason in REASONS"


class _QuestionsAndPassages(BundledEncoder):
    """The bundled model, whose engine for questions embeds passages too, without PyTorch, which takes 5 s to load."""

    def passages(self, texts: Sequence[str]) -> Vectors:
        vectors: Vectors = np.stack([self.question(text) for text in texts])
        return vectors

    def parts(self, texts: Sequence[str], ends: Sequence[Sequence[int]]) -> None:
        return None


ENGLISH = (
    "Attention weighs all words: each query meets every key.",
    "A causal mask hides the words that come later.",
    "The learning rate is warmed up, since the first steps are noisy.",
    "Transformers know the order of words by position encoding.",
)
CHINESE = ("注意力给每个词一个权重。", "训练中要裁剪梯度，免得一步走得太远。", "位置编码告诉模型词的顺序。")


@pytest.fixture(scope="session")
def prepared(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Path:
    """A folder with all files that the commands name, and a library of its list: one for all workers."""
    base = tmp_path_factory.getbasetemp()
    folder = (base if worker_id == "master" else base.parent) / "commands-of-the-docs"
    with FileLock(folder.with_suffix(".lock")):
        if not (folder / "secrets.sh").exists():
            prepare(folder)
    return folder


def prepare(folder: Path) -> None:
    captions = folder / "captions"
    captions.mkdir(parents=True)
    (captions / "Transformers [zxQyTK8quyY].en.vtt").write_text(webvtt(*ENGLISH * 7, seconds=30), "utf-8")
    (captions / "训练 [aircAruvnKk].zh.vtt").write_text(webvtt(*CHINESE * 4, seconds=30), "utf-8")
    paper = shutil.copy(ROOT / "examples" / "texts" / "shared-keys.pdf", folder)
    videos = [f"- https://www.youtube.com/watch?v={video}" for video in ("zxQyTK8quyY", "aircAruvnKk")]
    (folder / "my-list.md").write_text("\n".join(["# Talks", "## Attention", *videos, f"- [Keys](<{paper}>)"]), "utf-8")
    (folder / "terms.tsv").write_text("causal mask\t因果掩码\n", "utf-8")
    (folder / "questions.txt").write_text("why masks?\n什么是注意力？\n", "utf-8")
    (examples,) = re.findall(r'```json\n(\{"qid".*?)```', (DOCS / "quality.md").read_text("utf-8"), re.DOTALL)
    (folder / "questions.jsonl").write_text(examples, "utf-8")
    report = seekpoint.build(
        folder / "my-list.md",
        folder / "my-library",
        captions=captions,
        encoder=_QuestionsAndPassages(),
        glossary=folder / "terms.tsv",
    )
    assert report.updated == 3
    shutil.copy(ROOT / "examples" / "compose" / "secrets.sh", folder)  # the last one, which says that all is there


def environment(folder: Path) -> Mapping[str, str]:
    """The variables of a user who has nothing but a library, `seekpoint`, and the programs beside this Python."""
    programs = folder / "bin"
    programs.mkdir()
    program = programs / "seekpoint"
    program.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m seekpoint "$@"\n', "utf-8")
    program.chmod(0o755)
    path = os.pathsep.join([str(programs), str(Path(sys.executable).parent), os.environ["PATH"]])
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("SEEKPOINT_", "XDG_"))}
    library = {"SEEKPOINT_INDEX": str(folder / "my-library")}
    return {**kept, **library, "PATH": path, "HOME": str(folder), "BROWSER": "true", "PYTHONPATH": str(ROOT)}


@contextmanager
def served(command: str, folder: Path, variables: Mapping[str, str]) -> Iterator[str]:
    """The address of `seekpoint serve`, on a free port, until Ctrl-C, with which it has to end well."""
    shell = subprocess.Popen(
        ["bash", "-c", f"{command} --port 0"],
        cwd=folder,
        env=variables,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    with shell:
        assert shell.stdout
        try:
            (address,) = re.findall(r"Ask at (http://[\w.]+:\d+)", shell.stdout.readline())
            yield address
        finally:
            os.killpg(shell.pid, signal.SIGINT)
        assert shell.wait(TIMEOUT) == 0


def ran(command: str, folder: Path, variables: Mapping[str, str], stdin: str = "") -> str:
    """The output of a command, which has to end with 0."""
    shell = next((name for name in ("zsh", "fish") if f"{name}_source" in command), "bash")
    if not shutil.which(shell):
        pytest.skip(f"there is no {shell}")
    first = {"bash": "set -eo pipefail; ", "zsh": "autoload -Uz compinit; compinit -u -D; ", "fish": ""}[shell]
    done = subprocess.run(
        [shell, "-c", first + command],
        cwd=folder,
        env=variables,
        input=stdin,
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=TIMEOUT,
        check=False,
    )
    assert done.returncode == 0, (command, done.stdout, done.stderr)
    for file in re.findall(r">>? (\S+)$", command):
        assert (folder / file).stat().st_size, command
    return done.stdout


INITIALIZE = {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "tests", "version": "1"}}
HELLO = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": INITIALIZE}) + "\n"


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="the blocks are for the shells of Unix")
@pytest.mark.parametrize("block", RUN)
def test_the_commands_of_a_block_run_one_after_the_other(block: str, prepared: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(prepared, tmp_path / "user")
    variables = environment(folder)
    with fake_chat() as chat:
        for line in (each for each in RUN[block] if each not in REASONS):
            assert "seekpoint" in line or line.split()[0] in OTHER_PROGRAMS, f"give {line} a reason in REASONS"
            command = line.replace(LLM, chat.address)
            if "seekpoint build" in command:
                chat.behaviour = streaming("none")
            if "seekpoint serve" in command:
                with served(command, folder, variables) as address, urlopen(f"{address}/healthz") as answer:
                    assert json.load(answer) == {"status": "ok"}
            elif SERVED in command:
                with served("seekpoint serve", folder, variables) as address:
                    ran(command.replace(SERVED, address), folder, variables)
            elif "--install" in command:
                (folder / ".claude").mkdir()  # as the client leaves it behind
                assert "written" in ran(f"{command} --yes", folder, variables)  # no terminal is there to ask at
            elif "seekpoint mcp" in command:
                assert '"serverInfo"' in ran(command, folder, variables, HELLO)
            else:
                said = ran(command, folder, variables)
                is_shown = command.startswith("seekpoint ask") and ">" not in command
                assert "watch?v=" in said or ".pdf#" in said or not is_shown, (command, said)
        assert bool(chat.requests) == any("seekpoint serve" not in line and LLM in line for line in RUN[block])

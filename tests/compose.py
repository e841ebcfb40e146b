"""What a compose file says, for parts that run without containers.

Each part gets a loopback address, which its name becomes, so that ports stay as they are. A path in a container becomes
that of the file which would be mounted or copied there.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from tests.paths import ROOT
from tests.postgres import PROGRAMS

COMPOSE = ROOT / "examples" / "compose"
# What the image of PostgreSQL sets.
DATA = "/var/lib/postgresql/data"
_VARIABLE = re.compile(r"\$\{(\w+):-([^}]*)\}")
_PASSED_ON = ("HOME", "XDG_CACHE_HOME", "OMP_WAIT_POLICY")


@dataclass(frozen=True)
class Dockerfile:
    """How an image is made, from the files in a folder."""

    context: Path
    name: str

    @property
    def text(self) -> str:
        return (self.context / self.name).read_text("utf-8")

    def entry_point(self) -> list[str]:
        """The program that the image starts with its arguments; nothing where that is left to the image below it."""
        found = re.search(r"(?m)^ENTRYPOINT (.*)$", self.text)
        return list(json.loads(found[1])) if found else []

    def copied(self) -> Iterator[tuple[str, str]]:
        """Each file or folder that is copied from the folder, and its place in the image."""
        for line in re.findall(r"(?m)^COPY (?!--from)(.*)$", self.text):
            *sources, target = (word for word in line.split() if not word.startswith("--"))
            for source in sources:
                yield source, target + Path(source).name if target.endswith("/") else target


@dataclass(frozen=True)
class Part:
    """A service: what it runs, how it is told to be healthy, and the conditions in which others must be before.

    `entry` and `command` are empty where those of a public image hold; `files` are by their paths in the container.
    """

    name: str
    entry: Sequence[str]
    command: Sequence[str]
    environment: Mapping[str, str]
    health: Sequence[str]
    needs: Mapping[str, str]
    files: Mapping[str, Path]
    is_database: bool


class ComposeFile:
    """The compose file in a copy of its folder.

    `variables` are those of the environment that it names; the programs in `programs` come before others.
    """

    def __init__(self, folder: Path, programs: Path, variables: Mapping[str, str]) -> None:
        self.home = folder / "examples" / "compose"
        shutil.copytree(COMPOSE, self.home, ignore=shutil.ignore_patterns("secrets"))
        text = (self.home / "compose.yaml").read_text("utf-8")
        self._document = yaml.safe_load(_VARIABLE.sub(lambda found: variables.get(found[1], found[2]), text))
        self._services: Mapping[str, Any] = self._document["services"]
        self._folder = folder
        path = (programs, PROGRAMS, Path(sys.executable).parent, os.defpath, "/usr/sbin")
        self._environment = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
        self._environment["LANG"] = "C.UTF-8"
        self._environment["PATH"] = os.pathsep.join(map(str, path))
        block = f"127.{os.getpid() % 199 + 10}.{os.getpid() // 199 % 250}"
        self.addresses = {name: f"{block}.{number}" for number, name in enumerate(self._services, 1)}

    def part(self, name: str, arguments: Sequence[str] = ()) -> Part:
        """A part as it runs here, with other arguments if they are given."""
        service, paths = self._services[name], self._paths(name)
        image = self._image(service)
        program, *entry = service.get("entrypoint") or (image.entry_point() if image else []) or [""]
        is_database = service["image"] == "seekpoint-postgres"
        environment = {"PGDATA": DATA} if is_database else {}

        def local(words: Sequence[str]) -> list[str]:
            return [self._local(word, name, paths) for word in words]

        return Part(
            name,
            [str(paths.get(f"/usr/local/bin/{program}", program)), *local(entry)] if program else [],
            local(arguments or service.get("command", [])),
            {
                **self._environment,
                **{key: self._local(value, name, paths) for key, value in environment.items()},
                **{key: self._local(value, name, paths) for key, value in service.get("environment", {}).items()},
            },
            local(service.get("healthcheck", {}).get("test", ["CMD"])[1:]),
            {need: how["condition"] for need, how in service.get("depends_on", {}).items()},
            paths,
            is_database,
        )

    def _paths(self, name: str) -> dict[str, Path]:
        """The files and folders that a container of a part has of the compose file, by their paths in it."""
        service, mounted = self._services[name], self._folder / "mounted" / name
        mounted.mkdir(parents=True, exist_ok=True)
        image = self._image(service)
        copied = image.copied() if image else ()
        found = {target: image.context / source for source, target in copied if image and source.endswith(".sh")}
        for secret in service.get("secrets", []):
            source = self.home / self._document["secrets"][secret]["file"]
            found[f"/run/secrets/{secret}"] = Path(shutil.copy(source, mounted))  # with its mode, as a mount has it
        for config in service.get("configs", []):
            text = (self.home / self._document["configs"][config["source"]]["file"]).read_text("utf-8")
            place = found[config["target"]] = mounted / Path(config["target"]).name
            place.write_text(self._hosts(text).replace("bind :", f"bind {self.addresses[name]}:"), "utf-8")
        for volume in service.get("volumes", []):
            source, target = volume.split(":")[:2]
            is_named = source in self._document["volumes"]
            found[target] = self._folder / "volumes" / source if is_named else self.home / source
            if not found[target].exists():
                found[target].mkdir(parents=True)
                shutil.chown(found[target], self._folder.stat().st_uid)
        return found

    def _image(self, service: Mapping[str, Any]) -> Dockerfile | None:
        build = service.get("build")
        if not build:
            return None
        context = self.home / (build if isinstance(build, str) else build["context"])
        return Dockerfile(context, "Dockerfile" if isinstance(build, str) else build["dockerfile"])

    def _local(self, text: str, name: str, paths: Mapping[str, Path]) -> str:
        for target in sorted(paths, key=len, reverse=True):
            text = re.sub(rf"(?<![\w/]){re.escape(target)}(?=$|/)", str(paths[target]), text)
        return self._hosts(re.sub(r"\b(0\.0\.0\.0|127\.0\.0\.1)\b", self.addresses[name], text))

    def _hosts(self, text: str) -> str:
        """The text with the address of each part whose name stands where a host does."""
        names = "|".join(map(re.escape, self.addresses))
        return re.sub(rf"(?:^|(?<=[@, ]))({names})(?=$|[,/:])", lambda found: self.addresses[found[1]], text)

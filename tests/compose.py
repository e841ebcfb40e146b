"""What a compose file says, and its parts, running: each by its own command, as a process without a container.

Each part gets a loopback address, which its name becomes, so that ports stay as they are. A path in a container becomes
that of the file which would be mounted or copied there.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from tests.paths import ROOT
from tests.postgres import PROGRAMS, as_postgres, missing

COMPOSE = ROOT / "examples" / "compose"
# Where the public images of HAProxy and PostgreSQL look for what they read and run.
_BALANCING, _SCRIPTS = "/usr/local/etc/haproxy/haproxy.cfg", "/docker-entrypoint-initdb.d/"
_DEADLINE_SECONDS = 240.0


def lacking() -> str | None:
    """Why the parts can't run here, and what to do; `None` if they can."""
    for program in ("haproxy", "wget"):
        if not shutil.which(program, path=f"{os.defpath}:/usr/sbin"):
            return f"{program} isn't here: apt-get install {program}"
    for port in (5432, 8080):
        try:
            socket.create_server(("127.9.9.9", port)).close()  # an address that only a server of all addresses takes
        except OSError:
            return f"port {port} is taken at all addresses: stop what listens there"
    return missing()


class Image:
    """How an image is made: what it starts, and each file that is copied, by its place in the image."""

    def __init__(self, home: Path, build: str | Mapping[str, str] | None) -> None:
        self.entry: list[str] = []
        self.copied: dict[str, Path] = {}
        if build:
            context = home / (build if isinstance(build, str) else build["context"])
            text = (context / ("Dockerfile" if isinstance(build, str) else build["dockerfile"])).read_text("utf-8")
            for line in re.findall(r"(?m)^ENTRYPOINT (.*)$", text):
                self.entry = json.loads(line)  # that of the last stage holds
            for line in re.findall(r"(?m)^COPY (?!--from)(.*)$", text):
                *sources, target = (word for word in line.split() if not word.startswith("--"))
                for source in sources:
                    place = target + Path(source).name if target.endswith("/") else target
                    self.copied[place] = context / source


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


class Composition:
    """The compose file in a copy of its folder, whose parts run, with their files in a folder that is `postgres`'s.

    `variables` are those of the environment that it names; the programs in `programs` come before others.
    """

    def __init__(self, folder: Path, programs: Path, variables: Mapping[str, str]) -> None:
        self.home = folder / "examples" / "compose"
        shutil.copytree(COMPOSE, self.home, ignore=shutil.ignore_patterns("secrets"))
        subprocess.run([self.home / "secrets.sh"], check=True)
        self._processes: dict[str, subprocess.Popen[bytes]] = {}
        text = (self.home / "compose.yaml").read_text("utf-8")
        self._document = yaml.safe_load(
            re.sub(r"\$\{(\w+):-([^}]*)\}", lambda found: variables.get(found[1], found[2]), text)
        )
        self._services: Mapping[str, Any] = self._document["services"]
        self._folder = folder
        path = (programs, PROGRAMS, Path(sys.executable).parent, os.defpath, "/usr/sbin")
        passed_on = ("HOME", "XDG_CACHE_HOME", "OMP_WAIT_POLICY")
        self._environment = {name: os.environ[name] for name in passed_on if name in os.environ}
        self._environment |= {"LANG": "C.UTF-8", "PATH": os.pathsep.join(map(str, path))}
        block = f"127.{os.getpid() % 199 + 10}.{os.getpid() // 199 % 250}"
        self.addresses = {name: f"{block}.{number}" for number, name in enumerate(self._services, 1)}

    def part(self, name: str, arguments: Sequence[str] = ()) -> Part:
        service, paths = self._services[name], self._paths(name)
        program, *entry = service.get("entrypoint") or Image(self.home, service.get("build")).entry or [""]
        is_database = service["image"] == "seekpoint-postgres"

        def local(words: Sequence[str]) -> list[str]:
            return [self._local(word, name, paths) for word in words]

        environment = {"PGDATA": "/var/lib/postgresql/data"} if is_database else {}  # as its image sets
        environment |= service.get("environment", {})
        return Part(
            name,
            [str(paths.get(f"/usr/local/bin/{program}", program)), *local(entry)] if program else [],
            local(arguments or service.get("command", [])),
            self._environment | {key: self._local(value, name, paths) for key, value in environment.items()},
            local(service.get("healthcheck", {}).get("test", ["CMD"])[1:]),
            {need: how["condition"] for need, how in service.get("depends_on", {}).items()},
            paths,
            is_database,
        )

    def _paths(self, name: str) -> dict[str, Path]:
        service, mounted = self._services[name], self._folder / "mounted" / name
        mounted.mkdir(parents=True, exist_ok=True)
        copied = Image(self.home, service.get("build")).copied
        paths = {target: source for target, source in copied.items() if source.suffix == ".sh"}
        for secret in service.get("secrets", []):
            source = self.home / self._document["secrets"][secret]["file"]
            paths[f"/run/secrets/{secret}"] = Path(shutil.copy(source, mounted))  # with its mode, as a mount has it
        for config in service.get("configs", []):
            text = (self.home / self._document["configs"][config["source"]]["file"]).read_text("utf-8")
            place = paths[config["target"]] = mounted / Path(config["target"]).name
            place.write_text(self._hosts(text).replace("bind :", f"bind {self.addresses[name]}:"), "utf-8")
        for volume in service.get("volumes", []):
            source, target = volume.split(":")[:2]
            is_named = source in self._document["volumes"]
            paths[target] = self._folder / "volumes" / source if is_named else self.home / source
            if not paths[target].exists():
                paths[target].mkdir(parents=True)
                shutil.chown(paths[target], self._folder.stat().st_uid)
        return paths

    def _local(self, text: str, name: str, paths: Mapping[str, Path]) -> str:
        for target in sorted(paths, key=len, reverse=True):
            text = re.sub(rf"(?<![\w/]){re.escape(target)}(?=$|/)", str(paths[target]), text)
        return self._hosts(re.sub(r"\b(0\.0\.0\.0|127\.0\.0\.1)\b", self.addresses[name], text))

    def _hosts(self, text: str) -> str:
        """The text with the address of each part whose name stands where a host does."""
        names = "|".join(map(re.escape, self.addresses))
        return re.sub(rf"(?:^|(?<=[@, ]))({names})(?=$|[,/:])", lambda found: self.addresses[found[1]], text)

    def up(self, *names: str) -> None:
        """Start parts and all that they need, each when that is ready, and wait until they are healthy."""
        deadline, parts, wanted = time.monotonic() + _DEADLINE_SECONDS, dict[str, Part](), [*names]
        while wanted:
            part = self.part(wanted.pop())
            parts[part.name] = part
            wanted += [need for need in part.needs if need not in parts]
        waiting = [name for name in parts if name not in self._processes]
        while waiting or not all(self._is(part, "service_healthy") for part in parts.values() if part.health):
            for name in [*waiting]:
                needs = parts[name].needs.items()
                if all(need not in waiting and self._is(parts[need], condition) for need, condition in needs):
                    self._start(parts[name])
                    waiting.remove(name)
            assert time.monotonic() < deadline, f"{waiting or names} aren't ready\n{self.log(*parts)}"
            time.sleep(0.2)

    def run(self, name: str, *arguments: str) -> str:
        part = self.part(name, arguments)
        return self._call(part, [*part.entry, *part.command])

    def ended(self, name: str) -> str:
        """Wait until a part has ended by itself, and return what it printed."""
        assert self._processes.pop(name).wait(_DEADLINE_SECONDS) == 0, self.log(name)
        return self.log(name)

    def kill(self, name: str) -> None:
        process = self._processes.pop(name)
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait(_DEADLINE_SECONDS)

    def log(self, *names: str) -> str:
        logs = [self._folder / f"{name}.log" for name in names]
        return "\n".join(log.read_text("utf-8", "replace") for log in logs if log.exists())

    def close(self) -> None:
        for name in [*self._processes]:
            self.kill(name)

    def _is(self, part: Part, condition: str) -> bool:
        code = self._processes[part.name].poll()
        if condition == "service_completed_successfully":
            assert not code, self.log(part.name)
            return code == 0
        assert code is None and condition == "service_healthy", f"{part.name} has ended\n{self.log(part.name)}"
        return not subprocess.run(part.health, env=part.environment, capture_output=True, check=False).returncode

    def _start(self, part: Part) -> None:
        if part.is_database and not part.entry:
            self._initialise(part)
        command = [*part.entry, *part.command, *(self._settings(part) if part.is_database else ())]
        if not part.entry and not part.is_database:
            command = ["haproxy", "-W", "-db", "-f", str(part.files[_BALANCING])]
        with (self._folder / f"{part.name}.log").open("wb") as log:
            self._processes[part.name] = subprocess.Popen(
                as_postgres(command) if part.is_database else command,
                env=part.environment,
                cwd=self._folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def _settings(self, part: Part) -> list[str]:
        """Where a database listens here; it needn't survive the test, and is to leave nothing elsewhere."""
        sockets = self._folder / "sockets" / part.name
        if not sockets.exists():
            sockets.mkdir(parents=True)
            shutil.chown(sockets, self._folder.stat().st_uid)
        addresses = [f"listen_addresses={self.addresses[part.name]}", f"unix_socket_directories={sockets}"]
        return [f"-c{setting}" for setting in (*addresses, "fsync=off", "dynamic_shared_memory_type=mmap")]

    def _initialise(self, part: Part) -> None:
        """Make a new database as the image of PostgreSQL does, and run its scripts there, with a Unix socket alone."""
        told = part.environment
        self._call(part, ["initdb", "-N", "--username=postgres", f"--pwfile={told['POSTGRES_PASSWORD_FILE']}"])
        access = Path(told["PGDATA"]) / "pg_hba.conf"
        # Other containers don't come from 127.0.0.1, which is trusted; here they do.
        rules = [line for line in access.read_text("utf-8").splitlines() if not line.startswith("host")]
        access.write_text("\n".join([*rules, "host all all all scram-sha-256", ""]), "utf-8")
        settings = " ".join([*part.command[1:], *self._settings(part), "-clisten_addresses=''"])
        sockets = self._folder / "sockets" / part.name
        self._call(part, ["pg_ctl", "-w", "-o", settings, "-l", str(self._folder / "initialising.log"), "start"])
        self._call(part, ["createdb", "--username=postgres", f"--host={sockets}", told["POSTGRES_DB"]])
        for script in (path for name, path in part.files.items() if name.startswith(_SCRIPTS)):
            self._call(part, ["env", f"PGHOST={sockets}", str(script)])
        self._call(part, ["pg_ctl", "-w", "-m", "fast", "stop"])

    def _call(self, part: Part, command: Sequence[str]) -> str:
        done = subprocess.run(
            as_postgres(command) if part.is_database else command,
            env=part.environment,
            cwd=self._folder,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"{command[0]} failed: {done.stdout}{done.stderr}"
        return done.stdout

"""The parts of the compose file, running: each by its own command, as its own process."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from tests.compose import ComposeFile, Part
from tests.postgres import as_postgres, missing

# Where the public images of HAProxy and PostgreSQL look for what they read and run.
_BALANCING, _SCRIPTS = "/usr/local/etc/haproxy/haproxy.cfg", "/docker-entrypoint-initdb.d/"
_PORTS = (5432, 8080)
_POLL_SECONDS, _DEADLINE_SECONDS = 0.2, 240.0


def lacking() -> str | None:
    """Why the parts can't run here, and what to do; `None` if they can."""
    for program in ("haproxy", "wget"):
        if not shutil.which(program, path=f"{os.defpath}:/usr/sbin"):
            return f"{program} isn't here: apt-get install {program}"
    for port in _PORTS:
        try:
            socket.create_server(("127.9.9.9", port)).close()  # an address that only a server of all addresses takes
        except OSError:
            return f"port {port} is taken at all addresses: stop what listens there"
    return missing()


class Composition:
    """Parts of a compose file that run, with their files in a folder that belongs to `postgres`."""

    def __init__(self, file: ComposeFile, folder: Path) -> None:
        self.file = file
        self._folder = folder
        self._processes: dict[str, subprocess.Popen[bytes]] = {}

    def up(self, *names: str) -> None:
        """Start parts and all that they need, each when that is ready, and wait until they are healthy."""
        deadline, parts = time.monotonic() + _DEADLINE_SECONDS, self._with_needs(names)
        waiting = [name for name in parts if name not in self._processes]
        while waiting or not all(self._is(part, "service_healthy") for part in parts.values() if part.health):
            for name in [*waiting]:
                needs = parts[name].needs.items()
                if all(need not in waiting and self._is(parts[need], condition) for need, condition in needs):
                    self._start(parts[name])
                    waiting.remove(name)
            assert time.monotonic() < deadline, f"{waiting or names} aren't ready\n{self.log(*parts)}"
            time.sleep(_POLL_SECONDS)

    def run(self, name: str, *arguments: str) -> str:
        """Run a part with other arguments, and return what it prints."""
        part = self.file.part(name, arguments)
        return self._call(part, [*part.entry, *part.command])

    def ended(self, name: str) -> str:
        """Wait until a part has ended by itself, and return what it printed."""
        assert self._processes.pop(name).wait(_DEADLINE_SECONDS) == 0, self.log(name)
        return self.log(name)

    def kill(self, name: str) -> None:
        """End a part at once, with its processes."""
        process = self._processes.pop(name)
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait(_DEADLINE_SECONDS)

    def log(self, *names: str) -> str:
        """What parts have printed."""
        logs = [self._folder / f"{name}.log" for name in names]
        return "\n".join(log.read_text("utf-8", "replace") for log in logs if log.exists())

    @contextmanager
    def running(self) -> Iterator[None]:
        """At the end, all parts that run are killed."""
        try:
            yield
        finally:
            for name in [*self._processes]:
                self.kill(name)

    def _with_needs(self, names: Sequence[str]) -> dict[str, Part]:
        parts: dict[str, Part] = {}
        for name in names:
            part = self.file.part(name)
            parts |= {**self._with_needs([*part.needs]), name: part}
        return parts

    def _is(self, part: Part, condition: str) -> bool:
        """Whether a part that was started is healthy, or has done what it had to do."""
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
        return [
            f"-clisten_addresses={self.file.addresses[part.name]}",
            f"-cunix_socket_directories={self._sockets(part)}",
            "-cfsync=off",
            "-cdynamic_shared_memory_type=mmap",
        ]

    def _sockets(self, part: Part) -> Path:
        folder = self._folder / "sockets" / part.name
        if not folder.exists():
            folder.mkdir(parents=True)
            shutil.chown(folder, self._folder.stat().st_uid)
        return folder

    def _initialise(self, part: Part) -> None:
        """Make a new database as the image of PostgreSQL does, and run its scripts there, with a Unix socket alone."""
        told = part.environment
        self._call(part, ["initdb", "-N", "--username=postgres", f"--pwfile={told['POSTGRES_PASSWORD_FILE']}"])
        access = Path(told["PGDATA"]) / "pg_hba.conf"
        # Other containers don't come from 127.0.0.1, which is trusted; here they do.
        rules = [line for line in access.read_text("utf-8").splitlines() if not line.startswith("host")]
        access.write_text("\n".join([*rules, "host all all all scram-sha-256", ""]), "utf-8")
        settings = " ".join([*part.command[1:], *self._settings(part), "-clisten_addresses=''"])
        self._call(part, ["pg_ctl", "-w", "-o", settings, "-l", str(self._folder / "initialising.log"), "start"])
        self._call(part, ["createdb", "--username=postgres", f"--host={self._sockets(part)}", told["POSTGRES_DB"]])
        for script in (path for name, path in part.files.items() if name.startswith(_SCRIPTS)):
            self._call(part, ["env", f"PGHOST={self._sockets(part)}", str(script)])
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

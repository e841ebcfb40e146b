"""A PostgreSQL server of the tests' own: in a temporary folder, on a port of the loopback interface, as `postgres`."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from itertools import count
from pathlib import Path

import psycopg

from seekpoint.index.address import ServerAddress
from seekpoint.index.transfer.export import export_library
from seekpoint.index.transfer.import_ import import_library

LOCKED = "locked"
"""A role that needs a password."""

PROGRAMS = Path("/usr/lib/postgresql/17/bin")
"""The server's programs."""

_MEMORY = Path("/dev/shm")
_MEMORY_BYTES = 1_000_000_000
_TEMPLATE = "with_extensions"
_NUMBERS = count()
# Nothing of it is to survive, so that it needn't wait for the disk.
_SETTINGS = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "shared_preload_libraries": "pg_textsearch",
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "max_connections": "100",
    "shared_buffers": "256MB",
    # In the folder, so that a server that is killed leaves nothing elsewhere.
    "dynamic_shared_memory_type": "mmap",
}


class TestServer:
    """A running server; each library of a test gets a database of its own with the extensions, and nothing else."""

    __test__ = False

    def __init__(self, folder: Path, port: int) -> None:
        self.folder = folder
        self.port = port
        self._databases: list[str] = []

    @contextmanager
    def started(self) -> Iterator[None]:
        self.control("-l", str(self.folder.with_name("log")), "start")
        try:
            yield
        finally:
            if (self.folder / "postmaster.pid").exists():
                self.control("-m", "immediate", "stop", check=False)

    @contextmanager
    def replica(self) -> Iterator[TestServer]:
        """A second server that follows this one, and can only be read."""
        with server_folder(in_memory=self.folder.is_relative_to(_MEMORY)) as folder:
            data, port = folder / "data", _free_port()
            uri = self.uri("postgres")
            _run(as_postgres([PROGRAMS / "pg_basebackup", "-D", data, "-R", "-c", "fast", "-d", uri]))
            with (data / "postgresql.conf").open("a") as configuration:
                configuration.write(f"port = '{port}'\n")
            following = TestServer(data, port)
            with following.started():
                yield following

    def library(self, name: str = "seekpoint") -> ServerAddress:
        """The address of a library that isn't there yet, in an empty database with the extensions."""
        return ServerAddress(self.uri(self.database(_TEMPLATE)), name)

    def database(self, template: str = "template1") -> str:
        name = f"test{os.getpid()}_{next(_NUMBERS)}"
        self.sql("postgres", f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY file_copy")
        self._databases.append(name)
        return name

    def clear(self) -> None:
        """Drop the databases of a test; whoever is still connected is cut off."""
        if self._databases:
            self.sql("postgres", *(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)" for name in self._databases))
        self._databases.clear()

    def kill(self) -> None:
        """End the server at once, as a crash of its machine would; its folder stays."""
        processes = [int((self.folder / "postmaster.pid").read_text().splitlines()[0])]
        processes += map(int, _run(["ps", "-o", "pid=", "--ppid", str(processes[0])], check=False).stdout.split())
        for process in processes:
            os.kill(process, signal.SIGKILL)

    def control(self, *command: str, check: bool = True) -> None:
        _run(as_postgres([PROGRAMS / "pg_ctl", "-D", self.folder, "-w", "-t", "120", *command]), check=check)

    def disconnect(self, library: ServerAddress) -> None:
        """End all connections to a library's database."""
        name = library.uri.rpartition("/")[2]
        found = f"FROM pg_stat_activity WHERE datname = '{name}' AND pid <> pg_backend_pid()"
        self.sql("postgres", f"SELECT pg_terminate_backend(pid, 5000) {found}")

    def uri(self, database: str, user: str = "postgres") -> str:
        return f"postgresql://{user}@127.0.0.1:{self.port}/{database}"

    def holding(self, library: Path, scratch: Path) -> ServerAddress:
        """A copy of a library in a folder, in a database of its own."""
        address = self.library()
        export_library(library, scratch / "exported.zip")
        import_library(scratch / "exported.zip", address)
        owned = f"UPDATE {address.library}.listing SET named_by = 'owner'"  # an import's lists are another's
        self.sql(address.uri.rpartition("/")[2], owned)
        return address

    def sql(self, database: str, *statements: str) -> str:
        """Run statements as the superuser, each in its own transaction, and return their rows as `psql -At` does."""
        lines = []
        with psycopg.connect(self.uri(database), autocommit=True) as connection:
            for statement in statements:
                result = connection.execute(statement.encode()).pgresult
                assert result
                for row in range(result.ntuples):
                    values = (result.get_value(row, column) or b"" for column in range(result.nfields))
                    lines.append(b"|".join(values).decode() + "\n")
        return "".join(lines)


@cache
def missing() -> str | None:
    """Why no server can be started here, and what to do; `None` if one can."""
    if sys.platform != "linux":
        return "the tests start PostgreSQL on Linux alone"
    if not all((PROGRAMS / name).exists() for name in ("initdb", "pg_config")):
        return "PostgreSQL 17 isn't here: apt-get install postgresql-17 postgresql-17-pgvector"
    shared = subprocess.run([PROGRAMS / "pg_config", "--sharedir"], capture_output=True, text=True, check=False).stdout
    for extension, remedy in (
        ("vector", "apt-get install postgresql-17-pgvector"),
        ("pg_textsearch", "build it from its project: make with_llvm=no && make install"),
    ):
        if not (Path(shared.strip()) / "extension" / f"{extension}.control").exists():
            return f"PostgreSQL lacks the extension {extension}: {remedy}"
    if os.getuid() == 0 and _run(["id", "-u", "postgres"], check=False).returncode:
        return "there is no user `postgres`, and PostgreSQL doesn't start as root: useradd postgres"
    return None


@contextmanager
def server(**settings: str) -> Iterator[TestServer]:
    """Start a server, with other settings where some are given, and stop it at the end."""
    with server_folder(in_memory=settings.get("fsync") != "on") as folder:
        data, port = folder / "data", _free_port()
        options = ("-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "-N")
        _run(as_postgres([PROGRAMS / "initdb", "-D", data, *options]))
        access = data / "pg_hba.conf"
        rules = (f"host all {LOCKED} 127.0.0.1/32 scram-sha-256", "host replication all 127.0.0.1/32 trust")
        access.write_text("\n".join([*rules, access.read_text()]))
        with (data / "postgresql.conf").open("a") as configuration:
            configuration.writelines(
                f"{name} = '{value}'\n" for name, value in {**_SETTINGS, **settings, "port": str(port)}.items()
            )
        running = TestServer(data, port)
        with running.started():
            running.sql("postgres", f"CREATE DATABASE {_TEMPLATE}")
            running.sql(_TEMPLATE, "CREATE EXTENSION vector", "CREATE EXTENSION pg_textsearch")
            yield running


@contextmanager
def server_folder(*, in_memory: bool = True) -> Iterator[Path]:
    """A folder that belongs to `postgres`, in memory where there is room: a server there starts four times as fast."""
    in_memory = in_memory and _MEMORY.is_dir() and shutil.disk_usage(_MEMORY).free > _MEMORY_BYTES
    folder = Path(tempfile.mkdtemp(prefix="seekpoint-postgres-", dir=_MEMORY if in_memory else None))
    try:
        if os.getuid() == 0:
            shutil.chown(folder, "postgres")
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def as_postgres(command: Sequence[str | Path]) -> list[str | Path]:
    """The command for the user `postgres`, where this is root, as which PostgreSQL doesn't start."""
    user = ["setpriv", "--reuid", "postgres", "--regid", "postgres", "--clear-groups", "--"]
    return [*(user if os.getuid() == 0 else ()), *command]


def _run(command: Sequence[str | Path], *, check: bool = True) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [*map(str, command)], stdin=subprocess.DEVNULL, capture_output=True, text=True, cwd="/", check=False
    )
    if check and done.returncode:
        raise RuntimeError(f"{command[0]} failed: {done.stderr}")
    return done


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port

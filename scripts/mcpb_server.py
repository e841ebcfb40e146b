"""Starts Seekpoint for the bundle: the program if it is installed, else the package by uv; `main.py` in the bundle.

It runs under whatever Python 3 the assistant finds, and so imports nothing of Seekpoint.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

# Programs that are started from a desktop get a short PATH. pipx and uv put theirs into the first of these.
_PLACES = [Path.home() / ".local" / "bin", Path.home() / ".cargo" / "bin", Path("/opt/homebrew/bin")]


def main() -> None:
    """Start the package that is named first, with the other arguments."""
    requirement, *arguments = sys.argv[1:]
    path = os.pathsep.join([os.environ.get("PATH", os.defpath), *map(str, _PLACES), "/usr/local/bin"])
    if program := shutil.which("seekpoint", path=path):
        command = [program, *arguments]
    elif uvx := shutil.which("uvx", path=path):
        command = [uvx, requirement, *arguments]
        if sys.platform == "linux":  # where PyPI has PyTorch's build for GPUs alone, 3.3 GB
            os.environ.setdefault("UV_TORCH_BACKEND", "auto")
    else:
        sys.exit("seekpoint: neither seekpoint nor uvx is found: install uv (https://docs.astral.sh/uv)")
    if os.name == "posix":
        os.execv(command[0], command)
    sys.exit(subprocess.call(command))  # on Windows a process that replaces itself is another one


if __name__ == "__main__":
    main()

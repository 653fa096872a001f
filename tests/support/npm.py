"""Packages of npm: installed once as a folder's package-lock.json pins them, and anew where that changed.

`python -m tests.support.npm FOLDER` is what `./dev check` does before it compiles.
"""

import filecmp
import os
import shutil
import subprocess
import sys
from pathlib import Path

#: Where the wheel of Node.js puts its programs.
TOOLS = Path(sys.executable).parent


def install_packages(folder: Path) -> None:
    """Install what the folder's lock pins, where that is not done yet. Raises CalledProcessError when npm fails."""
    lock, installed = folder / "package-lock.json", folder / "node_modules" / "package-lock.json"
    if installed.exists() and filecmp.cmp(lock, installed, shallow=False):
        return
    print(f"npm: installing {lock}", file=sys.stderr)  # noqa: T201 - it takes a while, and who waits is told why
    # Of its own, Node.js trusts only the authorities it brings, not those of the system, as pip does.
    path = f"{TOOLS}{os.pathsep}{os.environ['PATH']}"
    subprocess.run(
        ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"],
        cwd=folder,
        env={**os.environ, "PATH": path, "NODE_USE_SYSTEM_CA": "1"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        timeout=300,
        check=True,
    )
    # Last, so that a copy that is there and equal means: all of it is installed.
    shutil.copy(lock, installed)


if __name__ == "__main__":
    install_packages(Path(sys.argv[1]))

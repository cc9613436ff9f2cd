"""Files that are written in one step."""

import os
from pathlib import Path


def write_whole(path: Path, text: str) -> None:
    """Write the file, and the folders above it: a reader sees all of it, or what was there before."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_suffix(".tmp")
    temporary.write_text(text)
    os.replace(temporary, path)

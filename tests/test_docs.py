"""Pages and maps say what is so: files, options and decisions that they name are there, and modules are on the map."""

import importlib
import os
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import typer

from bench.measures import MEASURES
from node.cli.app import app
from tests.peers import REPOSITORY

PAGES = sorted(
    str(page.relative_to(REPOSITORY))
    for page in (*REPOSITORY.glob("*.md"), *REPOSITORY.glob("docs/**/*.md"), REPOSITORY / "bench/README.md")
)
MADE_LATER = {"rollup.json", "network.json", "mesh.json", "control.json", "tombolo.toml"}
"""Files that the node writes or reads where it runs."""
OTHERS = {"packages/contracts-bedrock/deploy-config/mainnet.json"}
NOT_YET = {"contracts/metalayer/validators.vy"}
"""What docs/next.md would have somebody write."""
FOLDERS = "protocol|vm|prover|da|rpc|web|node|genesis|metalayer|contracts|tests|bench|docs|scripts"
NAME = rf"(?<![\w./-])(?:(?:{FOLDERS})/[\w./-]*|[\w-]+(?:/[\w.-]+)*\.(?:py|vyi?|md|json))(?![\w*])"
MAPPED = ("node", "node.l1", "node.network", "node.relay", "node.up", "node.cli", "node.mempool")


@cache
def tree() -> frozenset[str]:
    """Every file and folder, by its path."""
    found = set()
    for folder, folders, files in os.walk(REPOSITORY):
        folders[:] = [name for name in folders if not name.startswith((".", "__")) and name != "node_modules"]
        found |= {str((Path(folder) / name).relative_to(REPOSITORY)) for name in (*folders, *files)}
    return frozenset(found)


@cache
def ends() -> frozenset[str]:
    """The same, and what a page may call them in its own context: their last parts."""
    parts = [path.split("/") for path in (*tree(), *MADE_LATER, *OTHERS, *NOT_YET)]
    return frozenset("/".join(path[-length:]) for path in parts for length in range(1, len(path) + 1))


def code_of(page: str) -> Iterator[str]:
    """What stands between backticks, line by line."""
    text = re.sub(r"^```.*?^```$", "", (REPOSITORY / page).read_text(), flags=re.MULTILINE | re.DOTALL)
    yield from re.findall(r"`([^`]+)`", text)


@pytest.mark.parametrize("page", PAGES)
def test_every_file_that_a_page_names_is_there(page: str) -> None:
    links = re.findall(r"\]\((?!https?:)([^)#\s]+)", (REPOSITORY / page).read_text())
    assert [link for link in links if not ((REPOSITORY / page).parent / link).exists()] == []
    named = {name.rstrip("/") for code in code_of(page) for name in re.findall(NAME, code)}
    assert named - ends() == set()


def options_of(command: Any, name: str = "") -> Iterator[tuple[str, set[str]]]:
    if hasattr(command, "commands"):
        for key, inner in command.commands.items():
            yield from options_of(inner, f"{name} {key}".strip())
    else:
        yield name, {option for each in command.params for option in (*each.opts, *each.secondary_opts)} | {"--help"}


@pytest.mark.parametrize("page", PAGES)
def test_every_option_that_a_page_types_is_taken(page: str) -> None:
    taken = dict(options_of(typer.main.get_command(app)))
    text = (REPOSITORY / page).read_text().replace("\\\n", " ")
    wrong = []
    for words, rest in re.findall(r"\btombolo((?: [a-z][a-z-]+)+)([^`\n#]*)", text):
        first, both = words.split()[0], " ".join(words.split()[:2])
        command = both if both in taken else first
        for option in re.findall(r"(?<![\w-])--[a-z][a-z-]+", rest):
            if option not in taken.get(command, set()):
                wrong.append((command, option))
    assert wrong == []


def test_the_index_of_decisions_has_each_under_its_own_title() -> None:
    folder = REPOSITORY / "docs/decisions"
    listed = re.findall(r"^- \[(.+)\]\((.+)\)$", (folder / "README.md").read_text(), re.MULTILINE)
    pages = sorted(folder.glob("0*.md"))
    assert listed == [(page.read_text().splitlines()[0].removeprefix("# "), page.name) for page in pages]


def test_every_figure_of_the_bench_is_explained() -> None:
    text = (REPOSITORY / "bench/README.md").read_text()
    assert [name for measure in MEASURES for name in measure.names if name not in text] == []


@pytest.mark.parametrize("package", MAPPED)
def test_a_packages_map_names_each_of_its_modules_once(package: str) -> None:
    document = importlib.import_module(package).__doc__ or ""
    rows = re.findall(r"^ {0,4}((?:[a-z0-9_]+/?, )*[a-z0-9_]+/?)(?:  .*)?$", document, re.MULTILINE)
    listed = [name.rstrip("/") for row in rows for name in row.split(", ")]
    folder = REPOSITORY / package.replace(".", "/")
    modules = [path.stem for path in folder.iterdir() if path.suffix == ".py" or (path / "__init__.py").exists()]
    assert sorted(listed) == sorted(name for name in modules if not name.startswith("__"))

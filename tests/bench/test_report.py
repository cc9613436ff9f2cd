"""What is written can be read back, and the table shows every row."""

import json
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from bench.machine import describe_machine
from bench.report import plot, read_rows, show, write_json
from bench.row import compare


@pytest.fixture
def rows():
    return [
        *compare("transfers", "tx/s", [2_000.0, 2_100.0], {"anvil": [1_900.0], "hardhat": [1_000.0]}),
        *compare("rss_mb", "MB", [300.0], {"anvil": [600.0]}, lower_is_better=True),
    ]


def test_rows_survive_the_file(rows, tmp_path: Path):
    path = tmp_path / "results" / "latest.json"
    write_json(rows, describe_machine(), path)
    assert [(row.name, row.ours, row.peer, row.ratio, row.met) for row in read_rows(path)] == [
        (row.name, row.ours, row.peer, row.ratio, row.met) for row in rows
    ]
    document = json.loads(path.read_text())
    assert set(document) == {"machine", "rows"}
    assert {"processor", "cores", "memory_gb", "python", "versions"} <= set(document["machine"])


def test_the_table_shows_ratios_and_targets(rows):
    console = Console(width=140, record=True, file=StringIO())
    show(rows, console)
    text = console.export_text()
    for expected in ("transfers", "hardhat", "2.05", "≥ 2 ✓", "≤ 400 MB ✓"):
        assert expected in text


def test_the_plot_is_a_picture(rows, tmp_path: Path):
    pytest.importorskip("matplotlib", reason="only `make bench` installs matplotlib")
    path = tmp_path / "latest.svg"
    assert plot(rows, describe_machine(), path)
    assert b"<svg" in path.read_bytes()

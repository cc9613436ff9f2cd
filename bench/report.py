"""The results as a table, as JSON, and as a picture."""

import json
import os
from collections.abc import Sequence
from dataclasses import asdict
from importlib import import_module
from pathlib import Path

from rich.console import Console
from rich.table import Table

from bench.row import Row

RESULTS = Path(__file__).resolve().parent / "results"


def show(rows: Sequence[Row], console: Console) -> None:
    """Print the table of ratios."""
    table = Table(title="This node beside its peers")
    for heading in ("measure", "ours", "peer", "peer's", "unit", "ratio", "target"):
        table.add_column(heading, justify="left" if heading in ("measure", "peer", "unit") else "right", no_wrap=True)
    previous = ""
    for row in rows:
        name = row.name if row.name != previous else ""
        if name and previous:
            table.add_section()
        previous = row.name
        style = {None: "", True: "green", False: "red"}[row.met]
        ratio = f"[{style}]{row.ratio:.2f}[/]" if style else f"{row.ratio:.2f}"
        table.add_row(name, _figure(row.ours), row.peer, _figure(row.peer_value), row.unit, ratio, _target(row))
    console.print(table)


def write_json(rows: Sequence[Row], machine: dict[str, object], path: Path) -> None:
    """Replace `path` in one step."""
    path.parent.mkdir(parents=True, exist_ok=True)
    document = {"machine": machine, "rows": [asdict(row) for row in rows]}
    temporary = path.with_suffix(".tmp")
    temporary.write_text(json.dumps(document, indent=2, ensure_ascii=False) + "\n")
    os.replace(temporary, path)


def read_rows(path: Path) -> list[Row]:
    """What `write_json` wrote."""
    return [Row(**fields) for fields in json.loads(path.read_text())["rows"]]


def plot(rows: Sequence[Row], machine: dict[str, object], path: Path) -> bool:
    """Draw every ratio on one logarithmic axis, better to the right; False when matplotlib is not installed."""
    try:
        # Only `make bench` installs it; everything else here works without.
        figures = import_module("matplotlib.figure")
    except ImportError:
        return False
    drawn = [row for row in rows if row.ratio > 0]
    factors = [1 / row.ratio if row.lower_is_better else row.ratio for row in drawn]
    figure = figures.Figure(figsize=(10, 1.2 + 0.3 * len(drawn)), layout="constrained")
    axes = figure.add_subplot()
    positions = range(len(drawn), 0, -1)
    colours = ["#2a7f62" if factor >= 1 else "#b5482f" for factor in factors]
    axes.barh(positions, [factor - 1 for factor in factors], left=1, color=colours, height=0.7)
    axes.set_xscale("log")
    axes.axvline(1, color="black", linewidth=1)
    axes.set_yticks(positions, [f"{row.name} / {row.peer}" for row in drawn], fontsize=8)
    for position, row, factor in zip(positions, drawn, factors, strict=True):
        text = f" {_figure(row.ours)} : {_figure(row.peer_value)} {row.unit} "
        axes.annotate(text, (factor, position), va="center", ha="left" if factor >= 1 else "right", fontsize=7)
    axes.margins(x=0.25, y=0.02)
    axes.set_xlabel("times as good as the peer (logarithmic)")
    axes.set_title(f"{machine['processor']}, {machine['cores']} cores, {machine['date']}", fontsize=9)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path)
    return True


def _figure(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:,.3g}"


def _target(row: Row) -> str:
    if row.target is None:
        return ""
    sign = "≤" if row.lower_is_better else "≥"
    return f"{sign} {row.target:g}{'' if row.ratio_is_judged else ' ' + row.unit} {'✓' if row.met else '✗'}"

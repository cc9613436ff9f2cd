"""Commands of the proof: `prove statetest`."""

from typing import TYPE_CHECKING, Annotated

import typer

from node.cli.chains import AsJson, FixturePaths, Jobs

if TYPE_CHECKING:
    from collections.abc import Iterable

    from prover.prove_statetest import Proof

prove = typer.Typer(no_args_is_help=True, rich_markup_mode="rich")


@prove.callback()
def prove_group() -> None:
    """Fraud proofs over the official suites.

    \b
    [bold]Examples[/]
      tombolo prove statetest GeneralStateTests/stExample
    """


@prove.command()
def statetest(
    paths: FixturePaths,
    referee: Annotated[
        str, typer.Option(metavar="python|vyper", help="Who judges: the Python referee, or the contract L1 runs.")
    ] = "python",
    sample: Annotated[
        int | None,
        typer.Option(
            min=0,
            metavar="K",
            help="Judge K drawn steps of each case, beside one of each kind of step that occurs.",
            show_default="every step",
        ),
    ] = None,
    most_steps: Annotated[
        int | None,
        typer.Option(min=1, metavar="N", help="Sample only the cases of more steps than this.", show_default="none"),
    ] = None,
    jobs: Jobs = 1,
    as_json: AsJson = False,
) -> None:
    """Prove Ethereum's official state tests, step by step.

    Runs each case's transaction on the small-step machine and has every step
    judged: the referee gets the hash of the state before and a witness, and
    computes the hash of the state after by itself. The hashes fold from the
    pre-state to the post-state, whose root and logs must be the case's. Cases of
    Cancun only: the rules that can be proved today.

    Prints a line per case, with `--json` an array of name, pass, steps, verified,
    max_gas (of L1's dearest step, null for python), max_witness (bytes), post (the state
    root reached) and error. Exits with 1 if any case failed.

    \b
    [bold]Examples[/]
      tombolo prove statetest GeneralStateTests/stExample
      [dim]# a folder on two cores: 100 steps of each case, and all edges[/]
      tombolo prove statetest GeneralStateTests --sample 100 --jobs 2 --json
      [dim]# the same steps judged by the contracts that L1 runs (needs pyrevm)[/]
      tombolo prove statetest GeneralStateTests/stExample --referee vyper
    """
    from prover.prove_statetest import run_prove

    contracts = _verifier_contracts() if referee == "vyper" else None
    if not _show(run_prove(paths, referee, sample, jobs, most_steps, contracts), as_json=as_json):
        raise typer.Exit(1)


def _verifier_contracts() -> dict[str, bytes]:
    """The init codes of the one-step verifier; compiled if they have changed."""
    from node.artifacts import load_artifact
    from prover.verifier import DISPATCHER, LIBRARIES

    return {name: load_artifact(name).init_code for name in (*LIBRARIES, DISPATCHER)}


def _show(proofs: "Iterable[Proof]", *, as_json: bool) -> bool:
    """Print each case as it is done, or all as JSON; returns whether all passed."""
    import json

    from node.cli.views import errors

    shown = []
    cases = failed = verified = 0
    for proof in proofs:
        cases, failed, verified = cases + 1, failed + (not proof.passed), verified + proof.verified
        if as_json:
            shown.append(proof.as_json())
        else:
            verdict = "pass" if proof.passed else f"FAIL {proof.error}"
            print(f"{proof.name}: {proof.verified} of {proof.steps} steps judged, {verdict}", flush=True)
    if as_json:
        print(json.dumps(shown, indent=1))
    errors.print(f"{cases} cases, {failed} failed, {verified} steps judged")
    return failed == 0

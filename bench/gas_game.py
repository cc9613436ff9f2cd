"""What a dispute costs on L1 but for its last step, cut into 2, 4 or 32 parts a round: `python -m bench.gas_game`.

Exact and repeatable: nothing here depends on time. "transaction" adds the 21,000 and the calldata.
For comparing arities: on an L1 the same moves cost a third more (`dispute_gas` in `make bench` is a real dispute).
"""

import tempfile
import warnings
from dataclasses import dataclass
from pathlib import Path
from shutil import copytree, ignore_patterns

import boa
from boa.contracts.vyper.vyper_contract import VyperContract
from rich.console import Console
from rich.table import Table

from node.artifacts import SOURCES
from protocol.crypto import keccak
from tests.contracts.conftest import deploy, deployer

BITS = 50
BOND = 10**17
GAME_ADDRESS = "0x" + "9a" * 20
MOCK = Path(__file__).resolve().parent.parent / "tests" / "contracts" / "mocks" / "counting_verifier.vy"


@dataclass(frozen=True)
class Costs:
    """Gas as transactions pay it."""

    parts: int
    open: int
    post: int
    pick: int

    @property
    def rounds(self) -> int:
        return BITS // (self.parts.bit_length() - 1)

    @property
    def whole(self) -> int:
        return self.open + self.rounds * (self.post + self.pick)


def main() -> None:
    table = Table("parts", "moves", "open", "post", "pick", "whole bisection", title="gas on L1")
    with warnings.catch_warnings(action="ignore"):
        for parts in (2, 4, 32):
            costs = measure(parts)
            numbers = (costs.parts, 2 * costs.rounds, costs.open, costs.post, costs.pick, costs.whole)
            table.add_row(*(f"{number:,}" for number in numbers))
    Console().print(table)


def measure(parts: int) -> Costs:
    with tempfile.TemporaryDirectory() as folder, boa.env.anchor():
        settlement = deploy(game=GAME_ADDRESS)
        game = deployer(_variant(parts, Path(folder) / "contracts")).deploy(
            settlement.outputs,
            deployer(MOCK).deploy(),
            keccak(b"rules"),
            BOND,
            10**6,
            10**5,
            override_address=GAME_ADDRESS,
        )
        assertion = settlement.propose(keccak(b"root"), 9)
        challenger = str(boa.env.generate_address())
        boa.env.set_balance(challenger, BOND)
        with boa.env.prank(challenger):
            game.open(assertion, value=BOND)
        opened = _transaction(game, "open", assertion)
        costs = []
        for round_ in range(2):  # the second is measured: storage is in use by then
            states = [keccak(bytes((round_, index))) for index in range(parts - 1)]
            with boa.env.prank(settlement.proposer):
                game.post(0, states)
            posted = _transaction(game, "post", 0, states)
            with boa.env.prank(challenger):
                game.pick(0, states, parts // 2)
            costs.append((posted, _transaction(game, "pick", 0, states, parts // 2)))
        return Costs(parts, opened, *costs[1])


def _transaction(game: VyperContract, function: str, *arguments: object) -> int:
    calldata = getattr(game, function).prepare_calldata(*arguments)
    return int(game._computation.get_gas_used()) + 21_000 + sum(16 if byte else 4 for byte in calldata)


def _variant(parts: int, target: Path) -> Path:
    """The contract with another number of parts."""
    copytree(SOURCES, target, ignore=ignore_patterns("build"))
    source = target / "l1" / "game.vy"
    text = source.read_text().replace("ARITY: constant(uint256) = 32", f"ARITY: constant(uint256) = {parts}")
    text = text.replace(
        "ARITY_BITS: constant(uint256) = 5", f"ARITY_BITS: constant(uint256) = {parts.bit_length() - 1}"
    )
    source.write_text(text.replace("bytes32[31]", f"bytes32[{parts - 1}]"))
    return source


if __name__ == "__main__":
    main()

"""What a staged dispute is about: an L1, a rollup with a game, a batch of two blocks, and the trace's first state.

Everything is as a launch makes it. Four accounts act: proposer, two challengers, who deploys; on the embedded L1 and on
development chains like anvil these are funded dev accounts.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

from genesis.dev import DEV_PRIVATE_KEYS
from genesis.model import GenesisAccount
from node.account import Account
from node.claims import Contents, read_claim
from node.clock import Clock
from node.dispute_data import StagedLayer
from node.dispute_fees import CHARGES
from node.game_contract import GameReader
from node.l1.client import L1Client
from node.l1_node import L1Node, L1Options
from node.launch import LaunchOptions, launch_rollup
from node.outputs_reader import OutputsReader
from node.proof_contracts import ProofOptions
from node.replay import Replay
from node.role import run_role
from node.rollup import Rollup
from node.settlement import SettlementOptions
from protocol.abi import address_of
from protocol.batch import Batch, BlockClaim, encode_batch
from protocol.crypto import private_key_address
from protocol.errors import InvalidInput, Retry
from protocol.fee_terms import NO_FEES
from protocol.l1 import L1BlockRef
from protocol.output_root import OutputRoot
from protocol.outputs import Assertion
from protocol.outputs import Status as AssertionStatus
from protocol.signing import UnsignedTransaction, sign_transaction
from protocol.types import ZERO_ADDRESS, Address, Hash32
from prover.chain import start_chain
from prover.machine.vm import VM
from prover.verifier import LIBRARIES

PROPOSER_KEY, CHALLENGER_KEY, DEPLOYER_KEY, BLIND_KEY = DEV_PRIVATE_KEYS[:4]
L1_CHAIN_ID, L2_CHAIN_ID = 71716, 71717
BOND, GAME_BOND = 10**18, 10**17
CLOCK_SECONDS, EXTENSION_SECONDS = 600, 120

PROGRAM = Address(b"\xd1" * 20)
PROGRAM_CODE = bytes.fromhex("6003600401600052600054600101600055602060002060015533600760206000a25b60005160025500")
"""Adds, writes memory and two slots, hashes, logs, writes a third slot: something for every kind of lie."""


@asynccontextmanager
async def staged_l1(url: str | None, block_seconds: float, folder: Path, clock: Clock) -> AsyncIterator[L1Client]:
    """The L1 at `url`, or a fresh embedded one in `folder` while the block runs."""
    if url is not None:
        async with L1Client(url, clock) as client:
            yield client
        return
    node = L1Node(L1Options(folder / "l1", L1_CHAIN_ID, 0, block_time_seconds=block_seconds), clock)
    stop, started = asyncio.Event(), asyncio.Event()
    start = node.start

    async def start_and_tell() -> None:
        await start()
        started.set()

    node.start = start_and_tell  # type: ignore[method-assign]
    task = asyncio.create_task(run_role(node, stop))
    waiter = asyncio.create_task(started.wait())
    await asyncio.wait([task, waiter], return_when=asyncio.FIRST_COMPLETED)
    if task.done():
        waiter.cancel()
        task.result()
    try:
        async with L1Client(f"http://127.0.0.1:{node.port}", clock) as client:
            yield client
    finally:
        stop.set()
        await task


async def launch_with_game(
    client: L1Client,
    clock: Clock,
    path: Path,
    say: Callable[[str], None],
    layer: StagedLayer | None = None,
    *,
    charges: bool = False,
) -> Rollup:
    """A rollup whose outputs are judged by the game and the one-step verifier; writes its file to `path`.

    Its batches are in `layer`, or in calldata. One that `charges` has every fee, and changes of settings at once.
    """
    proofs = ProofOptions(GAME_BOND, CLOCK_SECONDS, EXTENSION_SECONDS)
    settlement = SettlementOptions(challenge_window_seconds=86_400, bond_wei=BOND, proofs=proofs)
    program = {PROGRAM: GenesisAccount(nonce=1, code=PROGRAM_CODE)}
    options = LaunchOptions(L2_CHAIN_ID, settlement=settlement, predeploys=program)
    if charges:
        options = replace(options, fees=CHARGES, settlement=replace(settlement, config_delay_seconds=0))
    if layer is not None:
        options = replace(options, da_layer=layer.name, da_settings=layer.settings)
    rollup = await launch_rollup(client, clock, PROPOSER_KEY, options, path)
    contracts = rollup.config.settlement
    if contracts is None:
        raise InvalidInput("the launch made no settlement contracts")
    verifier = address_of(await GameReader(client, contracts.game).word("verifier()"))
    say(f"verifier on L1 at 0x{verifier.hex()}: a dispatcher and {len(LIBRARIES)} libraries")
    say(f"rollup launched; outputs at 0x{contracts.outputs.hex()}, game at 0x{contracts.game.hex()}")
    return rollup


async def post_batch(
    client: L1Client, clock: Clock, rollup: Rollup, say: Callable[[str], None], layer: StagedLayer | None = None
) -> L1BlockRef:
    """Two blocks of three transactions each, in one batch; returns its L1 block once that has a child."""
    genesis = rollup.genesis_timestamp
    transactions = []
    for nonce, to in enumerate([PROGRAM, PROGRAM, private_key_address(CHALLENGER_KEY), PROGRAM, PROGRAM, PROGRAM]):
        unsigned = UnsignedTransaction(
            chain_id=L2_CHAIN_ID,
            nonce=nonce,
            gas_limit=200_000,
            to=to,
            value=nonce,
            data=bytes((nonce,)),
            max_fee_per_gas=10**10,
            max_priority_fee_per_gas=1,
        )
        transactions.append(sign_transaction(unsigned, PROPOSER_KEY).raw)
    # On a chain that charges, the second block's origin is the newest there is, where its settings have changed.
    newest = 0 if rollup.config.fees == NO_FEES else 2**64 - 1
    claims = [
        BlockClaim(genesis + 1 + index, origin, tuple(transactions[3 * index : 3 * index + 3]))
        for index, origin in enumerate((0, newest))
    ]
    layer = layer or StagedLayer("calldata", Path())
    receipt = await layer.post(client, clock, rollup, PROPOSER_KEY, encode_batch(Batch(1, tuple(claims))))
    say(f"batch of {len(transactions)} transactions in {layer.name}, posted in L1 block {receipt.block_number}")
    if (await client.head()).ref.number == receipt.block_number:
        # An L1 that mines on demand makes no block by itself, and a proposal can name only a block with a child.
        await Account(client, clock, DEPLOYER_KEY).send(private_key_address(DEPLOYER_KEY))
    block = await client.block(receipt.block_number)
    if block is None or block.hash != receipt.block_hash:
        raise Retry("L1 has reorganised; start again")
    return block


async def beginning_of(
    client: L1Client, rollup: Rollup, chain: Replay, newest: L1BlockRef, contents: Contents | None = None
) -> VM:
    """The first state of the trace of a rollup's first assertion, if it is about L1 up to `newest`."""
    contracts = rollup.config.settlement
    if contracts is None:
        raise InvalidInput("a rollup without settlement contracts has nothing to dispute")
    wanted = Assertion(
        id=1,
        output_root=OutputRoot(Hash32(bytes(32))),
        l1_block_hash=newest.hash,
        parent=0,
        l2_block_number=chain.head.number,
        l1_block_number=newest.number,
        created_at=0,
        proposer=ZERO_ADDRESS,
        open_games=0,
        status=AssertionStatus.PENDING,
    )
    parent = await OutputsReader(client, contracts.outputs).assertion(0)
    claim = await read_claim(client, rollup.config, parent, wanted, chain.headers[:1], chain.outbox_root(0), contents)
    return start_chain(claim, chain.state(0).code, chain.state(0).node)

"""`rollup_newestOutput`: the newest output root bonded on L1, when it can be final, and what its proposer has left."""

from node.kept_answers import KeptAnswers
from node.l1.client import L1Client
from node.outputs_reader import OutputsReader
from protocol.rollup import SettlementContracts
from rpc.errors import Json
from rpc.method import Context, Method, MethodTable


def newest_output_methods(l1: L1Client, contracts: SettlementContracts, kept: KeptAnswers) -> MethodTable:
    """rollup_newestOutput: the output, null before the first; a time in seconds since the epoch, a balance in wei.

    `final_at` is the end of its challenge window: it is final from then on, if no dispute is open and the output that
    it builds on is final too.
    """
    outputs = OutputsReader(l1, contracts.outputs)

    async def ask() -> Json:
        count = await outputs.word("count()")
        if count < 2:
            return None  # the first one is genesis, which nobody bonded
        output = await outputs.assertion(count - 1)
        return {
            "id": output.id,
            "output_root": "0x" + output.output_root.hex(),
            "l2_block": output.l2_block_number,
            "status": output.status.name.lower(),
            "final_at": output.created_at + contracts.challenge_window,
            "open_games": output.open_games,
            "proposer": "0x" + output.proposer.hex(),
            "proposer_balance": hex(await l1.balance(output.proposer)),
        }

    async def newest(_context: Context) -> Json:
        return await kept.get("newest output", ask)

    return {"rollup_newestOutput": Method(newest)}

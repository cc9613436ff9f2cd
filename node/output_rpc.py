"""`rollup_outputAtBlock`: what a proposer would say of a block, for challengers, bridges and whoever checks."""

from node.chain import Chain
from node.output_roots import output_at
from protocol.output_root import OUTPUT_VERSION_0
from rpc.codec import uint64
from rpc.errors import Json, server_error
from rpc.method import Context, Method, MethodTable


def output_methods(chain: Chain) -> MethodTable:
    """rollup_outputAtBlock(block number): output root and its parts, and how sure the block is on this node.

    Names follow https://specs.optimism.io/protocol/rollup-node.html#l2-output-rpc-method.
    """

    def output_at_block(_context: Context, number: int) -> Json:
        output = output_at(chain, number)
        if output is None:
            raise server_error(f"no output of block {number}: there is no such block, or its state is not kept")
        header, preimage = output.header, output.preimage
        safe, finalized = chain.safe_head().number, chain.finalized_head().number
        return {
            "version": _hex(OUTPUT_VERSION_0),
            "outputRoot": _hex(output.root),
            "blockRef": {
                "hash": _hex(header.hash),
                "number": header.number,
                "parentHash": _hex(header.parent_hash),
                "timestamp": header.timestamp,
            },
            "withdrawalStorageRoot": _hex(preimage.outbox_root),
            "stateRoot": _hex(preimage.state_root),
            "status": "finalized" if number <= finalized else "safe" if number <= safe else "unsafe",
        }

    return {"rollup_outputAtBlock": Method(output_at_block, (uint64,))}


def _hex(data: bytes) -> str:
    return "0x" + data.hex()

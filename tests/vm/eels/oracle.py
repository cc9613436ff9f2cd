"""Ethereum's executable specification (EELS) as a process: a JSON object a line comes in, and one goes out.

Runs on .venv-eels, and imports nothing of ours. Bytes are hexadecimal without 0x, quantities are integers.

    {"ask": "transition", fork, chain_id, accounts, environment, transaction}
        -> {"refused": why} or {state_root, gas_used, receipt}
    {"ask": "chain", fork, chain_id, accounts, genesis, blocks}
        -> {"blocks": [{header, hash, receipts}, ...]}

Of a block that it is given, it takes what the author chose and the transactions; the rest of the header is its own.
"""

import json
import sys
import traceback
from dataclasses import replace
from importlib import import_module
from typing import Any

from ethereum.crypto.hash import keccak256
from ethereum.exceptions import EthereumException
from ethereum_rlp import rlp
from ethereum_rlp.exceptions import RLPException
from ethereum_types.bytes import Bytes20, Bytes32
from ethereum_types.numeric import U64, U256, Uint


class Specification:
    """The modules of one fork."""

    def __init__(self, fork: str) -> None:
        self.fork, self.state, self.types, self.blocks, self.trie, self.bloom, self.vm, self.gas, self.transactions = (
            import_module(f"ethereum.forks.{fork}.{part}")
            for part in ("fork", "state", "fork_types", "blocks", "trie", "bloom", "vm", "vm.gas", "transactions")
        )
        self.has_requests = hasattr(self.fork, "compute_requests_hash")


def transition(spec: Specification, question: dict[str, Any]) -> dict[str, Any]:
    """One transaction on a state, without what a block does before and after."""
    state = _state(spec, question["accounts"])
    given = question["environment"]
    environment = spec.vm.BlockEnvironment(
        chain_id=U64(question["chain_id"]),
        state=state,
        block_gas_limit=Uint(given["gas_limit"]),
        block_hashes=[Bytes32.fromhex(one) for one in given["block_hashes"]],
        coinbase=_address(spec, given["fee_recipient"]),
        number=Uint(given["number"]),
        base_fee_per_gas=Uint(given["base_fee"]),
        time=U256(given["timestamp"]),
        prev_randao=Bytes32.fromhex(given["prev_randao"]),
        excess_blob_gas=U64(given["excess_blob_gas"]),
        parent_beacon_block_root=Bytes32(bytes(32)),
    )
    output = spec.vm.BlockOutput()
    try:
        tx = _transaction(spec, bytes.fromhex(question["transaction"]))
        spec.fork.process_transaction(environment, output, tx, Uint(0))
    except (EthereumException, RLPException) as refusal:
        return {"refused": repr(refusal)}
    (receipt,) = _receipts(spec, output)
    return {
        "state_root": spec.state.state_root(state).hex(),
        "gas_used": int(output.block_gas_used),
        "receipt": receipt,
    }


def _transaction(spec: Specification, raw: bytes) -> Any:
    is_list = raw[0] >= 0xC0
    return spec.transactions.decode_transaction(
        rlp.decode_to(spec.transactions.LegacyTransaction, raw) if is_list else raw
    )


def chain(spec: Specification, question: dict[str, Any]) -> dict[str, Any]:
    """Blocks one after another, each on top of what it makes of the one before."""
    genesis = spec.blocks.Block(rlp.decode_to(spec.blocks.Header, bytes.fromhex(question["genesis"])), (), (), ())
    held = spec.fork.BlockChain([genesis], _state(spec, question["accounts"]), U64(question["chain_id"]))
    return {"blocks": [_extend(spec, held, bytes.fromhex(raw)) for raw in question["blocks"]]}


def _extend(spec: Specification, held: Any, raw: bytes) -> dict[str, Any]:
    block = rlp.decode_to(spec.blocks.Block, raw)
    parent, given = held.blocks[-1].header, block.header
    base_fee = spec.fork.calculate_base_fee_per_gas(
        given.gas_limit, parent.gas_limit, parent.gas_used, parent.base_fee_per_gas
    )
    excess_blob_gas = spec.gas.calculate_excess_blob_gas(parent)
    environment = spec.vm.BlockEnvironment(
        chain_id=held.chain_id,
        state=held.state,
        block_gas_limit=given.gas_limit,
        block_hashes=spec.fork.get_last_256_block_hashes(held),
        coinbase=given.coinbase,
        number=parent.number + Uint(1),
        base_fee_per_gas=base_fee,
        time=given.timestamp,
        prev_randao=given.prev_randao,
        excess_blob_gas=excess_blob_gas,
        parent_beacon_block_root=given.parent_beacon_block_root,
    )
    output = spec.fork.apply_body(environment, block.transactions, block.withdrawals)
    header = replace(
        given,
        parent_hash=keccak256(rlp.encode(parent)),
        ommers_hash=spec.fork.EMPTY_OMMER_HASH,
        number=environment.number,
        base_fee_per_gas=base_fee,
        excess_blob_gas=excess_blob_gas,
        gas_used=output.block_gas_used,
        blob_gas_used=output.blob_gas_used,
        state_root=spec.state.state_root(held.state),
        transactions_root=spec.trie.root(output.transactions_trie),
        receipt_root=spec.trie.root(output.receipts_trie),
        withdrawals_root=spec.trie.root(output.withdrawals_trie),
        bloom=spec.bloom.logs_bloom(output.block_logs),
        **({"requests_hash": spec.fork.compute_requests_hash(output.requests)} if spec.has_requests else {}),
    )
    spec.fork.validate_header(held, header)
    held.blocks.append(replace(block, header=header))
    encoded = rlp.encode(header)
    return {"header": encoded.hex(), "hash": keccak256(encoded).hex(), "receipts": _receipts(spec, output)}


def _receipts(spec: Specification, output: Any) -> list[str]:
    """Each as it enters the trie."""
    found = [spec.trie.trie_get(output.receipts_trie, key) for key in output.receipt_keys]
    return [(one if isinstance(one, bytes) else rlp.encode(one)).hex() for one in found]


def _state(spec: Specification, accounts: dict[str, dict[str, Any]]) -> Any:
    state = spec.state.State()
    for name, fields in accounts.items():
        address = _address(spec, name)
        code = bytes.fromhex(fields["code"])
        account = spec.types.Account(Uint(fields["nonce"]), U256(fields["balance"]), code)
        spec.state.set_account(state, address, account)
        for slot, word in fields["storage"].items():
            spec.state.set_storage(state, address, Bytes32(int(slot).to_bytes(32, "big")), U256(word))
    return state


def _address(spec: Specification, name: str) -> Any:
    return Bytes20.fromhex(name)


def main() -> None:
    """Answer until the questions end; a bug here, or there, is answered with its traceback."""
    kinds = {"transition": transition, "chain": chain}
    specifications: dict[str, Specification] = {}
    for line in sys.stdin:
        question = json.loads(line)
        fork = question["fork"]
        if fork not in specifications:
            specifications[fork] = Specification(fork)
        try:
            answer = kinds[question["ask"]](specifications[fork], question)
        except Exception:
            answer = {"bug": traceback.format_exc()}
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()

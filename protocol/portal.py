"""What the portal on L1 and the outbox on L2 are told, in bytes: `contracts/l1/portal.vy`, `contracts/l2/outbox.vy`."""

from dataclasses import dataclass

from protocol.abi import Dynamic, encode_call
from protocol.crypto import keccak
from protocol.output_root import OutputRoot, output_root
from protocol.types import Address, Hash32
from protocol.withdrawal import Withdrawal

WITHDRAWAL_PROVEN = keccak(b"WithdrawalProven(bytes32,address,uint256)")
"""Topic 0; topics 1 and 2 are the withdrawal's hash and the prover, the data is the assertion."""
WITHDRAWAL_FINALISED = keccak(b"WithdrawalFinalised(bytes32,address)")
"""Topic 0; topics 1 and 2 are the withdrawal's hash and the prover."""

_WITHDRAWAL = "(uint256,address,address,uint256,uint256,bytes)"


@dataclass(frozen=True, slots=True)
class OutputPreimage:
    """What an output root commits to."""

    state_root: Hash32
    outbox_root: Hash32
    block_hash: Hash32

    @property
    def root(self) -> OutputRoot:
        """The output root."""
        return output_root(self.state_root, self.outbox_root, self.block_hash)


def deposit_call(to: Address | None, l2_value: int, gas_limit: int, data: bytes = b"") -> bytes:
    """`portal.deposit`: force a call of `to`, or a creation, into L2; `l2_value` in wei."""
    signature = "deposit(address,uint256,uint256,bool,bytes)"
    return encode_call(signature, to or bytes(20), l2_value, gas_limit, int(to is None), Dynamic(data))


def deposit_token_call(to: Address | None, amount: int, l2_value: int, gas_limit: int, data: bytes = b"") -> bytes:
    """`token_portal.deposit_token`: the same with so many units of the chain's gas token, approved before."""
    signature = "deposit_token(address,uint256,uint256,uint256,bool,bytes)"
    return encode_call(signature, to or bytes(20), amount, l2_value, gas_limit, int(to is None), Dynamic(data))


def send_call(target: Address, gas_limit: int, data: bytes = b"") -> bytes:
    """`outbox.send`: start a withdrawal of the ether sent along."""
    return encode_call("send(address,uint256,bytes)", target, gas_limit, Dynamic(data))


def prove_call(withdrawal: Withdrawal, assertion_id: int, preimage: OutputPreimage, proof: bytes) -> bytes:
    """`portal.prove`; `proof` as `protocol.withdrawal.prove_sent` makes it."""
    return encode_call(
        f"prove({_WITHDRAWAL},uint256,(bytes32,bytes32,bytes32),bytes)",
        _fields(withdrawal),
        assertion_id,
        (preimage.state_root, preimage.outbox_root, preimage.block_hash),
        Dynamic(proof),
    )


def finalise_call(withdrawal: Withdrawal, prover: Address) -> bytes:
    """`portal.finalise`: make the call of a withdrawal that `prover` has proven."""
    return encode_call(f"finalise({_WITHDRAWAL},address)", _fields(withdrawal), prover)


def _fields(withdrawal: Withdrawal) -> tuple[int, Address, Address, int, int, Dynamic]:
    return (
        withdrawal.nonce,
        withdrawal.sender,
        withdrawal.target,
        withdrawal.value,
        withdrawal.gas_limit,
        Dynamic(withdrawal.data),
    )

"""The `rollup_*` methods: where this node stands between L1 and its own head."""

from node.batcher import Batcher
from node.chain import Chain
from node.challenger import Player
from node.driver import Driver
from node.mempool import Mempool
from node.proposer import Proposer
from node.rollup import Rollup
from node.rollup_file import rollup_json
from protocol.block import Header
from protocol.config_changes import ChainSettings
from protocol.derivation import tip_of
from protocol.l1 import L1BlockRef
from rpc.call_object import call_object
from rpc.errors import Json
from rpc.fees import estimate_l1_fee
from rpc.method import Context, Method, MethodTable, Parameter


def rollup_methods(
    rollup: Rollup,
    chain: Chain,
    driver: Driver,
    pool: Mempool,
    batcher: Batcher | None,
    proposer: Proposer | None = None,
    challenger: Player | None = None,
) -> MethodTable:
    """rollup_config: the file that lets anyone follow this chain. rollup_syncStatus: heads, L1, and what is waited for.
    rollup_settings: what may change, as it is in force at the newest L1 block read. rollup_estimateL1Fee: what a
    transaction would pay beside gas.

    Names follow https://specs.optimism.io/protocol/rollup-node.html#l2-output-rpc-method and its `optimism_syncStatus`.
    """

    def l2_block(header: Header) -> Json:
        return {
            "hash": _hex(header.hash),
            "number": header.number,
            "parentHash": _hex(header.parent_hash),
            "timestamp": header.timestamp,
            "l1origin": tip_of(rollup.config, header).l1_origin,
        }

    def sync_status(_context: Context) -> Json:
        status = driver.status()
        return {
            "head_l1": status.l1_head,
            "current_l1": _l1_block(driver.processed),
            "unsafe_l2": l2_block(chain.head()),
            "safe_l2": l2_block(chain.safe_head()),
            "finalized_l2": l2_block(chain.finalized_head()),
            "waiting_for": status.waiting_for,
            "pool": {"pending": pool.pending_count, "queued": pool.queued_count},
            "batcher": _batcher(batcher),
            "proposer": _proposer(proposer),
            "challenger": _challenger(challenger),
        }

    def settings(_context: Context) -> Json:
        found = driver.l1_window.settings or rollup.config.settings
        return {"l1Block": driver.processed.number, **_settings(found)}

    return {
        "rollup_config": Method(lambda _context: rollup_json(rollup)),
        "rollup_syncStatus": Method(sync_status),
        "rollup_settings": Method(settings),
        "rollup_estimateL1Fee": Method(estimate_l1_fee, (Parameter(call_object),)),
    }


def _settings(settings: ChainSettings) -> dict[str, Json]:
    """By the names of `rollup.json`; fees as text, keys of null are the launch's."""
    fees = settings.fees
    return {
        "batcher": None if settings.batcher is None else _hex(settings.batcher),
        "proposer": None if settings.proposer is None else _hex(settings.proposer),
        "gasLimit": settings.gas_limit,
        "baseFeeChangeDenominator": settings.denominator,
        "elasticity": settings.elasticity,
        "minBaseFee": str(settings.min_base_fee),
        "baseFeeRecipient": _hex(fees.base_fee_recipient),
        "operatorFeeScalar": str(fees.operator_fee_scalar),
        "operatorFeeConstant": str(fees.operator_fee_constant),
        "l1BaseFeeScalar": str(fees.l1_base_fee_scalar),
        "l1BlobBaseFeeScalar": str(fees.l1_blob_base_fee_scalar),
    }


def _batcher(batcher: Batcher | None) -> Json:
    if batcher is None:
        return None
    status = batcher.status()
    return {
        "address": _hex(batcher.address),
        "next_block": status.next_block,
        "pending_transactions": status.pending,
        "complaint": status.complaint,
    }


def _proposer(proposer: Proposer | None) -> Json:
    if proposer is None:
        return None
    status = proposer.status()
    return {
        "address": _hex(proposer.address),
        "last_l2_block": status.last_l2_block,
        "under_way": status.under_way,
        "complaint": status.complaint,
    }


def _challenger(challenger: Player | None) -> Json:
    return None if challenger is None else {"address": _hex(challenger.address), "complaint": challenger.complaint}


def _l1_block(ref: L1BlockRef) -> Json:
    return {"hash": _hex(ref.hash), "number": ref.number, "timestamp": ref.timestamp}


def _hex(data: bytes) -> str:
    return "0x" + data.hex()

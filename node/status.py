"""Where a running node stands, asked over JSON-RPC. Works with any Ethereum node, and tells more of one of ours."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from node.l1.client import L1Client
from node.l1.transport import L1Refused, L1Unreachable
from node.l1.wire import Json, as_record
from protocol.errors import Reject, Retry

METHOD_NOT_FOUND = -32601
LABELS = ("unsafe_l2", "safe_l2", "finalized_l2")


@dataclass(frozen=True, slots=True)
class Head:
    """One of the chain's heads."""

    number: int
    hash: str


@dataclass(frozen=True, slots=True)
class NodeStatus:
    """A node's heads, and what else it told, in words. `answer` is what it said, unchanged."""

    url: str
    client: str
    chain_id: int
    unsafe: Head
    safe: Head
    finalized: Head
    details: Mapping[str, str] = field(default_factory=dict)
    answer: Json = None


async def node_status(url: str, now: float | None = None) -> NodeStatus:
    """Ask the node at `url`; `now` (seconds since the epoch) is what the head's age is counted from.

    Raises:
        Retry: It does not answer; the message says how to start one.
        Reject: It answers something else than a node does.
    """
    try:
        return await _ask(url, now)
    except L1Unreachable as error:
        raise Retry(f"{error}; `tombolo up` starts one, --rpc-url names another") from error


async def _ask(url: str, now: float | None) -> NodeStatus:
    async with L1Client(url, who="the node", attempts=1) as node:
        chain_id = await node.chain_id()
        client = str(await node.request("web3_clientVersion", []))
        try:
            answer = await node.request("rollup_syncStatus", [])
        except L1Refused as refusal:
            if refusal.code != METHOD_NOT_FOUND:
                raise
            unsafe, safe, finalized = [await _tagged(node, tag) for tag in ("latest", "safe", "finalized")]
            answer = _heads_json((unsafe, safe, finalized))
            return NodeStatus(url, client, chain_id, unsafe, safe, finalized, answer=answer)
        details = await _security(node)
    fields = as_record(answer, "sync status")
    unsafe, safe, finalized = (_head(as_record(fields.get(label), label)) for label in LABELS)
    details = _details(fields, now) | details | _role(fields, "proposer") | _role(fields, "challenger")
    return NodeStatus(url, client, chain_id, unsafe, safe, finalized, details, answer)


async def _tagged(node: L1Client, tag: str) -> Head:
    block = as_record(await node.request("eth_getBlockByNumber", [tag, False]), f"{tag} block")
    return Head(int(str(block.get("number")), 16), str(block.get("hash")))


def _heads_json(heads: Sequence[Head]) -> Json:
    return {label: {"number": head.number, "hash": head.hash} for label, head in zip(LABELS, heads, strict=True)}


def _head(fields: Mapping[str, Json]) -> Head:
    number, block_hash = fields.get("number"), fields.get("hash")
    if not isinstance(number, int) or not isinstance(block_hash, str):
        raise Reject(f"the node's sync status has a head without number or hash: {dict(fields)}")
    return Head(number, block_hash)


async def _security(node: L1Client) -> dict[str, str]:
    """Who decides which outputs are true: nothing where the node does not say, as without settlement or without L1."""
    try:
        count = as_record(await node.request("game_list", []), "games").get("count")
    except L1Refused:
        return {}
    if count is None:
        return {"security": "a guardian's account rejects false outputs: users trust it"}
    return {
        "security": f"fraud proofs: L1 executes what is disputed; {count} dispute{'' if count == 1 else 's'} so far"
    }


def _role(fields: Mapping[str, Json], name: str) -> dict[str, str]:
    """Proposer or challenger, where this node is one."""
    role = fields.get(name)
    if not isinstance(role, dict):
        return {}
    last, said = role.get("last_l2_block"), role.get("complaint")
    bonded = f", newest output: block {last}" if isinstance(last, int) else ""
    return {name: f"{role.get('address')}{bonded}"} | ({f"{name} says": str(said)} if said else {})


def _details(fields: Mapping[str, Json], now: float | None) -> dict[str, str]:
    details: dict[str, str] = {}
    unsafe = fields.get("unsafe_l2")
    newest_block = unsafe.get("number") if isinstance(unsafe, dict) else None
    timestamp = unsafe.get("timestamp") if isinstance(unsafe, dict) else None
    if now is not None and isinstance(timestamp, int):
        details["newest block"] = f"{max(0.0, now - timestamp):.0f} s old"
    processed, newest = fields.get("current_l1"), fields.get("head_l1")
    if isinstance(processed, dict):
        number = processed.get("number")
        lag = newest - number if isinstance(newest, int) and isinstance(number, int) else 0
        behind = f", {lag} blocks behind its head {newest}" if lag > 0 else ""
        details["L1 derived to"] = f"{number}  {processed.get('hash')}{behind}"
    if fields.get("waiting_for"):
        details["waiting for"] = str(fields["waiting_for"])
    pool, batcher = fields.get("pool"), fields.get("batcher")
    if isinstance(pool, dict):
        details["pool"] = f"{pool.get('pending')} pending, {pool.get('queued')} queued"
    if isinstance(batcher, dict):
        sent = batcher.get("pending_transactions")
        pending = f"{sent} transaction{'' if sent == 1 else 's'} on the way"
        following = batcher.get("next_block")
        waiting = newest_block - following + 1 if isinstance(newest_block, int) and isinstance(following, int) else 0
        details["batcher"] = f"{batcher.get('address')}, next block {following}, {pending}"
        details["not in a batch"] = f"{max(0, waiting)} block{'' if waiting == 1 else 's'}"
        if batcher.get("complaint"):
            details["batcher says"] = str(batcher["complaint"])
    return details

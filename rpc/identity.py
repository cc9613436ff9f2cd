"""Who answers: chain id, client, network, and the methods that always say the same."""

from protocol.crypto import keccak
from rpc.encode import data, sync_json
from rpc.errors import Json
from rpc.method import Context


def chain_id(context: Context) -> str:
    """eth_chainId."""
    return hex(context.backend.chain_id)


def net_version(context: Context) -> str:
    """net_version: the chain id in decimal."""
    return str(context.backend.chain_id)


def client_version(context: Context) -> str:
    """web3_clientVersion."""
    return context.backend.client_version


def sha3(context: Context, value: bytes) -> str:
    """web3_sha3: keccak256, in spite of its name."""
    return data(keccak(value))


def listening(context: Context) -> bool:
    """net_listening: true, since this answer got out."""
    return True


def peer_count(context: Context) -> str:
    """net_peerCount: blocks come from L1 and the sequencer, not from peers."""
    return "0x0"


def syncing(context: Context) -> Json:
    """eth_syncing: false once the node has caught up; what it derives from is in rollup_syncStatus."""
    progress = context.backend.syncing()
    return False if progress is None else sync_json(progress)


def accounts(context: Context) -> Json:
    """eth_accounts: none, keys stay with wallets."""
    return []


def mining(context: Context) -> bool:
    """eth_mining."""
    return False


def zero(context: Context) -> str:
    """eth_hashrate."""
    return "0x0"

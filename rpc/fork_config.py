"""eth_config: the fork rules in force, the next ones, and the last ones that are scheduled.

Source: https://eips.ethereum.org/EIPS/eip-7910, https://eips.ethereum.org/EIPS/eip-6122 (fork ids by time)
"""

import zlib
from collections.abc import Iterable

from protocol.chain_config import ChainConfig
from protocol.forks import Fork, ForkSchedule
from protocol.types import Hash32
from rpc.encode import JsonObject
from rpc.errors import Json, server_error
from rpc.method import Context

_PRECOMPILES: tuple[tuple[Fork, int, str], ...] = (
    (Fork.FRONTIER, 0x01, "ECREC"),
    (Fork.FRONTIER, 0x02, "SHA256"),
    (Fork.FRONTIER, 0x03, "RIPEMD160"),
    (Fork.FRONTIER, 0x04, "ID"),
    (Fork.BYZANTIUM, 0x05, "MODEXP"),
    (Fork.BYZANTIUM, 0x06, "BN254_ADD"),
    (Fork.BYZANTIUM, 0x07, "BN254_MUL"),
    (Fork.BYZANTIUM, 0x08, "BN254_PAIRING"),
    (Fork.ISTANBUL, 0x09, "BLAKE2F"),
    (Fork.CANCUN, 0x0A, "KZG_POINT_EVALUATION"),
    (Fork.PRAGUE, 0x0B, "BLS12_G1ADD"),
    (Fork.PRAGUE, 0x0C, "BLS12_G1MSM"),
    (Fork.PRAGUE, 0x0D, "BLS12_G2ADD"),
    (Fork.PRAGUE, 0x0E, "BLS12_G2MSM"),
    (Fork.PRAGUE, 0x0F, "BLS12_PAIRING_CHECK"),
    (Fork.PRAGUE, 0x10, "BLS12_MAP_FP_TO_G1"),
    (Fork.PRAGUE, 0x11, "BLS12_MAP_FP2_TO_G2"),
    (Fork.OSAKA, 0x100, "P256VERIFY"),
)

_SYSTEM_CONTRACTS: tuple[tuple[Fork, str, str], ...] = (
    (Fork.CANCUN, "BEACON_ROOTS_ADDRESS", "0x000f3df6d732807ef1319fb7b8bb8522d0beac02"),
    (Fork.PRAGUE, "HISTORY_STORAGE_ADDRESS", "0x0000f90827f1c53a10cb7a02335b175320002935"),
)
_REQUEST_CONTRACTS: tuple[tuple[Fork, str, str], ...] = (
    (Fork.PRAGUE, "CONSOLIDATION_REQUEST_PREDEPLOY_ADDRESS", "0x0000bbddc7ce488642fb579f8b00f3a590007251"),
    (Fork.PRAGUE, "DEPOSIT_CONTRACT_ADDRESS", "0x00000000219ab540356cbb839cbe05303d7705fa"),
    (Fork.PRAGUE, "WITHDRAWAL_REQUEST_PREDEPLOY_ADDRESS", "0x00000961ef480eb55e80d19ad83579a64c007002"),
)
"""A rollup has no consensus layer to ask anything of."""


def eth_config(context: Context) -> Json:
    """eth_config."""
    backend = context.backend
    config, head = backend.config, backend.chain.head()
    genesis_hash = backend.chain.canonical_hash(0)
    genesis = None if genesis_hash is None else backend.chain.header(genesis_hash)
    if genesis is None:
        raise server_error("the genesis block is not known")
    times = sorted({start for start in _time_starts(config.forks) if start > genesis.timestamp})
    past = [start for start in times if start <= head.timestamp]
    future = [start for start in times if start > head.timestamp]

    def described(start: int) -> JsonObject:
        passed = [time for time in times if time <= start]
        return _config_json(config, start, head.number, fork_id(genesis.hash, config.forks, passed))

    return {
        "current": described(past[-1] if past else genesis.timestamp) | ({} if past else {"activationTime": 0}),
        "next": described(future[0]) if future else None,
        "last": described(future[-1]) if future else None,
    }


def fork_id(genesis_hash: Hash32, forks: ForkSchedule, times: Iterable[int]) -> str:
    """The EIP-6122 hash of a chain that has passed all its forks by block, and those at `times`."""
    blocks = sorted({start for start, _fork in forks.by_block if start})
    checksum = zlib.crc32(genesis_hash)
    for start in (*blocks, *times):
        checksum = zlib.crc32(start.to_bytes(8, "big"), checksum)
    return f"0x{checksum:08x}"


def _time_starts(forks: ForkSchedule) -> Iterable[int]:
    yield from (start for start, _fork in forks.by_time)
    yield from (start for start, _blobs in forks.blobs_by_time)


def _config_json(config: ChainConfig, start: int, number: int, identity: str) -> JsonObject:
    fork, blobs = config.forks.at(number, start), config.forks.blobs_at(start)
    contracts = _SYSTEM_CONTRACTS if config.allow_deposits else _SYSTEM_CONTRACTS + _REQUEST_CONTRACTS
    schedule: Json = None
    if blobs is not None:
        schedule = {
            "baseFeeUpdateFraction": blobs.base_fee_update_fraction,
            "max": blobs.maximum,
            "target": blobs.target,
        }
    return {
        "activationTime": start,
        "blobSchedule": schedule,
        "chainId": hex(config.chain_id),
        "forkId": identity,
        "precompiles": {name: f"0x{number:040x}" for since, number, name in _PRECOMPILES if fork >= since},
        "systemContracts": {name: address for since, name, address in sorted(contracts, key=_by_name) if fork >= since},
    }


def _by_name(contract: tuple[Fork, str, str]) -> str:
    return contract[1]

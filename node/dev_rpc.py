"""evm_*, hardhat_* and anvil_*: what test frameworks ask of a chain that is there for them alone.

Sources: https://hardhat.org/hardhat-network/docs/reference, https://getfoundry.sh/anvil/reference
"""

import asyncio

from genesis.dev import DEV_ACCOUNTS, DEV_PRIVATE_KEYS
from node.dev_miner import DevMiner
from protocol.errors import InvalidInput
from protocol.signing import sign_transaction
from protocol.simulation import AccountOverride, StateOverride
from protocol.types import Address, Hash32
from rpc.call_object import CallObject, call_object
from rpc.codec import StorageKey, address, boolean, count, data, field, hash32, quantity, record, storage_key, uint64
from rpc.encode import data as hex_data
from rpc.errors import InvalidParams, Json, server_error
from rpc.fill import filled
from rpc.method import Context, Method, MethodTable, optional

IMPERSONATED_GAS = 16_000_000
"""What a transaction of an impersonated account gets when it does not say."""

_KEYS = dict(zip(DEV_ACCOUNTS, DEV_PRIVATE_KEYS, strict=True))


def dev_methods(miner: DevMiner, *, batching: bool) -> MethodTable:
    """The table; refused where batches go to L1, since no verifier could follow what these methods do.

    Raises:
        InvalidInput: `batching`.
    """
    if batching:
        raise InvalidInput("dev methods edit the chain, which nobody could derive from L1: turn the batcher off")
    dev = _Dev(miner)
    table: dict[str, Method] = {
        "evm_mine": Method(dev.evm_mine, (optional(_mine_options),)),
        "evm_increaseTime": Method(dev.increase_time, (count,)),
        "evm_setNextBlockTimestamp": Method(dev.set_next_block_timestamp, (count,)),
        "evm_setAutomine": Method(dev.set_automine, (boolean,)),
        "evm_setIntervalMining": Method(dev.set_interval_mining, (count,)),
        "evm_snapshot": Method(dev.snapshot),
        "evm_revert": Method(dev.revert, (count,)),
        "anvil_snapshot": Method(dev.snapshot),
        "anvil_revert": Method(dev.revert, (count,)),
        "anvil_increaseTime": Method(dev.increase_time, (count,)),
        "anvil_setNextBlockTimestamp": Method(dev.set_next_block_timestamp, (count,)),
        "anvil_setIntervalMining": Method(dev.set_interval_mining, (count,)),
        "anvil_autoImpersonateAccount": Method(dev.impersonate_all, (boolean,)),
        "anvil_nodeInfo": Method(dev.node_info),
        "hardhat_getAutomine": Method(dev.get_automine),
        "anvil_getAutomine": Method(dev.get_automine),
        "hardhat_metadata": Method(dev.metadata),
        "eth_accounts": Method(dev.accounts),
        "eth_sendTransaction": Method(dev.send_transaction, (call_object,)),
        "eth_sendRawTransaction": Method(dev.send_raw_transaction, (data,)),
    }
    both = {
        "setBalance": Method(dev.set_balance, (address, quantity)),
        "setCode": Method(dev.set_code, (address, data)),
        "setNonce": Method(dev.set_nonce, (address, uint64)),
        "setStorageAt": Method(dev.set_storage_at, (address, storage_key, hash32)),
        "impersonateAccount": Method(dev.impersonate, (address,)),
        "stopImpersonatingAccount": Method(dev.stop_impersonating, (address,)),
        "mine": Method(dev.mine, (optional(count, 1), optional(count, 1))),
        "dropTransaction": Method(dev.drop_transaction, (hash32,)),
        "reset": Method(dev.reset, (optional(lambda value: value),)),
        "setCoinbase": Method(dev.set_coinbase, (address,)),
        "setPrevRandao": Method(dev.set_prev_randao, (hash32,)),
        "setNextBlockBaseFeePerGas": Method(dev.set_next_base_fee, (quantity,)),
    }
    return table | {f"{prefix}_{name}": method for name, method in both.items() for prefix in ("hardhat", "anvil")}


def _mine_options(value: Json) -> tuple[int, int | None]:
    """evm_mine takes a timestamp, or an object with `blocks` and `timestamp`: (blocks, timestamp)."""
    if isinstance(value, dict):
        source = record(value)
        blocks = field(source, "blocks", count)
        return 1 if blocks is None else blocks, field(source, "timestamp", count)
    return 1, count(value)


MAX_BLOCKS = 100_000


class _Dev:
    """The handlers. All run on the event loop and leave execution to the miner's worker."""

    def __init__(self, miner: DevMiner) -> None:
        self._miner = miner

    # -- blocks and time -- #

    async def evm_mine(self, context: Context, options: tuple[int, int | None] | None) -> str:
        blocks, timestamp = options or (1, None)
        if timestamp is not None:
            self.set_next_block_timestamp(context, timestamp)
        await self.mine(context, blocks, 1)
        return "0x0"

    async def mine(self, _context: Context, blocks: int, interval: int) -> bool:
        if blocks > MAX_BLOCKS:
            raise InvalidParams(f"at most {MAX_BLOCKS} blocks at a time")
        await self._miner.mine(blocks, interval)
        return True

    def increase_time(self, _context: Context, seconds: int) -> int:
        self._miner.time_offset += seconds
        return self._miner.time_offset

    def set_next_block_timestamp(self, _context: Context, timestamp: int) -> None:
        newest = self._miner.chain.head().timestamp
        if timestamp <= newest:
            raise server_error(f"timestamp {timestamp} is not after that of the newest block, {newest}")
        self._miner.next.timestamp = timestamp

    def set_automine(self, _context: Context, on: bool) -> bool:
        self._miner.automine = on
        return True

    def get_automine(self, _context: Context) -> bool:
        return self._miner.automine

    def set_interval_mining(self, _context: Context, milliseconds: int) -> bool:
        self._miner.set_interval(milliseconds / 1000)
        return True

    def set_coinbase(self, _context: Context, account: Address) -> bool:
        self._miner.fee_recipient = account
        return True

    def set_prev_randao(self, _context: Context, randao: Hash32) -> bool:
        self._miner.next.prev_randao = randao
        return True

    def set_next_base_fee(self, _context: Context, wei: int) -> bool:
        self._miner.next.base_fee_per_gas = wei
        return True

    def snapshot(self, _context: Context) -> str:
        return hex(self._miner.snapshot())

    async def revert(self, _context: Context, number: int) -> bool:
        return await self._miner.revert(number)

    async def reset(self, _context: Context, _forking: Json) -> bool:
        await self._miner.reset()
        return True

    # -- state -- #

    async def set_balance(self, _context: Context, account: Address, wei: int) -> bool:
        return await self._edit({account: AccountOverride(balance=wei)})

    async def set_code(self, _context: Context, account: Address, code: bytes) -> bool:
        return await self._edit({account: AccountOverride(code=code)})

    async def set_nonce(self, _context: Context, account: Address, nonce: int) -> bool:
        return await self._edit({account: AccountOverride(nonce=nonce)})

    async def set_storage_at(self, _context: Context, account: Address, key: StorageKey, value: Hash32) -> bool:
        return await self._edit({account: AccountOverride(state_diff={key.slot: int.from_bytes(value, "big")})})

    async def _edit(self, overrides: StateOverride) -> bool:
        await self._miner.edit(overrides)
        return True

    # -- accounts and transactions -- #

    def accounts(self, _context: Context) -> Json:
        return [hex_data(account) for account in DEV_ACCOUNTS]

    def impersonate(self, _context: Context, account: Address) -> bool:
        self._miner.impersonated.add(account)
        return True

    def stop_impersonating(self, _context: Context, account: Address) -> bool:
        known = account in self._miner.impersonated
        self._miner.impersonated.discard(account)
        return known

    def impersonate_all(self, _context: Context, on: bool) -> bool:
        self._miner.impersonate_all = on
        return True

    async def send_transaction(self, context: Context, wanted: CallObject) -> str:
        """eth_sendTransaction: signed with a dev key, or as whoever is impersonated."""
        miner, sender = self._miner, wanted.sender
        if sender in miner.impersonated or (miner.impersonate_all and sender not in _KEYS):
            gas = IMPERSONATED_GAS if wanted.gas is None else wanted.gas
            return hex_data((await miner.send_as(sender, wanted.to, wanted.value, gas, wanted.data)).hash)
        key = _KEYS.get(sender)
        if key is None:
            raise server_error("unknown account")
        unsigned = await asyncio.to_thread(filled, context, wanted)
        return await self.send_raw_transaction(context, sign_transaction(unsigned, key).raw)

    async def send_raw_transaction(self, _context: Context, raw: bytes) -> str:
        """eth_sendRawTransaction; with automine it is mined when the answer comes."""
        tx = self._miner.pool.add(raw)
        if self._miner.automine:
            await self._miner.mine()
        return hex_data(tx.hash)

    def drop_transaction(self, _context: Context, transaction_hash: Hash32) -> bool:
        known = self._miner.pool.get(transaction_hash) is not None
        self._miner.pool.drop(transaction_hash, "dropped by request")
        return known

    # -- who we are -- #

    def node_info(self, context: Context) -> Json:
        head = context.backend.chain.head()
        return {
            "currentBlockNumber": hex(head.number),
            "currentBlockTimestamp": head.timestamp,
            "currentBlockHash": hex_data(head.hash),
            "environment": {
                "baseFee": hex(head.base_fee_per_gas or 0),
                "chainId": context.backend.chain_id,
                "gasLimit": hex(head.gas_limit),
            },
        }

    def metadata(self, context: Context) -> Json:
        chain = context.backend.chain
        return {
            "clientVersion": context.backend.client_version,
            "chainId": context.backend.chain_id,
            "instanceId": hex_data(chain.canonical_hash(0) or b""),
            "latestBlockNumber": chain.head().number,
            "latestBlockHash": hex_data(chain.head().hash),
        }

"""The method table: adding a method is one function and one row here."""

from rpc import (
    blocks,
    calls,
    fees,
    fill,
    fork_config,
    identity,
    log_search,
    pool,
    send,
    simulate,
    state,
    subscriptions,
    testing,
    trace,
)
from rpc.call_object import call_object
from rpc.codec import (
    BlockTag,
    address,
    anything,
    array_of,
    block_id,
    block_number,
    boolean,
    count,
    data,
    hash32,
    storage_key,
    text,
    uint64,
)
from rpc.logs import log_query
from rpc.method import LATEST_IF_ABSENT, Method, MethodTable, optional
from rpc.overrides import call_block_override, state_override

_NUMBER_OR_LATEST = optional(block_number, BlockTag.LATEST)
_FULL = optional(boolean, False)
_ACCOUNT = (address, LATEST_IF_ABSENT)
_TRY = (call_object, LATEST_IF_ABSENT, optional(state_override), optional(call_block_override))
_TRACE = optional(trace.trace_options, trace.DEFAULT_OPTIONS)

METHODS: MethodTable = {
    # who answers
    "eth_chainId": Method(identity.chain_id),
    "net_version": Method(identity.net_version),
    "net_listening": Method(identity.listening),
    "net_peerCount": Method(identity.peer_count),
    "web3_clientVersion": Method(identity.client_version),
    "web3_sha3": Method(identity.sha3, (data,)),
    "eth_syncing": Method(identity.syncing),
    "eth_config": Method(fork_config.eth_config),
    "eth_accounts": Method(identity.accounts),
    "eth_mining": Method(identity.mining),
    "eth_hashrate": Method(identity.zero),
    # state
    "eth_getBalance": Method(state.get_balance, _ACCOUNT),
    "eth_getCode": Method(state.get_code, _ACCOUNT),
    "eth_getTransactionCount": Method(state.get_transaction_count, _ACCOUNT),
    "eth_getStorageAt": Method(state.get_storage_at, (address, storage_key, LATEST_IF_ABSENT)),
    "eth_getStorageValues": Method(state.get_storage_values, (state.slots_by_address, LATEST_IF_ABSENT)),
    "eth_getAccountInfo": Method(state.get_account_info, _ACCOUNT),
    "eth_getProof": Method(state.get_proof, (address, array_of(storage_key), LATEST_IF_ABSENT), slow=True),
    # blocks, transactions, receipts
    "eth_blockNumber": Method(blocks.block_number),
    "eth_getBlockByNumber": Method(blocks.get_block_by_number, (_NUMBER_OR_LATEST, _FULL)),
    "eth_getBlockByHash": Method(blocks.get_block_by_hash, (hash32, _FULL)),
    "eth_getBlockReceipts": Method(blocks.get_block_receipts, (LATEST_IF_ABSENT,)),
    "eth_getBlockTransactionCountByNumber": Method(blocks.get_transaction_count_by_number, (_NUMBER_OR_LATEST,)),
    "eth_getBlockTransactionCountByHash": Method(blocks.get_transaction_count_by_hash, (hash32,)),
    "eth_getUncleCountByBlockNumber": Method(blocks.get_uncle_count_by_number, (_NUMBER_OR_LATEST,)),
    "eth_getUncleCountByBlockHash": Method(blocks.get_uncle_count_by_hash, (hash32,)),
    "eth_getUncleByBlockNumberAndIndex": Method(blocks.get_uncle_by_number, (block_number, uint64)),
    "eth_getUncleByBlockHashAndIndex": Method(blocks.get_uncle_by_hash, (hash32, uint64)),
    "eth_getTransactionByHash": Method(blocks.get_transaction_by_hash, (hash32,)),
    "eth_getTransactionByBlockNumberAndIndex": Method(
        blocks.get_transaction_by_number_and_index, (block_number, uint64)
    ),
    "eth_getTransactionByBlockHashAndIndex": Method(blocks.get_transaction_by_hash_and_index, (hash32, uint64)),
    "eth_getTransactionReceipt": Method(blocks.get_transaction_receipt, (hash32,)),
    "eth_getRawTransactionByHash": Method(blocks.get_raw_transaction, (hash32,)),
    "debug_getRawHeader": Method(blocks.get_raw_header, (block_id,)),
    "debug_getRawBlock": Method(blocks.get_raw_block, (block_id,)),
    "debug_getRawReceipts": Method(blocks.get_raw_receipts, (block_id,)),
    "debug_getRawTransaction": Method(blocks.get_raw_transaction, (hash32,)),
    "testing_buildBlockV1": Method(
        testing.build_block,
        (hash32, testing.payload_attributes, optional(array_of(data)), optional(data, b"")),
        slow=True,
    ),
    # traces
    "debug_traceTransaction": Method(trace.trace_transaction, (hash32, _TRACE), slow=True, long=True),
    "debug_traceBlockByNumber": Method(trace.trace_block_by_number, (block_number, _TRACE), slow=True, long=True),
    "debug_traceBlockByHash": Method(trace.trace_block_by_hash, (hash32, _TRACE), slow=True, long=True),
    "debug_traceCall": Method(
        trace.trace_call,
        (call_object, LATEST_IF_ABSENT, optional(trace.trace_call_options, (trace.DEFAULT_OPTIONS, {}))),
        slow=True,
        long=True,
    ),
    # calls
    "eth_call": Method(calls.call, _TRY, slow=True),
    "eth_estimateGas": Method(calls.estimate_gas, _TRY, slow=True),
    "eth_createAccessList": Method(
        calls.create_access_list, (call_object, LATEST_IF_ABSENT, optional(state_override)), slow=True
    ),
    "eth_simulateV1": Method(simulate.simulate, (simulate.simulation, LATEST_IF_ABSENT), slow=True),
    # fees
    "eth_gasPrice": Method(fees.gas_price),
    "eth_maxPriorityFeePerGas": Method(fees.max_priority_fee_per_gas),
    "eth_baseFee": Method(fees.base_fee),
    "eth_blobBaseFee": Method(fees.blob_base_fee_of_head),
    "eth_feeHistory": Method(fees.fee_history, (count, _NUMBER_OR_LATEST, optional(fees.percentile_list)), slow=True),
    # the pool
    "eth_sendRawTransaction": Method(send.send_raw_transaction, (data,)),
    "eth_sendRawTransactionSync": Method(send.send_raw_transaction_sync, (data, optional(count))),
    "eth_fillTransaction": Method(fill.fill_transaction, (call_object,), slow=True),
    "eth_pendingTransactions": Method(pool.pending_transactions),
    "txpool_status": Method(pool.status),
    "txpool_content": Method(pool.content),
    "txpool_contentFrom": Method(pool.content_from, (address,)),
    "txpool_inspect": Method(pool.inspect),
    # logs, filters, subscriptions
    "eth_getLogs": Method(log_search.get_logs, (log_query,), slow=True),
    "eth_newFilter": Method(log_search.new_filter, (log_query,)),
    "eth_newBlockFilter": Method(log_search.new_block_filter),
    "eth_newPendingTransactionFilter": Method(log_search.new_pending_transaction_filter, (_FULL,)),
    "eth_getFilterChanges": Method(log_search.get_filter_changes, (text,)),
    "eth_getFilterLogs": Method(log_search.get_filter_logs, (text,)),
    "eth_uninstallFilter": Method(log_search.uninstall_filter, (text,)),
    "eth_subscribe": Method(subscriptions.subscribe, (text, optional(anything))),
    "eth_unsubscribe": Method(subscriptions.unsubscribe, (text,)),
}

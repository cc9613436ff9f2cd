"""The signed transactions are the same every time, valid by another's judgement, and in the order of their nonces."""

from itertools import pairwise

from eth_account import Account

from bench.workload import BATCH, CHAIN_ID, CONNECTIONS, Workload
from protocol.transaction import decode_transaction


def test_two_workloads_sign_the_same_bytes():
    first, second = Workload(senders=20).transfers(60), Workload(senders=20).transfers(60)
    assert [tx.raw for lane in first for tx in lane.transactions] == [
        tx.raw for lane in second for tx in lane.transactions
    ]


def test_another_library_recovers_the_funded_senders():
    workload = Workload(senders=3)
    funded = {wallet.address for wallet in workload.funded}
    signed = [*workload.token_setup(), *(tx for lane in workload.transfers(6) for tx in lane.transactions)]
    for tx in signed:
        sender = bytes.fromhex(Account.recover_transaction(tx.raw)[2:])
        assert sender == tx.sender
        assert sender in funded
        assert tx.chain_id == CHAIN_ID


def test_a_lane_holds_all_of_its_senders_transactions_in_order():
    workload = Workload(senders=40)
    lanes = workload.transfers(400)
    assert len(lanes) == CONNECTIONS
    assert sum(len(lane.transactions) for lane in lanes) == 400
    for wallet in workload.senders:
        holding = [lane for lane in lanes if any(tx.sender == wallet.address for tx in lane.transactions)]
        assert len(holding) == 1
        nonces = [tx.nonce for tx in holding[0].transactions if tx.sender == wallet.address]
        assert nonces == list(range(10))


def test_nonces_go_on_from_one_list_to_the_next():
    workload = Workload(senders=1)
    lists = (workload.transfers(2), workload.token_transfers(2))
    assert [tx.nonce for lanes in lists for tx in lanes[0].transactions] == [0, 1, 2, 3]


def test_no_two_transfers_go_to_the_same_account():
    lanes = Workload(senders=5).transfers(100)
    assert len({tx.to for lane in lanes for tx in lane.transactions}) == 100


def test_the_token_lands_where_its_transfers_go():
    workload = Workload(senders=2)
    deploy, *shares = workload.token_setup()
    assert deploy.nonce == 0
    assert deploy.to is None
    assert {tx.to for tx in shares} == {workload.token}
    assert all(later.nonce == earlier.nonce + 1 for earlier, later in pairwise([deploy, *shares]))


def test_batches_hold_the_same_transactions_as_single_requests():
    lane = Workload(senders=1).transfers(BATCH + 1)[0]
    whole, rest = lane.bodies(BATCH)
    assert [whole, rest] == ["[" + ",".join(lane.bodies(1)[:BATCH]) + "]", "[" + lane.bodies(1)[BATCH] + "]"]


def test_what_is_sent_decodes_to_what_was_signed():
    tx = Workload(senders=1).transfers(1)[0].transactions[0]
    assert decode_transaction(tx.raw) == tx

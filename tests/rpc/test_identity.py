"""Methods that always say the same."""

from tests.rpc.fake import CHAIN_ID


async def test_a_node_says_who_it_is_and_that_it_neither_mines_nor_signs(node):
    assert await node.call("eth_chainId") == hex(CHAIN_ID)
    assert await node.call("net_version") == str(CHAIN_ID)
    assert await node.call("web3_clientVersion") == "fake/1"
    assert await node.call("net_listening") is True
    assert await node.call("net_peerCount") == "0x0"
    assert await node.call("eth_syncing") is False
    assert await node.call("eth_accounts") == []
    assert await node.call("eth_mining") is False
    assert await node.call("eth_hashrate") == "0x0"


async def test_sha3_is_keccak(node):
    empty = "0xc5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470"
    assert await node.call("web3_sha3", "0x") == empty

"""eth_config (EIP-7910) and the fork id in it (EIP-6122)."""

from dataclasses import replace

from protocol.forks import CANCUN_BLOBS, PRAGUE_BLOBS, Fork, ForkSchedule
from protocol.types import Hash32
from rpc.fork_config import fork_id

MAINNET = Hash32(bytes.fromhex("d4e56740f876aef8c010b86a40d5f56745a118d0906a34e69aec8c0db1cb8fa3"))
MAINNET_BLOCKS = (1_150_000, 1_920_000, 2_463_000, 2_675_000, 4_370_000, 7_280_000, 9_069_000, 9_200_000, 12_244_000,
                  12_965_000, 13_773_000, 15_050_000)  # fmt: skip


def test_fork_ids_are_those_that_eip_6122_lists():
    def schedule(*blocks):
        return ForkSchedule(((0, Fork.FRONTIER), *((block, Fork.LONDON) for block in blocks)))

    assert fork_id(MAINNET, schedule(), ()) == "0xfc64ec04"
    assert fork_id(MAINNET, schedule(*MAINNET_BLOCKS[:1]), ()) == "0x97c2c34c"
    assert fork_id(MAINNET, schedule(*MAINNET_BLOCKS), ()) == "0xf0afd0e3"
    assert fork_id(MAINNET, schedule(*MAINNET_BLOCKS), (1_681_338_455,)) == "0xdce96c2d"


async def test_current_next_and_last_follow_the_head(node):
    backend = node.backend
    genesis, head = backend.chain.head(), backend.new_block().header
    forks = ForkSchedule(
        by_block=((0, Fork.PARIS),),
        by_time=((0, Fork.CANCUN), (head.timestamp, Fork.PRAGUE), (head.timestamp + 100, Fork.OSAKA)),
        blobs_by_time=((0, CANCUN_BLOBS), (head.timestamp, PRAGUE_BLOBS), (head.timestamp + 200, CANCUN_BLOBS)),
    )
    backend.config = replace(backend.config, forks=forks)
    answer = await node.call("eth_config")
    assert answer["current"]["activationTime"] == head.timestamp
    assert answer["current"]["forkId"] == fork_id(genesis.hash, forks, (head.timestamp,))
    assert answer["current"]["blobSchedule"] == {"baseFeeUpdateFraction": 5_007_716, "max": 9, "target": 6}
    assert answer["current"]["precompiles"]["BLS12_G1ADD"] == "0x" + "0b".zfill(40)
    assert "P256VERIFY" not in answer["current"]["precompiles"]
    assert answer["next"]["activationTime"] == head.timestamp + 100
    assert answer["next"]["precompiles"]["P256VERIFY"] == "0x" + "100".zfill(40)
    assert answer["last"]["activationTime"] == head.timestamp + 200


async def test_a_chain_with_nothing_ahead_says_so(node):
    answer = await node.call("eth_config")
    assert answer["current"]["activationTime"] == 0
    assert (answer["next"], answer["last"]) == (None, None)

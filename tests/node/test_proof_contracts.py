"""A verifier that is on L1 already is used again, if it is the one that would be deployed."""

from genesis.dev import DEV_PRIVATE_KEYS
from node.clock import SystemClock
from node.deploy import deploy_all
from node.l1.client import L1Client
from node.proof_contracts import ProofOptions, deploy_verifier, find_verifier, game_creation, is_verifier
from protocol.abi import address_of, words_of
from protocol.types import Address, Hash32
from tests.peers import run_anvil

KEY = DEV_PRIVATE_KEYS[0]
OUTPUTS = Address(b"\x0b" * 20)


async def test_a_verifier_of_the_same_code_is_found_by_a_game_and_a_changed_one_is_not() -> None:
    with run_anvil() as anvil:
        async with L1Client(anvil.url) as client:
            verifier = await deploy_verifier(client, SystemClock(), KEY)
            creation = game_creation(OUTPUTS, verifier, Hash32(b"\x07" * 32), ProofOptions())
            [game] = await deploy_all(client, SystemClock(), KEY, [creation])
            assert await find_verifier(client, []) is None
            assert await find_verifier(client, [game.address]) == verifier
            assert not await is_verifier(client, game.address)
            assert not await is_verifier(client, OUTPUTS), "there is nothing"

            last = [address_of(word) for word in words_of((await client.code(verifier))[-24 * 32 :]) if word][-1]
            code = await client.code(last)
            anvil.rpc("anvil_setCode", "0x" + last.hex(), "0x" + (code[:-1] + bytes((code[-1] ^ 1,))).hex())
            assert await find_verifier(client, [game.address]) is None, "one byte of one library"
            anvil.rpc("anvil_setCode", "0x" + last.hex(), "0x" + code.hex())
            code = await client.code(verifier)
            anvil.rpc("anvil_setCode", "0x" + verifier.hex(), "0x" + (code[:40] + b"\x5b" + code[41:]).hex())
            assert await find_verifier(client, [game.address]) is None

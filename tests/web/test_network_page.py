"""The page of a network in a real browser: a wallet moves ether and a token to another chain and back."""

import json
import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from genesis.dev import DEV_ACCOUNTS, DEV_PRIVATE_KEYS
from protocol.abi import encode_call
from rpc.encode import create_address
from tests.e2e.processes import answers, rpc, running
from tests.e2e.wallet import Wallet
from tests.peers import REPOSITORY, node_with

pytestmark = [pytest.mark.timeout(290), pytest.mark.xdist_group("browser")]

OWNER = 3
ADDRESS = "0x" + DEV_ACCOUNTS[OWNER].hex()
ETHER = 10**18
SCREENSHOTS = os.environ.get("TOMBOLO_SCREENSHOTS") == "1"

INTENT = """preset = "teaching"
chain.chain_id = {chain_id}
chain.block_time_seconds = 0.5
da.batch_interval_seconds = 1
proof.challenge_period_seconds = 2
proof.finalisation_delay_seconds = 1
proof.proposal_interval_seconds = 1
node.rpc_port = {port}
"""


@pytest.fixture(scope="module")
def journey(tmp_path_factory: pytest.TempPathFactory, free_port: Callable[[], int]) -> Iterator[dict]:
    """What a wallet's owner saw on the page of two chains."""
    node_with("playwright-core", "@sparticuz/chromium", "ethers")
    folder = tmp_path_factory.mktemp("network")
    chains: list[dict] = []
    files = []
    for chain_id, name in ((90_001, "lagoon"), (90_002, "arcade")):
        port = free_port()
        chains.append({"name": name, "id": chain_id, "url": f"http://127.0.0.1:{port}"})
        files.append(folder / f"{name}.toml")
        extra = f"node.verifier_port = {free_port()}\n"
        files[-1].write_text(INTENT.format(chain_id=chain_id, port=port) + extra)
    page = free_port()
    flags = ["--data-dir", str(folder / "data"), "--l1-port", str(free_port()), "--page-port", str(page)]
    with running("up", *map(str, files), *flags, output=folder / "up.txt") as up:
        up.until(lambda: "the first message has arrived" in up.output, "the network works", 200)
        owner = Wallet(OWNER, chain_id=chains[0]["id"])
        deployed = rpc(chains[0]["url"], "eth_sendRawTransaction", "0x" + owner.deploy_token(1000 * ETHER).raw.hex())
        up.until(lambda: rpc(chains[0]["url"], "eth_getTransactionReceipt", deployed) is not None, "a token")
        given = {
            "chains": chains,
            "token": "0x" + create_address(owner.address, 0).hex(),
            "key": "0x" + DEV_PRIVATE_KEYS[OWNER].hex(),
            "shots": str(REPOSITORY / "docs" / "screenshots") if SCREENSHOTS else None,
        }
        seen = travel(f"http://127.0.0.1:{page}", given)
        assert all(answers(chain["url"]) for chain in chains)
        yield {**seen, "given": given, "page": f"127.0.0.1:{page}", "balances": _balances(chains, given, seen)}


def travel(url: str, given: dict) -> dict:
    script = Path(__file__).with_name("network_journey.mjs")
    result = subprocess.run(
        ["node", str(script), url, json.dumps(given)],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert result.returncode == 0, result.stderr[-3000:]
    return json.loads(result.stdout.splitlines()[-1])


def _balances(chains: list[dict], given: dict, seen: dict) -> dict[str, int]:
    """What the chains themselves say at the end: tokens at home, their images, and what is locked."""
    call = "0x" + encode_call("balanceOf(address)", DEV_ACCOUNTS[OWNER]).hex()
    a, b = (chain["url"] for chain in chains)
    return {
        "token": int(rpc(a, "eth_call", {"to": given["token"], "data": call}, "latest"), 16),
        "image": int(rpc(b, "eth_call", {"to": seen["image"], "data": call}, "latest"), 16),
        "supply": int(rpc(b, "eth_call", {"to": seen["image"], "data": "0x18160ddd"}, "latest"), 16),
        "a": int(rpc(a, "eth_getBalance", ADDRESS, "latest"), 16),
        "b": int(rpc(b, "eth_getBalance", ADDRESS, "latest"), 16),
    }


def test_ether_and_a_token_go_there_and_back_and_are_seen_to_arrive(journey: dict) -> None:
    assert journey["before"]["b"] == ["10,000 ETH"]
    assert journey["there"]["b"] == ["10,001.5 ETH", "25.5 SAND"]
    assert "974.5 SAND" in journey["there"]["a"]
    assert "980 SAND" in journey["back"]["a"]
    assert journey["back"]["b"][-1] == "20 SAND"
    assert sorted(journey["ended"]) == ["arrived on arcade"] * 2 + ["arrived on lagoon"] * 2


def test_the_chains_say_the_same_as_the_page_and_nothing_was_made_from_nothing(journey: dict) -> None:
    balances = journey["balances"]
    assert (balances["token"], balances["image"]) == (980 * ETHER, 20 * ETHER)
    assert balances["supply"] == 20 * ETHER, "what lives abroad is what is locked at home"
    gas = 10**16
    assert 0 <= 10_000 * ETHER - 125 * 10**16 - balances["a"] < gas + 10**15
    assert 0 <= 10_000 * ETHER + 125 * 10**16 - balances["b"] < gas + 10**15


def test_each_movement_begins_as_dispatched_and_says_what_it_waits_for(journey: dict) -> None:
    moves = [(move["from"], move["to"]) for move in journey["moves"]]
    assert moves == [("lagoon", "arcade")] * 2 + [("arcade", "lagoon")] * 2
    for move, amount in zip(journey["moves"], ("1.5 ETH", "25.5 SAND", "0.25 ETH", "5.5 SAND"), strict=True):
        assert move["first"].startswith(f"{amount} {move['from']} → {move['to']} ")
        assert "waits for" in move["first"] or "can be challenged" in move["first"] or "L1 has moved" in move["first"]


def test_the_form_says_what_a_delivery_costs_and_that_is_what_is_paid(journey: dict) -> None:
    free, paid = (
        "Ether is delivered by L1 itself: no fee but gas.",
        "Delivery costs 0.0007 ETH, paid with the transfer.",
    )
    assert [move["quote"] for move in journey["moves"]] == [free, paid, free, paid]
    sent = [params[0] for method, params in journey["wallet"] if method == "eth_sendTransaction"]
    to_the_route = [one["value"] for one in sent if one["to"].endswith("32")]
    assert to_the_route == [hex(7 * 10**14)] * 2


def test_a_chain_that_the_wallet_does_not_know_is_added_and_used_in_one_click(journey: dict) -> None:
    calls = [[method, params] for method, params in journey["wallet"] if method.startswith("wallet_")]
    arcade = journey["given"]["chains"][1]
    assert [method for method, _params in calls[:3]] == [
        "wallet_switchEthereumChain",
        "wallet_addEthereumChain",
        "wallet_switchEthereumChain",
    ]
    assert calls[1][1] == [
        {
            "chainId": hex(arcade["id"]),
            "chainName": "Tombolo arcade",
            "nativeCurrency": {"name": "Ether", "symbol": "ETH", "decimals": 18},
            "rpcUrls": [arcade["url"]],
            "blockExplorerUrls": [arcade["url"] + "/explorer"],
        }
    ]
    added = [params[0]["chainId"] for method, params in calls if method == "wallet_addEthereumChain"]
    assert len(added) == len(set(added)) == 2, "each chain is added once"


def test_the_form_refuses_what_cannot_be_and_waits_for_a_wallet(journey: dict) -> None:
    assert journey["sendDisabled"] is True
    assert journey["refused"] == "choose two different chains"


def test_every_stop_of_the_keyboard_shows_itself(journey: dict) -> None:
    stops = journey["stops"]
    assert stops[0]["text"] == "Skip to content"
    assert [stop for stop in stops if stop["outline"] == "none"] == []
    ids = [stop["id"] for stop in stops]
    assert [one for one in ids if one in ("account", "from", "to", "asset", "amount", "recipient")] == [
        "account",
        "from",
        "to",
        "asset",
        "amount",
        "recipient",
    ]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_fits_a_phone_stands_out_and_keeps_still_for_those_who_ask(journey: dict, scheme: str) -> None:
    found = journey[scheme]
    assert found["width"] <= 375
    assert found["contrast"]["ratio"] >= 4.5, found["contrast"]
    assert found["animation"] == "none"
    assert found["paper"] == {"light": "rgb(251, 249, 244)", "dark": "rgb(11, 24, 28)"}[scheme]


def test_nothing_comes_from_elsewhere_and_nothing_is_blocked(journey: dict) -> None:
    assert journey["hosts"] == [journey["page"]]
    assert journey["errors"] == []
    assert journey["landed"].endswith("/network")

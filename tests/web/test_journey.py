"""The pages in a real browser, on a network that `tombolo up` runs: connect, send, watch, look around."""

import json
import os
import random
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path

import pytest

from genesis.dev import DEV_ACCOUNTS, DEV_PRIVATE_KEYS
from protocol.types import Address
from rpc.encode import create_address
from tests.e2e.processes import answers, rpc, running
from tests.e2e.wallet import Wallet
from tests.peers import REPOSITORY, node_with

pytestmark = [pytest.mark.timeout(300), pytest.mark.xdist_group("browser")]

SENDER = 3
RECEIVER = "0x" + "ab" * 20
STRANGER = "0x" + "cd" * 20
JOURNEY_SECONDS = 240
SCREENSHOTS = os.environ.get("TOMBOLO_SCREENSHOTS") == "1"
"""Whether to make the pictures in docs/screenshots anew."""
LIVED_IN_SECONDS = 40
NAVIGATION = ("Explorer", "Batches", "Dashboard", "Wallet", "Bridge", "Faucet")


@pytest.fixture(scope="module")
def journey(tmp_path_factory: pytest.TempPathFactory, free_port: Callable[[], int]) -> Iterator[dict]:
    """What a visitor saw, who had a wallet, a keyboard, a phone, and a preference for dark pages."""
    node_with("playwright-core", "@sparticuz/chromium", "ethers")
    folder = tmp_path_factory.mktemp("pages")
    ports = {name: free_port() for name in ("l1-port", "rpc-port", "verifier-port")}
    url, l1_url = (f"http://127.0.0.1:{ports[name]}" for name in ("rpc-port", "l1-port"))
    flags = [part for name, port in ports.items() for part in (f"--{name}", str(port))]
    flags += ["--challenge-window", "5", "--finalisation-delay", "2", "--proposal-interval", "2"]
    with running("up", "--data-dir", str(folder / "chain"), *flags, output=folder / "up.txt") as up:
        up.until(lambda: answers(url), "the node answers")
        owner = Wallet(0)
        given = chain_with_a_token(url, owner, lambda hash_: up.until(lambda: mined(url, hash_), f"{hash_} is mined"))
        with traffic(url, owner) if SCREENSHOTS else nullcontext():
            seen = travel(url, {**given, "l1": l1_url})
        yield {**seen, "l1_url": l1_url, "url": url, "given": given}


@contextmanager
def traffic(url: str, owner: Wallet) -> Iterator[None]:
    """A chain that looks lived in, for pictures: payments and token transfers, of which some fail."""
    stop = threading.Event()
    token = create_address(owner.address, 0)
    payer, chance = Wallet(1), random.Random(7)

    def work() -> None:
        while not stop.wait(0.4):
            for _ in range(chance.choice((0, 0, 1, 2, 4, 7))):
                to = DEV_ACCOUNTS[chance.randrange(4, 10)]
                amount = chance.randrange(1, 900) * 10**15
                kind = chance.random()
                if kind < 0.6:
                    tx = payer.sign(to, amount)
                else:
                    tx = owner.token_transfer(token, to, 10**30 if kind > 0.95 else amount)
                rpc(url, "eth_sendRawTransaction", "0x" + tx.raw.hex())

    thread = threading.Thread(target=work)
    thread.start()
    time.sleep(LIVED_IN_SECONDS)
    try:
        yield
    finally:
        stop.set()
        thread.join()


def chain_with_a_token(url: str, owner: Wallet, until_mined: Callable[[str], None]) -> dict[str, str | None]:
    """A token, a transfer of it, and one that failed: what the visitor will look at."""
    deploy = owner.deploy_token(10**24)
    token = create_address(owner.address, 0)
    sent = owner.token_transfer(token, Address(bytes.fromhex(RECEIVER[2:])), 25 * 10**17)
    failed = owner.token_transfer(token, owner.address, 10**30)
    hashes = [rpc(url, "eth_sendRawTransaction", "0x" + tx.raw.hex()) for tx in (deploy, sent, failed)]
    until_mined(hashes[-1])
    return {
        "token": "0x" + token.hex(),
        "sent": hashes[1],
        "failed": hashes[2],
        "receiver": RECEIVER,
        "stranger": STRANGER,
        "key": "0x" + DEV_PRIVATE_KEYS[SENDER].hex(),
        "shots": str(REPOSITORY / "docs" / "screenshots") if SCREENSHOTS else None,
    }


def mined(url: str, transaction_hash: str) -> bool:
    return rpc(url, "eth_getTransactionReceipt", transaction_hash) is not None


def travel(url: str, given: dict[str, str | None]) -> dict:
    script = Path(__file__).with_name("journey.mjs")
    result = subprocess.run(
        ["node", str(script), url, json.dumps(given)],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        timeout=JOURNEY_SECONDS,
        check=False,
    )
    assert result.returncode == 0, result.stderr[-3000:]
    return json.loads(result.stdout.splitlines()[-1])


def test_an_unknown_chain_is_added_then_switched_to(journey: dict) -> None:
    calls = [[method, params] for method, params in journey["wallet"] if method.startswith("wallet_")]
    chain_id = hex(71717)
    assert [method for method, _params in calls[:3]] == [
        "wallet_switchEthereumChain",
        "wallet_addEthereumChain",
        "wallet_switchEthereumChain",
    ]
    assert calls[1][1] == [
        {
            "chainId": chain_id,
            "chainName": "Tombolo 71717",
            "nativeCurrency": {"name": "Ether", "symbol": "ETH", "decimals": 18},
            "rpcUrls": [journey["url"]],
            "blockExplorerUrls": [journey["url"] + "/explorer"],
        }
    ]
    assert journey["disabledElsewhere"] is True


def test_a_transaction_from_the_wallet_is_seen_to_confirm_and_become_safe(journey: dict) -> None:
    block = int(rpc(journey["url"], "eth_getTransactionReceipt", journey["hash"])["blockNumber"], 16)
    assert journey["confirmed"] == f"Unsafe in block {block}"
    assert journey["becameSafe"] == "Safe L1 carries its batch"
    transaction = rpc(journey["url"], "eth_getTransactionByHash", journey["hash"])
    assert (transaction["from"], transaction["to"]) == ("0x" + DEV_ACCOUNTS[SENDER].hex(), RECEIVER)
    assert int(transaction["value"], 16) == 15 * 10**17


def test_the_explorer_finds_it_by_search_with_the_keyboard_alone(journey: dict) -> None:
    found = journey["found"]
    assert found["url"].endswith("/explorer/tx/" + journey["hash"])
    assert "Result success" in found["facts"]
    assert "Value 1.5 ETH" in found["facts"]
    assert "Its data lies in L1 calldata" in found["way"]


def test_every_stop_of_the_keyboard_shows_itself_and_the_main_ones_come_first(journey: dict) -> None:
    stops = journey["stops"]
    assert stops[0]["text"] == "Skip to content"
    assert "q" in [stop["id"] for stop in stops[:8]]
    names = [stop["text"] for stop in stops]
    assert [name for name in names if name in NAVIGATION] == [
        "Explorer",
        "Batches",
        "Dashboard",
        "Wallet",
        "Bridge",
        "Faucet",
    ]
    assert [stop for stop in stops if stop["outline"] == "none"] == []
    assert any("/explorer/block/" in (stop["href"] or "") for stop in stops)
    assert journey["skipped"] == "content"


def test_new_blocks_appear_without_a_reload(journey: dict) -> None:
    assert journey["live"]["before"] != journey["live"]["after"]
    assert journey["live"]["navigations"] == 1


def test_a_failed_transaction_says_why_and_what_was_called(journey: dict) -> None:
    assert "execution reverted: token: balance too low" in journey["failure"]["banner"]
    owner = "0x" + DEV_ACCOUNTS[0].hex()
    assert journey["failure"]["call"] == f"transfer to address {owner} amount uint256 {10**30:,}"


def test_logs_are_shown_decoded(journey: dict) -> None:
    owner = "0x" + DEV_ACCOUNTS[0].hex()
    expected = f"Transfer sender address {owner} receiver address {RECEIVER} value uint256 {25 * 10**17:,}"
    assert journey["logs"] == expected


def test_a_token_says_what_it_is_and_can_be_read(journey: dict) -> None:
    assert journey["token"] == "Token Tombolo Sand (SAND) Supply 1,000,000 Decimals 18"
    assert journey["balanceOf"] == f"{25 * 10**17:,}"


def test_a_pasted_abi_stays_in_the_browser_and_is_used(journey: dict) -> None:
    assert journey["ownAbi"]["functions"] == ["balanceOf"]
    assert "taker address" in journey["ownAbi"]["log"]
    assert "grains uint256" in journey["ownAbi"]["log"]


def test_the_bridge_takes_in_and_pays_out_with_a_wallet_and_a_keyboard(journey: dict) -> None:
    bridge, sender = journey["bridge"], "0x" + DEV_ACCOUNTS[SENDER].hex()
    assert bridge["empty"] == "This account has started no withdrawal."
    deposit = rpc(journey["l1_url"], "eth_getTransactionByHash", bridge["deposited"])
    assert (deposit["from"], int(deposit["value"], 16)) == (sender, 25 * 10**17)
    amount_and_place = f"0.25 ETH to {sender} {bridge['withdrawn'][:10]}…"
    first, proving, waiting, paying, done = bridge["stages"]
    assert first.startswith(f"pending {amount_and_place} waits for an output root that holds it")
    assert proving == f"ready {amount_and_place} Prove on L1"
    assert waiting.startswith(f"pending {amount_and_place} waits for ")
    assert paying == f"ready {amount_and_place} Get paid on L1"
    assert done == f"done {amount_and_place} paid on L1"
    assert bridge["banner"] == "1 ready to be claimed on L1."
    assert bridge["focus"] == "solid", "the keyboard's place is seen"
    assert bridge["navigations"] == 1, "it kept itself fresh"
    assert bridge["found"] == done
    assert bridge["trouble"] == "<img src=x> is no transaction hash: 0x and 64 digits."
    added = [params[0] for method, params in journey["wallet"] if method == "wallet_addEthereumChain"]
    assert {chain["chainId"] for chain in added} == {hex(71717), hex(71716)}, "the page adds what the wallet lacks"


def test_the_faucet_gives_once(journey: dict) -> None:
    assert "Value 1 ETH" in journey["gift"]
    assert journey["secondGift"].startswith("the faucet gave to this address a moment ago")
    assert int(rpc(journey["url"], "eth_getBalance", STRANGER, "latest"), 16) == 10**18


def test_what_a_visitor_types_is_shown_as_text(journey: dict) -> None:
    assert "<img src=x onerror=alert(1)>" in journey["hostile"]["text"]
    assert journey["hostile"]["images"] == 0


def test_no_page_scrolls_sideways_on_a_phone(journey: dict) -> None:
    assert journey["sideways"] == []


def test_a_wide_table_shows_on_a_phone_that_it_goes_on_and_the_keyboard_gets_there(journey: dict) -> None:
    assert journey["table"] == {"name": "Batches", "shadows": "local, local, scroll, scroll"}


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_stands_out_from_its_ground(journey: dict, scheme: str) -> None:
    assert journey[scheme]["least"]["ratio"] >= 4.5, journey[scheme]["least"]


def test_light_and_dark_are_two_looks(journey: dict) -> None:
    assert journey["light"]["paper"] == "rgb(251, 249, 244)"
    assert journey["dark"]["paper"] == "rgb(11, 24, 28)"


def test_the_dashboard_plots_and_tells_the_value_under_the_pointer(journey: dict) -> None:
    drawn = set(journey["light"]["plots"])
    assert drawn - {"proposer_ether"} == {  # which is drawn once an output stands on L1
        *("unsafe", "unsafe_to_safe", "unsafe_to_finalized", "transactions_per_second", "block_seconds"),
        *("gas_used_percent", "base_fee_gwei", "pool", "l1_lag", "batcher_ether"),
    }
    assert "blocks," in journey["light"]["readout"]


def test_motion_stops_for_those_who_ask(journey: dict) -> None:
    assert journey["dark"]["animation"] == "none"


def test_nothing_comes_from_elsewhere_and_nothing_is_blocked(journey: dict) -> None:
    assert journey["hosts"] == [journey["url"].removeprefix("http://")]
    assert journey["errors"] == []

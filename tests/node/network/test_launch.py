"""From an intent to what the node is told: every knob that works reaches it."""

from dataclasses import replace
from pathlib import Path

import pytest
import typer.main

from genesis.dev import DEV_ACCOUNTS
from genesis.intent import Intent, places
from genesis.intent_file import parse_intent
from metalayer.predeploys import MemberOptions
from node.cli.app import app
from node.defence import DEFENCE_GAS
from node.fee_options import FeeOptions
from node.launch import LaunchOptions
from node.network.files import ChainPlace, NetworkFolder, NetworkSettings
from node.network.launch import (
    FUNDED_FEE,
    Beside,
    challenger_arguments,
    challenger_wei,
    check_for_l1,
    has_challenger,
    l1_arguments,
    launch_options,
    member_options,
    proposer_wei,
    relayer_arguments,
    role_key,
    second_node,
    second_node_arguments,
    sequencer_arguments,
)
from node.proof_contracts import ProofOptions
from node.settlement import most_gas
from protocol.config_changes import MAX_GAS_LIMIT
from protocol.crypto import private_key_address
from protocol.errors import InvalidInput
from protocol.provable import MOST_GAS
from protocol.types import Address

PROPOSER, OPERATOR = Address(b"\x07" * 20), Address(b"\x08" * 20)
SETTINGS = NetworkSettings(chains=(ChainPlace("aa", 5, 8545, 8546),))
BASE = parse_intent("chain.chain_id = 5\n", "aa.toml", "aa")
PROVED = parse_intent('chain.chain_id = 5\nproof.system = "fraud"\n', "aa.toml", "aa")
CHANGED = """
[chain]
chain_id = 5
block_time_seconds = 0.5
gas_limit = 40000000
fork = "osaka"
dev_accounts = false
accounts = { "0x1111111111111111111111111111111111111111" = "0.5" }
[fees]
mode = "legacy"
elasticity = 3
base_fee_change_denominator = 9
min_base_fee_wei = 11
base_fee_recipient = "0x2222222222222222222222222222222222222222"
operator_fee_wei = 12
operator_fee_scalar = 13
l1_base_fee_scalar = 14
l1_blob_base_fee_scalar = 15
gas_token = "0x3333333333333333333333333333333333333333"
[sequencing]
max_drift_seconds = 100
window_l1_blocks = 200
empty_blocks = false
l1_confirmations = 3
[da]
layer = "alt-da"
fallback = ["calldata"]
settings = { "alt-da.url" = "http://127.0.0.1:3100" }
batch_interval_seconds = 1.5
max_batch_bytes = 5000
max_pending = 4
[proof]
clock_seconds = 67
clock_extension_seconds = 17
challenger_bond_wei = 68
challenge_period_seconds = 60
finalisation_delay_seconds = 61
proposer_bond_wei = 62
proposal_interval_seconds = 7
permissioned = true
[governance]
owner = "0x4444444444444444444444444444444444444444"
timelock_seconds = 63
[metalayer]
join = false
message_expiry_seconds = 64
delivery_fee_wei = 65
delivery_gas_price_wei = 66
rate_limit_ether = 67
governor = "nobody"
[node]
rpc_port = 8545
verifier_port = 8546
proposer = false
challenger = false
verifier = false
retention_blocks = 64
rpc_fronts = 2
faucet = false
log_level = "debug"
"""


def test_every_knob_that_works_is_told_to_the_launch_or_to_a_process(tmp_path: Path) -> None:
    """Each knob is changed alone: what is told must change, and with the defaults nothing else."""
    folder = NetworkFolder(tmp_path)
    changed = parse_intent(CHANGED, "aa.toml", "aa")

    def told(intent: Intent) -> tuple[object, ...]:
        place = SETTINGS.chains[0]
        return (
            launch_options(intent, Beside(), PROPOSER, OPERATOR),
            member_options(intent, OPERATOR),
            sequencer_arguments(intent, place, folder, SETTINGS),
            second_node(intent),
            second_node_arguments(intent, place, folder, SETTINGS),
            challenger_arguments(intent, place, folder, SETTINGS) if has_challenger(intent) else None,
        )

    elsewhere = {"name", "vm", "compression", "join", "security", "rpc_port", "verifier_port"}
    elsewhere |= {place.name for place in places() if place.knob.not_yet}
    for place in places():
        if place.name in elsewhere or (place.group, place.name) in (("sequencing", "mode"), ("governance", "mode")):
            continue
        base = BASE
        if place.name == "verifier":
            base = replace(BASE, node=replace(BASE.node, proposer=False))
        if place.name in ("clock_seconds", "clock_extension_seconds", "challenger_bond_wei", "challenger"):
            base = PROVED
        fixed = {"chain_id": 6, "system": "fraud"}
        value = fixed[place.name] if place.name in fixed else getattr(getattr(changed, place.group), place.name)
        one = replace(base, **{place.group: replace(getattr(base, place.group), **{place.name: value})})
        assert one != base, f"{place.key}: the test changes nothing"
        assert told(one) != told(base), f"{place.key} reaches nobody"


def test_governance_can_raise_the_gas_limit_as_far_as_a_game_can_walk() -> None:
    bounds = [most_gas(launch_options(one, Beside(), PROPOSER, OPERATOR).settlement) for one in (BASE, PROVED)]
    assert bounds == [MAX_GAS_LIMIT, MOST_GAS]


def test_a_launch_is_what_the_intent_says() -> None:
    intent = parse_intent(CHANGED, "aa.toml", "aa")
    options = launch_options(intent, Beside(accounts={PROPOSER: 1}), PROPOSER, OPERATOR)
    assert options.fees == FeeOptions(
        min_base_fee_wei=11,
        fixed_base_fee=True,
        base_fee_recipient=Address(b"\x22" * 20),
        operator_fee_scalar=13,
        operator_fee_constant_wei=12,
        l1_base_fee_scalar=14,
        l1_blob_base_fee_scalar=15,
        gas_token=Address(b"\x33" * 20),
    )
    assert options.accounts == {Address(b"\x11" * 20): 5 * 10**17, PROPOSER: 1}
    assert (options.da_layer, options.da_settings) == ("alt-da,calldata", {"alt-da.url": "http://127.0.0.1:3100"})
    settlement = options.settlement
    assert (settlement.challenge_window_seconds, settlement.finalisation_delay_seconds) == (60, 61)
    assert (settlement.bond_wei, settlement.permissioned, settlement.proposer) == (62, True, PROPOSER)
    assert (settlement.owner, settlement.config_delay_seconds) == (Address(b"\x44" * 20), 63)
    assert (options.block_time_milliseconds, options.fork.name) == (500, "OSAKA")


def test_disputes_are_played_as_the_intent_says() -> None:
    assert launch_options(BASE, Beside(), PROPOSER, OPERATOR).settlement.proofs is None
    assert not has_challenger(BASE)
    proof = replace(PROVED.proof, clock_seconds=67, clock_extension_seconds=17, challenger_bond_wei=68)
    proved = replace(PROVED, proof=proof)
    assert launch_options(proved, Beside(), PROPOSER, OPERATOR).settlement.proofs == ProofOptions(68, 67, 17)
    assert has_challenger(proved)
    assert challenger_wei(proved, 1000) == 1000 + 10 * 68
    assert not has_challenger(replace(proved, node=replace(proved.node, challenger=False)))


def test_a_member_is_what_the_intent_says() -> None:
    intent = parse_intent(CHANGED, "aa.toml", "aa")
    assert member_options(intent, OPERATOR) == MemberOptions(Address(bytes(20)), False, 64, 65, 66, 67 * 10**18)
    assert member_options(BASE, OPERATOR) == MemberOptions(OPERATOR)
    named = replace(BASE.metalayer, governor="0x" + "ab" * 20)
    assert member_options(replace(BASE, metalayer=named), OPERATOR).governor == Address(b"\xab" * 20)


def test_the_operator_decides_by_an_account_that_sends_no_batches() -> None:
    assert launch_options(BASE, Beside(), PROPOSER, OPERATOR).settlement.owner == OPERATOR


def test_where_nobody_decides_the_launch_gives_its_say_up() -> None:
    fixed = replace(BASE, governance=replace(BASE.governance, mode="immutable"))
    settlement = launch_options(fixed, Beside(), PROPOSER, OPERATOR).settlement
    assert (settlement.owner, settlement.immutable) == (None, True)
    assert not launch_options(BASE, Beside(), PROPOSER, OPERATOR).settlement.immutable


def test_the_default_accounts_are_the_funded_dev_accounts() -> None:
    assert set(launch_options(BASE, Beside(), PROPOSER, OPERATOR).accounts) == set(DEV_ACCOUNTS)
    assert launch_options(BASE, Beside(), PROPOSER, OPERATOR).block_time_milliseconds == 2000
    assert LaunchOptions(5).fees == launch_options(BASE, Beside(), PROPOSER, OPERATOR).fees


@pytest.mark.parametrize("text", ["chain.chain_id = 5\n", CHANGED], ids=["defaults", "changed"])
def test_processes_understand_what_they_are_told(tmp_path: Path, text: str) -> None:
    intent, folder = parse_intent(text, "aa.toml", "aa"), NetworkFolder(tmp_path)
    commands = typer.main.get_command(app)
    place = SETTINGS.chains[0]
    for name, arguments in (
        ("node", l1_arguments(folder, SETTINGS)),
        ("node", sequencer_arguments(intent, place, folder, SETTINGS)),
        ("node", second_node_arguments(intent, place, folder, SETTINGS)),
        ("node", challenger_arguments(intent, place, folder, SETTINGS)),
        ("relay", relayer_arguments([intent], {"aa": "http://127.0.0.1:8545"}, folder, SETTINGS)),
    ):
        commands.commands[name].make_context(name, arguments)  # type: ignore[attr-defined]


def test_every_role_of_every_chain_has_a_key_of_its_own_that_can_be_made_again() -> None:
    keys = {
        (operator, chain_id, role): role_key(operator, chain_id, role)
        for operator in (b"\x01" * 32, b"\x02" * 32)
        for chain_id in (1, 2, 2**53 - 1)
        for role in ("operator", "proposer", "challenger", "relayer")
    }
    assert len({private_key_address(key) for key in keys.values()}) == len(keys)
    assert keys == {given: role_key(*given) for given in keys}


def test_a_proposer_can_bond_as_many_outputs_as_are_open_at_once() -> None:
    proof = replace(BASE.proof, challenge_period_seconds=600, proposal_interval_seconds=60, proposer_bond_wei=5)
    assert proposer_wei(replace(BASE, proof=proof), 1000) == 1000 + 13 * 5
    watched = proposer_wei(replace(BASE, proof=replace(proof, system="fraud")), 1000)
    assert watched == 1000 + 13 * 5 + DEFENCE_GAS * FUNDED_FEE, "and to defend one of them"


def test_a_window_that_is_too_short_on_this_l1_is_refused() -> None:
    intent = replace(BASE, da=replace(BASE.da, batch_interval_seconds=30.0))
    intent = replace(intent, sequencing=replace(intent.sequencing, window_l1_blocks=60))
    check_for_l1(intent, SETTINGS)
    with pytest.raises(InvalidInput, match="must be below the sequencing window, which is 30 seconds on this L1"):
        check_for_l1(intent, replace(SETTINGS, l1_block_time_seconds=0.5))
    with pytest.raises(InvalidInput, match="is no setting of a data layer"):
        check_for_l1(replace(BASE, da=replace(BASE.da, settings=(("alt-da.ulr", "x"),))), SETTINGS)

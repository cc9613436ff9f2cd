"""What would change, and what a network keeps between starts."""

from dataclasses import replace
from pathlib import Path

import pytest

from genesis.intent import Intent, places, value_of
from genesis.intent_file import load_preset, parse_intent, preset_names
from genesis.knobs import Change
from node.network.files import ChainPlace, NetworkFolder, NetworkSettings, with_places
from node.network.plan import Plan, Step, make_plan
from protocol.errors import InvalidInput


def chain(name: str, chain_id: int, extra: str = "") -> Intent:
    return parse_intent(f"chain.chain_id = {chain_id}\n{extra}\n", f"{name}.toml", name)


A, B = chain("aa", 1), chain("bb", 2)


def test_what_is_as_it_is_wanted_needs_nothing() -> None:
    assert make_plan({"aa": A, "bb": B}, [A, B]) == Plan(())


def test_a_chain_that_is_not_there_is_new_and_one_not_named_is_left_alone() -> None:
    plan = make_plan({"aa": A}, [B])
    words = "chain id 2, 2 s, data to calldata, a guardian's account decides: users trust it"
    assert plan == Plan((Step("bb", "", "", words, None),), ("aa",))
    [step] = make_plan({}, [replace(B, proof=replace(B.proof, system="fraud"))]).steps
    assert step.wanted.endswith("data to calldata, fraud proofs decide, within 604800 s")
    assert plan.new_chains == ("bb",)
    assert not plan.impossible


@pytest.mark.parametrize("place", places(), ids=lambda place: f"{place.group}.{place.name}")
def test_a_knob_that_differs_is_a_step_that_says_what_it_takes(place) -> None:
    other = "bb" if place.name == "name" else object()
    changed = replace(A, **{place.group: replace(getattr(A, place.group), **{place.name: other})})
    plan = make_plan({"aa": A}, [changed])
    if place.name == "name":
        assert plan.steps == (Step("aa", "chain.name", '"aa"', '"bb"', Change.NEVER),)
    else:
        [step] = plan.steps
        assert (step.chain, step.knob, step.change) == ("aa", f"{place.group}.{place.name}", place.knob.change)
    assert bool(plan.impossible) == (place.knob.change is not Change.RESTART)


@pytest.mark.parametrize("preset", preset_names())
def test_what_was_asked_for_is_kept_in_full(preset: str, tmp_path: Path) -> None:
    base = load_preset(preset)
    intent = replace(
        base, chain=replace(base.chain, chain_id=5, name="kept", accounts=(("0x" + "1" * 40, 5 * 10**17),))
    )
    folder = NetworkFolder(tmp_path)
    folder.chain("kept").save_intent(intent)
    folder.chain("kept").rollup.write_text("{}")
    folder.save(NetworkSettings(chains=(ChainPlace("kept", 5, 1, 2),)))
    assert folder.applied() == {"kept": intent}
    text = folder.chain("kept").intent.read_text()
    for place in places():
        # Each is written out, so that a default that changes in a later version does not change this chain.
        assert (f"\n{place.name} = " in text) == (not place.knob.not_yet), place.key
        assert value_of(intent, place) is not None


def test_a_chain_that_was_never_launched_is_not_there(tmp_path: Path) -> None:
    folder = NetworkFolder(tmp_path)
    assert folder.applied() == {}
    folder.chain("aa").save_intent(A)
    folder.save(NetworkSettings(chains=(ChainPlace("aa", 1, 1, 2),)))
    assert folder.applied() == {}
    assert make_plan(folder.applied(), [A]).new_chains == ("aa",)


def test_ports_are_given_once_and_never_twice() -> None:
    first = with_places(NetworkSettings(), [A, B])
    assert [(p.rpc_port, p.verifier_port) for p in first.chains] == [(8545, 8546), (8555, 8556)]
    again = with_places(first, [chain("cc", 3), B, A])
    assert again.chains[:2] == first.chains
    assert (again.place("cc").rpc_port, again.place("cc").verifier_port) == (8565, 8566)
    moved = with_places(again, [replace(B, node=replace(B.node, rpc_port=9000))])
    assert moved.place("bb") == ChainPlace("bb", 2, 9000, 8556)
    for port in (8544, 8540, 8545, 8566):
        with pytest.raises(InvalidInput, match=f"port {port} of dd is another's in this network"):
            with_places(again, [chain("dd", 4, f"node.rpc_port = {port}")])


def test_a_machine_takes_twenty_chains() -> None:
    with pytest.raises(InvalidInput, match="21 chains on one machine; at most 20"):
        with_places(NetworkSettings(), [chain(f"c{n}", n + 1) for n in range(21)])


def test_a_network_is_held_by_one(tmp_path: Path) -> None:
    folder = NetworkFolder(tmp_path / "network")
    assert not folder.is_running()
    with folder.held():
        assert folder.is_running()
        with pytest.raises(InvalidInput, match="is running already; `tombolo add FILE` adds a chain"), folder.held():
            raise AssertionError("held twice")
    assert not folder.is_running()


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"chains": [{"name": 3}]}', '{"chains": [], "colour": 1}'])
def test_damaged_settings_are_named(tmp_path: Path, text: str) -> None:
    (tmp_path / "network.json").write_text(text)
    with pytest.raises(InvalidInput, match=r"network\.json: not a network's settings"):
        NetworkFolder(tmp_path).load()

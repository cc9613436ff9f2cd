"""From a genesis to a running chain, and from a database alone back to one."""

from pathlib import Path

from genesis.geth_format import genesis_json, parse_geth_genesis
from genesis.model import Genesis, build_genesis
from node.chain import Chain, create_chain
from node.store import Store
from protocol.errors import Halt
from vm.pyevm.engine import PyEvmEngine

DATABASE_FOLDER = "db"
"""In a node's data directory."""

TABLE = b"genesis"
KEY = b"json"


def open_chain(store: Store, genesis: Genesis, *, sync: bool = True) -> Chain:
    """The chain that `genesis` starts, created if the store is empty.

    Raises:
        Halt: The store belongs to another chain, or to the same one with other rules.
    """
    document = genesis_json(genesis)
    create_chain(store, build_genesis(genesis), [(TABLE, KEY, document)])
    found = store.get_record(TABLE, KEY)
    if found is not None and parse_geth_genesis(found, str(store.path)).config != genesis.config:
        raise Halt(
            f"{store.path}: was created with another fork schedule or other fee rules than the genesis given now; "
            "choose another data directory, or the genesis it was created with"
        )
    return Chain(store, PyEvmEngine(genesis.config), genesis.config, sync=sync)


def reopen_chain(store: Store) -> Chain:
    """The chain that the store holds, by the genesis it was created with.

    Raises:
        Halt: It holds none, or not the genesis document.
    """
    genesis = stored_genesis(store)
    return Chain(store, PyEvmEngine(genesis.config), genesis.config)


def stored_genesis(store: Store) -> Genesis:
    """The genesis that the store was created with; raises Halt when it does not say."""
    document = store.get_record(TABLE, KEY)
    if document is None:
        raise Halt(f"{store.path}: the database does not say which genesis it began with; import the chain again")
    return parse_geth_genesis(document, str(store.path))


def database_path(data_dir: Path) -> Path:
    """Where a node with this data directory keeps its database."""
    return data_dir / DATABASE_FOLDER

"""What py-evm imports and a node seldom or never needs, left out until it does.

A node is to start again within seconds, and a third of that went into modules of others: py-evm's BLS12-381 computes
powers in its field at import, its proof of work brings a parser for C, eth-utils a library of models. `leave_out` puts
modules in their place that hold the same names; whoever uses one of those gets the real thing, loaded at that moment.
"""

import sys
from collections.abc import Mapping
from functools import partial
from importlib import import_module
from types import ModuleType

LEFT_OUT: Mapping[str, tuple[str, ...]] = {
    "eth.precompiles.bls12_381": (
        *("bls12_g1_add", "bls12_g1_msm", "bls12_map_fp_to_g1", "bls12_g2_add", "bls12_g2_msm", "bls12_map_fp2_to_g2"),
        "bls12_pairing_check",
    ),
    "eth.precompiles.ecadd": ("ecadd",),
    "eth.precompiles.ecmul": ("ecmul",),
    "eth.precompiles.ecpairing": ("ecpairing",),
    "py_arkworks_bls12381": ("G1Point", "G2Point", "GT", "Scalar"),
    "eth.consensus.ethash": ("get_dataset_full_size", "hashimoto_light", "mkcache"),
    "eth_utils.pydantic": ("CamelModel",),
}
"""By module: what others import from it."""

_UNUSED = "unused"
"""An attribute of a stand-in until the first who uses it takes that away."""


class Later:
    """A function or a class that is loaded when it is called, subclassed or asked for instances or attributes."""

    def __init__(self, module: ModuleType, name: str) -> None:
        self._module = module
        self._name = name

    def _load(self) -> object:
        found: object = getattr(_load(self._module), self._name)
        return found

    def __call__(self, *args: object, **kwargs: object) -> object:
        """What the real one returns; it is loaded by this."""
        if kwargs and not args:
            return partial(self, **kwargs)  # py-evm's forks name a price at import, and call later
        function = self._load()
        if not callable(function):
            raise TypeError(f"{self._name} of {self._module.__name__} is not callable")
        return function(*args, **kwargs)

    def __getattr__(self, name: str) -> object:
        return getattr(self._load(), name)

    def __mro_entries__(self, _bases: tuple[object, ...]) -> tuple[object, ...]:
        return (self._load(),)

    def __instancecheck__(self, value: object) -> bool:
        kind = self._load()
        return isinstance(kind, type) and isinstance(value, kind)

    def __ror__(self, other: object) -> object:
        return object  # in an annotation, `other | CamelModel`, that nobody reads


def leave_out(modules: Mapping[str, tuple[str, ...]] = LEFT_OUT) -> None:
    """Do without `modules` for now; those that are loaded already stay."""
    for name, held in modules.items():
        if name not in sys.modules:
            module = ModuleType(name, "Left out until it is used; see vm.pyevm.lean.")
            for each in held:
                setattr(module, each, Later(module, each))
            setattr(module, _UNUSED, True)
            sys.modules[name] = module


def _load(stand_in: ModuleType) -> ModuleType:
    name = stand_in.__name__
    # The event loop and the worker may both be the first; one step of a dictionary decides, and importing waits.
    if vars(stand_in).pop(_UNUSED, False):
        del sys.modules[name]
    while (module := import_module(name)) is stand_in:
        pass  # the other thread is between the two lines above
    return module

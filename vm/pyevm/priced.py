"""A precompile made of a function from bytes to bytes and its price."""

from collections.abc import Callable

from eth.exceptions import VMError

from vm.pyevm.frame import Frame

Run = Callable[[Frame], None]


def priced(function: Callable[[bytes], bytes], price: Callable[[int], int]) -> Run:
    """The function at a price by the input's length; an input that it refuses, by a ValueError, is a fault."""

    def run(frame: Frame) -> None:
        data = bytes(frame.msg.data)
        frame.consume_gas(price(len(data)))
        try:
            frame.output = function(data)
        except ValueError as error:
            raise VMError(str(error)) from error

    return run

# pragma version 0.4.3
# pragma evm-version cancun
"""
@title Token image
@license MIT
@notice What a token is away from its home. Every image is a small proxy to this code, a predeploy at
        0x4200000000000000000000000000000000000033, at an address made of the asset alone: the same on every chain.
"""

from . import crosschain_erc20

initializes: crosschain_erc20

exports: (
    crosschain_erc20.supportsInterface,
    crosschain_erc20.crosschainMint,
    crosschain_erc20.crosschainBurn,
    crosschain_erc20.name,
    crosschain_erc20.symbol,
    crosschain_erc20.decimals,
    crosschain_erc20.totalSupply,
    crosschain_erc20.balanceOf,
    crosschain_erc20.allowance,
    crosschain_erc20.transfer,
    crosschain_erc20.approve,
    crosschain_erc20.transferFrom,
)

ROUTE: constant(address) = 0x4200000000000000000000000000000000000032

initialized: bool


@external
def initialize(name: bytes32, symbol: bytes32, decimals: uint256):
    """
    @notice Become an asset's image. Once, and by the route.
    @param name The token's name, at most 32 bytes, zeros behind it.
    @param symbol Its symbol, likewise.
    @param decimals Its decimals.
    """
    assert msg.sender == ROUTE, "image: not the route"
    assert not self.initialized, "image: already initialized"
    self.initialized = True
    crosschain_erc20._describe(name, symbol, decimals)

# pragma version 0.4.3
# pragma evm-version cancun
"""
@title Network token
@license MIT
@notice A token that lives at one address on every chain of the network. Deploy it through the deterministic deployment
        proxy (0x4e59…956C) with the same arguments and salt everywhere: the address is made of both.
@dev The supply is made on the home chain alone; elsewhere tokens come to be by arriving. ERC-7802; only the route mints
     and burns.
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


interface IMailbox:
    def local_domain() -> uint32: view


MAILBOX: constant(address) = 0x4200000000000000000000000000000000000030
DECIMALS: constant(uint256) = 18

home_domain: public(immutable(uint32))


@deploy
def __init__(name: bytes32, symbol: bytes32, _home_domain: uint32, supply: uint256, owner: address):
    """
    @param name At most 32 bytes, zeros behind it.
    @param symbol Likewise.
    @param _home_domain The chain where the supply is made.
    @param supply Units of 10^-18 token.
    @param owner Who gets them.
    """
    home_domain = _home_domain
    crosschain_erc20._describe(name, symbol, DECIMALS)
    if staticcall IMailbox(MAILBOX).local_domain() == _home_domain:
        crosschain_erc20._mint(owner, supply)

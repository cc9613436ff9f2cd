# pragma version 0.4.3
# pragma evm-version cancun
"""
@title A network token with decimals of its own on each chain, for tests.
"""

interface IMailbox:
    def local_domain() -> uint32: view


MAILBOX: constant(address) = 0x4200000000000000000000000000000000000030
ROUTE: constant(address) = 0x4200000000000000000000000000000000000032

home_domain: public(immutable(uint32))
home_decimals: public(immutable(uint256))
decimals: public(immutable(uint256))

totalSupply: public(uint256)
balanceOf: public(HashMap[address, uint256])


@deploy
def __init__(domains: uint32[3], decimals_there: uint256[3], supply: uint256, owner: address):
    """
    @dev The first domain is the home.
    """
    home_domain = domains[0]
    home_decimals = decimals_there[0]
    own: uint256 = 0
    for i: uint256 in range(3):
        if staticcall IMailbox(MAILBOX).local_domain() == domains[i]:
            own = decimals_there[i]
    decimals = own
    if staticcall IMailbox(MAILBOX).local_domain() == home_domain:
        self.totalSupply = supply
        self.balanceOf[owner] = supply


@external
@view
def supportsInterface(interface_id: bytes4) -> bool:
    return interface_id == 0x33331994


@external
def crosschainMint(to: address, amount: uint256):
    assert msg.sender == ROUTE
    self.totalSupply += amount
    self.balanceOf[to] += amount


@external
def crosschainBurn(owner: address, amount: uint256):
    assert msg.sender == ROUTE
    self.totalSupply -= amount
    self.balanceOf[owner] -= amount


@external
def transfer(to: address, amount: uint256) -> bool:
    self.balanceOf[msg.sender] -= amount
    self.balanceOf[to] += amount
    return True

"""Contracts that exist at genesis because wallets, tools and the protocol itself expect them at fixed addresses.

On Ethereum each was created by a transaction that nobody holds a key for; the code here is what those leave behind.
Sources: EIP-4788, EIP-2935, EIP-7002, EIP-7251; https://github.com/Arachnid/deterministic-deployment-proxy.
"""

from genesis.model import GenesisAccount
from protocol.forks import Fork
from protocol.types import Address

BEACON_ROOTS = Address(bytes.fromhex("000f3df6d732807ef1319fb7b8bb8522d0beac02"))
BEACON_ROOTS_CODE = bytes.fromhex(
    "3373fffffffffffffffffffffffffffffffffffffffe14604d57602036146024575f5ffd5b5f35801560495762001fff81069081541460"
    "3c575f5ffd5b62001fff01545f5260205ff35b5f5ffd5b62001fff42064281555f359062001fff015500"
)
"""EIP-4788: on a rollup it answers with L1 block hashes, by L2 timestamp."""

HISTORY_STORAGE = Address(bytes.fromhex("0000f90827f1c53a10cb7a02335b175320002935"))
HISTORY_STORAGE_CODE = bytes.fromhex(
    "3373fffffffffffffffffffffffffffffffffffffffe14604657602036036042575f35600143038111604257611fff8143031160425761"
    "1fff9006545f5260205ff35b5f5ffd5b5f35611fff60014303065500"
)
"""EIP-2935: the hashes of the last 8,191 blocks; the protocol fills it from Prague on."""

WITHDRAWAL_REQUESTS = Address(bytes.fromhex("00000961ef480eb55e80d19ad83579a64c007002"))
WITHDRAWAL_REQUESTS_CODE = bytes.fromhex(
    "3373fffffffffffffffffffffffffffffffffffffffe1460cb5760115f54807fffffffffffffffffffffffffffffffffffffffffffff"
    "ffffffffffffffffffff146101f457600182026001905f5b5f82111560685781019083028483029004916001019190604d565b909390"
    "049250505036603814608857366101f457346101f4575f5260205ff35b34106101f45760015460010160015560035480600302600401"
    "3381556001015f35815560010160203590553360601b5f5260385f601437604c5fa0600101600355005b600354600254808203806010"
    "1160df575060105b5f5b8181146101835782810160030260040181604c02815460601b81526014018160010154815260200190600201"
    "54807fffffffffffffffffffffffffffffffff00000000000000000000000000000000168252906010019060401c908160381c816007"
    "01538160301c81600601538160281c81600501538160201c81600401538160181c81600301538160101c81600201538160081c816001"
    "01535360010160e1565b910180921461019557906002556101a0565b90505f6002555f6003555b5f54807fffffffffffffffffffffff"
    "ffffffffffffffffffffffffffffffffffffffffff14156101cd57505f5b6001546002828201116101e25750505f6101e8565b016002"
    "90035b5f555f600155604c025ff35b5f5ffd"
)
"""EIP-7002: a block from Prague on is invalid without it."""

CONSOLIDATION_REQUESTS = Address(bytes.fromhex("0000bbddc7ce488642fb579f8b00f3a590007251"))
CONSOLIDATION_REQUESTS_CODE = bytes.fromhex(
    "3373fffffffffffffffffffffffffffffffffffffffe1460d35760115f54807fffffffffffffffffffffffffffffffffffffffffffff"
    "ffffffffffffffffffff1461019a57600182026001905f5b5f82111560685781019083028483029004916001019190604d565b909390"
    "0492505050366060146088573661019a573461019a575f5260205ff35b341061019a5760015460010160015560035480600402600401"
    "3381556001015f358155600101602035815560010160403590553360601b5f5260605f60143760745fa0600101600355005b60035460"
    "02548082038060021160e7575060025b5f5b8181146101295782810160040260040181607402815460601b8152601401816001015481"
    "52602001816002015481526020019060030154905260010160e9565b910180921461013b5790600255610146565b90505f6002555f60"
    "03555b5f54807fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff141561017357505f5b600154600182"
    "8201116101885750505f61018e565b01600190035b5f555f6001556074025ff35b5f5ffd"
)
"""EIP-7251: likewise."""

DEPLOYMENT_PROXY = Address(bytes.fromhex("4e59b44847b379578588920ca78fbf26c0b4956c"))
DEPLOYMENT_PROXY_CODE = bytes.fromhex(
    "7fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffe03601600081602082378035828234f58015156039578182"
    "fd5b8082525050506014600cf3"
)
"""Creates contracts at addresses that depend on their code and a salt alone (CREATE2), the same on every chain."""


def predeploys(latest_fork: Fork) -> dict[Address, GenesisAccount]:
    """The contracts of a new chain whose forks go up to `latest_fork`. Nonce 1, as CREATE leaves it (EIP-161)."""
    codes = {
        BEACON_ROOTS: BEACON_ROOTS_CODE,
        HISTORY_STORAGE: HISTORY_STORAGE_CODE,
        DEPLOYMENT_PROXY: DEPLOYMENT_PROXY_CODE,
    }
    if latest_fork >= Fork.PRAGUE:
        codes[WITHDRAWAL_REQUESTS] = WITHDRAWAL_REQUESTS_CODE
        codes[CONSOLIDATION_REQUESTS] = CONSOLIDATION_REQUESTS_CODE
    return {address: GenesisAccount(nonce=1, code=code) for address, code in codes.items()}

# pragma version 0.4.3
# pragma evm-version cancun
"""
@title Fee oracle
@license MIT
@notice What transactions pay beside gas in this block: a predeploy of the rollup at
        0x420000000000000000000000000000000000000F. The names are those of OP Stack's GasPriceOracle at that address, so
        that its client libraries find them; fees are by Ecotone's formula for data and Isthmus' for the operator.
@dev The first transaction of a block that charges anything is sent here by an account that has no key, and no other
     transaction is. A block that charges nothing has none: what was recorded earlier does not count then. The rules are
     in protocol/fee_terms.py, and nodes follow them from that transaction, whatever this contract holds.
"""

TERMS_SENDER: constant(address) = 0xDeaDDEaDDeAdDeAdDEAdDEaddeAddEAdDEAd0001
MILLION: constant(uint256) = 10**6
SIGNATURE_GAS: constant(uint256) = 68 * 16
MAX_DATA: constant(uint256) = 131072

recorded_at: public(uint256)  # block
_l1_base_fee: uint256
_l1_blob_base_fee: uint256
_l1_base_fee_scalar: uint256
_l1_blob_base_fee_scalar: uint256
_operator_fee_scalar: uint256
_operator_fee_constant: uint256
_base_fee_recipient: address


@external
def set_terms(
    l1_base_fee: uint256,
    l1_blob_base_fee: uint256,
    l1_base_fee_scalar: uint256,
    l1_blob_base_fee_scalar: uint256,
    operator_fee_scalar: uint256,
    operator_fee_constant: uint256,
    base_fee_recipient: address,
):
    """
    @notice Record what this block charges. Only derivation can call this.
    @param l1_base_fee Of the block's L1 origin, wei per gas.
    @param l1_blob_base_fee Of the block's L1 origin, wei per blob gas.
    @param l1_base_fee_scalar Millionths.
    @param l1_blob_base_fee_scalar Millionths.
    @param operator_fee_scalar Millionths of a wei per gas.
    @param operator_fee_constant Wei per transaction.
    @param base_fee_recipient Zero: the base fee is burnt.
    """
    assert msg.sender == TERMS_SENDER, "oracle: not derivation"
    self.recorded_at = block.number
    self._l1_base_fee = l1_base_fee
    self._l1_blob_base_fee = l1_blob_base_fee
    self._l1_base_fee_scalar = l1_base_fee_scalar
    self._l1_blob_base_fee_scalar = l1_blob_base_fee_scalar
    self._operator_fee_scalar = operator_fee_scalar
    self._operator_fee_constant = operator_fee_constant
    self._base_fee_recipient = base_fee_recipient


@external
@view
def getL1Fee(data: Bytes[MAX_DATA]) -> uint256:
    """
    @notice What publishing a transaction costs.
    @param data The transaction's bytes without a signature, which is allowed for.
    @return Wei.
    """
    if not self._is_charged():
        return 0
    price: uint256 = 16 * self._l1_base_fee_scalar * self._l1_base_fee
    price += self._l1_blob_base_fee_scalar * self._l1_blob_base_fee
    return self._data_gas(data) * price // (16 * MILLION)


@external
@view
def getL1GasUsed(data: Bytes[MAX_DATA]) -> uint256:
    """
    @notice What a transaction would cost as L1 calldata.
    @param data The transaction's bytes without a signature, which is allowed for.
    @return Gas.
    """
    return self._data_gas(data)


@external
@view
def getOperatorFee(gas_used: uint256) -> uint256:
    """
    @notice What the operator is paid for a transaction.
    @param gas_used The gas that it uses.
    @return Wei.
    """
    if not self._is_charged():
        return 0
    return gas_used * self._operator_fee_scalar // MILLION + self._operator_fee_constant


@external
@view
def l1BaseFee() -> uint256:
    """
    @notice The base fee of the block's L1 origin.
    @return Wei per gas; 0 where nothing is charged.
    """
    return self._l1_base_fee if self._is_charged() else 0


@external
@view
def blobBaseFee() -> uint256:
    """
    @notice The blob base fee of the block's L1 origin.
    @return Wei per blob gas; 0 where nothing is charged.
    """
    return self._l1_blob_base_fee if self._is_charged() else 0


@external
@view
def baseFeeScalar() -> uint256:
    """
    @notice What weighs L1's base fee.
    @return Millionths; 0 where nothing is charged.
    """
    return self._l1_base_fee_scalar if self._is_charged() else 0


@external
@view
def blobBaseFeeScalar() -> uint256:
    """
    @notice What weighs L1's blob base fee.
    @return Millionths; 0 where nothing is charged.
    """
    return self._l1_blob_base_fee_scalar if self._is_charged() else 0


@external
@view
def baseFeeRecipient() -> address:
    """
    @notice Who is paid the base fee.
    @return The account; zero where it is burnt.
    """
    return self._base_fee_recipient if self._is_charged() else empty(address)


@external
@view
def baseFee() -> uint256:
    """
    @notice This block's base fee.
    @return Wei per gas.
    """
    return block.basefee


@external
@view
def gasPrice() -> uint256:
    """
    @notice The same, by another of its names.
    @return Wei per gas.
    """
    return block.basefee


@external
@pure
def decimals() -> uint256:
    """
    @notice How many decimal places scalars have.
    @return Six.
    """
    return 6


@external
@pure
def isEcotone() -> bool:
    """
    @notice Whether fees follow Ecotone's formula.
    @return They do.
    """
    return True


@internal
@view
def _is_charged() -> bool:
    # A call on the newest block runs with its number, one on the pending block maybe before that has begun.
    return self.recorded_at != 0 and block.number <= self.recorded_at + 1


@internal
@pure
def _data_gas(data: Bytes[MAX_DATA]) -> uint256:
    gas: uint256 = SIGNATURE_GAS + 16 * len(data)
    for position: uint256 in range(len(data), bound=MAX_DATA):
        if slice(data, position, 1) == b"\x00":
            gas -= 12
    return gas

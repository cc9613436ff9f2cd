"""The engine on py-evm: its opcodes and precompiles, our state, transactions and blocks.

From the outside in: `engine` makes a `builder` per block and answers calls (`call`); `execution` runs a transaction
(`deposits` those of type 0x7E, `system` what a block does by itself) on a `block_state`; `frame` is one call, run by
the loop in `interpreter` over the fork's table from `instructions`; `rules` says what each fork has.

py-evm is not maintained any more. What it lacks or gets wrong, and where it is made good:

- EIP-3607, 7623, 7825, value and blobs in the balance check, tip above cap, chain id: `protocol.validity`
- EIP-3860 in intrinsic gas: `protocol.fees`; its limit in CREATE: `opcodes.limit_initcode`
- EIP-7610 (no create over storage): `vm.journal`
- failing request contracts (EIP-7002, 7251): `system`
- 0^0 in modular exponentiation, EIP-7823 and 7883: `modexp`
- point evaluation at 8 s, signature recovery at 4 ms, RIPEMD-160 missing from OpenSSL: `precompiles`
- a pairing at 300 ms, BLAKE2 at 6 µs a round, BLS12-381 in Python (decision 8): `bn128`, `precompiles`, `bls12_381`
- EIP-7702 delegations resolved for calls, SELFDESTRUCT after nested calls of a delegated sender: `execution`, `opcodes`
- Osaka's CLZ (EIP-7939) and P-256 (EIP-7951): `osaka`
- seconds of imports that a node seldom needs: `lean`
"""

from vm.pyevm.lean import leave_out

leave_out()  # before any module here imports py-evm

"""eth-tester: py-evm as it comes. It has no server, so it stands behind the bare aiohttp handler.

It mines a block per transaction, which is both how it is used and its fastest way: with many transactions per block
py-evm's own block builder takes longer for each one than for the last (270/s alone, 14/s in blocks of 300). Signature
recovery is the fast one, because `coincurve` is installed with this node.
"""

import asyncio
import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from aiohttp import web

from bench.peers.peer import RunningPeer, free_port, started
from bench.workload import BALANCE_WEI, CHAIN_ID, GAS_LIMIT, Wallet

Method = Callable[..., object]


class EthTester:
    """In memory, in one Python process."""

    name = "eth-tester"

    def missing(self) -> str | None:
        return None

    def start(self, funded: Sequence[Wallet], folder: Path) -> RunningPeer:
        accounts = folder / "eth-tester-accounts.json"
        accounts.write_text(json.dumps([wallet.address.hex() for wallet in funded]))
        port = free_port()
        command = [sys.executable, "-m", "bench.peers.eth_tester", str(port), str(accounts)]
        return started(self.name, command, port, folder)


def _methods(addresses: Sequence[bytes]) -> dict[str, Method]:
    """The JSON-RPC methods that the measures call."""
    from eth_tester import EthereumTester, PyEVMBackend  # noqa: PLC0415 - 1 s, and for the server alone
    from eth_tester.backends.pyevm.main import get_default_genesis_params  # noqa: PLC0415

    account = {"balance": BALANCE_WEI, "nonce": 0, "code": b"", "storage": {}}
    backend = PyEVMBackend(
        genesis_parameters=get_default_genesis_params({"gas_limit": GAS_LIMIT}),
        genesis_state=dict.fromkeys(addresses, account),
    )
    tester = EthereumTester(backend)

    def block(number: str, _full: bool) -> object:
        wanted = int(number, 16)
        # It counts the block under construction as one, which has number 0 until the first is mined.
        if wanted > tester.get_block_by_number("latest")["number"]:
            return None
        return {"transactions": list(tester.get_block_by_number(wanted)["transactions"])}

    def call(message: dict[str, str], _block: str) -> object:
        return tester.call({"from": "0x" + "00" * 20, "to": message["to"], "data": message["data"], "gas": 1_000_000})

    return {
        "eth_chainId": lambda: hex(CHAIN_ID),
        "eth_blockNumber": lambda: hex(tester.get_block_by_number("latest")["number"]),
        "eth_sendRawTransaction": tester.send_raw_transaction,
        "eth_getBlockByNumber": block,
        "eth_getTransactionReceipt": lambda hash_: {"status": hex(tester.get_transaction_receipt(hash_)["status"])},
        "eth_getBalance": lambda address, _block: hex(tester.get_balance(address)),
        "eth_call": call,
    }


def _answer(methods: dict[str, Method], call: dict[str, object]) -> dict[str, object]:
    head = {"jsonrpc": "2.0", "id": call["id"]}
    parameters = call.get("params", [])
    assert isinstance(parameters, list)
    try:
        return {**head, "result": methods[str(call["method"])](*parameters)}
    except Exception as error:  # a peer's failure is a datum: it goes to the report, with its name
        return {**head, "error": {"code": -32000, "message": f"{type(error).__name__}: {error}"}}


async def _serve(port: int, methods: dict[str, Method]) -> None:
    async def handle(request: web.BaseRequest) -> web.Response:
        calls = json.loads(await request.read())
        answers = [_answer(methods, call) for call in calls] if isinstance(calls, list) else _answer(methods, calls)
        return web.Response(body=json.dumps(answers).encode(), content_type="application/json")

    runner = web.ServerRunner(web.Server(handle, access_log=None))
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    try:
        await asyncio.Event().wait()
    finally:
        await runner.cleanup()


def main(port: int, accounts: Path) -> None:
    """Serve until Ctrl-C."""
    addresses = [bytes.fromhex(address) for address in json.loads(accounts.read_bytes())]
    try:
        asyncio.run(_serve(port, _methods(addresses)))
    except KeyboardInterrupt:
        return


if __name__ == "__main__":
    main(int(sys.argv[1]), Path(sys.argv[2]))

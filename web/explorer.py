"""The explorer: blocks, transactions, accounts, and one search field over all of them."""

import re
from itertools import islice

from aiohttp import web

from protocol.block import Block, Header
from protocol.crypto import EMPTY_KECCAK, keccak
from protocol.errors import Reject
from protocol.types import Address, Hash32
from web.logs import logs_of_contract, token_transfers
from web.reader import Stage
from web.replay import Failure, why_it_failed
from web.rollup import batch_of
from web.site import Page, Site

HOME_LINES = 10
STRIP_BLOCKS = 48
PAGE_BLOCKS = 25
PAGE_TRANSACTIONS = 50
LATEST_BLOCKS_READ = 500
ACTIVITY_BLOCKS = 1_000
ACTIVITY_FOUND = 25
ACTIVITY_READ = 5_000

TAGS = frozenset({"latest", "safe", "finalized", "earliest"})
_NUMBER = re.compile(r"\d{1,18}|0x[0-9a-fA-F]{1,16}")
_HASH = re.compile(r"0x[0-9a-fA-F]{64}")
_ADDRESS = re.compile(r"0x[0-9a-fA-F]{40}")


class Explorer:
    """One handler per page."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._reader = site.reader
        self._chain = site.backend.chain

    def pages(self) -> dict[str, Page]:
        """Routes."""
        return {
            "/explorer": self.home,
            "/explorer/blocks": self.blocks,
            "/explorer/block/{id}": self.block,
            "/explorer/tx/{hash}": self.transaction,
            "/explorer/address/{address}": self.address,
            "/explorer/search": self.search,
        }

    async def home(self, request: web.Request) -> web.StreamResponse:
        """The newest blocks and transactions, and how far each block is."""
        strip = self._reader.summaries(self._chain.head().number, STRIP_BLOCKS)
        busiest = max((block.transactions for block in strip), default=0)
        values = {
            "strip": strip[::-1],
            "busiest": max(busiest, 1),
            "blocks": strip[:HOME_LINES],
            "transactions": self._reader.latest_transactions(HOME_LINES, LATEST_BLOCKS_READ),
            "pool": list(islice(self._site.backend.pool.pending(), 5)),
        }
        return self._site.render(request, "home.html", values)

    async def blocks(self, request: web.Request) -> web.StreamResponse:
        """All blocks, a page at a time from `before` (a number, not included) downwards."""
        head = self._chain.head().number
        before = _number(request.query.get("before"), head + 1)
        newest = min(head, before - 1)
        values = {"blocks": self._reader.summaries(newest, PAGE_BLOCKS), "newest": newest, "count": PAGE_BLOCKS}
        return self._site.render(request, "blocks.html", values)

    async def block(self, request: web.Request) -> web.StreamResponse:
        """One block by number, hash or tag, with a page of its transactions."""
        wanted = request.match_info["id"]
        header = self._header(wanted)
        block = None if header is None else self._chain.block(header.hash)
        if block is None:
            return self._site.message(request, 404, "No such block", f"This node has no block {wanted}.")
        number = block.number
        start = _number(request.query.get("from"), 0)
        canonical = self._chain.canonical_hash(number) == block.hash
        indices = range(len(block.transactions))[start : start + PAGE_TRANSACTIONS]
        values = {
            "block": block,
            "header": block.header,
            "size_bytes": len(block.encode()),
            "canonical": canonical,
            "stage": self._reader.stage(number) if canonical else Stage.POOL,
            "l1_origin": self._reader.l1_origin(block.header),
            "has_next": self._chain.canonical_hash(number + 1) is not None,
            "transactions": list(self._reader.transactions(block, indices)),
            "start": start,
            "page_size": PAGE_TRANSACTIONS,
            "batch": await batch_of(self._site, number) if canonical else None,
        }
        return self._site.render(request, "block.html", values)

    async def transaction(self, request: web.Request) -> web.StreamResponse:
        """One transaction, mined or in the pool."""
        text = request.match_info["hash"]
        if not _HASH.fullmatch(text):
            return self._site.message(request, 400, "Not a transaction hash", "A hash is 0x and 64 hex digits.")
        tx_hash = Hash32(bytes.fromhex(text[2:]))
        mined = self._reader.transaction(tx_hash)
        if mined is None:
            return self._waiting(request, tx_hash)
        failure: Failure | None = None
        if not mined.receipt.succeeded:
            failure = await why_it_failed(self._site.ask, mined.tx, mined.header)
        first_log = sum(
            len(line.receipt.logs) for line in self._reader.transactions(self._block(mined.header), range(mined.index))
        )
        values = {
            "tx": mined.tx,
            "mined": mined,
            "failure": failure,
            "first_log": first_log,
            "stage": self._reader.stage(mined.header.number),
            "batch": await batch_of(self._site, mined.header.number),
            "to_has_code": self._has_code(mined.tx.to),
            "waiting_nonce": None,
        }
        return self._site.render(request, "transaction.html", values)

    def _waiting(self, request: web.Request, tx_hash: Hash32) -> web.Response:
        tx = self._site.backend.pool.get(tx_hash)
        if tx is None:
            text = "It is neither in a block nor in this node's pool. It may have been replaced or dropped."
            return self._site.message(request, 404, "No such transaction", text)
        account = self._chain.state_at(self._chain.head()).account(tx.sender)
        nonce = self._site.backend.pool.next_nonce(tx.sender) or (0 if account is None else account.nonce)
        values = {
            "tx": tx,
            "mined": None,
            "failure": None,
            "first_log": 0,
            "stage": Stage.POOL,
            "batch": None,
            "to_has_code": self._has_code(tx.to),
            "waiting_nonce": nonce if tx.nonce > nonce else None,
        }
        return self._site.render(request, "transaction.html", values)

    async def address(self, request: web.Request) -> web.StreamResponse:
        """An account: balance, nonce, code, and what it did lately."""
        text = request.match_info["address"]
        if not _ADDRESS.fullmatch(text):
            return self._site.message(request, 400, "Not an address", "An address is 0x and 40 hex digits.")
        address = Address(bytes.fromhex(text[2:]))
        head = self._chain.head()
        state = self._chain.state_at(head)
        account = state.account(address)
        has_code = account is not None and account.code_hash != EMPTY_KECCAK
        code = state.code(account.code_hash) if account is not None and has_code else b""
        newest = min(head.number, _number(request.query.get("before"), head.number + 1) - 1)
        scan = self._reader.activity(
            address, newest, most_blocks=ACTIVITY_BLOCKS, most_found=ACTIVITY_FOUND, most_read=ACTIVITY_READ
        )
        # Logs are found by their blocks' blooms, so they may be looked for further back than transactions.
        first_logged = max(0, newest - ACTIVITY_BLOCKS + 1)
        values = {
            "address": address,
            "checksum": checksum_address(address),
            "account": account,
            "code": code,
            "code_hash": keccak(code),
            "scan": scan,
            "newest": newest,
            "oldest": newest - scan.blocks + 1,
            "first_logged": first_logged,
            "transfers": await token_transfers(self._site.ask, address, first_logged, newest),
            "logs": await logs_of_contract(self._site.ask, address, first_logged, newest) if code else [],
            "waiting": [tx for tx in islice(self._site.backend.pool.pending(), 10_000) if tx.sender == address][:10],
        }
        return self._site.render(request, "address.html", values)

    async def search(self, request: web.Request) -> web.StreamResponse:
        """Go to what the words name, or say that nothing is named so."""
        words = request.query.get("q", "").strip()
        target = self._target(words)
        if target is not None:
            raise web.HTTPFound(target)
        if not words:
            raise web.HTTPFound("/explorer")
        text = f"Nothing on this chain is called “{words[:100]}”. Try a block number, or the hash of a block or a "
        return self._site.message(request, 404, "Nothing found", text + "transaction, or an address, each with its 0x.")

    def _target(self, words: str) -> str | None:
        if words in TAGS:
            return f"/explorer/block/{words}"
        if re.fullmatch(r"[0-9a-fA-F]{40}|[0-9a-fA-F]{64}", words):
            words = "0x" + words
        if _ADDRESS.fullmatch(words):
            return f"/explorer/address/{words.lower()}"
        if _HASH.fullmatch(words):
            return self._target_of_hash(Hash32(bytes.fromhex(words[2:])))
        number = words.replace(",", "").replace("#", "")
        if _NUMBER.fullmatch(number) and self._chain.canonical_hash(_integer(number)) is not None:
            return f"/explorer/block/{_integer(number)}"
        return None

    def _target_of_hash(self, wanted: Hash32) -> str | None:
        if self._chain.header(wanted) is not None:
            return f"/explorer/block/0x{wanted.hex()}"
        if self._chain.locate(wanted) is not None or self._site.backend.pool.get(wanted) is not None:
            return f"/explorer/tx/0x{wanted.hex()}"
        return None

    def _header(self, wanted: str) -> Header | None:
        reader = self._reader
        if wanted in TAGS:
            heads = reader.heads()
            named = {"latest": heads["unsafe"], "safe": heads["safe"], "finalized": heads["finalized"]}
            return named.get(wanted) or reader.header(0)
        if _HASH.fullmatch(wanted):
            return self._chain.header(Hash32(bytes.fromhex(wanted[2:])))
        return reader.header(_integer(wanted)) if _NUMBER.fullmatch(wanted) else None

    def _block(self, header: Header) -> Block:
        block = self._chain.block(header.hash)
        if block is None:
            raise Reject(f"pruned history unavailable: block {header.number}")
        return block

    def _has_code(self, address: Address | None) -> bool:
        account = None if address is None else self._chain.state_at(self._chain.head()).account(address)
        return account is not None and account.code_hash != EMPTY_KECCAK


def checksum_address(address: Address) -> str:
    """The spelling whose capitals are a checksum. Source: EIP-55."""
    digits = address.hex()
    digest = keccak(digits.encode()).hex()
    return "0x" + "".join(
        digit.upper() if int(nibble, 16) >= 8 else digit for digit, nibble in zip(digits, digest, strict=False)
    )


def _number(text: str | None, default: int) -> int:
    return _integer(text) if text and _NUMBER.fullmatch(text) else default


def _integer(text: str) -> int:
    return int(text, 16) if text.startswith("0x") else int(text)

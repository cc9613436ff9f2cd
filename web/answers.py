"""Reading what our own JSON-RPC answered: pages ask as clients do, and believe the types no more than those."""

from rpc.errors import Json


def as_object(value: Json) -> dict[str, Json]:
    """A JSON object; an empty one in place of anything else."""
    return value if isinstance(value, dict) else {}


def as_list(value: Json) -> list[Json]:
    """A JSON array; an empty one in place of anything else."""
    return value if isinstance(value, list) else []


def as_text(value: Json) -> str:
    """A string; an empty one in place of anything else."""
    return value if isinstance(value, str) else ""


def as_int(value: Json) -> int:
    """A number, plain or as a quantity; 0 in place of anything else."""
    if isinstance(value, str) and value.startswith("0x") and len(value) > 2:
        return int(value, 16)
    return value if isinstance(value, int) else 0


def as_bytes(value: Json) -> bytes:
    """Bytes of hex; none in place of anything else."""
    return bytes.fromhex(value[2:]) if isinstance(value, str) and value.startswith("0x") else b""

"""Numbers, times and bytes as people read them; each is a filter of the templates."""

from datetime import UTC, datetime

WEI_PER_GWEI = 10**9
WEI_PER_ETHER = 10**18


def grouped(number: int) -> str:
    """`1,234,567`."""
    return f"{number:,}"


def ether(wei: int) -> str:
    """An amount with its unit, exact: tiny ones in wei or gwei, the rest in ether."""
    if wei == 0:
        return "0 ETH"
    if abs(wei) < 10**6:
        return f"{wei:,} wei"
    if abs(wei) < 10**10:
        return gwei(wei)
    return f"{_decimal(wei, 18)} ETH"


def gwei(wei: int) -> str:
    """A gas price, exact."""
    return f"{_decimal(wei, 9)} gwei"


def rounded_ether(wei: int) -> str:
    """For tables: like `ether`, but with four digits that count, cut and marked as such."""
    return _rounded(ether(wei))


def rounded_gwei(wei: int) -> str:
    """A gas price where there is little room; in wei when it is tiny."""
    return f"{wei:,} wei" if wei < 10**6 else _rounded(gwei(wei))


def _rounded(exact: str) -> str:
    number, unit = exact.split(" ")
    whole, _, decimals = number.partition(".")
    kept = max(0, 4 - len(whole)) if whole != "0" else len(decimals) - len(decimals.lstrip("0")) + 4
    if len(decimals) <= kept:
        return exact
    shown = decimals[:kept].rstrip("0")
    return f"≈ {whole}.{shown} {unit}" if shown else f"≈ {whole} {unit}"


def size(count: int) -> str:
    """Bytes, with a unit of a thousand."""
    if count < 1000:
        return f"{count} B"
    if count < 1_000_000:
        return f"{count / 1000:.1f} kB"
    return f"{count / 1_000_000:.2f} MB"


def data(value: bytes) -> str:
    """Bytes as hex."""
    return "0x" + value.hex()


def short(value: bytes) -> str:
    """A hash or an address, with its middle left out."""
    text = value.hex()
    return f"0x{text}" if len(text) <= 14 else f"0x{text[:6]}…{text[-4:]}"


def percent(part: int, whole: int) -> str:
    """`part` of `whole`."""
    return "0%" if whole == 0 else f"{100 * part / whole:.1f}%".replace(".0%", "%")


def utc(timestamp: int) -> str:
    """Seconds since 1970 as a date; genesis files may hold a timestamp beyond what a calendar has."""
    try:
        return datetime.fromtimestamp(timestamp, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    except (OverflowError, ValueError, OSError):
        return f"{timestamp} s after 1970"


def age(seconds: float) -> str:
    """How long ago, in its largest unit."""
    return "now" if seconds < 2 else f"{span(seconds)} ago"


def span(seconds: float) -> str:
    """How long, in its largest unit."""
    whole = int(seconds)
    for unit, length in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if whole >= 2 * length:
            return f"{whole // length} {unit}"
    return f"{whole} s"


def _decimal(value: int, places: int) -> str:
    sign, digits = ("-", -value) if value < 0 else ("", value)
    whole, rest = divmod(digits, 10**places)
    decimals = f"{rest:0{places}d}".rstrip("0")
    return f"{sign}{whole:,}.{decimals}" if decimals else f"{sign}{whole:,}"

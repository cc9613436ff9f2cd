"""The fork schedule of a geth genesis file: its `...Block` and `...Time` fields and its `blobSchedule`."""

from collections.abc import Iterable, Sequence
from typing import TypeVar

from genesis.json_fields import Fields
from protocol.forks import CANCUN_BLOBS, PRAGUE_BLOBS, BlobSchedule, Fork, ForkSchedule

T = TypeVar("T")

BLOCK_FIELDS = (
    ("homesteadBlock", Fork.HOMESTEAD),
    ("eip150Block", Fork.TANGERINE_WHISTLE),
    ("eip158Block", Fork.SPURIOUS_DRAGON),
    ("byzantiumBlock", Fork.BYZANTIUM),
    ("constantinopleBlock", Fork.CONSTANTINOPLE),
    ("petersburgBlock", Fork.PETERSBURG),
    ("istanbulBlock", Fork.ISTANBUL),
    ("muirGlacierBlock", Fork.MUIR_GLACIER),
    ("berlinBlock", Fork.BERLIN),
    ("londonBlock", Fork.LONDON),
    ("arrowGlacierBlock", Fork.ARROW_GLACIER),
    ("grayGlacierBlock", Fork.GRAY_GLACIER),
    ("mergeNetsplitBlock", Fork.PARIS),
)
TIME_FIELDS = (
    ("shanghaiTime", Fork.SHANGHAI),
    ("cancunTime", Fork.CANCUN),
    ("pragueTime", Fork.PRAGUE),
    ("osakaTime", Fork.OSAKA),
)
BLOB_NAMES = ("cancun", "prague", "osaka", "bpo1", "bpo2", "bpo3", "bpo4", "bpo5")
DEFAULT_BLOBS = {"cancun": CANCUN_BLOBS, "prague": PRAGUE_BLOBS, "osaka": PRAGUE_BLOBS}
UNKNOWN_FORKS = ("amsterdamTime", "verkleTime", "eofTime")


def read_forks(config: Fields, genesis_difficulty: int) -> ForkSchedule:
    """The schedule in the `config` object of a genesis file; raises InvalidInput for one that we cannot follow."""
    if config.values.get("daoForkSupport") and config.has("daoForkBlock"):
        raise config.fail("daoForkSupport", "chains that move the DAO's balances are not supported")
    for name in ("clique", "aura"):
        if config.has(name):
            raise config.fail(name, "this consensus is not supported")
    for name in UNKNOWN_FORKS:
        if config.has(name):
            raise config.fail(name, f"this fork is not supported; the latest is {Fork.OSAKA.name.capitalize()}")
    by_block = _ascending(config, BLOCK_FIELDS)
    by_time = _ascending(config, TIME_FIELDS)
    if config.has("eip155Block") and config.uint("eip155Block") != config.optional_uint("eip158Block"):
        raise config.fail("eip155Block", "must be the same as eip158Block: together they are Spurious Dragon")
    if config.has("constantinopleBlock") and not config.has("petersburgBlock"):
        # geth's rule: without a block of its own, Petersburg comes with the fork that it repairs.
        by_block.append((config.uint("constantinopleBlock", bits=64), Fork.PETERSBURG))
        by_block.sort()
    if not config.has("mergeNetsplitBlock") and _is_merged(config, genesis_difficulty):
        if by_block and by_block[-1][0]:
            raise config.fail("terminalTotalDifficulty", f"is reached at genesis, before block {by_block[-1][0]}")
        by_block.append((0, Fork.PARIS))
    if by_time and (not by_block or by_block[-1][1] < Fork.PARIS):
        raise config.fail("mergeNetsplitBlock", "is missing: forks by timestamp need the block of the merge")
    return ForkSchedule(_latest([(0, Fork.FRONTIER), *by_block]), _latest(by_time), _read_blobs(config))


def _is_merged(config: Fields, genesis_difficulty: int) -> bool:
    """Whether block 1 is proof of stake already, by the total difficulty that geth goes by."""
    total = config.optional_uint("terminalTotalDifficulty")
    return total is not None and total <= genesis_difficulty


def _ascending(config: Fields, names: Sequence[tuple[str, Fork]]) -> list[tuple[int, Fork]]:
    starts: list[tuple[int, Fork]] = []
    for name, fork in names:
        start = config.optional_uint(name, bits=64)
        if start is None:
            continue
        if starts and start < starts[-1][0]:
            raise config.fail(name, f"{start} is before the fork that precedes it ({starts[-1][0]})")
        starts.append((start, fork))
    return starts


def _latest(entries: Iterable[tuple[int, T]]) -> tuple[tuple[int, T], ...]:
    """One entry per start, the last, which overrides those before it."""
    return tuple(dict(entries).items())


def _read_blobs(config: Fields) -> tuple[tuple[int, BlobSchedule], ...]:
    schedules = config.child("blobSchedule", required=False)
    blobs: list[tuple[int, BlobSchedule]] = []
    for name in BLOB_NAMES:
        start = config.optional_uint(f"{name}Time", bits=64)
        if start is None:
            continue
        if blobs and start < blobs[-1][0]:
            raise config.fail(f"{name}Time", f"{start} is before the fork that precedes it ({blobs[-1][0]})")
        if schedules.has(name):
            entry = schedules.child(name)
            schedule = BlobSchedule(
                entry.uint("target", bits=32), entry.uint("max", bits=32), entry.uint("baseFeeUpdateFraction", bits=64)
            )
        elif name in DEFAULT_BLOBS:
            schedule = DEFAULT_BLOBS[name]
        else:
            raise schedules.fail(name, f"is missing, but {name}Time is set")
        blobs.append((start, schedule))
    return _latest(blobs)


def write_forks(forks: ForkSchedule) -> dict[str, object]:
    """The fields from which `read_forks` reads this schedule.

    Raises:
        ValueError: geth's fields cannot say it.
    """
    config: dict[str, object] = {}
    for names, entries in ((BLOCK_FIELDS, forks.by_block), (TIME_FIELDS, forks.by_time)):
        for name, fork in names:
            # A fork that has no entry of its own starts with the next one that has.
            starts = [start for start, later in entries if later >= fork]
            if starts:
                config[name] = starts[0]
    if "eip158Block" in config:
        config["eip155Block"] = config["eip158Block"]
    if "mergeNetsplitBlock" in config:
        config["terminalTotalDifficulty"] = 0
    blob_names = {config.get(f"{name}Time"): name for name in BLOB_NAMES[:3]}
    extra_names = iter(BLOB_NAMES[3:])
    schedules: dict[str, object] = {}
    for start, schedule in forks.blobs_by_time:
        name = blob_names.get(start) or next(extra_names, "")
        config[f"{name}Time"] = start
        schedules[name] = {
            "target": schedule.target,
            "max": schedule.maximum,
            "baseFeeUpdateFraction": schedule.base_fee_update_fraction,
        }
    config["blobSchedule"] = schedules
    if read_forks(Fields(config, ""), 0) != forks:
        raise ValueError("this fork schedule cannot be written in geth's format")
    return config

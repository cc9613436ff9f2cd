"""What is measured, in the order of measuring: each file's rows in one table."""

from bench.measures import (
    accounts,
    derive,
    history,
    network,
    proof,
    reads,
    resources,
    retention,
    startup,
    subscribers,
    throughput,
    trace,
)
from bench.measures.measure import Measure

MEASURES: tuple[Measure, ...] = (
    *throughput.MEASURES,
    *reads.MEASURES,
    *derive.MEASURES,
    *history.MEASURES,
    *trace.MEASURES,
    *subscribers.MEASURES,
    *startup.MEASURES,
    *resources.MEASURES,
    *retention.MEASURES,
    *accounts.MEASURES,
    *network.MEASURES,
    *proof.MEASURES,
)

"""What is measured, in the order of measuring: each file's rows in one table."""

from bench.measures import accounts, derive, reads, resources, startup, throughput
from bench.measures.measure import Measure

MEASURES: tuple[Measure, ...] = (
    *throughput.MEASURES,
    *reads.MEASURES,
    *derive.MEASURES,
    *startup.MEASURES,
    *resources.MEASURES,
    *accounts.MEASURES,
)

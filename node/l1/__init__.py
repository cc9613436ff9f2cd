"""L1 as a rollup's node sees it, through JSON-RPC alone.

client     the questions; also for other chains' nodes
transport  one question over HTTP: when to ask again, what a failure means
wire       answers, checked field by field
reader     one block as a rollup reads it: batches, deposits, settings
inputs     what that is
feed       the same, blocks ahead, with the bytes behind the batches
records    what a node remembers of each block that it derived from
"""

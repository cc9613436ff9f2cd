"""L1 as a rollup's node sees it, through JSON-RPC alone.

client    the questions, and when to ask again; also for other chains' nodes
wire      answers, checked field by field
reader    one block as a rollup reads it: batches, deposits, settings
inputs    what that is
feed      the same, a block ahead, with the bytes behind the batches
records   what a node remembers of each block that it derived from
"""

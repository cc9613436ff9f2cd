"""Fraud proofs: a machine that runs a transaction in small steps, commitments to each state, and the referee of one.

Read in this order: `commitments.layout` (what a state is made of), `machine.step` (how one becomes the next),
`witness` (what a referee needs to see of it), `referee` (how it judges). Imports `protocol`, never the other way round.
"""

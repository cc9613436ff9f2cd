"""Fraud proofs. Nothing is here yet.

What will come, in this order: a machine that runs a block in small steps and commits to each, witnesses that let one
step be judged without the rest of the state, and the dispute game that narrows two claims down to the step they
disagree on. It will import `protocol` and `vm`, never the other way round.
"""

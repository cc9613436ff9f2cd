"""The relayer: it carries what chains of a network send each other.

role      a relayer as a process
relayer   its rounds: every pair of chains, again and again
pair      what goes from one chain to another: deliveries, refunds, receipts
proofs    what chains and L1's ledger are shown of each other
chain     one chain: blocks, proofs and messages read, transactions sent
"""

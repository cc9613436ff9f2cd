"""What joins chains to a network: messages, their tree, their proofs, and where their contracts are. Pure functions."""

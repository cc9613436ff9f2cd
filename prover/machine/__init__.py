"""The small-step machine: one transaction, explicit frames, one opcode or micro-step at a time."""

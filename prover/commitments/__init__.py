"""How a state of the machine is committed to in 32 bytes, and how parts of it are opened again."""

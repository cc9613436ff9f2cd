"""`tombolo up`: an L1, a sequencer, a verifier and, where disputes decide, a challenger: each a process of its own.

options    what may be chosen
keys       for whom this machine acts on L1
processes  which role each process has, and what it is told
run        everything started in its order, watched, stopped together
blocks     blocks as they come, for whoever shows them
"""

"""`tombolo up FILE…`: chains in intent files as one network on one L1, and how its chains talk.

membership      contracts on L1, what a member's genesis holds, how a chain joins
plan            what would change: chains as they are against chains as they are wanted
files           the folder: what is kept from one start to the next
launch          from an intent to launch options, and to the arguments of each process
funding         the deployer's payments, one L1 block for all
mesh            what joins the chains, made once
on_l1           what a start does on L1: pays, launches, joins
up              brings it up, keeps it up, takes new chains in
processes       its processes, started, watched, stopped in order
greeting        the first message and the first transfer
delivery_price  what a delivery costs, asked and set
events          what a member's contracts have logged
stages          how far something between two chains is, and why
watch           reads every chain again and again
page            what the page asks, answered from the watch
serve           the page and the commands, while the network runs
control         how `add`, `down` and `status` talk to the `up` that runs
"""

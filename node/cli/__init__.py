"""The `tombolo` command: what a person or a script types, and what they read.

entry           from arguments to an exit status; the one place where failures become words
app             the commands in order; each is a function whose docstring is its help
running         up, status
chosen          what `up` lets one choose at launch
roles           node
network         new, plan, govern, add, down: chains in intent files
network_run     `up` and `status` of a network
governance_run  what `govern` does
relay           relay
delivery        quote, set-price
bridge          bridge deposit, withdraw, list, claim
bridge_run      what `bridge` does, and how it tells
config          config check, keystore new
settings        the file of settings as defaults of options
given           what was said on the command line, and what is a default
option          how an option is declared
chains          verify, import, export, serve, statetest, blocktest
prove           prove statetest
dispute         dispute
dev             dev
da_server       da-server
places          options of up and node: ports, folders, the embedded L1
parameters      options that several commands share, with their environment variables
up_view         what `up` shows
network_view    what commands about networks show
views           what the others show

Commands import what they need when they run, so that `tombolo --help` answers at once.
"""

from node.cli.entry import main

__all__ = ["main"]

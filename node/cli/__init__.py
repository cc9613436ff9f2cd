"""The `tombolo` command: what a person or a script types, and what they read.

    entry          from arguments to an exit status; the one place where failures become words
    app            the commands in order; each is a function whose docstring is its help
    running        up, node, status
    chosen         what `up` lets one choose at launch
    network        new, plan, govern, add, down: chains in intent files
    relay          relay
    delivery       quote, set-price
    bridge         bridge deposit, withdraw, list, claim
    network_run    `up` and `status` of a network
    config         config check, keystore new
    settings       the file of settings as defaults of options
    option         how an option is declared
    chains         verify, import, export, serve, statetest, blocktest
    prove          prove statetest
    dispute        dispute
    places         options of up and node: ports, folders, the embedded L1
    parameters     options that several commands share, with their environment variables
    up_view        what `up` shows
    network_view   what commands about networks show
    views          what the others show

Commands import what they need when they run, so that `tombolo --help` answers at once.
"""

from node.cli.entry import main

__all__ = ["main"]

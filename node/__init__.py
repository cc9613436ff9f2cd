"""The composition root and the long-running roles: what waits, on sockets, time and disk.

A process and what it is
    run, role              one role as a process: its tasks until one fails or a signal asks to stop
    rollup_node            a node of a rollup: sequencer, verifier, proposer or challenger
    l1_node, l1_blobs      the embedded L1, and its blobs
    dev_node, dev_miner, dev_rpc
                           a chain for test frameworks: what makes it move, and its methods
    serve                  a chain that stands still
    da_server              a data-availability server
    node_options, services, worker, clock, interpreter, version
                           what those are told, and what they share
    children, supervised   processes that a launcher starts; those that are started again
    up/, network/          `tombolo up`: one rollup, or a network of them
    cli/                   what a person types

The chain
    chain, store/          heads and blocks; everything on disk
    chain_setup, chain_file
                           from a genesis or a file of blocks to a chain
    mempool/               the transactions that wait
    producer               block production
    l1/                    L1 as a rollup's node reads it
    driver, decoder        the loop that derives; transactions decoded beside it
    batcher, batch_plan, batch_sender
                           publishing: the loop, its decisions, its transactions
    batch_index, batch_rpc
                           which batch made which blocks safe
    verify                 a rollup rebuilt, block by block compared

A rollup's launch
    launch                 its contracts go to L1, rollup.json is written
    rollup, rollup_file, rollup_start, fee_options
                           what a rollup is, its file, where it starts, what it charges
    settlement, proof_contracts
                           its contracts; those of its disputes
    deploy, artifacts, precompile
                           contracts on an L1; compiled, and when
    operator_key, keystore, account
                           keys, and accounts that send
    governance             changes that a plan leaves to governance
    new_intent, config, whole_file
                           what `tombolo new` writes; tombolo.toml; a file in one step

Outputs, withdrawals, disputes
    output_roles, proposer, challenger
                           who acts on outputs for a node
    duties, serial_sender, defence
                           one account's work on L1, one transaction at a time; the gas that it keeps back
    output_roots, outputs_reader, newest_output, output_rpc
                           our own outputs, L1's, and what is asked about them
    game_contract, games_in_play
                           the game's bytes; the games that an account still has to look at
    claims, own_traces     what an assertion is about, read from L1; our trace of it
    shown_data, blind      data that L1 was shown; disputing without it
    game_view, game_rpc, shown_step, state_words
                           a dispute for people
    dispute, dispute_stage, dispute_data, dispute_fees, dispute_page, replay
                           `tombolo dispute`: a whole one, staged
    bridge, bridge_view, bridge_rpc
                           value in and out
    relay/                 messages between chains

What is asked and shown
    backend                the node as JSON-RPC sees it
    rollup_rpc, sync_progress, kept_answers
                           rollup_* and eth_syncing; L1's answers, kept for a moment
    pages, faucet          the pages of web/, put together; ether for nothing
    status, logs, tokens   a node's state, its log, and amounts, in words
    rpc_compat             the official JSON-RPC suite
"""

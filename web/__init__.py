"""Pages that the node serves beside JSON-RPC: explorer, dashboard, wallet, faucet."""

"""What is measured: each a file that starts one kind of node on a free port, funded alike."""

"""What the end-to-end tests share: the built program, an HTTP client, trees of files, the ledger and its verifier."""

"""SQLite stores of the user's own: ledger, answer cache, outcomes."""

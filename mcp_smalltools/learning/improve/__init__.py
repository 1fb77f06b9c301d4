"""`improve`: corrections become better specialists, if held-out cases say so."""

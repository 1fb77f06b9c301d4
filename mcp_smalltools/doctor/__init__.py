"""Examines the set-up and says what to do."""

"""Examines the set-up and says what to do; `commands/doctor.py` prints it."""

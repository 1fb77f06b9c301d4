"""Does a model that writes add right answers to a skill: measured on cases, and calibrated."""

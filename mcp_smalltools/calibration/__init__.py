"""Calibrated confidence: from a raw score to the probability of being right, and measured figures."""

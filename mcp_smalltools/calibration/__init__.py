"""Calibrated confidence: from a raw score to the chance of being right, and measured figures."""

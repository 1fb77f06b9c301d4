"""Skill packs: prompts, adapters, thresholds and their scores."""

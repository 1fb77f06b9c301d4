"""The repositories that specialists are trained on: their history, read by git, and their files of today."""

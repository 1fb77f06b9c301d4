"""What was learned from logging statements: which words they are made of, and how to tell a variable from the
evidence of a log.

Files: lexicon (words and contexts of logging statements, hashed), network (small networks in numpy), evidence
(what a slot of a group of lines shows, as numbers), weights (the file that holds both).
"""

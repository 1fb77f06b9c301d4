"""The learned judge: which slots of a group of lines are constant words and which are variables.

lexicon     words and contexts of logging statements, hashed
features    what a slot of a group of lines shows, as named numbers
network     small networks in numpy
judge       both, from the file that ships
adaptation  what was learned from the user's own source tree, by version
known_templates  logging statements that are known beforehand
"""

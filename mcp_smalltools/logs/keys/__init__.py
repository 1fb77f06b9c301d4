"""Keys: a line without the values of its digits and identifiers, at reading speed.

normalize     what a key is, line by line: the definition
by_block      the same for a block of lines at once, with bitstreams
block         consecutive lines as bytes
bitstreams    sets of places in a text, as one large integer each
short_numbers makes keys equal that differ in how long their numbers are
table         the keys that were met
terminal      takes out what colours a terminal, before all this
"""

"""Quality and speed of the tools, measured.

suites/  quality on labelled data that nothing was fitted on
bench/   speed, a peer beside ours in the same run
field/   real cases with the right answer of each
data/    made questions and logs, histories of repositories, and the plain peer of find_files
suite    what the suites share
linear_words  the plain method for labels
reading_accuracy  how much of a picture's text was read, and in which order
console_table  tables for a person
"""

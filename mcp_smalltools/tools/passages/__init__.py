"""Finding the passages of a file that a question or a field is about: pieces with lines, words, ranking."""

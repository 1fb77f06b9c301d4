"""Parts of the tool `ask_file`: a file as units that could be an answer, and which of them answers."""

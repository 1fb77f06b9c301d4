"""What a failure is called: its kind, the tool that reported it, the place in the user's own source.

name        all of it, of the first spans of evidence that tell it
reporters   the forms of tools' output: which tool printed a line, and what it does
kind        compile, test, memory, ...: by who reports it and by what it says
places      file and line: the forms in which tools write them, and which of them is the failing one
own_source  whether a file is the user's own, or a library's, a runner's or an address
wrapped     lines that a console broke at its width, joined
"""

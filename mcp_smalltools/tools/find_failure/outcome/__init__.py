"""How a run ended: who speaks in each line, what is said of success and failure, and what follows from it.

roles       what each line is: a program's output, or an echoed script, the environment, progress, cleanup
"""

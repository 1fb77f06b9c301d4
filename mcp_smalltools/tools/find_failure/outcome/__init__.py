"""How a run ended: who speaks in each line, what is said of success and failure, and what follows from it.

powershell      what Windows PowerShell makes of error output, undone
roles           what each line is: a program's output, or an echoed script, the environment, progress, cleanup
outcome_words   the words of success and failure of CI systems, tools and languages
said            what single lines say: of the run, of a tool, of a step; numbers of failures, exit codes
ending          how the log ends: failed, passed, or it only stops
last_words      complaints and conclusions in the last lines, where no known form speaks
stops           what ended a run from outside: time limits, cancellations, lost machines, no memory, no disk
exit_codes      what an exit code means, and of which program of a command it is
decide          the verdict: the words, the learned probability and the exit code together
"""

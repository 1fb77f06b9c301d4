"""`find_failure`: why a run failed.

read_file   a file's lines without colours, block by block
lines       a log of any size to the lines that are looked at, with the pattern of each and how often it came
signs       what one line says by itself: error words, positions in source, frames, statuses
sign_words  the words of which a line must hold one to match a sign
features    what is around it: neighbours, place, rarity, what a passing log has too
trees       the learned ranker: boosted trees of `models/skills/find_failure`, evaluated with numpy
rank        all of this: probabilities of each line, spans, and how sure the first is
spans       from probabilities of lines to a few spans, the first cause first
naming/     kind of failure, the tool that reports it, the place in the source that it names
verdict     failed, passed, or can't tell
showing/    which lines are shown, in how many characters, and every distinct failure of a run
outcome/    how the run ended: what each line is, who says what of success and failure
learned_lines  lines that said why, learned from corrections
compose     the answer for a ranked log
tool        the flow: log and baseline in, the answer out
"""

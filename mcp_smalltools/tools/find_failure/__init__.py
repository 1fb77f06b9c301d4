"""`find_failure`: why a run failed.

lines       a log of any size to the lines that are looked at, with the pattern of each and how often it came
signs       what one line says by itself: error words, positions in source, frames, statuses
features    what is around it: neighbours, place, rarity, what a passing log has too
trees       the learned ranker: boosted trees of `models/skills/find_failure`, evaluated with numpy
spans       from probabilities of lines to a few spans, the first cause first
naming/     kind of failure, the tool that reports it, the place in the source that it names
verdict     failed, passed, or can't tell
showing/    which lines are shown, in how many characters, and every distinct failure of a run
outcome/    how the run ended: what each line is, who says what of success and failure
run         the flow: log and baseline in, the answer out
"""

"""Finding why a run failed.

reading     a log of any size to the lines that are looked at, with the pattern of each and how often it came
signs       what one line says by itself: error words, positions in source, frames, statuses
features    what is around it: neighbours, place, rarity, what a passing log has too
trees       the learned ranker: boosted trees of `models/skills/find_failure`, evaluated with numpy
spans       chances of lines to a few spans, the first cause first
naming      kind of failure, the tool that tells of it, the place in the source that it names
run         the flow: log and baseline in, the answer out
"""

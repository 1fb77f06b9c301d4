"""What calls cost, and what became of their answers.

call_cost      processor and GPU seconds of a call, and how much of its answer the agent was shown
groups         calls in groups by tool, caller and level, savings and losses apart
totals         sums over many calls: by tool, by client, by day
weak_outcomes  what the agent did after an answer: evidence, never proof
"""

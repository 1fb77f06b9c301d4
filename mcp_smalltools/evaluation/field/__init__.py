"""Real cases with the right answer of each: what they hold, how an answer is judged, what is reported."""

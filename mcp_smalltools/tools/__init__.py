"""The tools that agents call, a folder each: `answer.py` its records, `tool.py` its flow, and its steps."""

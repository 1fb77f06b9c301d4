"""What the tools save and cost, in money and time.

prices    the table of prices that ships, and the user's own over it
accounts  per tool: energy here, and what a model at a published price would have taken for the same job
"""

"""A skill as one file that can be given to others: made, checked and fetched."""

"""Learning a classify skill from labels that are there already: a history's, or a table's."""

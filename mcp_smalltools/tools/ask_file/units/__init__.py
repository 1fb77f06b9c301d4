"""A file as units: the smallest whole spans that can answer, by the form that the file has."""

"""The second reader of prose: a model that writes the object, checked against the text."""

"""Tables: with delimiters, with marks around their cells, with columns set apart by white space."""

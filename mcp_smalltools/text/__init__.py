"""Text: words, identifiers, BM25, rank fusion, passages, outlines. One home for each."""

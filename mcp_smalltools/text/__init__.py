"""Text: words and stems, BM25, passages, outlines of code, facts, truncation."""

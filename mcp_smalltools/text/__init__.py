"""Text: words and stems, BM25, passages, outlines (`outlines/`: by lines), facts, truncation."""

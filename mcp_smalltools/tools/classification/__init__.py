"""Parts of the tool `classify`: labels, texts, scores, decisions. Numpy loads with `scoring`, not before."""

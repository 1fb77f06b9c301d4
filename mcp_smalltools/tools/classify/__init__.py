"""`classify`: a label for each item. Numpy loads with `scoring`, not before."""

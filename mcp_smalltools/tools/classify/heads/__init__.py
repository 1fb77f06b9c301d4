"""Ways to score items against labels, from vectors and words, and the mixture of them."""

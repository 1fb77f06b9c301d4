"""Speed: one module a benchmark, each with a peer in the same run."""

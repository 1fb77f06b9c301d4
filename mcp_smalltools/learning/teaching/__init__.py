"""A larger model writes questions to a repository's files; those that a round trip confirms are kept."""

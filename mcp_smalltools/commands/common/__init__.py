"""What several commands share: answers on a terminal, subcommands that are modules."""

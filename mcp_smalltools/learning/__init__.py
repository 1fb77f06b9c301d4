"""Learning from what is the user's own: corrections of answers, logging statements of a code base."""

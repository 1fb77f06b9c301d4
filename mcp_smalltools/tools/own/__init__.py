"""Tools of the user's own, made of skill packs, beside the built-in ones."""

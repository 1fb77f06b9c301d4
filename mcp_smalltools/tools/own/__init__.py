"""Tools of the user's own, made of skill packs."""

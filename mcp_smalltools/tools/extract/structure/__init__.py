"""Texts of any form as a tree of named values with their lines; `text_forms` says which form a text has."""

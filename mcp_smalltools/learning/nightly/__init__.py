"""`improve` every night, by the system's own timer: installed and taken out again."""

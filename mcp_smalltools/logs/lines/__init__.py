"""Lines: header, time and level, and which lines belong to one record; read once for each distinct shape."""

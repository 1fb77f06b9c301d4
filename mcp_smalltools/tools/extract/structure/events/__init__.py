"""What happened, as programs print it anywhere in a text: HTTP exchanges, exceptions, compiler messages."""

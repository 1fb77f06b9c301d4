"""The engine: a daemon that owns llama.cpp, and the client that everything else talks to."""

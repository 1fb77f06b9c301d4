"""The engine: a daemon that owns llama.cpp, and the clients that everything else talks to.

api         what an engine can do (the interface), and its records
client/     the client of the daemon: starts it, talks to it over a socket, survives its death
daemon/     the daemon: sessions, scheduling, the encoder
llama/      the only importer of llama.cpp: bindings, devices, measuring, quantizing
generation/ writing text: templates, prefixes, constraints, sampling
http/       an OpenAI-compatible endpoint in place of the daemon
"""

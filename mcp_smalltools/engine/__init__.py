"""The engine: a daemon that owns llama.cpp, and the clients that everything else talks to.

api         what an engine can do (the interface), and its records
make        the engine that the settings ask for
with_model  an engine that uses a skill's model and adapter where the caller names none
forwarding  what engines that wrap another one have in common
client/     the client of the daemon: starts it, talks to it over a socket, survives its death
daemon/     the daemon: sessions, scheduling, the encoder
llama/      the only importer of llama.cpp: bindings, devices, measuring, quantizing
generation/ writing text: templates, prefixes, constraints, sampling
http/       an OpenAI-compatible endpoint in place of the daemon
environment/ the engine's own environment: installed, updated, removed
endpoint    where a user's daemon is found: its folder, socket, token and lock
protocol    frames between the client and the daemon
work        what the daemon asks of its scheduler: jobs, and their callbacks
fair_queue  which step is next, fair among clients and their jobs
word_pieces the characters that each token of the encoder stands for
testing     an engine without a model, for tests of tools and skills
"""

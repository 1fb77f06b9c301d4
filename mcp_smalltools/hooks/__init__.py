"""Where the agent works: what an agent's client tells us at its events (hooks), and what we answer.

hook_client   the process that the client starts: passes the event on and prints the answer; stdlib only
event         what the client says, as small records
fields        fields of its JSON, which may hold anything
reply         what we say, as the client reads it
other_clients what other clients say, and how they read it
hook_daemon   the process that answers: one for each user, gone when no session is left
hook_parts    which part answers which event
agent_session the agent's sessions: whose process, which folder, which settings
tool_calls    one tool of ours, called on a kept output
kept/         `keep`: the outputs of commands, held open and kept
tell/         `tell`: why a command failed, in a few lines
guard/        `guard`: what the agent's own tools show is masked, sealed folders are refused
after/        what the agent does after an answer: evidence of whether it was right
run/          `mcp-smalltools run`: keep and tell, where there are no hooks

An event that isn't understood, and whatever goes wrong here, is answered with nothing: the agent works as if
there were no hook. Only `guard` fails closed: a result that it couldn't look at is withheld.
"""

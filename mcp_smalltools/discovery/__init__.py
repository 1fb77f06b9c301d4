"""What past sessions show: `mcp-smalltools discover` replays the transcripts that agents' clients keep.

transcript    the records that all clients' transcripts are brought into
claude_code   reads those of Claude Code
codex         reads those of Codex
findings      what a session shows: outputs cut, commands run again, files read whole, secrets
replay        what our hooks and tools would have shown in their place
token_use     tokens by the classes that clients pay for, over the later turns of a session
session_figures  all of it for one transcript
apart         one transcript in a process that can do nothing else
replay_alone  what such a process does, where it can't be a fork too
find_transcripts  where they lie
discovered    sums over sessions
weak          weak outcomes of calls that the ledger knows
"""

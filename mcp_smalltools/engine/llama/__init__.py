"""llama.cpp: its bindings, devices, measuring and quantizing. Nothing else imports it."""

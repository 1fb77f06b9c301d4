"""The engine daemon: sessions, the scheduler, the encoder."""

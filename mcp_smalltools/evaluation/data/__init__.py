"""Data that suites measure on: made questions and logs, histories of repositories."""

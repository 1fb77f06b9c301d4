"""Quality on labelled data: one module a suite."""

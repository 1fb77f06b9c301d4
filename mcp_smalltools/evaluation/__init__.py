"""Quality of the tools on data that they were not fitted on: one module a suite."""

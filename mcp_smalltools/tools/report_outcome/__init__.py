"""`report_outcome`: whether an answer was right."""

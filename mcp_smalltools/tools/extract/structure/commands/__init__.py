"""What common commands print without a header that names the columns."""

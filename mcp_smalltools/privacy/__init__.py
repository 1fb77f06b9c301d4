"""What may leave: rules for secrets and personal data, redaction, sealed answers, remote engines."""

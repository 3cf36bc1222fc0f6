"""What the figures show, as arrays: no drawing happens here."""

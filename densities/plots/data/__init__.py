"""What the figures show, as arrays: `laws`, `pairs` of laws, `maps`. No drawing happens here."""

"""The drawing: arrays of `data` become matplotlib artists."""

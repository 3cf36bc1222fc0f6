"""The drawing: arrays of `data` become matplotlib artists: `laws`, `pairs`, `maps`, in one `style`, on a `canvas` of ours."""

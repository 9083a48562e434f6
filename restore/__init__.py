"""Photo in, sharper photo out: MSSNet, its checkpoints, tiling, photo files and training."""

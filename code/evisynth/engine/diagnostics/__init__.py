"""What single studies do to a result: `leave1out`, `cumul`, `influence`, `baujat`, `gosh`."""

"""The simulated exchange: a real server on loopback that speaks as venues do."""

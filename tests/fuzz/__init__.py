"""Malicious and broken input: a fuzzer for every decoder that faces the network."""

"""`make bench`: ratios against a peer in the same run, never bare times."""

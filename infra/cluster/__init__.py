"""How Tapewatch is put on real machines: manifests, units, an image, and the sums."""

"""Who must know what was seen."""

"""The domain: records and operators. No I/O, no clock; only step.py knows the engine."""

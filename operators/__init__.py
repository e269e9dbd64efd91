"""The domain: records and operators. No I/O, no clock, no engine but in step.py."""

"""Superset over the lake, in an environment of its own, and its dashboards as code."""

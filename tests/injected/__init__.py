"""Faults put into recordings of real venues: are they found, and how soon?"""

"""Answers as people look at them: one file for each kind of figure, and one look for all."""

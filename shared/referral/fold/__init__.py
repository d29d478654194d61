"""The fold: derives state and output lines from a topic, exactly once through every crash. Start with README.md.

`fold.py` is what a service implements; `runner.py` runs it; the other modules are the runner's parts.
"""

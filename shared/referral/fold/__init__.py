"""The fold: facts in, verdicts out, state kept, exactly once, whatever crashes.

`fold.py` is what a service writes; `runner.py` is what runs it; the other modules are the runner's parts.
"""

"""What a program owes both sides for conversions and orders: pure rules over the lines of `conversions`.

reward-dispatcher grants by them, and a replay counts by them under other rules, so both always agree.
"""

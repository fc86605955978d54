"""A storm: workers on a store of their own, load without a pause, faults at random, and a verdict.

python -m tests.chaos.storm --store postgres --minutes 10 --seed 7
"""

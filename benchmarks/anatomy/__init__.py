"""Trains the network that tells bone, deposit, limb and foreign objects apart on films of any kind: one command, resumable, the same for the same seed."""

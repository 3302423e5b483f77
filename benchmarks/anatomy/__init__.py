"""Trains the network that tells bone, deposit, limb and foreign objects apart on films of any kind; resumable, and decided by its seed."""

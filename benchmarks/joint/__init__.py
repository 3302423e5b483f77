"""What measuring a deposit on all visits together brings, held against the truth of a simulated set."""

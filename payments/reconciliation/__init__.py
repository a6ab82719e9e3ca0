"""The shop's books compared with Stripe's, day by day (C51–C55). Begin at run.py."""

"""Stand-ins for Stripe, Google's Geocoding and a mail server, for demos and tests: no real money, no real letters.

A process of its own (`python -m sandbox`), imported by no app of the shop and refused in production. It speaks only the
public shapes of the real services, so that pointing the shop at those needs no other change.
"""

"""A stand-in for Google's Geocoding API over a few hundred places, most of them in Portugal."""

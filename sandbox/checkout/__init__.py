"""The pages on which a customer of the stand-in pays: hosted checkout, 3-D Secure, MB WAY, vouchers."""

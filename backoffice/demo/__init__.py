"""What a demo shop holds: accounts, a studio, a price list, orders in every state. Only ever made with DEMO=1."""

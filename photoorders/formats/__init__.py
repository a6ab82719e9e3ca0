"""How dates are written where Django's own way is not the studio's: English is read in Portugal, day first."""

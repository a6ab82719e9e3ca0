"""Readers of the structure of image files: sizes, orientation, end marks. They decode nothing (U2)."""

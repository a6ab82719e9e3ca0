"""What lies in Redis of a photo, for tests. The shop itself streams it, a few chunks at a time (U3)."""

from uploads import stash


def bytes_of(photo_id: str) -> bytes:
    """The photo as uploaded, whole; PhotoGone where any of it is missing."""
    return b"".join(stash.chunks(photo_id))

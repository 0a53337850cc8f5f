"""What goes wrong on the way, and whether trying again is of use."""

from __future__ import annotations

from etl.errors import ArtonomicsError


class DeliveryError(ArtonomicsError):
    """A mail server or a chat cannot be reached, or refuses (exit status 3)."""

    exit_status = 3
    default_code = "DELIVERY"


class TransientError(DeliveryError):
    """It surely was not delivered, and may be at another try."""

    default_code = "DELIVERY_LATER"


class UncertainError(DeliveryError):
    """It was handed over, but nobody said whether it arrived: trying again may deliver it twice."""

    default_code = "DELIVERY_UNCERTAIN"

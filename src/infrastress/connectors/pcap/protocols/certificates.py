"""What an X.509 certificate says, as text."""

from typing import Any

from infrastress.connectors.pcap.protocols.it_codes import identity_text

__all__ = ["certificate_text"]


def certificate_text(data: bytes) -> tuple[str | None, str | None]:
    """Subject, issuer, dates, and whether it is its own issuer; or what is wrong with it.

    Args:
        data: DER.
    """
    from cryptography import x509
    from cryptography.exceptions import UnsupportedAlgorithm

    try:
        found: Any = x509.load_der_x509_certificate(data)
        subject, issuer = (", ".join(one.rfc4514_string() for one in name) for name in (found.subject, found.issuer))
        dates = [day.strftime("%Y-%m-%dT%H:%M:%SZ") for day in (found.not_valid_before_utc, found.not_valid_after_utc)]
    except (ValueError, TypeError, KeyError, OverflowError, x509.InvalidVersion, UnsupportedAlgorithm):
        return None, "a certificate that can't be read"
    text = identity_text(
        subject=subject,
        issuer=issuer,
        not_before=dates[0],
        not_after=dates[1],
        self_signed="yes" if found.subject == found.issuer else None,
    )
    return text, None

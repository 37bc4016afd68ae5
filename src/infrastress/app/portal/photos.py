"""Photos: looked at before they are unpacked, turned upright, made small, freed of all that they tell beside.

What is kept is drawn anew from the pixels: where and by whose phone it was taken isn't in it.
"""

import io
import threading
import warnings

from PIL import Image, ImageOps

__all__ = ["LARGEST", "PhotoError", "cleaned"]

LARGEST = 8_000_000
"""Bytes of a photo as it is sent."""
_MOST_PIXELS = 40_000_000
_LONGEST_EDGE = 1600
_FORMATS = ("JPEG", "PNG", "WEBP")
_QUALITY = 80
_ONE = threading.Lock()
"""One at a time: unpacked, a photo takes a hundred megabytes."""


class PhotoError(ValueError):
    """Why a photo isn't kept; a message's key: `photo_large`, `photo_type`, `photo_pixels`."""


def cleaned(data: bytes) -> bytes:
    """A JPEG of the same picture, at most 1,600 pixels long, without metadata.

    Raises:
        PhotoError: it is no photo, or too large.
    """
    if len(data) > LARGEST:
        raise PhotoError("photo_large")
    with _ONE, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # its size is judged here
        try:
            with Image.open(io.BytesIO(data), formats=_FORMATS) as picture:
                if picture.width * picture.height > _MOST_PIXELS:
                    raise PhotoError("photo_pixels")
                picture.draft("RGB", (_LONGEST_EDGE, _LONGEST_EDGE))
                turned = ImageOps.exif_transpose(picture).convert("RGB")
        except PhotoError:
            raise
        except Image.DecompressionBombError:
            raise PhotoError("photo_pixels") from None
        except Exception:  # a hostile file may bring a decoder to raise anything
            raise PhotoError("photo_type") from None
        turned.thumbnail((_LONGEST_EDGE, _LONGEST_EDGE))
        plain = Image.new("RGB", turned.size)
        plain.paste(turned)
        out = io.BytesIO()
        plain.save(out, "JPEG", quality=_QUALITY)
        return out.getvalue()

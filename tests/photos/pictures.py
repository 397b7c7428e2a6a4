"""Pictures of every kind, and metadata that must not get through."""

import io
import struct
import zlib
from typing import Any, Protocol

import numpy as np
from PIL import ExifTags, Image, ImageCms
from PIL.PngImagePlugin import PngInfo

RED, GREEN, BLUE, WHITE = (250, 10, 10), (10, 250, 10), (10, 10, 250), (255, 255, 255)
SECRET = b"S3CRET-PLACE"
XMP = b"<x:xmpmeta xmlns:x='adobe:ns:meta/'><exif:GPSLatitude>" + SECRET + b"</exif:GPSLatitude></x:xmpmeta>"


class Shows(Protocol):
    """Renders bytes, and decodes what comes out."""

    def __call__(self, content: bytes, size: str = "large") -> Image.Image: ...


def encoded(image: Image.Image, format_: str, **options: Any) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, format_, **options)
    return buffer.getvalue()


def halves(mode: str = "RGB", width: int = 80, height: int = 40) -> Image.Image:
    """Red on the left, blue on the right."""
    image = Image.new("RGB", (width, height), RED)
    image.paste(BLUE, (width // 2, 0, width, height))
    return image.quantize(2) if mode == "P" else image.convert(mode)


def noise(width: int = 64, height: int = 48) -> Image.Image:
    pixels = np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8)
    return Image.fromarray(pixels)


def oriented(orientation: int) -> Image.Exif:
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = orientation
    return exif


def srgb_profile() -> bytes:
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def swapped_profile() -> bytes:
    """A profile in which red and blue have changed places."""
    swapped = srgb_profile().replace(b"rXYZ", b"____").replace(b"bXYZ", b"rXYZ").replace(b"____", b"bXYZ")
    assert swapped != srgb_profile()
    return swapped


def linear_grey_profile() -> bytes:
    """A profile for greys that are proportional to light."""
    white = b"XYZ \0\0\0\0" + struct.pack(">3i", 63190, 65536, 54061)
    curve = b"curv\0\0\0\0" + struct.pack(">I", 0)
    start = 128 + 4 + 2 * 12
    tags = struct.pack(">I4sII4sII", 2, b"wtpt", start, len(white), b"kTRC", start + len(white), len(curve))
    size = start + len(white) + len(curve)
    head = struct.pack(">I4sI4s4s4s", size, b"\0\0\0\0", 0x02400000, b"mntr", b"GRAY", b"XYZ ")
    head += struct.pack(">6H4s", 2024, 1, 1, 0, 0, 0, b"acsp").ljust(128 - 24 - 60, b"\0")
    head += struct.pack(">3i", 63190, 65536, 54061)
    return head.ljust(128, b"\0") + tags + white + curve


def secret_exif() -> bytes:
    exif = Image.Exif()
    exif[ExifTags.Base.ImageDescription] = SECRET.decode()
    exif[ExifTags.Base.Artist] = SECRET.decode()
    gps = exif.get_ifd(ExifTags.IFD.GPSInfo)
    gps[ExifTags.GPS.GPSLatitudeRef] = "S"
    gps[ExifTags.GPS.GPSLatitude] = (33.0, 55.0, 12.5)
    gps[ExifTags.GPS.GPSAreaInformation] = SECRET
    return exif.tobytes()


def secret_profile() -> bytes:
    """The sRGB profile with something else for a copyright, and more behind it."""
    profile = bytearray(srgb_profile())
    at = profile.index(b"mluc") + 28
    profile[at : at + len(SECRET)] = SECRET
    return bytes(profile)


def secretive(format_: str, image: Image.Image | None = None) -> bytes:
    """A picture with the secret in every place that its format has."""
    picture = image or noise()
    exif, profile = secret_exif(), secret_profile()
    if format_ == "JPEG":
        content = encoded(picture, format_, exif=exif, icc_profile=profile, xmp=XMP, comment=SECRET, dpi=(123, 123))
        iptc = b"Photoshop 3.0\0" + b"8BIM\x04\x04\0\0" + struct.pack(">I", len(SECRET)) + SECRET
        return content[:2] + b"\xff\xed" + struct.pack(">H", 2 + len(iptc)) + iptc + content[2:] + SECRET
    if format_ == "PNG":
        texts = PngInfo()
        texts.add_text("Comment", SECRET.decode())
        texts.add_itxt("XML:com.adobe.xmp", XMP.decode())
        return encoded(picture, format_, exif=exif, icc_profile=profile, pnginfo=texts) + SECRET
    if format_ == "WEBP":
        return encoded(picture, format_, exif=exif, icc_profile=profile, xmp=XMP)
    application = b"\x21\xff\x0bXMP DataXMP" + bytes([len(XMP)]) + XMP + b"\0"
    content = encoded(picture.quantize(16), "GIF", comment=SECRET)
    end_of_palette = 13 + 3 * 2 ** ((content[10] & 7) + 1)
    return content[:end_of_palette] + application + content[end_of_palette:] + SECRET


def png(depth: int, colour_type: int, pixel: bytes, transparent: bytes = b"") -> bytes:
    """A PNG of 8 × 8 equal pixels, of kinds that Pillow doesn't write."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    head = chunk(b"IHDR", struct.pack(">IIBBBBB", 8, 8, depth, colour_type, 0, 0, 0))
    rows = (b"\0" + pixel * (8 if depth >= 8 else 1)) * 8
    middle = chunk(b"tRNS", transparent) if transparent else b""
    return b"\x89PNG\r\n\x1a\n" + head + middle + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def markers(jpeg: bytes) -> list[int]:
    """The second bytes of a JPEG's markers up to the pixels; after those there must be nothing but the end."""
    assert jpeg[:2] == b"\xff\xd8"
    assert jpeg[-2:] == b"\xff\xd9"
    at, found = 2, []
    while True:
        assert jpeg[at] == 0xFF
        found.append(jpeg[at + 1])
        (length,) = struct.unpack(">H", jpeg[at + 2 : at + 4])
        at += 2 + length
        if found[-1] == 0xDA:
            return found


def near(found: Any, wanted: tuple[int, int, int], tolerance: int = 12) -> bool:
    return all(abs(a - b) <= tolerance for a, b in zip(found, wanted, strict=True))


def middle(image: Image.Image) -> Any:
    return image.getpixel((image.width // 2, image.height // 2))

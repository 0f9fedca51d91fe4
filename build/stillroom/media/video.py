"""Films as H.264 in MP4, which every browser plays, with a poster."""

from __future__ import annotations

import tempfile
from pathlib import Path

import imageio_ffmpeg
import numpy as np
from numpy.typing import NDArray

from stillroom.media.arrays import to_pixels
from stillroom.media.files import EncodedAsset, EncodedFile, EncodeError
from stillroom.media.image import picture
from stillroom.media.kinds import Video

OPTIONS = (
    *("-crf", "18", "-preset", "slow"),
    # Encoders split work by the number of cores unless told; one thread is the same everywhere.
    *("-threads", "1"),
    # No dates, versions or random ids in the file.
    *("-map_metadata", "-1", "-fflags", "+bitexact", "-flags:v", "+bitexact"),
    # Convert by the matrix that the file names, else a player guesses and colours shift.
    *("-vf", "scale=out_color_matrix=bt709:out_range=tv", "-colorspace", "bt709"),
    *("-color_primaries", "bt709", "-color_trc", "bt709", "-color_range", "tv"),
    *("-movflags", "+faststart"),
)


def encode(name: str, asset: Video) -> EncodedAsset:
    """Encode a film and, as role "poster", one of its frames.

    H.264 with 4:2:0 colour needs even sizes: an odd one repeats its last row or column.

    `meta` holds width, height, frames, fps and seconds.
    """
    pixels = to_pixels(asset.pixels, "frames height width channels")
    if pixels.shape[-1] == 4:
        raise EncodeError("a film has no transparency; expected 1 or 3 channels, not 4")
    if not 0 < asset.fps <= 120:
        raise EncodeError(f"fps is {asset.fps}; expected more than 0 and at most 120")
    if not 0 <= asset.poster < len(pixels):
        raise EncodeError(f"poster is frame {asset.poster}; there are 0 to {len(pixels) - 1}")
    pixels = even(np.broadcast_to(pixels, (*pixels.shape[:3], 3)))
    count, height, width = pixels.shape[:3]
    film = EncodedFile(f"{name}.mp4", h264(pixels, asset.fps), "video/mp4")
    poster = picture(f"{name}.poster", pixels[asset.poster], lossless=False)
    meta = {
        "width": width,
        "height": height,
        "frames": count,
        "fps": asset.fps,
        "seconds": count / asset.fps,
    }
    return EncodedAsset("video", {"main": film, "poster": poster}, meta)


def even(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Make height and width of ``[n, h, w, 3]`` even by repeating the last row or column."""
    height, width = pixels.shape[1:3]
    grown = np.pad(pixels, ((0, 0), (0, height % 2), (0, width % 2), (0, 0)), mode="edge")
    return np.ascontiguousarray(grown)


def h264(pixels: NDArray[np.uint8], fps: int) -> bytes:
    """Encode ``[n, h, w, 3]`` with even h and w."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "film.mp4"
        writer = imageio_ffmpeg.write_frames(
            path,
            (pixels.shape[2], pixels.shape[1]),
            fps=fps,
            codec="libx264",
            quality=None,
            macro_block_size=2,
            ffmpeg_log_level="error",
            output_params=list(OPTIONS),
        )
        writer.send(None)
        for frame in pixels:
            writer.send(frame)
        writer.close()
        return path.read_bytes()

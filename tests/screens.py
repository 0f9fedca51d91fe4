"""What a reader sees: pixels of screenshots."""

from io import BytesIO

from PIL import Image as Pillow


def grey(locator, x=0.5, y=0.5):
    """How bright a place of an element is, from 0 to 1; the middle unless told.

    Canvases and pictures of a page in a file may not be read by a script.
    """
    picture = Pillow.open(BytesIO(locator.screenshot())).convert("L")
    return picture.getpixel((int(x * picture.width), int(y * picture.height))) / 255

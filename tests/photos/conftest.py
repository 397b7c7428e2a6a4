import io

import pytest
from PIL import Image

from reverse_search.photos.rendering import render
from tests.photos.pictures import Shows


@pytest.fixture(scope="module")
def shows(tmp_path_factory: pytest.TempPathFactory) -> Shows:
    """Renders bytes, and decodes what comes out."""
    path = tmp_path_factory.mktemp("7") / "medium.jpg"

    def shown(content: bytes, size: str = "large") -> Image.Image:
        path.write_bytes(content)
        image = Image.open(io.BytesIO(render(path, size)))
        image.load()
        assert (image.format, image.mode) == ("JPEG", "RGB")
        return image

    return shown

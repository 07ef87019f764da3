"""A typed client of the Copyhound API: a method for every operation, a Struct for every shape.

    from copyhound_client import Copyhound, models

    with Copyhound("http://127.0.0.1:8000", key) as hound:
        search = hound.start_search(files={"images": [("mine.jpg", data)]}, wait=30)
        for match in hound.pages(hound.list_matches, search_id=search.id):
            print(match.image_url)

`models` and `operations` are written by `make schemas` from the OpenAPI document.
"""

from copyhound_client import models
from copyhound_client.operations import Copyhound
from copyhound_client.transport import CopyhoundApiError, Files, LiveEvent

__all__ = ["Copyhound", "CopyhoundApiError", "Files", "LiveEvent", "models"]

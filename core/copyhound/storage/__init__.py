"""Tables, repositories, unit of work, migrations, blobs. The only room that speaks SQL."""

from copyhound.storage.blobs import FolderBlobs
from copyhound.storage.database import Database
from copyhound.storage.secrets import KeyFileBox
from copyhound.storage.units import JobStoreFactory, Units

__all__ = ["Database", "FolderBlobs", "JobStoreFactory", "KeyFileBox", "Units"]

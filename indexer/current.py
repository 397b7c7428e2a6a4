"""What serves, with what has been imported since laid over it: the same answers as the site's."""

from indexer.settings import Settings
from reverse_search.generation.opened import Generation, open_current
from reverse_search.generation.overlay import overlaid
from reverse_search.store.changed import read_changes
from reverse_search.store.session import open_database
from reverse_search.vectors.where import Device


def open_as_now(settings: Settings) -> Generation:
    """Open what serves, as it is now; as it was at night where too much has changed for an overlay.

    Raises:
        NoGeneration: nothing has been published yet.
        CorruptFile: something of it is missing or truncated.
        StoreError: the database can't be read.
        MissingDependency, BadSettings, DeviceUnusable: a GPU is demanded that can't be used.
    """
    # For one search the vectors aren't worth sending to a GPU: only where one is demanded.
    device = Device.GPU if settings.device is Device.GPU else Device.CPU
    generation = open_current(settings.home, device)
    with open_database(settings.url) as database, database.snapshot() as connection:
        changes = read_changes(connection, generation.manifest.watermark)
    return overlaid(generation, changes or ())

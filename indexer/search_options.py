"""The filters of `search` as options of the command line. Nothing heavy is imported before they are read."""

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from reverse_search.search.query import Filters

Command = Callable[..., None]
TEXTS = {
    "--bbox": ("W,S,E,N", "In this rectangle of degrees; W > E crosses the antimeridian."),
    "--near": ("LAT,LNG,KM", "Within so many kilometres of a point."),
    "--observed": ("FROM..TO", "Observed on these days, YYYY-MM-DD; either end may be left out."),
    "--created": ("FROM..TO", "Added to the platform on these days, in UTC."),
    "--captive": ("WORDS", "yes, no, unknown; any asks nothing."),
    "--has-coordinates": ("yes|no", "Whether there are coordinates."),
    "--observer": ("IDS", "By these people."),
    "--license": ("CODES", "Licence of the first photo: cc0, cc-by, ..., none."),
    "--iconic": ("NAMES", "Iconic taxon of the observation's own taxon: Aves, Plantae, ..., unknown."),
    "--rank": ("LOW..HIGH", "Finest identification is at these ranks, such as genus..family."),
}
"""Option to its placeholder and help. Words, ids, codes and names may be several, with commas."""


def filter_options(command: Command) -> Command:
    """Give a command the options of all filters; `read_filter_options` reads what it is then called with."""
    place = click.option("--place", type=click.File(errors="replace"), help="In the polygons of this GeoJSON file.")
    command = place(command)
    for flag, (metavar, text) in reversed(TEXTS.items()):
        command = click.option(flag, metavar=metavar, help=text)(command)
    return command


def read_filter_options(options: dict[str, Any]) -> "Filters":
    """The filters that the options mean. Raises BadRequest."""
    from reverse_search.geo.geojson import MAX_BYTES, read_polygons
    from reverse_search.search.filter_text import read_options

    filters = read_options(options)
    place = options["place"]
    # No more is read than it takes to see that it is too long.
    return replace(filters, polygon=read_polygons(place.read(MAX_BYTES + 1))) if place else filters

"""A small made-up collection with photos that a backbone can tell apart: an Open Data folder on disk."""

import random
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, ImageDraw

TAXA = {
    48460: ("", "stateofmatter", 100, "Life"),
    47126: ("48460", "kingdom", 70, "Plantae"),
    1: ("48460", "kingdom", 70, "Animalia"),
    100: ("48460/47126", "family", 30, "Proteaceae"),
    110: ("48460/47126/100", "genus", 20, "Protea"),
    111: ("48460/47126/100/110", "species", 10, "Protea repens"),
    112: ("48460/47126/100/110", "species", 10, "Protea cynaroides"),
    120: ("48460/47126/100", "genus", 20, "Banksia"),
    121: ("48460/47126/100/120", "species", 10, "Banksia serrata"),
    200: ("48460/1", "family", 30, "Felidae"),
    210: ("48460/1/200", "genus", 20, "Puma"),
    211: ("48460/1/200/210", "species", 10, "Puma concolor"),
    300: ("48460/1", "genus", 20, "Banksia"),
}
SPECIES = {111: "red", 112: "orange", 121: "green", 211: "blue"}
Row = tuple[object, ...]
STATES = ("verified",) * 6 + ("single", "unknown", "coarse", "wrong")


@dataclass(frozen=True, slots=True)
class MadeCollection:
    """Where it lies and what is true of it: uuid → (taxon id, state)."""

    folder: Path
    truth: dict[str, tuple[int, str]]

    def write_truth(self, path: Path) -> Path:
        """As the table that `evaluate` reads."""
        rows = [f"{u}\t{taxon}\t{state}" for u, (taxon, state) in self.truth.items()]
        path.write_text("\n".join(["observation_uuid\ttaxon_id\tstate", *rows]) + "\n", encoding="utf-8")
        return path


def make_collection(folder: Path, per_species: int = 20, seed: int = 7) -> MadeCollection:
    """Write the folder."""
    rng = random.Random(seed)
    folder.mkdir(parents=True)
    observations: list[Row] = []
    photos: list[Row] = []
    identifications: list[Row] = []
    truth: dict[str, tuple[int, str]] = {}
    for species in SPECIES:
        for number in range(per_species):
            name, observer = str(uuid.UUID(int=rng.getrandbits(128), version=4)), 1 + rng.randrange(12)
            state = STATES[number % len(STATES)]
            truth[name] = (species, state)
            shown = {
                "unknown": "",
                "coarse": int(TAXA[species][0].split("/")[1]),
                "wrong": 210 if species < 200 else 120,
            }
            taxon = shown.get(state, species)
            grade = "research" if state == "verified" else "needs_id"
            observations.append(
                (name, observer, -33.9 + rng.random(), 18.4 + rng.random(), 25, taxon, grade, "2024-05-01")
            )
            for user in range(2 if state == "verified" else int(taxon != "")):
                identifications.append(
                    (len(identifications) + 1, name, user + 1, taxon, "true", "improving", "", "false", "", "")
                )
            for position in range(1 + number % 2):
                photo_id = len(photos) + 1
                photos.append((str(uuid.UUID(int=photo_id)), photo_id, name, observer, "jpg", "CC0", 96, 96, position))
                draw_photo(folder / "photos" / str(photo_id) / "medium.jpg", SPECIES[species], rng)
    _write(
        folder / "taxa.csv",
        "taxon_id ancestry rank_level rank name active",
        [(t, a, level, r, n, "true") for t, (a, r, level, n) in TAXA.items()],
    )
    _write(folder / "observers.csv", "observer_id login name", [(i, f"observer_{i}", "") for i in range(1, 13)])
    _write(
        folder / "observations.csv",
        "observation_uuid observer_id latitude longitude positional_accuracy taxon_id quality_grade observed_on",
        observations,
    )
    _write(
        folder / "photos.csv",
        "photo_uuid photo_id observation_uuid observer_id extension license width height position",
        photos,
    )
    _write(
        folder / "identifications.csv",
        "identification_id observation_uuid user_id taxon_id current category disagreement hidden "
        "previous_observation_taxon_id created_at",
        identifications,
    )
    return MadeCollection(folder, truth)


def draw_photo(path: Path, colour: str, rng: random.Random) -> None:
    """A few blobs of one colour on a noisy ground."""
    path.parent.mkdir(parents=True)
    image = Image.effect_noise((96, 96), 40).convert("RGB")
    drawing = ImageDraw.Draw(image)
    for _ in range(4):
        x, y, r = rng.randrange(16, 80), rng.randrange(16, 80), rng.randrange(8, 22)
        drawing.ellipse((x - r, y - r, x + r, y + r), fill=colour)
    image.save(path, quality=90)


def _write(path: Path, header: str, rows: Sequence[Row]) -> None:
    lines = [header.replace(" ", "\t"), *("\t".join(map(str, row)) for row in rows)]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")

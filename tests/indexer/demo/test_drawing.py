import io
import itertools

import numpy as np
import pytest
from PIL import Image

from indexer.demo.drawing.layers import Layer, View, rasterise
from indexer.demo.drawing.plans import PLANS, individual, plan_of
from indexer.demo.drawing.scene import SIZES, Flaw, Shot, take_photo
from indexer.demo.drawing.shapes import ellipse
from indexer.demo.fauna import FAUNA
from indexer.demo.flora import FLORA
from indexer.demo.taxa import Drawn, taxonomy
from reverse_search.domain.arrays import FloatArray

SPECIES = taxonomy((*FAUNA, *FLORA))[1]
ONE_OF_EACH_PLAN = list({type(s.genome): s for s in SPECIES}.values())


def name(drawn: Drawn) -> str:
    return drawn.taxon.name


def facing(scale: float = 40.0, size: tuple[int, int] = (120, 120)) -> View:
    return View(np.diag([scale, -scale]), (size[0] / 2, size[1] / 2), size, (0.0, 0.0, 1.0))


def picture(content: bytes) -> FloatArray:
    return np.asarray(Image.open(io.BytesIO(content)).convert("RGB"), dtype=np.float32)


def test_equal_shots_give_equal_bytes_and_no_others_do() -> None:
    genome = SPECIES[0].genome
    shots = [Shot(genome, 1, 1, 1), Shot(genome, 2, 1, 1), Shot(genome, 1, 2, 1), Shot(genome, 1, 1, 2)]
    photos = [take_photo(shot) for shot in shots]
    assert [take_photo(shot) for shot in shots] == photos
    assert len(set(photos)) == len(shots)


@pytest.mark.parametrize("drawn", ONE_OF_EACH_PLAN, ids=name)
def test_a_photo_is_a_picture_of_a_body_in_its_place(drawn: Drawn) -> None:
    shot = Shot(drawn.genome, 3, 5, 7)
    photo = Image.open(io.BytesIO(take_photo(shot)))
    assert (photo.format, photo.size) == ("JPEG", shot.size)
    plan = plan_of(drawn.genome)
    sprite = rasterise(plan.draw(drawn.genome, np.random.default_rng(1)), facing(60 / plan.extent))
    assert 0.05 < (sprite.alpha > 0.5).mean() < 0.9
    assert sprite.rgb.min() >= 0
    assert sprite.alpha.max() <= 1.001


def test_body_plans_have_outlines_of_their_own() -> None:
    assert {type(s.genome) for s in ONE_OF_EACH_PLAN} == set(PLANS)
    outlines = {}
    for drawn in ONE_OF_EACH_PLAN:
        plan = plan_of(drawn.genome)
        view = facing(60 / plan.extent)
        outlines[name(drawn)] = rasterise(plan.draw(drawn.genome, np.random.default_rng(1)), view).alpha > 0.5
    for (one, a), (other, b) in itertools.combinations(outlines.items(), 2):
        assert (a & b).sum() / (a | b).sum() < 0.75, (one, other)


def test_species_of_a_genus_look_different() -> None:
    """More so than two individuals of either, held alike."""
    for _, group in itertools.groupby(SPECIES, key=lambda s: s.taxon.ancestry[-1]):
        for one, other in itertools.combinations(group, 2):
            assert one.genome != other.genome
            a, b = (
                rasterise(plan_of(s.genome).draw(s.genome, np.random.default_rng(1)), facing()) for s in (one, other)
            )
            both = np.maximum(a.alpha, b.alpha)
            assert np.abs(a.rgb - b.rgb).mean(axis=0).sum() / both.sum() > 0.02, (name(one), name(other))


def test_individuals_vary_a_little() -> None:
    for drawn in ONE_OF_EACH_PLAN:
        first, second = (individual(drawn.genome, np.random.default_rng(n)) for n in (1, 2))
        assert type(first) is type(second) is type(drawn.genome)
        assert first != second
        assert individual(drawn.genome, np.random.default_rng(1)) == first
        assert np.allclose(first.base, drawn.genome.base, atol=0.4)


def test_what_is_wrong_with_a_photo_shows() -> None:
    genome = SPECIES[0].genome
    photos = {flaw: picture(take_photo(Shot(genome, 1, 1, 1, flaw))) for flaw in Flaw}
    # Differences between rows four pixels apart: those of neighbours are noise.
    sharpness = {flaw: float(np.abs(np.diff(p[::4, ::4], axis=0)).mean()) for flaw, p in photos.items()}
    assert sharpness[Flaw.BLURRED] < 0.8 * sharpness[Flaw.NONE]
    assert photos[Flaw.DARK].mean() < 0.4 * photos[Flaw.NONE].mean()
    assert len({p.tobytes() for p in photos.values()}) == len(Flaw)


def test_photos_have_several_formats() -> None:
    assert {Shot(SPECIES[0].genome, 1, 1, n).size for n in range(60)} == set(SIZES)


def test_a_disc_is_round_lit_from_its_side_and_cut_at_the_picture_s_edge() -> None:
    disc = Layer([ellipse((0, 0), 1, 1, corners=90)], (0.5, 0.5, 0.5), relief=0.4)
    view = View(np.diag([40.0, -40.0]), (60, 60), (120, 120), (-0.6, 0.0, 0.8))
    sprite = rasterise([disc], view)
    assert sprite.alpha.sum() == pytest.approx(np.pi * 40**2, rel=0.02)
    left, right = sprite.rgb[0, 60, 25:40].mean(), sprite.rgb[0, 60, 80:95].mean()
    assert left > 1.3 * right
    outside = View(view.matrix, (-300, 60), view.size, view.light)
    assert rasterise([disc], outside).alpha.max() == 0
    half = View(view.matrix, (0, 60), view.size, view.light)
    assert rasterise([disc], half).alpha.sum() == pytest.approx(np.pi * 40**2 / 2, rel=0.03)

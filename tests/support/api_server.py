"""The platform's API on this machine, with a small made-up world behind it. It misbehaves as told."""

import json
import random
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from reverse_search.domain.words import RANK_LEVELS
from tests.support.store_photo_server import Answer, on_loopback, says

Json = dict[str, Any]

LIFE, PLANTAE, MAGNOLIOPSIDA, PROTEALES, PROTEACEAE, PROTEA, LEUCOSPERMUM = 48460, 47126, 47124, 70, 64333, 110, 120
ANIMALIA, AVES = 1, 3
SPECIES = {111: PROTEA, 112: PROTEA, 113: PROTEA, 121: LEUCOSPERMUM, 122: LEUCOSPERMUM}

TREE: dict[int, tuple[int | None, str, str]] = {
    LIFE: (None, "stateofmatter", "Life"),
    PLANTAE: (LIFE, "kingdom", "Plantae"),
    211194: (PLANTAE, "phylum", "Tracheophyta"),
    47125: (211194, "subphylum", "Angiospermae"),
    MAGNOLIOPSIDA: (47125, "class", "Magnoliopsida"),
    PROTEALES: (MAGNOLIOPSIDA, "order", "Proteales"),
    PROTEACEAE: (PROTEALES, "family", "Proteaceae"),
    PROTEA: (PROTEACEAE, "genus", "Protea"),
    111: (PROTEA, "species", "Protea repens"),
    112: (PROTEA, "species", "Protea cynaroides"),
    113: (PROTEA, "species", "Protea neriifolia"),
    1131: (113, "subspecies", "Protea neriifolia prima"),
    LEUCOSPERMUM: (PROTEACEAE, "genus", "Leucospermum"),
    121: (LEUCOSPERMUM, "species", "Leucospermum conocarpodendron"),
    122: (LEUCOSPERMUM, "species", "Leucospermum cordifolium"),
    80: (PROTEALES, "family", "Platanaceae"),
    81: (80, "genus", "Platanus"),
    82: (81, "species", "Platanus orientalis"),
    90: (MAGNOLIOPSIDA, "order", "Rosales"),
    91: (90, "family", "Moraceae"),
    92: (91, "genus", "Morus"),
    93: (92, "species", "Morus alba"),
    ANIMALIA: (LIFE, "kingdom", "Animalia"),
    2: (ANIMALIA, "phylum", "Chordata"),
    AVES: (2, "class", "Aves"),
    67561: (AVES, "order", "Suliformes"),
    3785: (67561, "family", "Sulidae"),
    3786: (3785, "genus", "Morus"),
    3787: (3786, "species", "Morus capensis"),
    130: (PROTEACEAE, "genus", "Protea antiqua"),
}
ICONIC = {PLANTAE: "Plantae", ANIMALIA: "Animalia", AVES: "Aves"}
INACTIVE = {130: [PROTEA]}


def make_taxon(taxon_id: int, *, details: bool = False) -> Json:
    """As `/taxa` gives it; with details as `/taxa/{id}` and identifications do, that is with ancestors but for Life."""
    parent, rank, name = TREE[taxon_id]
    above = lineage(taxon_id)[:-1]
    iconic = next((each for each in reversed(lineage(taxon_id)) if each in ICONIC), None)
    taxon: Json = {
        "id": taxon_id,
        "rank": rank,
        "rank_level": RANK_LEVELS[rank],
        "name": name,
        "parent_id": parent,
        "ancestry": "/".join(map(str, above)) or None,
        "ancestor_ids": [*above, taxon_id],
        "is_active": taxon_id not in INACTIVE,
        "current_synonymous_taxon_ids": INACTIVE.get(taxon_id),
        "iconic_taxon_id": iconic,
        "iconic_taxon_name": ICONIC[iconic] if iconic else None,
        "extinct": False,
        "observations_count": 5997,
        "default_photo": {"id": 9, "license_code": None, "url": "https://static.inaturalist.org/photos/9/square.jpg"},
        "flag_counts": {"resolved": 0, "unresolved": 0},
        "wikipedia_url": None,
    }
    if RANK_LEVELS[rank] <= 5:
        taxon["min_species_taxon_id"] = parent
    if details:
        taxon["ancestor_ids"] = above
        taxon["ancestors"] = [make_taxon(each) for each in above if each != LIFE]
    return taxon


def lineage(taxon_id: int) -> list[int]:
    """From Life down to the taxon itself."""
    parent = TREE[taxon_id][0]
    return [*(lineage(parent) if parent else ()), taxon_id]


def make_user(number: int) -> Json:
    return {"id": number, "login": f"person_{number}", "name": None, "spam": False, "suspended": False, "roles": []}


def make_photo(number: int, **changes: object) -> Json:
    return {
        "id": number,
        "license_code": "cc-by-nc",
        "original_dimensions": {"width": 2048, "height": 1361},
        "url": f"https://inaturalist-open-data.s3.amazonaws.com/photos/{number}/square.jpeg?1545715684",
        "attribution": "(c) somebody, some rights reserved (CC BY-NC)",
        "flags": [],
        "moderator_actions": [],
        "hidden": False,
    } | changes


def make_identification(number: int, taxon_id: int, user: int, **changes: object) -> Json:
    return {
        "id": number,
        "uuid": str(uuid.UUID(int=number, version=4)),
        "user": make_user(user),
        "created_at": "2024-05-06T20:31:32-06:00",
        "body": None,
        "category": "supporting",
        "current": True,
        "own_observation": False,
        "taxon_change": None,
        "vision": False,
        "disagreement": False,
        "previous_observation_taxon_id": taxon_id,
        "spam": False,
        "taxon_id": taxon_id,
        "hidden": False,
        "flags": [],
        "taxon": make_taxon(taxon_id, details=True),
    } | changes


def make_observation(number: int, taxon_id: int | None, grade: str = "research", **changes: object) -> Json:
    """An observation near Cape Town, with two identifications where it is verified and one where it has a taxon."""
    rng = random.Random(number)
    observer = 1 + rng.randrange(40)
    people = () if taxon_id is None else (observer, 100 + rng.randrange(20))[: 2 if grade == "research" else 1]
    location = f"{-34 + rng.random():.6f},{18 + rng.random():.6f}"
    return {
        "id": number,
        "uuid": str(uuid.UUID(int=rng.getrandbits(128), version=4)),
        "quality_grade": grade,
        "license_code": "cc-by",
        "user": make_user(observer),
        "taxon": None if taxon_id is None else make_taxon(taxon_id),
        "community_taxon_id": taxon_id,
        "location": location,
        "geojson": {"type": "Point", "coordinates": [float(part) for part in reversed(location.split(","))]},
        "obscured": False,
        "geoprivacy": None,
        "positional_accuracy": 12,
        "public_positional_accuracy": 12,
        "observed_on": "2024-05-06",
        "created_at": "2024-05-06T18:00:51+00:00",
        "captive": False,
        "spam": False,
        "flags": [],
        "tags": [],
        "place_ids": [6712, 7953],
        "reviewed_by": [115129],
        "quality_metrics": [],
        "photos": [make_photo(10 * number + n) for n in range(1 + number % 2)],
        "identifications": [
            make_identification(10 * number + n, taxon_id, user) for n, user in enumerate(people) if taxon_id
        ],
    } | changes


def make_world(per_species: int = 50) -> list[Json]:
    """Verified observations of five species of Proteaceae and three others, and some of each kind that lacks an ID."""
    verified = [species for species in (*SPECIES, 82, 93, 3787) for _ in range(per_species)]
    open_ones = [*SPECIES, PROTEA, PROTEACEAE, PROTEALES, MAGNOLIOPSIDA, 47125, 211194, PLANTAE, 90, ANIMALIA, AVES]
    kinds: list[tuple[int | None, str]] = [
        *((taxon_id, "research") for taxon_id in verified),
        *((taxon_id, "needs_id") for taxon_id in open_ones for _ in range(8)),
        *((None, "needs_id") for _ in range(30)),
        *((LIFE, "needs_id") for _ in range(3)),
        *((111, "casual") for _ in range(5)),
    ]
    random.Random(7).shuffle(kinds)
    return [make_observation(1000 + number, *kind) for number, kind in enumerate(kinds)]


@dataclass(frozen=True, slots=True)
class Asked:
    """One request as it came."""

    path: str
    params: Mapping[str, str]
    user_agent: str
    at_s: float


@dataclass
class ApiServer:
    """The stand-in. `troubles` are given first, one a request; then it answers as the API does."""

    observations: list[Json]
    url: str = ""
    troubles: list[Answer] = field(default_factory=list)
    asked: list[Asked] = field(default_factory=list)
    answer_of: dict[str, Answer] = field(default_factory=dict)

    def asked_for(self, path: str) -> list[Asked]:
        return [each for each in self.asked if each.path == path]

    def handle(self, handler: BaseHTTPRequestHandler) -> None:
        address = urlsplit(handler.path)
        path, params = address.path.removeprefix("/v1/"), dict(parse_qsl(address.query))
        self.asked.append(Asked(path, params, handler.headers["User-Agent"], time.monotonic()))
        try:
            answer = self.troubles.pop(0) if self.troubles else self.answer_of.get(path) or self._answer(path, params)
            answer(handler)
        except (BrokenPipeError, ConnectionResetError):
            pass  # the client had enough

    def _answer(self, path: str, params: Mapping[str, str]) -> Answer:
        if path == "taxa":
            results = [make_taxon(each) for each in TREE if _is_named(each, params)]
        elif path.startswith("taxa/"):
            ids = [int(part) for part in path.removeprefix("taxa/").split(",")]
            if len(ids) > 30:
                return says(422, b'{"error":"too many ids","status":422}')
            results = [make_taxon(each, details=True) for each in ids if each in TREE]
        elif path == "observations":
            return self._observations(params)
        else:
            return says(404, b'{"error":"Not Found","status":404}')
        return in_json({"total_results": len(results), "page": 1, "per_page": 30, "results": results})

    def _observations(self, params: Mapping[str, str]) -> Answer:
        per_page = int(params.get("per_page", 30))
        if per_page > 200 or int(params.get("page", 1)) * per_page > 10_000:
            return says(403, b'{"error":"Result window is too large","status":403}')
        matches = [each for each in self.observations if _matches(each, params)]
        matches.sort(key=lambda each: int(each["id"]), reverse=params.get("order") != "asc")
        page = matches[:per_page]
        return in_json({"total_results": len(matches), "page": 1, "per_page": per_page, "results": page})


def in_json(content: object) -> Answer:
    return says(200, json.dumps(content).encode(), Content_Type="application/json; charset=utf-8")


def drops_connection(handler: BaseHTTPRequestHandler) -> None:
    """Promise more than comes."""
    handler.send_response(200)
    handler.send_header("Content-Length", "1000")
    handler.end_headers()
    handler.wfile.write(b'{"results": [')
    handler.close_connection = True


def slow_by(seconds: float) -> Answer:
    def answer(handler: BaseHTTPRequestHandler) -> None:
        time.sleep(seconds)
        says(200, b'{"results": []}')(handler)

    return answer


def _is_named(taxon_id: int, params: Mapping[str, str]) -> bool:
    is_wanted = params.get("is_active") != "true" or taxon_id not in INACTIVE
    return is_wanted and TREE[taxon_id][2].lower().startswith(params.get("q", "").lower())


def _matches(observation: Json, params: Mapping[str, str]) -> bool:
    return all(FILTERS[name](observation, text) for name, text in params.items() if name in FILTERS) and (
        "swlat" not in params or _is_within(observation, params)
    )


def _lineage_of(observation: Json) -> list[str]:
    return [str(each) for each in lineage(observation["taxon"]["id"])] if observation.get("taxon") else []


def _level_of(observation: Json) -> float:
    return float(observation["taxon"]["rank_level"]) if observation.get("taxon") else -1.0


def _is_within(observation: Json, params: Mapping[str, str]) -> bool:
    if not observation.get("location"):
        return False
    latitude, longitude = map(float, observation["location"].split(","))
    west, south, east, north = (float(params[edge]) for edge in ("swlng", "swlat", "nelng", "nelat"))
    return south <= latitude <= north and west <= longitude <= east


FILTERS: dict[str, Callable[[Json, str], bool]] = {
    "taxon_id": lambda each, text: bool(set(text.split(",")) & set(_lineage_of(each))),
    "without_taxon_id": lambda each, text: not set(text.split(",")) & set(_lineage_of(each)),
    "quality_grade": lambda each, text: each.get("quality_grade") in text.split(","),
    "license": lambda each, text: each.get("license_code") in text.split(","),
    "photo_license": lambda each, text: any(p["license_code"] in text.split(",") for p in each["photos"]),
    "lrank": lambda each, text: _level_of(each) >= RANK_LEVELS[text],
    "iconic_taxa": lambda each, _: not (each["taxon"] or {}).get("iconic_taxon_id"),
    "id_below": lambda each, text: int(each["id"]) < int(text),
    "photos": lambda each, _: bool(each.get("photos")),
}
"""What a parameter means to the API, but for the edges of a place."""


@contextmanager
def api_server(observations: list[Json] | None = None) -> Iterator[ApiServer]:
    """The stand-in, with `make_world()` behind it unless told otherwise. Its `url` is what `api_url` takes."""
    told = ApiServer(make_world() if observations is None else observations)
    with on_loopback(told.handle) as port:
        told.url = f"http://127.0.0.1:{port}/v1"
        yield told

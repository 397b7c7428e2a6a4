import gzip
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from indexer.sources import tsv
from indexer.sources.open_data import ImportReport, import_open_data
from reverse_search.errors import PhotoMissing, SourceError
from reverse_search.store.changes import watermark
from reverse_search.store.columns import SnapshotColumns, read_columns
from reverse_search.store.photos import list_photo_roots, set_photo_problems
from reverse_search.store.session import Database
from tests.support.store_dumps import DUMP, HEADERS, ROWS, A, B, C, text_of, write_dump

SHARED = Path(__file__).resolve().parents[4] / "shared" / "data"
SAMPLE = Path(os.environ.get("REVERSE_SEARCH_SAMPLE", SHARED / "open-data-sample"))
FORMATS = SHARED / "formats" / "open-data"


class Heard:
    """Progress that remembers."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, int, float]] = []

    def advance(self, step: str, rows: int, fraction_done: float) -> None:
        self.calls.append((step, rows, fraction_done))


Import = Callable[..., ImportReport]


@pytest.fixture
def take_in(database: Database, tmp_path: Path) -> Import:
    def run(folder: Path, photos: Path | None = None, identifications: Path | None = None) -> ImportReport:
        return import_open_data(
            folder,
            database,
            photos=photos,
            identifications=identifications,
            rejects_dir=tmp_path / "rejects",
            progress=Heard(),
        )

    return run


def read(database: Database) -> SnapshotColumns:
    with database.snapshot() as connection:
        return read_columns(connection)


def rejects(report: ImportReport, name: str) -> list[list[bytes]]:
    (table,) = [table for table in report.tables if table.name == name]
    header, *lines = table.rejects.read_bytes().removesuffix(b"\n").split(b"\n")
    assert header == b"file\tline\treason\traw"
    assert len(lines) == table.rejected
    return [line.split(b"\t", 3) for line in lines]


def test_a_small_dump(database: Database, take_in: Import, tmp_path: Path) -> None:
    report = take_in(write_dump(tmp_path / "dump", {"identifications": ROWS["identifications"]}))
    assert [(t.name, t.rows, t.changed, t.rejected) for t in report.tables] == [
        ("taxa", 2, 2, 0),
        ("observers", 2, 2, 0),
        ("observations", 2, 2, 0),
        ("photos", 3, 3, 0),
        ("identifications", 2, 2, 0),
    ]
    assert (report.rows, report.changed, report.rejected, report.photo_root) == (11, 11, 0, None)
    columns = read(database)
    assert columns.observations.identifications_complete.tolist() == [True, False]
    assert columns.observations.taxon_ids.tolist() == [5, -1]
    assert columns.photos.photo_ids.tolist() == [10, 11, 11]
    assert columns.photos.extension_names == ("jpg",)
    assert columns.identifications.disagreements.tolist() == [0, 1]
    assert columns.identifications.previous_taxon_ids.tolist() == [-1, 5]
    assert [taxon.ancestry for taxon in columns.taxa] == [(48460,), ()]
    with database.read() as connection:
        names = connection.exec_driver_sql("SELECT name FROM observers ORDER BY observer_id").scalars().all()
    assert names == ['Ann "the lens', None]


def test_again_changes_nothing(database: Database, take_in: Import, tmp_path: Path) -> None:
    # A row that comes twice counts as its last.
    twice = [[A, "1", "", "", "", "5", "casual", ""], *ROWS["observations"]]
    folder = write_dump(tmp_path / "dump", {"identifications": ROWS["identifications"], "observations": twice})
    first = take_in(folder)
    before = read(database)
    second = take_in(folder)
    after = read(database)
    assert (second.rows, second.changed) == (first.rows, 0)
    assert before.watermark == after.watermark
    assert before.observations.ids.tolist() == after.observations.ids.tolist()


def test_only_what_changed(database: Database, take_in: Import, tmp_path: Path) -> None:
    take_in(write_dump(tmp_path / "dump"))
    before = read(database).watermark
    rows = [ROWS["observations"][0], [B, "2", "", "", "", "5", "research", ""]]
    report = take_in(write_dump(tmp_path / "dump", {"observations": rows}))
    assert [table.changed for table in report.tables] == [0, 0, 1, 0]
    with database.read() as connection:
        changed = (
            connection.exec_driver_sql(f"SELECT uuid FROM observations WHERE change_seq > {before}").scalars().all()
        )
        assert (changed, watermark(connection)) == ([B], before + 1)


def test_a_later_dump_does_not_forget_what_identifications_said(
    database: Database, take_in: Import, tmp_path: Path
) -> None:
    listed = tmp_path / "elsewhere.csv.gz"
    listed.write_bytes(gzip.compress(text_of(HEADERS["identifications"], ROWS["identifications"]).encode()))
    folder = write_dump(tmp_path / "dump")
    take_in(folder, identifications=listed)
    assert read(database).observations.identifications_complete.tolist() == [True, False]
    assert take_in(folder).changed == 0
    assert read(database).observations.identifications_complete.tolist() == [True, False]
    # Its own taxon is newer now than the list.
    moved = [[*ROWS["observations"][0][:5], "48460", "research", "2024-05-06"], ROWS["observations"][1]]
    take_in(write_dump(folder, {"observations": moved}))
    assert read(database).observations.identifications_complete.tolist() == [False, False]


def test_a_changed_photo_is_tried_again(database: Database, take_in: Import, tmp_path: Path) -> None:
    take_in(write_dump(tmp_path / "dump"))
    with database.write() as connection:
        set_photo_problems(connection, [(10, PhotoMissing("x")), (11, PhotoMissing("x"))])
    photos = [[C, "10", A, "1", "jpg", "CC-BY", "641", "480", "0"], *ROWS["photos"][1:]]
    take_in(write_dump(tmp_path / "dump", {"photos": photos}))
    assert read(database).photos.problems.tolist() == [0, 1, 1]


@pytest.mark.parametrize("missing", DUMP)
def test_a_missing_file_is_said_before_anything_is_written(
    database: Database, take_in: Import, tmp_path: Path, missing: str
) -> None:
    folder = write_dump(tmp_path / "dump")
    (folder / f"{missing}.csv").unlink()
    with pytest.raises(SourceError, match=f"{missing}.csv"):
        take_in(folder)
    assert read(database).watermark == 0
    assert not (tmp_path / "rejects").exists()


@pytest.mark.parametrize("name", [*DUMP, "identifications"])
def test_a_missing_column_is_said_before_anything_is_written(
    database: Database, take_in: Import, tmp_path: Path, name: str
) -> None:
    folder = write_dump(tmp_path / "dump", {"identifications": ROWS["identifications"]})
    column = {"taxa": "ancestry", "observers": "login", "photos": "photo_id"}.get(name, "observation_uuid")
    path = folder / f"{name}.csv"
    path.write_text(path.read_text().replace(column, "other", 1))
    with pytest.raises(SourceError, match=rf"{name}\.csv has no column {column};"):
        take_in(folder)
    assert read(database).watermark == 0


@pytest.mark.parametrize("content", [b"", b"\xff\xfe\x00", b"taxon_id,ancestry\n", b"\n"])
def test_something_else_than_a_table(take_in: Import, tmp_path: Path, content: bytes) -> None:
    folder = write_dump(tmp_path / "dump")
    (folder / "taxa.csv").write_bytes(content)
    with pytest.raises(SourceError, match=r"taxa\.csv"):
        take_in(folder)


def test_a_column_twice(take_in: Import, tmp_path: Path) -> None:
    folder = write_dump(tmp_path / "dump")
    (folder / "taxa.csv").write_text("\t".join([*HEADERS["taxa"], "name"]) + "\n")
    with pytest.raises(SourceError, match="name more than once"):
        take_in(folder)


def test_folders_that_are_none(take_in: Import, tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="is not a folder"):
        take_in(tmp_path / "nothing")
    folder = write_dump(tmp_path / "dump")
    with pytest.raises(SourceError, match="photo_id"):
        take_in(folder, photos=tmp_path / "nothing")
    with pytest.raises(SourceError, match="check the path"):
        take_in(folder, identifications=tmp_path / "nothing.csv")


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("bom", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("gz", [False, True])
@pytest.mark.parametrize("last_end", [True, False])
def test_ways_to_write_the_same(
    database: Database, take_in: Import, tmp_path: Path, end: str, bom: bytes, gz: bool, last_end: bool
) -> None:
    folder = tmp_path / "dump"
    folder.mkdir()
    for name in DUMP:
        content = bom + text_of(HEADERS[name], ROWS[name], end).encode()
        content = content if last_end else content.removesuffix(end.encode())
        path = folder / (f"{name}.csv.gz" if gz else f"{name}.csv")
        path.write_bytes(gzip.compress(content) if gz else content)
    report = take_in(folder)
    assert (report.changed, report.rejected) == (9, 0)
    assert read(database).photos.photo_ids.tolist() == [10, 11, 11]


def test_columns_are_found_by_name(database: Database, take_in: Import, tmp_path: Path) -> None:
    folder = tmp_path / "dump"
    folder.mkdir()
    for name in DUMP:
        header, rows = [*HEADERS[name], "anomaly_score"], [[*row, "0.5"] for row in ROWS[name]]
        reordered = [row[::-1] for row in [header, *rows]]
        (folder / f"{name}.csv").write_text(text_of(reordered[0], reordered[1:]))
    assert take_in(folder).rejected == 0
    columns = read(database)
    assert columns.photos.photo_ids.tolist() == [10, 11, 11]
    assert columns.observations.latitudes[0] == -33.5


def test_optional_columns_may_be_missing(database: Database, take_in: Import, tmp_path: Path) -> None:
    folder = write_dump(tmp_path / "dump")
    (folder / "photos.csv").write_text(f"photo_id\tobservation_uuid\textension\n10\t{A}\tjpg\n")
    (folder / "identifications.csv").write_text(
        f"identification_id\tobservation_uuid\tuser_id\ttaxon_id\tcurrent\n1\t{A}\t2\t5\ttrue\n"
    )
    assert take_in(folder).rejected == 0
    columns = read(database)
    assert (columns.photos.widths.tolist(), columns.identifications.disagreements.tolist()) == ([-1], [-1])


BAD: list[tuple[str, list[str] | bytes, bytes]] = [
    ("taxa", ["x", "", "10", "species", "A", "true"], b"bad number"),
    ("taxa", ["0", "", "10", "species", "A", "true"], b"number out of range"),
    ("taxa", ["9", "1/x", "10", "species", "A", "true"], b"bad ancestry"),
    ("taxa", ["9", "", "high", "species", "A", "true"], b"bad number"),
    ("taxa", ["9", "", "10", "species", "", "true"], b"empty name"),
    ("taxa", ["9", "", "10", "species", "A", "perhaps"], b"neither true nor false"),
    ("observers", ["9", "carl"], b"2 fields instead of 3"),
    ("observers", ["9", "carl", "C", "more"], b"4 fields instead of 3"),
    ("observers", b"9\tcarl\t\xff\xfe", b"invalid UTF-8"),
    ("observers", b"9\tcarl\tC\x00", b"NUL byte"),
    ("observations", ["nothing", "1", "", "", "", "", "casual", ""], b"bad uuid"),
    ("observations", [C, "", "", "", "", "", "casual", ""], b"bad number"),
    ("observations", [C, "1", "95", "0", "", "", "casual", ""], b"latitude out of range"),
    ("observations", [C, "1", "0", "181", "", "", "casual", ""], b"longitude out of range"),
    ("observations", [C, "1", "0", "", "", "", "casual", ""], b"latitude or longitude alone"),
    ("observations", [C, "1", "", "", "-3", "", "casual", ""], b"bad number"),
    ("observations", [C, "1", "", "", "9999999999", "", "casual", ""], b"number out of range"),
    ("observations", [C, "1", "", "", "", "", "superb", ""], b"unknown quality grade"),
    ("observations", [C, "1", "", "", "", "", "casual", "2024-02-30"], b"bad date"),
    ("photos", ["", "12", C, "1", "jpg", "", "", "", "0"], b"unknown observation"),
    ("photos", ["x", "12", A, "1", "jpg", "", "", "", "0"], b"bad uuid"),
    ("photos", ["", "12", A, "1", "../..", "", "", "", "0"], b"bad extension"),
    ("photos", ["", "12", A, "1", "jpg", "", "wide", "", "0"], b"bad number"),
    ("identifications", ["1", C, "2", "5", "true", "", "", "", "", ""], b"unknown observation"),
    ("identifications", ["1", A, "2", "5", "", "", "", "", "", ""], b"neither true nor false"),
    ("identifications", ["1", A, "2", "5", "true", "best", "", "", "", ""], b"unknown identification category"),
    ("identifications", ["1", A, "2", "5", "true", "", "", "", "", "soon"], b"bad date"),
]


@pytest.mark.parametrize(("name", "bad", "reason"), BAD)
def test_a_bad_row_is_told_and_stops_nothing(
    database: Database, take_in: Import, tmp_path: Path, name: str, bad: list[str] | bytes, reason: bytes
) -> None:
    folder = write_dump(tmp_path / "dump", {"identifications": ROWS["identifications"]})
    raw = bad if isinstance(bad, bytes) else "\t".join(bad).encode()
    header, *lines = (folder / f"{name}.csv").read_bytes().splitlines()
    (folder / f"{name}.csv").write_bytes(b"\n".join([header, raw, b"", *lines, raw, b""]))
    report = take_in(folder)
    assert rejects(report, name) == [
        [f"{name}.csv".encode(), str(line).encode(), reason, raw] for line in (2, len(lines) + 4)
    ]
    assert (report.changed, report.rejected) == (11, 2)


def test_rejects_are_replaced_by_every_import(take_in: Import, tmp_path: Path) -> None:
    bad = write_dump(tmp_path / "dump", {"observers": [["x", "y", "z"]]})
    assert len(rejects(take_in(bad), "observers")) == 1
    assert rejects(take_in(write_dump(tmp_path / "dump")), "observers") == []
    assert sorted(p.name for p in (tmp_path / "rejects").iterdir()) == sorted(f"{n}.csv.rejects.tsv" for n in DUMP)


def test_a_cut_off_file(database: Database, take_in: Import, tmp_path: Path) -> None:
    folder = write_dump(tmp_path / "dump", gz=True)
    path = folder / "observations.csv.gz"
    path.write_bytes(path.read_bytes()[:-12])
    with pytest.raises(SourceError, match="download it again"):
        take_in(folder)
    assert not list((tmp_path / "rejects").glob("*observations*"))
    assert take_in(write_dump(folder)).changed == 5


def test_a_damaged_header_block(take_in: Import, tmp_path: Path) -> None:
    folder = write_dump(tmp_path / "dump", gz=True)
    (folder / "taxa.csv.gz").write_bytes(b"not gzip at all")
    with pytest.raises(SourceError, match="download it again"):
        take_in(folder)


def test_a_line_without_end(take_in: Import, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tsv, "MAX_LINE_BYTES", 1_000)
    monkeypatch.setattr(tsv, "BLOCK_BYTES", 500)
    folder = write_dump(tmp_path / "dump", {"observers": [["1", "a", "x" * 5_000]]})
    with pytest.raises(SourceError, match="is it a table"):
        take_in(folder)


texts = st.text(st.characters(exclude_characters="\0\t\n\r", exclude_categories=["Cs"]), max_size=12)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    people=st.dictionaries(st.integers(1, 2**63 - 1), st.tuples(texts, texts), max_size=12), block=st.integers(20, 200)
)
def test_any_name_comes_through_whatever_the_size_of_a_block(
    database: Database, tmp_path: Path, people: dict[int, tuple[str, str]], block: int
) -> None:
    folder = write_dump(tmp_path / "dump", {"observers": [[str(n), *names] for n, names in people.items()]})
    with database.write() as connection:
        connection.exec_driver_sql("DELETE FROM observers")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tsv, "BLOCK_BYTES", block)
        heard = Heard()
        report = import_open_data(
            folder, database, photos=None, identifications=None, rejects_dir=tmp_path / "rejects", progress=heard
        )
    assert report.rejected == 0
    with database.read() as connection:
        stored = connection.exec_driver_sql("SELECT observer_id, login, name FROM observers").all()
    assert {row[0]: (row[1], row[2] or "") for row in stored} == people
    done = [fraction for step, _, fraction in heard.calls if step == "photos"]
    assert done == sorted(done)
    assert done[-1] == 1.0


def test_photo_folders(database: Database, take_in: Import, tmp_path: Path) -> None:
    folder = write_dump(tmp_path / "dump")
    (folder / "photos").mkdir()
    (tmp_path / "others").mkdir()
    assert take_in(folder).photo_root == (folder / "photos").resolve()
    assert take_in(folder, photos=tmp_path / "others").photo_root == (tmp_path / "others").resolve()
    with database.read() as connection:
        assert list_photo_roots(connection) == [(folder / "photos").resolve(), (tmp_path / "others").resolve()]


@pytest.mark.sample
@pytest.mark.skipif(not SAMPLE.is_dir(), reason="the shared sample is absent; set REVERSE_SEARCH_SAMPLE")
def test_the_sample(database: Database, take_in: Import) -> None:
    report = take_in(SAMPLE)
    columns = read(database)
    assert report.rejected == 0
    assert report.changed == report.rows
    assert len(columns.observations) == 2_573
    assert len(columns.photos) == 3_471
    assert report.photo_root == (SAMPLE / "photos").resolve()
    listed = set(columns.identifications.observation_rows.tolist())
    assert columns.observations.identifications_complete.tolist() == [row in listed for row in range(2_573)]
    again = take_in(SAMPLE)
    assert (again.rows, again.changed, read(database).watermark) == (report.rows, 0, columns.watermark)


@pytest.mark.sample
@pytest.mark.skipif(not FORMATS.is_dir(), reason="the shared format samples are absent")
def test_rows_of_a_real_dump(database: Database, take_in: Import) -> None:
    report = take_in(FORMATS)
    assert {reason for _, _, reason, _ in rejects(report, "photos")} <= {b"unknown observation"}
    assert report.rows > 190
    assert read(database).photos.license_names

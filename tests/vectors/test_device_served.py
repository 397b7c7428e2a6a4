"""The setting on its way to the vectors."""

import socket
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from indexer.bench.synthetic import Recipe, prepare
from indexer.cli import main
from indexer.current import open_as_now
from indexer.settings import Settings
from reverse_search.errors import BadSettings, MissingDependency, ReverseSearchError
from reverse_search.generation import opened
from reverse_search.generation.opened import open_current
from reverse_search.store.migrate import migrate
from reverse_search.vectors.choice import open_device
from reverse_search.vectors.device import DeviceFlat
from reverse_search.vectors.gpu import GpuVectors
from reverse_search.vectors.index import VectorSource
from reverse_search.vectors.planner import PlannerSettings, SearchPath
from reverse_search.vectors.where import Device
from tests.vectors.sources import HalfDevice, random_rows
from web import server
from web.app import create_app
from web.site import Site


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("home")
    prepare(folder, Recipe(photos=500, dim=16), lambda text: None)
    migrate(Settings(home=folder).url)
    return folder


@pytest.fixture
def wanted(monkeypatch: pytest.MonkeyPatch) -> list[Device]:
    """What was wanted of each generation that was opened. A stand-in takes the place of the GPU."""
    seen: list[Device] = []

    def record(source: VectorSource, device: Device) -> DeviceFlat | None:
        seen.append(device)
        return open_device(source, device, HalfDevice)

    monkeypatch.setattr(opened, "open_device", record)
    return seen


@pytest.fixture
def without_gpu() -> ReverseSearchError:
    """Why there is no GPU; where there is one, its absence can't be tested."""
    try:
        GpuVectors(1)
    except (MissingDependency, BadSettings) as error:
        return error
    pytest.skip("there is a CUDA device")


def test_the_setting_reaches_the_vectors(home: Path, wanted: list[Device]) -> None:
    open_current(home)
    planner = open_current(home, Device.GPU).vectors.planner
    planner._settings = PlannerSettings(budget_s=-1.0)
    assert planner.search_union(random_rows(1, 3, 16), 5)[1].path is SearchPath.GPU
    assert wanted == [Device.CPU, Device.GPU]


def test_the_site_searches_where_it_is_told(home: Path, wanted: list[Device]) -> None:
    for device in Device:
        app = create_app(Site(home, Settings(home=home).url, device=device))
        assert not wanted
        assert app.test_client().get("/api/v1/status").status_code == 200
        assert wanted == [device]
        wanted.clear()


def test_the_command_line_sends_vectors_only_where_told_to(
    home: Path, wanted: list[Device], monkeypatch: pytest.MonkeyPatch
) -> None:
    """For a single search it takes longer than it saves."""
    for device in (None, *Device):
        if device is not None:
            monkeypatch.setenv("REVERSE_SEARCH_DEVICE", device.value)
        open_as_now(Settings(home=home))
    assert wanted == [Device.CPU, Device.CPU, Device.CPU, Device.GPU]


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch) -> list[Site]:
    """What would have been served, had `serve` been let go on."""
    sites: list[Site] = []

    def serve(site: Site, listener: socket.socket, workers: int) -> None:
        listener.close()
        sites.append(site)

    monkeypatch.setattr(server, "serve", serve)
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        monkeypatch.setenv(name, "1")  # the command sets them, which other tests shouldn't see
    return sites


def run_serve(home: Path) -> Result:
    return CliRunner().invoke(main, ["--home", str(home), "serve", "--port", "0"])


def test_serve_passes_the_setting_on(home: Path, served: list[Site], monkeypatch: pytest.MonkeyPatch) -> None:
    for device in (Device.CPU, Device.AUTO):
        monkeypatch.setenv("REVERSE_SEARCH_DEVICE", device.value)
        assert run_serve(home).exit_code == 0
    assert [site.device for site in served] == [Device.CPU, Device.AUTO]


def test_a_gpu_that_is_not_there_is_said(
    home: Path, served: list[Site], monkeypatch: pytest.MonkeyPatch, without_gpu: ReverseSearchError
) -> None:
    monkeypatch.setenv("REVERSE_SEARCH_DEVICE", "gpu")
    done = run_serve(home)
    assert done.exit_code == without_gpu.exit_code
    assert str(without_gpu) in done.output
    assert not served
    with pytest.raises(type(without_gpu), match=r"GPU support|no CUDA device"):
        open_current(home, Device.GPU)

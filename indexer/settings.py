"""What an operator can set, from the environment (REVERSE_SEARCH_…) or the command line. Read once, passed in."""

from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from reverse_search.vectors.where import Device


class Settings(BaseSettings):
    """All settings, with the defaults that apply when nothing is set."""

    model_config = SettingsConfigDict(env_prefix="REVERSE_SEARCH_", extra="ignore")

    home: Path = Field(default=Path("reverse-search-data"), description="data directory")
    database_url: str | None = Field(default=None, description="instead of the SQLite file in the data directory")
    backbone: str = Field(default="bundled", description="bundled, or open_clip:MODEL/PRETRAINED")
    projection: str = Field(default="auto", pattern="^(auto|none)$", description="none: keep the raw vectors")
    photo_base_url: str = Field(
        default="https://inaturalist-open-data.s3.amazonaws.com/photos", description="where missing photos come from"
    )
    api_url: str = Field(default="https://api.inaturalist.org/v1", description="the platform's API")
    folds: int = Field(default=5, ge=2, le=20, description="folds of observers")
    keep_generations: int = Field(default=3, ge=1, description="how many generations stay on disk")
    seed: int = Field(default=1, description="of everything that is drawn at random")
    max_error: float = Field(default=0.02, gt=0, lt=1, description="promised share of wrong suggestions")

    device: Device = Field(default=Device.AUTO, description="where vectors are searched")
    workers: int = Field(default=2, ge=1, le=64, description="processes that serve the site")
    platform_url: str = Field(default="https://www.inaturalist.org", description="where the site's links lead to")
    trusted_hosts: str | None = Field(default=None, description="names the site is reached by, with commas; any if *")

    @property
    def url(self) -> str:
        """The database to use."""
        return self.database_url or f"sqlite:///{(self.home / 'reverse-search.sqlite3').resolve()}"

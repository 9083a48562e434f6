"""What a user can set, from the environment (`UNBLUR_…`) or a `.env` file, and where each value came from."""

import os
import re
from pathlib import Path
from typing import Literal

from platformdirs import user_data_path
from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from bot.errors import UserError

_PASSWORD = re.compile(r"(?<=//)[^/@\s]+(?=@)")  # of an address: user:password


class Settings(BaseSettings):
    """Every setting of Unblur; the description is what `unblur settings` shows."""

    model_config = SettingsConfigDict(env_prefix="UNBLUR_", env_file=".env", extra="ignore", frozen=True)

    home: Path = Field(
        default_factory=lambda: user_data_path("unblur"),
        description="data folder: sources, index, conversations",
    )
    model: str = Field(
        default="embedded",
        description="who drafts the answers; embedded needs no key and no network; else openai:NAME, anthropic:NAME, "
        "ollama:NAME or openai-compatible:NAME",
    )
    model_url: str = Field(
        default="", description="address of the language model's server, such as http://127.0.0.1:8080/v1"
    )
    model_key: SecretStr | None = Field(default=None, description="key of the language model's server")
    model_timeout_s: float = Field(default=120, gt=0, description="longest that a language model may take, in seconds")
    model_max_tokens: int = Field(default=2000, gt=0, description="longest that a language model may write, in tokens")
    embedding_model: str = Field(
        default="sentence-transformers/all-MiniLM-L6-v2",
        description="sentence-transformers model: a name in the local cache, or a folder",
    )
    chroma_url: str = Field(
        default="", description="a Chroma server for the vectors; empty: an index in the data folder"
    )
    device: str = Field(default="auto", description="torch device: auto, cpu, cuda, …")
    max_megapixels: float = Field(default=64, gt=0, description="largest photo that is opened, in megapixels")
    max_question_characters: int = Field(default=20_000, gt=0, description="longest question that is read")
    host: str = Field(default="127.0.0.1", description="address that `unblur chat` listens on")
    port: int = Field(default=7860, ge=0, le=65535, description="port that `unblur chat` listens on; 0: any free one")
    auth: str = Field(
        default="", description="file of those who may log in, see `unblur users`; empty: whoever reaches the page"
    )
    session_hours: float = Field(default=168, gt=0, description="how long a log-in lasts, in hours")
    mcp_token: SecretStr | None = Field(
        default=None,
        description="what programs send to `unblur mcp --http` where nobody logs in; empty: one made at start",
    )
    read_only: bool = Field(default=False, description="whether the page refuses to change the sources")
    root_path: str = Field(
        default="",
        pattern=r"^(/[\w.~-]+)*$",
        description="path below which a reverse proxy shows the page, such as /unblur",
    )
    trusted_proxies: str = Field(
        default="127.0.0.1,::1", description="addresses of reverse proxies whose X-Forwarded headers are believed"
    )
    max_upload_megabytes: float = Field(default=64, gt=0, description="largest upload, all its photos together, in MB")
    max_upload_files: int = Field(default=10, gt=0, description="most photos in one upload")
    max_waiting: int = Field(default=16, gt=0, description="most questions and photos of one user that wait at once")
    photos_per_hour: int = Field(default=120, gt=0, description="most photos that one user uploads in an hour")
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        default="warning", description="what the server logs, as JSON on standard error; info: every request"
    )

    @property
    def store_folder(self) -> Path:
        """Where the sources and their index live."""
        return self.home / "store"

    @property
    def photos_folder(self) -> Path:
        """Where the photos of conversations live."""
        return self.home / "photos"

    @property
    def threads_file(self) -> Path:
        """Where conversations live."""
        return self.home / "threads.sqlite3"

    @property
    def conversations_file(self) -> Path:
        """Where the list of conversations lives."""
        return self.home / "conversations.sqlite3"

    @property
    def sharing_file(self) -> Path:
        """Where it stands whose conversations and photos are whose."""
        return self.home / "sharing.sqlite3"

    @property
    def users_file(self) -> Path | None:
        """Where the users who may log in stand; None when nobody needs to."""
        return Path(self.auth).expanduser() if self.auth else None


def load_settings() -> Settings:
    """Read the settings; raises UserError that names the variable whose value cannot be used."""
    try:
        return Settings()
    except ValidationError as error:
        first = error.errors()[0]
        name = f"UNBLUR_{'_'.join(str(part) for part in first['loc']).upper()}"
        shown = "what it is" if name in ("UNBLUR_MODEL_KEY", "UNBLUR_MCP_TOKEN") else repr(first.get("input"))
        raise UserError(f"{name} cannot be {shown} ({first['msg']}): correct it, or unset it") from error


def without_password(address: str) -> str:
    """An address as it may be shown."""
    return _PASSWORD.sub("••••", address)


def describe(settings: Settings) -> list[dict[str, str]]:
    """Each setting as {name, value, origin, meaning}; secrets are masked."""
    rows = []
    for name, field in Settings.model_fields.items():
        variable = f"UNBLUR_{name.upper()}"
        held = getattr(settings, name)
        value = "" if held is None else "••••" if isinstance(held, SecretStr) else without_password(str(held))
        origin = "environment" if variable in os.environ else ".env" if name in settings.model_fields_set else "default"
        rows.append({"name": variable, "value": value, "origin": origin, "meaning": field.description or ""})
    return rows

"""What all models of the API are made of."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

__all__ = ["Link", "Moment", "Page", "Wire"]

Moment = Annotated[str, Field(json_schema_extra={"format": "date-time"}, description="ISO 8601, UTC")]
Link = Annotated[str, Field(description="Path on this server")]


class Wire(BaseModel):
    """Base of all that is sent; what a reader doesn't know, it skips."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class Page(Wire):
    """One page of a list.

    `next` is given back as `cursor` to go on; None at the end. `position` is where the stream stands: following it from
    there misses nothing that happened since.
    """

    next: str | None = None
    total: Annotated[int, Field(ge=0, description="How many fit the filters now")] = 0
    position: str = ""

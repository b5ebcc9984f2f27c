"""What is sent to the service and what it sends back, as far as its form is fixed."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, FiniteFloat, StrictBool, StrictInt, StrictStr

from deflator import defaults

Name = Annotated[str, Field(max_length=200)]
Number = FiniteFloat | StrictInt
#: A value of `--set`: a number, a switch, a month or word, or values by month.
Setting = StrictBool | Number | Annotated[StrictStr, Field(max_length=200)] | dict[str, StrictBool | Number]
LIVE_PATHS, LIVE_DRAWS = 5_000, 250


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Asked(_Body):
    """What is asked of the engine."""

    book: Name = defaults.BOOK
    scenario: Name | dict[str, Any] = defaults.SCENARIO
    settings: Annotated[dict[Name, Setting], Field(max_length=200)] = Field(default_factory=dict)
    paths: Annotated[int, Field(ge=1, le=100_000)] = LIVE_PATHS
    draws: Annotated[int, Field(ge=0, le=10_000)] = LIVE_DRAWS
    seed: Annotated[int, Field(ge=0, lt=2**63)] = defaults.SEED
    chance: StrictBool = True


class ToCheck(_Body):
    """A scenario that is to be checked, on a book if one is named; the text of a file counts first."""

    scenario: Name | dict[str, Any] = defaults.SCENARIO
    settings: Annotated[dict[Name, Setting], Field(max_length=200)] = Field(default_factory=dict)
    book: Name | None = None
    yaml: Annotated[str, Field(max_length=200_000)] | None = None


class ToKeep(_Body):
    """A scenario that is to be kept."""

    name: Name
    yaml: Annotated[str, Field(max_length=200_000)]
    replace: StrictBool = False


class SaveAs(_Body):
    """The name under which an uploaded book is to be kept."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)

    name: Annotated[Name, Field(alias="as")]


class ToAnswer(_Body):
    """A document of a page that is to be computed."""

    document: Name
    question: Asked = Field(default_factory=Asked)
    arguments: Annotated[dict[Name, Any], Field(max_length=50)] = Field(default_factory=dict)


class FaultTold(BaseModel):
    """One thing that is wrong, where, and what to do."""

    file: str
    row: int
    column: str
    field: str
    message: str
    hint: str


class Refusal(BaseModel):
    """Everything that is wrong with a request."""

    faults: list[FaultTold]


class JobTold(BaseModel):
    """How far a document is, and the document when it is there."""

    job: str
    status: str
    done: int
    total: int
    seconds_left: float | None
    ahead: int
    faults: list[FaultTold]
    document: dict[str, Any] | None = None

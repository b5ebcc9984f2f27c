"""What a scenario changes, and the one law by which two of them combine."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from deflator.scenario.course import Course

Origins = Mapping[str, tuple[str, int]]


@dataclass(frozen=True)
class ParameterOverride:
    """A model parameter as the scenario wants it.

    Parameters
    ----------
    value
        Central value, in the unit of the parameter list.
    low, high
        Range from which ignorance is drawn; both equal to `value` when the scenario gives one number.
    """

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Content:
    """The changes that a scenario makes; whatever is not named stays as the book has it.

    Parameters
    ----------
    drivers
        Course by `driver.operation` or `driver.item.operation`.
    channels
        On or off by channel.
    covenants
        `counterfactual`: whether covenants that the book marks as counterfactual are tested.
    parameters
        Override by parameter.
    figures
        Number or month (`YYYY-MM`) by `table.row.field`.
    mechanisms
        On or off by mechanism of a plug-in.
    origins
        File and row of every change, by its section and key, for faults.
    """

    drivers: Mapping[str, Course] = field(default_factory=dict)
    channels: Mapping[str, bool] = field(default_factory=dict)
    covenants: Mapping[str, bool] = field(default_factory=dict)
    parameters: Mapping[str, ParameterOverride] = field(default_factory=dict)
    figures: Mapping[str, float | str] = field(default_factory=dict)
    mechanisms: Mapping[str, bool] = field(default_factory=dict)
    origins: Origins = field(default_factory=dict, compare=False)

    def then(self, other: Content) -> Content:
        """Return both, where `other` decides whatever both name; the whole course, never single months of it.

        Examples
        --------
        >>> both = Content(channels={"rent": False}).then(Content(channels={"rent": True}))
        >>> both.channels
        {'rent': True}
        """
        return Content(
            drivers={**self.drivers, **other.drivers},
            channels={**self.channels, **other.channels},
            covenants={**self.covenants, **other.covenants},
            parameters={**self.parameters, **other.parameters},
            figures={**self.figures, **other.figures},
            mechanisms={**self.mechanisms, **other.mechanisms},
            origins={**self.origins, **other.origins},
        )

    def beside(self, other: Content) -> Content:
        """Return both as `then` does, except that a channel that either switches off is off.

        Examples
        --------
        >>> both = Content(channels={"rent": False}).beside(Content(channels={"rent": True}))
        >>> both.channels
        {'rent': False}
        """
        both = self.then(other)
        off = {channel: False for side in (self, other) for channel, on in side.channels.items() if not on}
        return replace(both, channels={**both.channels, **off})

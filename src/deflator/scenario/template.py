"""A scenario file to start from: valid as it stands, with every driver and channel in its comments."""

from __future__ import annotations

from deflator.messages import text
from deflator.scenario.vocabulary import channels, drivers


def template(name: str, file: str, date: str) -> str:
    """Return a scenario file that changes nothing yet and shows how to change everything.

    Parameters
    ----------
    name
        Short name of the scenario.
    file
        How the user calls the file.
    date
        Day, YYYY-MM-DD.

    Examples
    --------
    >>> print(template("mine", "mine.yaml", "2026-02-28").splitlines()[2])
    name: mine
    """
    driver_lines = [
        text(
            "scenario.template_driver",
            name=driver.name,
            items=text("scenario.template_items", kinds=" or ".join(driver.items)) if driver.items else "",
            operations=", ".join(driver.operations),
            description=driver.description,
        )
        for driver in drivers().values()
    ]
    channel_lines = [
        text("scenario.template_channel", name=channel.name, description=channel.description)
        for channel in channels().values()
    ]
    return text(
        "scenario.template",
        name=name,
        file=file,
        date=date,
        drivers="\n".join(driver_lines),
        channels="\n".join(channel_lines),
    )

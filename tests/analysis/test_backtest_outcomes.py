"""A table of outcomes is read whole or refused with every reason."""

from pathlib import Path

import pytest
from replayed_paths import setting

from deflator.analysis.backtest import Outcomes, read_outcomes
from deflator.analysis.replay import Setting
from deflator.errors import RunError

HEADER = "entity,event,month,value,source,note\n"


@pytest.fixture(scope="module")
def asked() -> Setting:
    return setting(paths=8)


def read(folder: Path, asked: Setting, content: str) -> Outcomes:
    file = folder / "seen.csv"
    file.write_text(content, encoding="utf-8")
    return read_outcomes(file, asked)


def faults_of(folder: Path, asked: Setting, content: str) -> list[str]:
    with pytest.raises(RunError) as refused:
        read(folder, asked, content)
    return [str(fault) for fault in refused.value.faults]


def test_fates_and_rents_are_read_with_their_months(tmp_path: Path, asked: Setting) -> None:
    found = read(tmp_path, asked, HEADER + "neo_one,bankruptcy,2026-06,,court,\n"
                 "hall_one,survived,2027-01,,report,\nh100,rent,2026-08,1.5,index,\n")  # fmt: skip

    assert [(one.entity, one.month, one.broke(soft=False)) for one in found.firms] == [
        ("neo_one", 4, 4),
        ("hall_one", 11, None),
    ]
    assert [(one.equipment, one.month, one.usd_per_hour) for one in found.rents] == [("h100", 6, 1.5)]
    assert found.until == 11


def test_a_distressed_exchange_breaks_only_where_soft_breaks_count(tmp_path: Path, asked: Setting) -> None:
    found = read(tmp_path, asked, HEADER + "neo_one,distressed_exchange,2026-06,,release,\n")

    assert (found.firms[0].broke(soft=False), found.firms[0].broke(soft=True)) == (None, 4)


def test_all_faults_are_told_at_once_with_row_and_column(tmp_path: Path, asked: Setting) -> None:
    told = faults_of(
        tmp_path,
        asked,
        HEADER
        + "neo_won,bankruptcy,2026-06,,court,\n"
        + "neo_one,bancruptcy,2026-06,,court,\n"
        + "hall_one,survived,2026-02,,report,\n"
        + "cloud_big,survived,2036-01,,report,\n"
        + "cloud_big,survived,soon,,report,\n"
        + "lab_one,survived,2027-01,3,report,\n"
        + "h200x,rent,2026-08,1.5,index,\n"
        + "h100,rent,2026-08,-1,,\n"
        + "world_people,survived,2027-01,,report,\n",
    )
    text = "\n".join(told)

    for said in (
        "seen.csv:2:entity: there is no entity 'neo_won'; did you mean 'neo_one'?",
        "seen.csv:3:event: 'bancruptcy' is not an event; did you mean 'bankruptcy'?",
        "seen.csv:4:month: 2026-02 is not after the as-of month 2026-02",
        "seen.csv:5:month: 2036-01 is after",
        "seen.csv:6:entity: the fate of cloud_big is told in row 5 already",
        "seen.csv:6:month: 'soon' is not a month",
        "seen.csv:7:value: '3' stands beside an event that has no value",
        "seen.csv:8:entity: 'h200x' is not equipment of the book",
        "seen.csv:9:source: no source is given",
        "seen.csv:9:value: '-1' is not a rent above zero",
        "seen.csv:10:entity:",
    ):
        assert said in text, said


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "the column entity is missing"),
        ("entity,event,month\n", "the column source is missing"),
        ("entity,event,month,value,source,colour\n", "'colour' is not a column"),
        ("entity,event,event,month,value,source\n", "'event' stands twice"),
        (HEADER, "no row tells the fate of an entity"),
        (HEADER + "h100,rent,2026-08,1.5,index,\n", "no row tells the fate of an entity"),
    ],
)
def test_a_table_without_the_columns_or_without_a_fate_is_refused(
    tmp_path: Path, asked: Setting, content: str, said: str
) -> None:
    assert any(said in fault for fault in faults_of(tmp_path, asked, content))


def test_a_file_that_is_not_there_or_no_text_is_refused(tmp_path: Path, asked: Setting) -> None:
    (tmp_path / "odd.csv").write_bytes(b"\xff\xfe\x00")

    for name in ("none.csv", "odd.csv"):
        with pytest.raises(RunError, match="cannot be read"):
            read_outcomes(tmp_path / name, asked)

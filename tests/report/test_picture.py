import pytest

from deflator.errors import RunError
from deflator.report.picture import drawing


@pytest.mark.parametrize("ending", [".svg", ".png", ".pdf"])
def test_a_figure_is_written_with_what_it_is_not(tmp_path, ending):
    file = tmp_path / f"rents{ending}"
    with drawing(file) as figure:
        figure.subplots().plot([0, 1], [2.2, 1.5])
    assert file.stat().st_size > 1000
    if ending == ".svg":
        assert "not a forecast" in file.read_text(encoding="utf-8")
    assert list(tmp_path.iterdir()) == [file]


def test_the_same_figure_has_the_same_bytes(tmp_path):
    files = [tmp_path / "one.svg", tmp_path / "two.svg"]
    for file in files:
        with drawing(file) as figure:
            figure.subplots().plot([0, 1], [2.2, 1.5])
    assert files[0].read_bytes() == files[1].read_bytes()


def test_another_ending_is_refused_and_nothing_is_written(tmp_path):
    with pytest.raises(RunError, match=r"\.gif is not a kind of figure"), drawing(tmp_path / "rents.gif"):
        pass
    assert list(tmp_path.iterdir()) == []


def test_a_fault_while_drawing_leaves_nothing(tmp_path):
    with pytest.raises(ZeroDivisionError), drawing(tmp_path / "rents.svg") as figure:
        figure.subplots().plot([1 / 0])
    assert list(tmp_path.iterdir()) == []

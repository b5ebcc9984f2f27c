"""Workbooks as real spreadsheet software sees them: `soffice` (Debian package libreoffice-calc-nogui) drives tests."""

import shutil
import subprocess
from pathlib import Path

import pytest


def saved_by_libreoffice(workbook: Path, place: Path) -> Path:
    """Open a workbook in LibreOffice, have it computed, and save it again."""
    soffice = shutil.which("soffice")
    if not soffice:
        pytest.fail("soffice is missing; run: apt-get install --no-install-recommends libreoffice-calc-nogui")
    profile = (place / "profile").as_uri()
    convert = [f"-env:UserInstallation={profile}", "--headless", "--convert-to", "xlsx", "--outdir"]
    subprocess.run([soffice, *convert, str(place / "saved"), str(workbook)], check=True, capture_output=True)
    return place / "saved" / workbook.name

"""The API keeps its contract, and no input makes it fail."""

import json
from collections.abc import Iterator

import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis.checks import not_a_server_error
from served import Service, serving

from deflator.web.contract import contract, frozen_file, written
from deflator.web.limits import Limits

_OFTEN = Limits(requests_per_second=1e6, requests_at_once=1e6, jobs=0)


api = schemathesis.openapi.from_dict(json.loads(frozen_file().read_text(encoding="utf-8")))


@pytest.fixture(scope="module")
def patient() -> Iterator[Service]:
    with serving(_OFTEN) as running:
        yield running


def test_the_contract_is_the_frozen_one() -> None:
    hint = "if the change is meant: python -m deflator.web.contract, and a line in the changelog"

    assert written(contract()) == frozen_file().read_text(encoding="utf-8"), hint


def bounded(examples: int) -> settings:
    checks = list(HealthCheck)
    return settings(
        max_examples=examples, deadline=None, derandomize=True, database=None, suppress_health_check=checks
    )  # fmt: skip


@api.parametrize()
@bounded(4)
def test_no_request_makes_the_service_fail(case: schemathesis.Case, patient: Service) -> None:
    case.call_and_validate(base_url=patient.address, checks=[not_a_server_error])


@pytest.mark.slow
@api.parametrize()
@bounded(100)
def test_none_of_very_many_requests_makes_the_service_fail(case: schemathesis.Case, patient: Service) -> None:
    case.call_and_validate(base_url=patient.address, checks=[not_a_server_error])

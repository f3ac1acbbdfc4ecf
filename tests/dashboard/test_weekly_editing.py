"""What a person types about an action is checked before the database is asked."""

from datetime import date
from typing import Any

import pytest

from dashboard import editing
from tests.dashboard.weekly_city import WEEK


def change(**typed: Any) -> editing.Change:
    return editing.Change(**{"what": "Call back", "owner": "Streets", "due_on": date(2025, 12, 1), "who": "Ann"} | typed)


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        pytest.param({"what": " \n\t"}, "what is to be done is missing", id="nothing to do"),
        pytest.param({"owner": ""}, "who does it is missing", id="nobody"),
        pytest.param({"who": ""}, "your name is missing", id="no name"),
        pytest.param({"what": "x" * 201}, "has 201 characters. Write at most 200", id="too long"),
        pytest.param({"due_on": None}, "by when is missing", id="no day"),
        pytest.param({"due_on": date(2025, 11, 2)}, "is before the week that decided it, which began on 2025-11-03", id="before the week"),
        pytest.param({"due_on": date(2999, 1, 1)}, "more than three years away", id="far away"),
        pytest.param({"done_on": date(2025, 11, 2)}, "cannot be done on 2025-11-02", id="done before"),
    ],
)
def test_what_is_not_kept(typed: dict[str, Any], says: str) -> None:
    with pytest.raises(editing.NotKept, match=says):
        editing.add(WEEK, change(**typed))

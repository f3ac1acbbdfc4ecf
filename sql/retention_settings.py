"""The settings that say for how long what was told is kept; `python -m sql retain` acts on them. 0 is for ever."""

from typing import Annotated

from pydantic import AfterValidator, Field
from pydantic_settings import BaseSettings

LONGEST_DAYS = 36_500


def _or_for_ever(least: int) -> AfterValidator:
    def checked(days: int) -> int:
        if 0 < days < least:
            raise ValueError(f"the screens look back so far: keep at least {least} days, or write 0 for ever")
        return days

    return AfterValidator(checked)


class RetentionSettings(BaseSettings):
    """Part of `sql.settings.Settings`."""

    contact_days: Annotated[int, _or_for_ever(70)] = Field(
        730,
        ge=0,
        le=LONGEST_DAYS,
        description="For how many days a contact keeps its row; its quarter hour stays. At least 70; 0 is for ever.",
    )
    agent_state_days: Annotated[int, _or_for_ever(70)] = Field(
        730, ge=0, le=LONGEST_DAYS, description="For how many days it is kept which agent was in which state. At least 70; 0 is for ever."
    )
    request_text_days: Annotated[int, _or_for_ever(250)] = Field(
        730,
        ge=0,
        le=LONGEST_DAYS,
        description="For how many days after its last change a request keeps its description, notes, address and picture. "
        "At least 250; 0 is for ever.",
    )
    search_days: Annotated[int, _or_for_ever(250)] = Field(
        400, ge=0, le=LONGEST_DAYS, description="For how many days it is kept what residents looked up. At least 250; 0 is for ever."
    )
    social_text_days: int = Field(30, ge=1, le=3650, description="For how many days after it came the text of a post is kept.")
    dead_letter_days: Annotated[int, _or_for_ever(7)] = Field(
        90, ge=0, le=LONGEST_DAYS, description="For how many days refused events are kept to be looked at. At least 7; 0 is for ever."
    )
    forecast_days: Annotated[int, _or_for_ever(400)] = Field(
        1100,
        ge=0,
        le=LONGEST_DAYS,
        description="For how many days forecasts of contacts and of weather are kept. At least 400; 0 is for ever.",
    )
    audit_years: int = Field(7, ge=2, le=100, description="For how many years it is kept who changed what.")

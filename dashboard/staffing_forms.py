"""The forms of the Staffing page: another weather, a schedule, an override. They have it checked and written, and say what came of it."""

import time as clock
from datetime import datetime, time, timedelta
from typing import Any

import streamlit as st

from dashboard import (
    data,
    desk,
    staffing_csv,
    staffing_editing,
    staffing_page,
    staffing_rows,
    staffing_upload,
    staffing_weathers,
    wording,
)
from dashboard.access.session import may_do, who_asks, who_box
from dashboard.figure import Figure
from dashboard.staffing_editing import Asked
from dashboard.staffing_rows import FORECAST, Scenario, Staffing
from dashboard.writing import NotKept

ANSWER_SECONDS, LOOK_SECONDS = 15.0, 0.5
SNOW, HURRICANE = "Snow", "Hurricane"
HALF_HOURS = [time(number // 2, 30 * (number % 2)) for number in range(48)]
SAID = "staffing_said"  # what came of the last change, by form
ROUND = "staffing_round"  # every change that was kept begins an empty form: nothing is added twice
PRESET_HOURS = 12.0
STAFFING_SCREEN = "Staffing screen"  # asks while nobody signs in


def weather(staffing: Staffing) -> None:
    """Ask about another weather."""
    if not may_do("write-scenario"):
        return
    with st.expander("Try another weather", expanded=_has_said("weather"), key="staffing_try"):
        waiting = staffing.asked if staffing.asked is not None and not staffing_page.answered(staffing.asked) else None
        if waiting is not None and waiting.message:
            st.text(f"{waiting.name}: {waiting.message}")
        saturday = staffing_weathers.next_saturday(staffing.at, staffing.zone)
        label = f"12 inches from {saturday:%A}, {saturday:%b} {saturday.day}, 18:00"
        kinds, preset = st.columns([1400, 440], gap="small", vertical_alignment="bottom")
        with preset:
            if st.button(label, key="staffing_preset", width="stretch", type="primary"):
                preset_snow = staffing_weathers.SNOW_PRESET
                ask(staffing_weathers.snow(preset_snow["snow_inches"], preset_snow["gust_mph"], saturday, preset_snow["hours"]))
        with kinds:
            kind = st.segmented_control("Storm", [SNOW, HURRICANE], default=SNOW, key="staffing_kind")
        asked = _sliders(staffing, kind or SNOW, saturday)
        if st.button(f"Ask: {asked.name}", key="staffing_ask"):
            ask(asked)
        _said("weather")


def _sliders(staffing: Staffing, kind: str, saturday: datetime) -> Asked:
    day_box, time_box, hours_box, size_box, gust_box = st.columns([300, 200, 400, 500, 400], gap="medium")
    days = staffing.days()
    day = day_box.selectbox(
        "Begins on",
        days,
        index=days.index(saturday.date()),
        format_func=lambda one: f"{one:%a}, {one:%b} {one.day}",
        key="staffing_onset_day",
    )
    begins = time_box.selectbox("At", HALF_HOURS, index=36, format_func=lambda one: f"{one:%H:%M}", key="staffing_onset_time")
    hours = hours_box.slider("Lasts, hours", 1, 72, int(PRESET_HOURS), key="staffing_hours")
    onset = datetime.combine(day, begins, staffing.zone)
    if kind == HURRICANE:
        category = size_box.slider("Category", 1, 5, 2, key="staffing_category")
        gust_mph, rain_inches = staffing_weathers.HURRICANES[category]
        gust_box.text(f"Gusts of {gust_mph:g} mph, {rain_inches:g} in of rain")
        return staffing_weathers.hurricane(category, onset, float(hours))
    inches = size_box.slider("Snow, inches", 1.0, 36.0, 12.0, 0.5, format="%g", key="staffing_inches")
    gust = gust_box.slider("Gusts, mph", 0, 100, 30, 5, key="staffing_gust")
    return staffing_weathers.snow(inches, float(gust), onset, float(hours))


def ask(asked: Asked) -> None:
    """Ask the forecasting service, wait for its answer, and show it; or say that there is none and what to do."""
    try:
        scenario_id = staffing_editing.ask_scenario(asked, who_asks(STAFFING_SCREEN))
        with st.spinner(f"The forecasting service works out: {asked.name}"):
            found = _answer(scenario_id)
    except (NotKept, data.NoAnswer) as error:
        _say("weather", str(error))
        return
    if found is None or (found.answered_at is None and not found.message):
        _say(
            "weather",
            f"The forecasting service has not answered within {ANSWER_SECONDS:g} s: start `python -m forecasting serve`, then ask again.",
        )
        return
    if found.message:
        _say("weather", f"{asked.name}: {found.message}")
        return
    st.session_state.get(SAID, {}).pop("weather", None)
    st.query_params["scenario"] = str(scenario_id)
    st.query_params.pop("weather", None)
    st.rerun()


def _answer(scenario_id: int) -> Scenario | None:
    """The scenario as soon as it is answered, or as it is after ANSWER_SECONDS."""
    deadline = clock.monotonic() + ANSWER_SECONDS
    while True:
        found = staffing_rows.scenario(staffing_page.ask, scenario_id)
        if found is None or found.answered_at is not None or found.message or clock.monotonic() > deadline:
            return found
        clock.sleep(LOOK_SECONDS)


def schedule(staffing: Staffing) -> None:
    """Upload a schedule, whole or not at all."""
    if not may_do("write-schedule"):
        return
    with st.expander("Upload a schedule", expanded=_has_said("schedule"), key="staffing_upload"):
        st.text(
            "CSV with queue,date,start,end,people: one line a shift, on the half hour of the city's clock, 24:00 for midnight. "
            "A queue's day that a file names holds as the file says, whole."
        )
        plan = staffing.plans[FORECAST]
        st.download_button(
            "A schedule to begin from: the people required",
            lambda: staffing_csv.template_text(plan, staffing.zone, staffing.days()[0]),
            "schedule.csv",
            "text/csv",
            on_click="ignore",
            key="staffing_template",
        )
        form_key = f"staffing_schedule_{st.session_state.get(ROUND, 0)}"
        with st.form(form_key, border=False):
            file = st.file_uploader(
                "The file", type=["csv"], max_upload_size=staffing_upload.LARGEST_BYTES // 1_000_000, key=f"{form_key}_file"
            )
            who = who_box(form_key, staffing_editing.NAME)
            sent = st.form_submit_button("Check and keep the schedule")
        if sent:
            _keep(staffing, file, who)
        _said("schedule")
        desk.show("board", "staffing_uploads", _uploads(staffing))


def _keep(staffing: Staffing, file: Any, who: str) -> None:
    if file is None:
        _say("schedule", "Not kept: the file is missing. Choose one.")
        return
    try:
        slots = staffing_upload.parse(file.getvalue(), {one.queue for one in staffing.queues}, staffing.zone)
        staffing_editing.keep_schedule(slots, file.name, who)
    except staffing_upload.Refused as error:
        _say("schedule", f"Nothing of {file.name} was kept.\n{error}")
        return
    except (NotKept, data.NoAnswer) as error:
        _say("schedule", str(error))
        return
    queues, days = {slot.queue for slot in slots}, sorted({slot.interval_start.astimezone(staffing.zone).date() for slot in slots})
    span = " to ".join(f"{one:%b} {one.day}" for one in dict.fromkeys((days[0], days[-1])))
    _kept("schedule", f"Kept {file.name}: {wording.plural(len(queues), 'queue')}, {span}, {wording.plural(len(slots), 'half hour')}.")


def _uploads(staffing: Staffing) -> Figure:
    columns = [
        {"key": "name", "kind": "name", "title": "Schedules kept", "width": "minmax(150px, 1fr)"},
        {"key": "who", "kind": "text", "title": "By", "width": "140px"},
        {"key": "when", "kind": "text", "title": "On", "width": "180px"},
        {"key": "days", "kind": "text", "title": "Days", "width": "170px"},
        {"key": "queues", "kind": "num", "title": "Queues", "width": "80px"},
    ]
    rows = []
    for one in staffing.uploads:
        ends = [at.astimezone(staffing.zone).date() for at in (one.first_at, one.last_at) if at is not None]
        rows.append(
            {
                "key": str(one.upload_id),
                "unmarked": True,
                "name": one.file_name,
                "who": one.uploaded_by,
                "when": f"{one.uploaded_at.astimezone(staffing.zone):%b %d, %Y, %H:%M}",
                "days": " to ".join(f"{day:%b} {day.day}" for day in dict.fromkeys(ends)),
                "queues": wording.count(one.queues),
            }
        )
    return {"title": "", "columns": columns, "rows": rows, "empty": "No schedule was uploaded yet."}


def override(staffing: Staffing) -> None:
    """Add an override of the forecast, or withdraw one."""
    if not may_do("write-override"):
        return
    with st.expander("Override the forecast", expanded=_has_said("override"), key="staffing_override"):
        st.text(
            "Multiply the forecast of a time when you know more than it does: a mailing, a parade, a system that is down. "
            "It is scored afterwards."
        )
        form_key = f"staffing_override_{st.session_state.get(ROUND, 0)}"
        names = {"*": "Every queue"} | {one.queue: one.name for one in staffing.queues}
        days = staffing.days()
        with st.form(form_key, border=False):
            queue_box, percent_box = st.columns([600, 300], gap="small")
            queue = queue_box.selectbox("Queue", list(names), format_func=lambda one: names.get(one, one), key=f"{form_key}_queue")
            percent = percent_box.number_input("Percent of the forecast", 1, 2000, 120, 5, key=f"{form_key}_percent")
            from_day, from_time, to_day, to_time = st.columns([260, 180, 260, 180], gap="small")
            starts = from_day.selectbox(
                "From", days, index=1, format_func=lambda one: f"{one:%a}, {one:%b} {one.day}", key=f"{form_key}_from"
            )
            start_at = from_time.selectbox("At", HALF_HOURS, index=16, format_func=lambda one: f"{one:%H:%M}", key=f"{form_key}_from_at")
            ends = to_day.selectbox("To", days, index=1, format_func=lambda one: f"{one:%a}, {one:%b} {one.day}", key=f"{form_key}_to")
            end_at = to_time.selectbox("Until", [*HALF_HOURS[1:], None], index=35, format_func=_until, key=f"{form_key}_to_at")
            reason = st.text_input("Why", max_chars=staffing_editing.REASON, key=f"{form_key}_reason")
            who = who_box(form_key, staffing_editing.NAME)
            sent = st.form_submit_button("Override")
        if sent:
            end = (
                datetime.combine(ends, end_at, staffing.zone) if end_at else staffing_rows.midnight(ends + timedelta(days=1), staffing.zone)
            )
            typed = staffing_editing.Override(
                queue=queue,
                from_at=datetime.combine(starts, start_at, staffing.zone),
                to_at=end,
                factor=percent / 100,
                reason=reason,
                who=who,
            )
            _write("override", lambda: staffing_editing.add_override(typed), f"Kept: {percent}% of the forecast for {names[queue]}.")
        _withdraw(staffing, names)
        _said("override")


def _until(at: time | None) -> str:
    return "24:00" if at is None else f"{at:%H:%M}"


def _withdraw(staffing: Staffing, names: dict[str, str]) -> None:
    holding = {one.override_id: one for one in staffing.overrides if one.withdrawn_at is None and one.to_at > staffing.at}
    if not holding:
        return
    key = f"staffing_withdraw_{st.session_state.get(ROUND, 0)}"
    with st.form(key, border=False):
        which_box, name_box, button = st.columns([500, 260, 160], gap="small", vertical_alignment="bottom")
        labels = {number: f"{names.get(one.queue, one.queue)}, {100 * one.factor:g}%: {one.reason}" for number, one in holding.items()}
        which = which_box.selectbox("Withdraw", list(labels), format_func=lambda one: labels.get(one, ""), key=f"{key}_which")
        who = who_box(key, staffing_editing.NAME, name_box, "Your name")
        with button:
            sent = st.form_submit_button("Withdraw it")
    if sent:
        _write("override", lambda: staffing_editing.withdraw(which, who), f"Withdrawn: {labels[which]}.")


def _write(form: str, change: Any, said: str) -> None:
    try:
        change()
    except (NotKept, data.NoAnswer) as error:
        _say(form, str(error))
        return
    _kept(form, said)


def _kept(form: str, said: str) -> None:
    """Say that it was kept, empty the form, and draw the whole page anew."""
    st.session_state[ROUND] = st.session_state.get(ROUND, 0) + 1
    _say(form, said)
    st.rerun()


def _say(form: str, said: str) -> None:
    st.session_state[SAID] = {form: said}


def _has_said(form: str) -> bool:
    """Whether a form is to stay open: it has something to say, and drawing the page anew would close it."""
    return form in st.session_state.get(SAID, {})


def _said(form: str) -> None:
    """What came of the last change, each sentence on its line."""
    for line in st.session_state.get(SAID, {}).get(form, "").splitlines():
        st.text(line)

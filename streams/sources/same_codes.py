"""The counties of SAME codes, by which weather radio and local authorities name places, in the weather service's own codes. No I/O."""

import re

_STATES = (
    "01AL 02AK 04AZ 05AR 06CA 08CO 09CT 10DE 11DC 12FL 13GA 15HI 16ID 17IL 18IN 19IA 20KS 21KY 22LA 23ME "
    "24MD 25MA 26MI 27MN 28MS 29MO 30MT 31NE 32NV 33NH 34NJ 35NM 36NY 37NC 38ND 39OH 40OK 41OR 42PA 44RI "
    "45SC 46SD 47TN 48TX 49UT 50VT 51VA 53WA 54WV 55WI 56WY 60AS 66GU 69MP 72PR 78VI"
)
STATE_OF = {word[:2]: word[2:] for word in _STATES.split()}  # FIPS number = postal letters
_CODE = re.compile(r"\d([0-9]{2})([0-9]{3})", re.ASCII)


def county_of(code: str) -> str | None:
    """The UGC code of a county: `042101` (a digit for the part of it, the state's and the county's FIPS numbers) is `PAC101`.

    A whole state, `042000`, is `PAC000`; a code of the sea, or none at all, is None.
    """
    found = _CODE.fullmatch(code)
    state = STATE_OF.get(found[1]) if found else None
    return f"{state}C{found[2]}" if found and state else None
